"""How many may do something at the same time; the number may change while they do."""

from __future__ import annotations

import asyncio


class Slots:
    """A semaphore whose size can be set. Who has a slot keeps it when there are fewer from now on."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._free = asyncio.Semaphore(limit)
        self._owed = 0
        """Slots that are taken away as soon as they are given back."""

    async def acquire(self) -> None:
        """Wait for a slot."""
        await self._free.acquire()

    def release(self) -> None:
        """Give a slot back."""
        if self._owed:
            self._owed -= 1
        else:
            self._free.release()

    async def resize(self, limit: int) -> None:
        """Have so many from now on."""
        change, self.limit = limit - self.limit, limit
        for _ in range(change):
            self.release()
        self._owed += max(0, -change)
        while self._owed and not self._free.locked():
            await self._free.acquire()  # at once, as one is free
            self._owed -= 1
