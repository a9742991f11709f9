"""The reconciler: finds executions that wait for a runner of whom no worker has been told."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from flowstudio.engine import clock
from flowstudio.services.queue import SCHEMA, HintQueue
from flowstudio.storage import Storage
from flowstudio.storage.owners import new_owner

log = logging.getLogger(__name__)

DUTY = "hints"
LEASE = 6.0
"""Seconds after which another process takes over when the one that had the duty has died or hangs."""
LOOK = 2.0
"""Seconds between two looks."""


class Reconciler:
    """Every process has one; the one that holds the duty works. Hints are harmless, so two at work do no damage."""

    def __init__(self, storage: Storage, queue: HintQueue) -> None:
        self._storage, self._queue = storage, queue
        self._owner = new_owner()
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._looking = asyncio.create_task(self._keep_looking())

    async def stop(self) -> None:
        """Look no more; another process may."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
            with contextlib.suppress(Exception):
                await self._storage.leases.give_up(DUTY, self._owner)

    async def _keep_looking(self) -> None:
        while True:
            pause = LOOK
            try:
                if await self._storage.leases.hold(DUTY, self._owner, LEASE):
                    await self.look()
                    wake = await self._storage.executions.next_wake()
                    if wake is not None:
                        pause = min(LOOK, max(0.05, (wake - clock.now()).total_seconds()))
            except Exception:
                log.exception("looking for executions without a runner failed; it is tried again")
            await asyncio.sleep(pause)

    async def look(self) -> None:
        """Hint what needs it: accepted and not hinted, asleep beyond its time, given back, or its lease has run out."""
        await self._storage.executions.release_dead(self._owner)
        for id_, queue in await self._storage.executions.unhinted(SCHEMA):
            self._queue.hint(id_, queue)
        await self._queue.tidy()
