"""The heart of a process that shares a database: keeps its leases, and tells that it lives.

It has a thread and a connection of its own, so that neither a busy event loop nor a full pool lets a lease run out.

Invariants
1. Times are those of the database: how a process's own clock goes does not matter.
2. A process whose event loop does not answer for `HUNG` seconds lets its leases go: others take over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine

from flowstudio import __version__
from flowstudio.services.runner import LEASE, Runner
from flowstudio.storage import Storage
from flowstudio.storage.claims import renew
from flowstudio.storage.database import log_engine
from flowstudio.storage.processes import note, patience

log = logging.getLogger(__name__)

BEAT = LEASE / 3
"""Seconds between two beats."""
TICK = 1.0
"""Seconds between two signs that the process does not stand still."""
AGAIN = 1.0
"""Seconds before the next try after one that failed."""
HUNG = 120.0
"""Seconds after which an event loop that does not answer is given up."""


class Heart:
    """Beats from `start` to `stop`."""

    def __init__(self, storage: Storage, runner: Runner, *, queues: str, drain: Callable[[], None]) -> None:
        """`drain` is called in the event loop when an admin wants this process to take nothing more."""
        self._storage, self._runner, self._queues, self._drain = storage, runner, queues, drain
        self._loop = asyncio.get_running_loop()
        self._answered = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_again, name="heart", daemon=True)
        self._ticking = threading.Thread(target=self._tick_again, name="ticks", daemon=True)
        self.beats = 0
        """So many have succeeded."""

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()
        self._runner.standstill.tick()
        self._ticking.start()

    async def stop(self) -> None:
        """Beat no more, and be gone for the others."""
        self._ended.set()
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._ticking.join)
        with contextlib.suppress(Exception):  # forgotten in time else
            await self._storage.processes.leave(self._runner.owner)

    def _beat_again(self) -> None:
        engine = log_engine(self._storage.database.url)
        pause = 0.0
        while not self._ended.wait(pause):
            try:
                self.beat(engine)
                pause = BEAT
            except Exception as error:
                if self._ended.is_set():
                    break
                log.warning("renewing leases failed; it is tried again", extra={"reason": str(error)})
                engine.dispose()
                pause = AGAIN
        engine.dispose()

    def _tick_again(self) -> None:
        """In a thread of its own: a beat may wait for the database."""
        while not self._ended.wait(TICK):
            self._runner.standstill.tick()

    def beat(self, engine: Engine) -> None:
        """Renew the leases of what runs here and say so; pass on what others wish."""
        if time.monotonic() - self._answered > HUNG:
            log.error("the event loop hangs; others take over what runs here")
            return
        runner = self._runner
        with engine.begin() as connection:
            patience(connection, BEAT)
            if self._note(connection):
                self._loop.call_soon_threadsafe(self._drain)
            ids = runner.running
            beat = renew(connection, runner.owner, ids, LEASE) if ids else None
        for execution in beat.cancel_requested if beat is not None else ():
            self._loop.call_soon_threadsafe(runner.cancel, execution)
        self._loop.call_soon_threadsafe(self._answer)
        self.beats += 1

    def _answer(self) -> None:
        self._answered = time.monotonic()

    def _note(self, connection: Connection) -> bool:
        runner = self._runner
        return note(
            connection,
            {
                "name": runner.owner,
                "kind": "worker" if runner.works else "server",
                "version": __version__,
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "queues": self._queues if runner.works else "",
                "capacity": runner.limit if runner.works else 0,
                "running": runner.active,
            },
        )
