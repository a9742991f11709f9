"""What executions gave whose data is not saved, for those who wait for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict

from flowstudio.engine.item import Item
from flowstudio.storage import Storage

KEPT = 100
STAYS = 30.0
"""Seconds that data which is not saved stays for those who wait in other processes."""


class Given:
    """Deletes the data of executions, but lets those read it who wait for it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept: OrderedDict[str, list[Item]] = OrderedDict()
        self._dropping: set[asyncio.Task[None]] = set()

    def of(self, execution: str) -> list[Item]:
        """What an execution gave that ended here a while ago."""
        return self._kept.get(execution, [])

    async def drop(self, execution: str, items: list[Item]) -> None:
        """Delete the data of an execution; what it gave is kept for those who wait in this process."""
        self._kept[execution] = items
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        await self._storage.executions.drop_data(execution)

    def drop_later(self, execution: str) -> None:
        """Delete the data of an execution when those who wait in other processes have had the time to read it."""

        async def drop() -> None:
            with contextlib.suppress(asyncio.CancelledError):  # at the end of the process at once
                await asyncio.sleep(STAYS)
            await self._storage.executions.drop_data(execution)

        task = asyncio.create_task(drop())
        self._dropping.add(task)
        task.add_done_callback(self._dropping.discard)

    async def close(self) -> None:
        """Delete now what was to be deleted later."""
        await asyncio.sleep(0)  # a task that has not begun would be cancelled before it can act
        for task in (tasks := list(self._dropping)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
