"""Deleting executions, and what only they needed."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from flowstudio.config import Settings
from flowstudio.engine.item import Item
from flowstudio.storage import Storage
from flowstudio.storage.binaries import BinaryStore
from flowstudio.storage.records import ExecutionFilter
from flowstudio.storage.tables import binary_uses, outcomes, snapshots
from tests.storage.samples import DOCUMENT, NOON, finished, new, outcome, rest, running

AGES = timedelta(days=9999)


async def count(storage: Storage, table: object) -> int:
    return int(await storage.database.scalar(select(func.count()).select_from(table)))  # type: ignore[arg-type]  # a table


async def ids(storage: Storage) -> set[str]:
    return {summary.id for summary in await storage.executions.page(ExecutionFilter(limit=1000))}


async def test_deleting_takes_the_log_along_and_leaves_what_runs(storage: Storage) -> None:
    done, active = await finished(storage), await running(storage)
    assert await storage.executions.delete([done, active.id, "nothing"]) == 1
    assert await ids(storage) == {active.id}
    assert await count(storage, outcomes) == 0


async def test_dropped_data_leaves_the_statistics(storage: Storage) -> None:
    file = await storage.binaries.put(b"x", mime_type="", file_name="")
    log = [outcome("n", outputs={"main": [Item({"secret": 1}, {"f": file})] * 4}, stdout="secret")]
    id_ = await finished(storage, log=log, start_items=[Item({"secret": 2})])
    await storage.executions.drop_data(id_)
    [run] = await storage.executions.node_runs(id_)
    assert (run.items, run.stdout, run.milliseconds) == ({"main": 4}, "", 5)
    assert await storage.executions.outputs(id_, "n") == {}
    stored = await storage.executions.load(id_)
    assert stored is not None
    assert (stored.data_dropped, stored.start_items) == (True, ())
    assert await count(storage, binary_uses) == 0


async def test_old_executions_are_pruned_and_unfinished_ones_stay(storage: Storage) -> None:
    old = [await finished(storage, at=NOON - timedelta(days=10)) for _ in range(3)]
    young = await finished(storage, at=NOON - timedelta(days=1))
    queued = (await storage.executions.create(new())).id
    sleeping = await running(storage)
    await storage.executions.journal(sleeping.id, "me", 1).append(
        [], rest("waiting", finished_at=NOON - timedelta(days=10))
    )
    pruned = await storage.executions.prune(NOON, max_age=timedelta(days=5), max_count=100)
    assert pruned.executions == len(old)
    assert await ids(storage) == {young, queued, sleeping.id}


async def test_the_newest_are_kept_when_there_are_too_many(storage: Storage) -> None:
    every = [await finished(storage) for _ in range(7)]
    active = await running(storage)
    pruned = await storage.executions.prune(NOON, max_age=AGES, max_count=3)
    assert pruned.executions == 4
    assert await ids(storage) == {*every[4:], active.id}


async def test_the_last_used_chats_are_kept_when_there_are_too_many(storage: Storage) -> None:
    for name in ("a", "b", "c", "a"):
        await storage.chats.add("w", name, "public", "visitor", {"text": "Hello"}, "e")
    await storage.chats.prune(NOON - AGES, 2)
    assert [thread.name for thread in await storage.chats.threads("w")] == ["a", "c"]


async def test_many_go_in_several_transactions(storage: Storage) -> None:
    for _ in range(250):
        await storage.executions.create(new(workflow_id="w"))
    for summary in await storage.executions.page(ExecutionFilter(limit=1000)):
        await storage.executions.request_cancel(summary.id)
    assert (await storage.executions.prune(NOON, max_age=AGES, max_count=10)).executions == 240


async def test_documents_go_when_nothing_has_them_any_more(storage: Storage) -> None:
    workflow = await storage.workflows.create(name="Kept", document={"name": "Kept"})
    await finished(storage, document={"name": "Gone"})
    await finished(storage, document={"name": "Kept"})
    pruned = await storage.executions.prune(NOON, max_age=timedelta(days=-1), max_count=100)
    assert (pruned.executions, pruned.snapshots) == (2, 1)
    again = await storage.workflows.get(workflow.id)
    assert again is not None
    assert again.document == {"name": "Kept"}
    stored = await storage.executions.load(
        (await storage.executions.create(new(document={"name": "Gone"}))).id
    )
    assert stored is not None
    assert stored.document == {"name": "Gone"}


async def test_files_go_when_no_execution_needs_them_and_they_are_not_fresh(storage: Storage) -> None:
    needed = await storage.binaries.put(b"needed", mime_type="", file_name="")
    gone = await storage.binaries.put(b"gone", mime_type="", file_name="")
    fresh = await storage.binaries.put(b"fresh", mime_type="", file_name="")
    await finished(storage, log=[outcome(outputs={"main": [Item({}, {"f": needed})]})])
    assert isinstance(storage.binaries, BinaryStore)
    for old in (needed, gone):
        os.utime(storage.binaries.path(old), (0, 0))
    pruned = await storage.executions.prune(NOON, max_age=AGES, max_count=100)
    assert pruned.binaries == 1
    assert await storage.binaries.get(needed) == b"needed"
    assert await storage.binaries.get(fresh) == b"fresh"
    assert not any(gone.digest.endswith(path.name) for path in storage.settings.data_dir.rglob("*"))


async def test_the_file_of_the_database_shrinks(sqlite_settings: Settings) -> None:
    path = sqlite_settings.data_dir / "flowstudio.db"
    async with await Storage.open(sqlite_settings) as storage:
        noise = [Item({"bytes": os.urandom(1000).hex()}) for _ in range(50)]
        for _ in range(100):
            await finished(storage, log=[outcome(outputs={"main": noise})])
        await storage.executions.prune(NOON, max_age=AGES, max_count=1000)
        full = path.stat().st_size
        assert full > 5_000_000
        await storage.executions.prune(datetime.now(UTC), max_age=AGES, max_count=5)
        assert path.stat().st_size < full / 5
        assert path.with_name(path.name + "-wal").stat().st_size == 0
        assert len(await ids(storage)) == 5


async def test_work_goes_on_while_executions_are_pruned(storage: Storage) -> None:
    for _ in range(120):
        await finished(storage)
    active = await running(storage, document=DOCUMENT)
    journal = storage.executions.journal(active.id, "me", 1)
    pruning = asyncio.create_task(storage.executions.prune(NOON, max_age=AGES, max_count=1))
    for _ in range(20):
        await journal.append([outcome()])
    await pruning
    assert len(await storage.executions.node_runs(active.id)) == 20
    assert await count(storage, snapshots) == 1
