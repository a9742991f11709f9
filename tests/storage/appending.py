"""A process that appends to the log until it is killed: `python -m tests.storage.appending FOLDER [URL]`.

It prints `execution node` for every append after it was acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from flowstudio.storage import Storage
from tests.storage.conftest import make_settings
from tests.storage.samples import outcome, rest, running


async def append_for_ever(folder: Path, url: str | None) -> None:
    """Many executions at once, of three to seven nodes, so that they do not come to rest together."""
    storage = await Storage.open(make_settings(folder, database_url=url))

    async def work(nodes: int) -> None:
        while True:
            created = await running(storage, lease_seconds=0)
            journal = storage.executions.journal(created.id, "me", 1)
            for node in range(nodes):
                await journal.append(
                    [outcome(str(node))], rest(last_node=str(node)) if node == nodes - 1 else None
                )
                os.write(1, f"{created.id} {node}\n".encode())

    await asyncio.gather(*(work(3 + i % 5) for i in range(20)))


if __name__ == "__main__":
    asyncio.run(append_for_ever(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
