"""Messages between the processes of an installation, through PostgreSQL's LISTEN and NOTIFY.

Invariants
1. Messages of one process reach every listener in the order in which they were sent, or the listener is told that some are
   missing. They are hints: what counts is in the database.
2. `send` never waits. Messages that come closely after each other go out together, in one transaction.
3. A connection that is dead without saying so is noticed within `SILENCE` seconds and a little.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import psycopg
from sqlalchemy import URL

log = logging.getLogger(__name__)

CHANNEL = "flowstudio"
COALESCE = 0.03
"""Seconds between two transactions that send: the first message goes out at once, those that follow closely are gathered."""
HURRY = 0.002
"""Seconds between two that send when a message is urgent."""
PIECE = 7_800
"""Bytes of one notification; PostgreSQL takes less than 8,000."""
LARGEST = 1024 * 1024
"""Bytes that are sent together at most; what is larger alone is left out."""
WAITING = 50_000
"""Messages that wait while the database is away; then all are dropped, which listeners notice."""
SILENCE = 5.0
"""Seconds without a word after which the connection is tried."""
AGAIN = 0.25
"""Seconds before a lost connection is made anew."""
SENDERS = 10_000
"""Processes whose place in the order is remembered."""

Hear = Callable[[str, Any], None]
"""Takes a message of another process: its kind and its data. Must not raise."""


class Channel:
    """One process's part in the conversation."""

    def __init__(self, url: URL) -> None:
        self.hear: Hear = lambda kind, data: None
        """Set before `start`."""
        self.missed: Callable[[], None] = lambda: None
        """Called when messages of others may have been lost. Set before `start`."""
        self._conninfo = conninfo(url)
        self._name = secrets.token_hex(6)
        self._number = 0
        self._outgoing: list[bytes] = []
        self._due = asyncio.Event()
        self._urgent = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._heard: OrderedDict[str, int] = OrderedDict()
        """The number of the last batch of each other process."""
        self._pieces: dict[str, list[str]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._listening = asyncio.Event()

    async def start(self) -> None:
        """Listen from now on. Raises what the driver raises when the database cannot be reached."""
        connection = await self._connect()
        self._tasks = [
            asyncio.create_task(self._listen(connection)),
            asyncio.create_task(self._deliver()),
        ]
        await self._listening.wait()

    async def stop(self) -> None:
        """Send what is waiting, for a moment; then hear nothing more."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), 1.0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def send(self, kind: str, data: Any, *, urgent: bool = False) -> None:
        """Tell the other processes soon; when it is urgent, without waiting for more to tell."""
        message = orjson.dumps([kind, data])
        if len(message) > LARGEST or len(self._outgoing) >= WAITING:
            log.warning("messages to other processes are left out", extra={"kind": kind})
            self._outgoing = [] if len(message) <= LARGEST else self._outgoing
            self._number += 1  # a gap tells listeners
            if len(message) > LARGEST:
                return
        self._outgoing.append(message)
        self._idle.clear()
        self._due.set()
        if urgent:
            self._urgent.set()

    # Sending

    async def _deliver(self) -> None:
        batch: list[str] = []
        while True:
            try:
                async with await self._connect() as connection:
                    await connection.execute("SET synchronous_commit = off")  # messages may be lost
                    while True:
                        batch = batch or await self._next()
                        await connection.execute(
                            "SELECT pg_notify(%s, piece) FROM unnest(%s::text[]) piece", (CHANNEL, batch)
                        )
                        batch = []
                        if not self._outgoing:
                            self._idle.set()
                        await self._gather()
            except psycopg.Error as error:
                log.warning("telling other processes failed; it is tried again", extra={"reason": str(error)})
            await asyncio.sleep(AGAIN)

    async def _gather(self) -> None:
        """Wait for more messages, but not when one is urgent."""
        await asyncio.sleep(HURRY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(COALESCE - HURRY):
                await self._urgent.wait()

    async def _next(self) -> list[str]:
        while not self._outgoing:
            self._due.clear()
            await self._due.wait()
        return self._batch()

    def _batch(self) -> list[str]:
        """The next messages as notifications: `process number piece/pieces text`."""
        taken = 0
        size = 0
        while taken < len(self._outgoing) and size + len(self._outgoing[taken]) <= LARGEST:
            size += len(self._outgoing[taken])
            taken += 1
        if not taken:
            return []
        if taken == len(self._outgoing):
            self._urgent.clear()
        messages, self._outgoing = self._outgoing[:taken], self._outgoing[taken:]
        self._number += 1
        pieces = split(b"[" + b",".join(messages) + b"]")
        return [
            f"{self._name} {self._number} {index}/{len(pieces)} {piece}"
            for index, piece in enumerate(pieces, 1)
        ]

    # Listening

    async def _listen(self, connection: psycopg.AsyncConnection[Any] | None) -> None:
        again = False
        while True:
            try:
                connection = connection or await self._connect()
                async with connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._listening.set()
                    if again:
                        self._heard.clear()
                        self._pieces.clear()
                        self.missed()
                    while True:
                        async for notification in connection.notifies(timeout=SILENCE):
                            self._take(notification.payload)
                        async with asyncio.timeout(SILENCE):
                            await connection.execute("SELECT 1")
            except (psycopg.Error, TimeoutError, OSError) as error:
                log.warning("listening to other processes broke off", extra={"reason": str(error)})
            connection, again = None, True
            await asyncio.sleep(AGAIN)

    def _take(self, payload: str) -> None:
        name, number, place, text = payload.split(" ", 3)
        if name == self._name:
            return
        index, of = (int(part) for part in place.split("/"))
        batch, last = int(number), self._heard.get(name)
        if last is not None and batch <= last:
            return  # sent again because the answer of the database was lost
        if index == 1:
            self._pieces[name] = []
        pieces = self._pieces.setdefault(name, [])
        pieces.append(text)
        if index < of:
            return
        del self._pieces[name]
        self._heard[name] = batch
        self._heard.move_to_end(name)
        if len(self._heard) > SENDERS:
            self._heard.popitem(last=False)
        if last is not None and batch != last + 1:
            self.missed()
        if len(pieces) != of:
            self.missed()
            return
        for kind, data in orjson.loads("".join(pieces)):
            try:
                self.hear(kind, data)
            except Exception:
                log.exception("a message of another process was not understood", extra={"kind": kind})

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)


def conninfo(url: URL) -> str:
    """The same database as libpq names it, with connections that notice when the other side is gone."""
    options = {
        "connect_timeout": "5",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
        **{key: value for key, value in url.query.items() if isinstance(value, str)},
    }
    place = {
        "host": url.host,
        "port": str(url.port) if url.port is not None else None,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    given = {name: value for name, value in (place | options).items() if value is not None}
    return psycopg.conninfo.make_conninfo("", **given)


def split(text: bytes) -> Sequence[str]:
    """Cut UTF-8 into pieces of at most `PIECE` bytes, never within a character."""
    pieces = []
    at = 0
    while at < len(text):
        end = min(at + PIECE, len(text))
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(text[at:end].decode())
        at = end
    return pieces
