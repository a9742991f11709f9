"""The heart of a process: its leases last though its event loop is busy, and end when that hangs."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from flowstudio.config import load_settings
from flowstudio.services import heart
from flowstudio.services.heart import Heart
from flowstudio.services.runner import Runner
from flowstudio.services.standstill import Standstill
from flowstudio.storage import Storage
from flowstudio.storage.database import log_engine
from tests.storage.samples import new


@dataclass
class Worker:
    """As much of a runner as the heart sees."""

    owner: str = "worker"
    works: bool = True
    limit: int = 5
    active: int = 1
    running: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    standstill: Standstill = field(default_factory=Standstill)

    def cancel(self, execution: str) -> None:
        self.cancelled.append(execution)


@pytest.mark.postgres
async def test_leases_last_while_the_loop_is_busy_and_end_when_it_hangs(
    tmp_path: Path, migrated_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heart, "BEAT", 0.02)
    settings = load_settings(data_dir=tmp_path, port=1, database_url=migrated_database)
    async with await Storage.open(settings) as storage:
        created = await storage.executions.create(new())
        worker, drained = Worker(running=[created.id]), asyncio.Event()
        assert await storage.executions.claim(created.id, worker.owner, 0.2) is not None
        beating = Heart(storage, cast(Runner, worker), queues="default", drain=drained.set)
        beating.start()

        async with asyncio.timeout(30):
            while not (found := await storage.processes.all()):  # noqa: ASYNC110  # of a thread
                await asyncio.sleep(0.01)
        (process,) = found
        assert (process.kind, process.capacity, process.running, process.leases) == ("worker", 5, 1, 1)
        beats = beating.beats
        time.sleep(0.5)  # noqa: ASYNC251  # the loop is busy for longer than the lease
        for _ in range(300):
            if beating.beats > beats + 2:
                break
            time.sleep(0.1)  # noqa: ASYNC251  # busy still
        assert beating.beats > beats + 2
        assert await storage.executions.claim(created.id, "another", 30) is None

        await storage.executions.request_cancel(created.id)
        assert await storage.processes.ask_to_drain(worker.owner)
        async with asyncio.timeout(30):
            await drained.wait()
            while not worker.cancelled:  # noqa: ASYNC110  # of a thread
                await asyncio.sleep(0.01)
        assert worker.cancelled[0] == created.id
        await beating.stop()
        assert await storage.processes.all() == []

        await storage.executions.release(worker.owner)
        assert await storage.executions.claim(created.id, worker.owner, 0) is not None
        monkeypatch.setattr(heart, "HUNG", -1.0)
        engine = log_engine(storage.database.url)
        beating.beat(engine)
        await asyncio.to_thread(engine.dispose)
        assert await storage.executions.claim(created.id, "another", 30) is not None
        assert not await storage.processes.any_newer()
        assert not await storage.processes.ask_to_drain("nobody")
