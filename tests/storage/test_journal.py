"""The durable log."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Connection

from flowstudio.engine.item import Item
from flowstudio.errors import InvalidRequest, LeaseLost
from flowstudio.storage import Storage
from flowstudio.storage.journal import Append, Entries, entries
from flowstudio.storage.tables import executions
from tests.storage.samples import NOON, full_outcome, outcome, rest, running


async def test_an_outcome_comes_back_as_it_was(storage: Storage) -> None:
    created = await running(storage, outcomes=[outcome("trigger")])
    await storage.executions.journal(created.id, "me", created.fence).append([full_outcome()])
    assert await storage.executions.outcomes(created.id) == [outcome("trigger"), full_outcome()]


async def test_large_outputs_come_back(storage: Storage) -> None:
    created = await running(storage)
    large = outcome(outputs={"main": [Item({"i": i, "text": "x" * 100}) for i in range(5000)]})
    await storage.executions.journal(created.id, "me", created.fence).append([large])
    assert await storage.executions.outcomes(created.id) == [large]
    [run] = await storage.executions.node_runs(created.id)
    assert run.items == {"main": 5000}
    assert run.size > 500_000


async def test_the_rest_is_stored_with_the_last_outcome(storage: Storage) -> None:
    created = await running(storage)
    await storage.executions.journal(created.id, "me", created.fence).append(
        [outcome("z")], rest(last_node="z")
    )
    stored = await storage.executions.load(created.id)
    assert stored is not None
    assert (stored.status, stored.finished_at, stored.last_node, stored.owner) == ("success", NOON, "z", None)


async def test_nothing_is_stored_after_another_runner_took_over(storage: Storage, other: Storage) -> None:
    created = await running(storage, lease_seconds=0)
    old = storage.executions.journal(created.id, "me", created.fence)
    await old.append([outcome("first")])
    claim = await other.executions.claim(created.id, "you", 30)
    assert claim is not None
    assert claim.fence == 2
    with pytest.raises(LeaseLost):
        await old.append([outcome("second")], rest())
    await other.executions.journal(created.id, "you", claim.fence).append([outcome("third")])
    assert [run.node for run in await storage.executions.node_runs(created.id)] == ["first", "third"]
    summary = await storage.executions.get(created.id)
    assert summary is not None
    assert summary.status == "running"


async def test_nothing_is_stored_after_the_rest(storage: Storage) -> None:
    created = await running(storage)
    journal = storage.executions.journal(created.id, "me", created.fence)
    await journal.append([], rest("error"))
    with pytest.raises(LeaseLost):
        await journal.append([outcome()])
    with pytest.raises(LeaseLost):
        await journal.append([], rest("success"))
    summary = await storage.executions.get(created.id)
    assert summary is not None
    assert summary.status == "error"


async def test_an_unknown_execution_is_a_lost_lease(storage: Storage) -> None:
    with pytest.raises(LeaseLost):
        await storage.executions.journal("nobody", "me", 1).append([outcome()])


async def test_appends_that_wait_together_share_transactions(storage: Storage) -> None:
    created = [await running(storage) for _ in range(50)]
    writer = storage.database.writer
    assert writer is not None
    before = writer.groups
    journals = [storage.executions.journal(c.id, "me", c.fence) for c in created]
    await asyncio.gather(*(journal.append([outcome()]) for journal in journals))
    assert writer.groups - before <= 5
    for one in created:
        assert len(await storage.executions.node_runs(one.id)) == 1


async def test_a_lost_lease_does_not_fail_the_others_of_its_group(storage: Storage) -> None:
    good, bad = await running(storage), await running(storage)
    results = await asyncio.gather(
        storage.executions.journal(good.id, "me", 1).append([outcome()], rest()),
        storage.executions.journal(bad.id, "me", 7).append([outcome()], rest()),
        return_exceptions=True,
    )
    assert results[0] is None
    assert isinstance(results[1], LeaseLost)
    assert await storage.executions.node_runs(bad.id) == []
    assert len(await storage.executions.node_runs(good.id)) == 1


async def test_rows_that_the_database_refuses_do_not_fail_the_others_of_their_group(storage: Storage) -> None:
    good, bad = await running(storage), await running(storage)
    rows = await entries(bad.id, 1, 0, [outcome()])
    rows.rows[0]["node"] = None
    results = await asyncio.gather(
        storage.executions.journal(good.id, "me", 1).append([outcome()]),
        storage.database.work(Append(bad.id, "me", 1, rows, None)),
        storage.executions.journal(good.id, "me", 1).append([], rest()),
        return_exceptions=True,
    )
    assert [isinstance(result, Exception) for result in results] == [False, True, False]
    assert len(await storage.executions.node_runs(good.id)) == 1
    assert await storage.executions.node_runs(bad.id) == []


async def test_items_that_are_no_json_are_refused_before_anything_is_stored(storage: Storage) -> None:
    created = await running(storage)
    journal = storage.executions.journal(created.id, "me", created.fence)
    with pytest.raises(InvalidRequest, match="set is not a JSON type"):
        await journal.append([outcome("fine"), outcome(outputs={"main": [Item({"a": {1}})]})])
    assert await storage.executions.node_runs(created.id) == []
    await journal.append([outcome("after")])
    assert [run.node for run in await storage.executions.node_runs(created.id)] == ["after"]


async def test_work_that_is_tried_again_after_an_unseen_commit_is_not_stored_twice(storage: Storage) -> None:
    created = await running(storage)
    rows = await entries(created.id, 1, 0, [outcome()])
    for attempt in range(2):
        work = Append(created.id, "me", 1, rows, rest())
        work.retried = attempt > 0
        await storage.database.work(work)
    assert len(await storage.executions.node_runs(created.id)) == 1


async def test_a_retry_does_not_mistake_another_runners_rest_for_its_own(storage: Storage) -> None:
    created = await running(storage, lease_seconds=0)
    claim = await storage.executions.claim(created.id, "you", 30)
    assert claim is not None
    await storage.executions.journal(created.id, "you", claim.fence).append([], rest())
    work = Append(created.id, "me", 1, Entries([], []), rest())
    work.retried = True
    with pytest.raises(LeaseLost):
        await storage.database.work(work)


async def test_the_fence_is_checked_in_the_transaction_of_the_rows(storage: Storage) -> None:
    """A claim in the same group, just before, already shuts the old runner out."""
    created = await running(storage)

    def take(connection: Connection) -> None:
        connection.execute(executions.update().values(fence=9))

    await storage.database.write(take)
    with pytest.raises(LeaseLost):
        await storage.executions.journal(created.id, "me", 1).append([outcome()])
    assert await storage.executions.node_runs(created.id) == []
