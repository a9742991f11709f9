"""Who may work now: a limit for all, and a smaller one for each owner, so that one who loops cannot keep the others out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """Room for some pieces of work at the same time."""

    def __init__(self, total: int, *, per_owner: int) -> None:
        self._total = asyncio.Semaphore(total)
        self._per_owner = per_owner
        self._owners: dict[str, asyncio.Semaphore] = {}
        """Only of owners who work or wait."""
        self._interest: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, owner: str) -> AsyncIterator[None]:
        """Wait for a slot and hold it."""
        own = self._owners.setdefault(owner, asyncio.Semaphore(self._per_owner))
        self._interest[owner] = self._interest.get(owner, 0) + 1
        try:
            async with own, self._total:
                yield
        finally:
            self._interest[owner] -= 1
            if not self._interest[owner]:
                del self._interest[owner], self._owners[owner]
