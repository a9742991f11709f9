"""What admins see of servers and workers, and draining one."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from flowstudio.errors import Forbidden, NotFound
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE, Caller
from flowstudio.services.processes import id_of
from flowstudio.storage.processes import Process
from flowstudio.storage.records import AuditFilter
from tests.services.conftest import chain, edit, node
from tests.services.test_many import PATIENCE, House, ended


@pytest.mark.postgres
async def test_an_admin_sees_who_is_there_and_a_drained_worker_takes_nothing_more(
    tmp_path: Path, migrated_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowstudio.services.heart.BEAT", 0.1)
    async with AsyncExitStack() as stack:
        house = House(tmp_path / "data", migrated_database)
        stack.push_async_callback(house.end)
        await look_and_drain(house)


async def the_worker(server: Runtime) -> Process:
    """The only worker, as soon as its heart has beaten once."""
    async with asyncio.timeout(PATIENCE):
        while True:
            match [p for p in (await server.processes.get(COMMAND_LINE)).processes if p.kind == "worker"]:
                case [worker]:
                    return worker
            await asyncio.sleep(0.01)


async def look_and_drain(house: House) -> None:
    """A server alone, then a worker for one queue, drained, then another."""
    server = await house.start()
    workflow = await server.workflows.create(
        COMMAND_LINE, chain(node("start", "manual-trigger"), edit("a", x="1"))
    )
    waiting = await server.executions.execute(COMMAND_LINE, workflow.record.id)
    seen = await server.processes.get(COMMAND_LINE)
    assert (seen.mode, [(queue.queue, queue.waiting) for queue in seen.queues]) == (
        "scaled",
        [("interactive", 1), ("default", 0), ("bulk", 0)],
    )
    assert seen.queues[0].oldest is not None
    assert 'flowstudio_queue_length{queue="interactive"} 1' in list(await server.processes.lines())

    await house.start(worker=True, queues="interactive", concurrency=7)
    assert await ended(server, waiting) == "success"
    worker = await the_worker(server)
    assert (worker.queues, worker.capacity, worker.draining) == ("interactive", 7, False)
    assert "flowstudio_workers_capacity 7" in list(await server.processes.lines())

    with pytest.raises(Forbidden):
        await server.processes.drain(Caller("u", "e@example.com", "E", "editor", "session"), id_of(worker))
    with pytest.raises(NotFound):
        await server.processes.drain(COMMAND_LINE, "0" * 16)
    await server.processes.drain(COMMAND_LINE, id_of(worker))
    async with asyncio.timeout(PATIENCE):
        while house.open[1].runner.room:  # noqa: ASYNC110  # of a thread
            await asyncio.sleep(0.01)
    seen = await server.processes.get(COMMAND_LINE)
    assert [p.draining for p in seen.processes if p.kind == "worker"] == [True]
    (entry, *_), _ = await server.audit.page(COMMAND_LINE, AuditFilter(limit=1))
    assert entry["action"] == "worker.drained"
    left = await server.executions.execute(COMMAND_LINE, workflow.record.id)
    await house.start(worker=True)
    assert await ended(server, left) == "success"
