"""Who may run an execution."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, update
from sqlalchemy.exc import OperationalError

from flowstudio.config import Settings
from flowstudio.engine.item import Item
from flowstudio.errors import LeaseLost
from flowstudio.storage import Storage
from flowstudio.storage.owners import new_owner
from flowstudio.storage.records import Created, Resumption
from flowstudio.storage.tables import executions
from tests.storage.conftest import plain
from tests.storage.samples import NOON, finished, new, outcome, owner_of_an_ended_process, rest, running


async def status_of(storage: Storage, id_: str) -> str:
    summary = await storage.executions.get(id_)
    assert summary is not None
    return summary.status


async def asleep(storage: Storage, **changes: object) -> str:
    created = await running(storage)
    waiting = outcome("wait", status="waiting", outputs={})
    await storage.executions.journal(created.id, "me", 1).append([waiting], rest("waiting", **changes))
    return created.id


# Claim


async def test_of_a_hundred_runners_one_gets_the_execution(storage: Storage, other: Storage) -> None:
    created = await storage.executions.create(new())
    claims = await asyncio.gather(
        *((storage, other)[i % 2].executions.claim(created.id, f"runner {i}", 30) for i in range(100))
    )
    [winner] = [i for i, claim in enumerate(claims) if claim is not None]
    stored = await storage.executions.load(created.id)
    assert stored is not None
    assert (stored.status, stored.owner, stored.fence) == ("running", f"runner {winner}", 1)


async def test_an_expired_lease_can_be_claimed_with_a_higher_fence(storage: Storage) -> None:
    created = await running(storage, lease_seconds=0)
    claim = await storage.executions.claim(created.id, "you", 30)
    assert claim is not None
    assert claim.fence == 2
    assert await storage.executions.claim(created.id, "me", 30) is None


async def test_what_has_finished_or_does_not_exist_cannot_be_claimed(storage: Storage) -> None:
    assert await storage.executions.claim(await finished(storage), "you", 30) is None
    assert await storage.executions.claim("nothing", "you", 30) is None


async def test_a_sleeping_execution_can_be_claimed_when_its_time_has_come(storage: Storage) -> None:
    due = await asleep(storage, wake_at=NOON - timedelta(days=9999))
    later, on_call = await asleep(storage, wake_at=NOON + timedelta(days=9999)), await asleep(storage)
    assert await storage.executions.claim(due, "you", 30) is not None
    assert await storage.executions.claim(later, "you", 30) is None
    assert await storage.executions.claim(on_call, "you", 30) is None


async def test_the_start_is_that_of_the_first_claim(storage: Storage) -> None:
    created = await storage.executions.create(new())
    await storage.executions.claim(created.id, "me", 0)
    first = await storage.executions.get(created.id)
    await storage.executions.claim(created.id, "you", 30)
    second = await storage.executions.get(created.id)
    assert first is not None
    assert second is not None
    assert first.started_at == second.started_at is not None


# Leases


async def test_a_heartbeat_renews_leases_and_says_what_is_lost(storage: Storage) -> None:
    mine, lost, done = [await running(storage, lease_seconds=0) for _ in range(3)]
    await storage.executions.claim(lost.id, "you", 30)
    await storage.executions.journal(done.id, "me", 1).append([], rest())
    beat = await storage.executions.heartbeat("me", [mine.id, lost.id, done.id, "nothing"], 30)
    assert beat.owned == {mine.id}
    assert await storage.executions.claim(mine.id, "you", 30) is None


async def test_a_heartbeat_for_nothing_owns_nothing(storage: Storage) -> None:
    assert (await storage.executions.heartbeat("me", [], 30)).owned == frozenset()


async def test_released_executions_can_be_claimed_at_once(storage: Storage) -> None:
    created, others = await running(storage), await storage.executions.create(new())
    await storage.executions.claim(others.id, "you", 30)
    assert await storage.executions.release("me") == 1
    assert await storage.executions.recoverable() == [created.id]
    with pytest.raises(LeaseLost):
        await storage.executions.journal(created.id, "me", 1).append([outcome()])
    assert await storage.executions.claim(created.id, "you", 30) is not None


async def test_the_leases_of_ended_processes_are_released(storage: Storage) -> None:
    dead, me, alive = owner_of_an_ended_process(), new_owner(), new_owner()
    ids = {}
    for owner in (dead, me, alive, "of another form"):
        ids[owner] = (await storage.executions.create(new(status="running", owner=owner))).id
    assert await storage.executions.release_dead(me) == 1
    assert await storage.executions.recoverable() == [ids[dead]]


# Recovery


async def test_recoverable_is_what_nobody_runs(storage: Storage) -> None:
    queued = await storage.executions.create(new())
    expired = await running(storage, lease_seconds=0)
    due = await asleep(storage, wake_at=NOON)
    await running(storage)
    await finished(storage)
    await asleep(storage)
    await asleep(storage, wake_at=NOON + timedelta(days=2))
    lease_end = NOON - timedelta(days=9000)
    assert await storage.executions.recoverable(lease_end) == [queued.id]
    assert await storage.executions.recoverable() == [queued.id, expired.id]
    everything = await storage.executions.recoverable(NOON + timedelta(seconds=1))
    assert {queued.id, expired.id, due} <= set(everything)


async def test_the_next_time_to_wake_is_known(storage: Storage) -> None:
    assert await storage.executions.next_wake() is None
    await asleep(storage, wake_at=NOON + timedelta(hours=2))
    await asleep(storage, wake_at=NOON + timedelta(hours=1))
    assert await storage.executions.next_wake() == NOON + timedelta(hours=1)


# Slots


async def test_waiting_executions_are_admitted_in_the_order_of_their_creation(storage: Storage) -> None:
    ids = [(await running(storage, workflow_id="w", limit=2)).id for _ in range(5)]
    assert await storage.executions.admit("w", 2) == []
    await storage.executions.journal(ids[1], "me", 1).append([], rest())
    assert await storage.executions.recoverable() == [ids[2]]
    assert await storage.executions.admit("w", 2) == [ids[2]]
    assert await storage.executions.claim(ids[3], "you", 30) is None
    assert await storage.executions.claim(ids[2], "you", 30) is not None
    assert await storage.executions.admit("w", 2) == []


async def test_never_do_more_run_than_the_limit_and_all_get_their_turn(
    storage: Storage, other: Storage
) -> None:
    limit, running_now, most, order = 3, 0, 0, []
    ids = [(await storage.executions.create(new(workflow_id="w", limit=limit))).id for _ in range(20)]
    left = set(ids)

    async def runner(at: Storage, name: str) -> None:
        nonlocal running_now, most
        while left:
            for id_ in await at.executions.admit("w", limit):
                claim = await at.executions.claim(id_, name, 30)
                if claim is None:
                    continue
                running_now += 1
                most = max(most, running_now)
                order.append(id_)
                await at.executions.admit("w", limit)  # others get their chance while this one runs
                left.discard(id_)
                running_now -= 1
                await at.executions.journal(id_, name, claim.fence).append([outcome()], rest())

    await asyncio.gather(*(runner((storage, other)[i % 2], f"runner {i}") for i in range(6)))
    assert most <= limit
    assert sorted(order) == ids
    assert [await status_of(storage, id_) for id_ in ids] == ["success"] * 20


@pytest.mark.postgres
@pytest.mark.parametrize("claimed", [True, False])
async def test_it_begins_after_the_one_whose_slot_it_gets_has_ended(
    postgres_settings: Settings, migrated_url: str, claimed: bool
) -> None:
    async with (
        await Storage.open(postgres_settings) as storage,
        await Storage.open(postgres_settings) as other,
        await psycopg.AsyncConnection.connect(plain(migrated_url)) as lock,
    ):
        first = await running(storage, workflow_id="w", limit=1)
        waiting = (await running(storage, workflow_id="w", limit=1)).id if claimed else None
        await lock.execute("SELECT pg_advisory_xact_lock(hashtextextended('w', 0))")
        second = asyncio.create_task(
            storage.executions.claim(waiting, "you", 30)
            if waiting
            else running(storage, workflow_id="w", limit=1)
        )
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while await (await lock.execute(waits)).fetchone() != (1,):  # noqa: ASYNC110  # another process's state
            await asyncio.sleep(0.01)
        ended = datetime.now(UTC)
        await other.executions.journal(first.id, "me", 1).append([], rest(finished_at=ended))
        await lock.rollback()
        got = await second
        assert got is not None
        summary = await storage.executions.get(got.id if isinstance(got, Created) else str(waiting))
        assert summary is not None
        assert summary.started_at is not None
        assert summary.started_at >= ended


async def test_a_changed_limit_holds_for_those_that_wait(storage: Storage) -> None:
    ids = [(await running(storage, workflow_id="w", limit=1)).id for _ in range(4)]
    assert await storage.executions.admit("w", 3) == ids[1:3]
    assert await storage.executions.claim(ids[1], "you", 30) is not None
    assert await storage.executions.admit("w", None) == ids[2:]
    assert await storage.executions.claim(ids[3], "you", 30) is not None


async def test_a_sleeping_execution_holds_no_slot_and_waits_for_one_when_it_wakes(storage: Storage) -> None:
    first = await running(storage, workflow_id="w", limit=1)
    await storage.executions.journal(first.id, "me", 1).append([], rest("waiting"))
    second = await running(storage, workflow_id="w", limit=1)
    assert second.status == "running"
    assert await storage.executions.wake(first.id, "a", (), {})
    assert await storage.executions.claim(first.id, "me", 30) is None
    assert await storage.executions.recoverable() == []
    await storage.executions.journal(second.id, "me", 1).append([], rest())
    assert await storage.executions.recoverable() == [first.id]
    assert await storage.executions.claim(first.id, "me", 30) is not None


# Cancel


async def test_an_execution_that_nobody_runs_is_cancelled_at_once(storage: Storage) -> None:
    queued, sleeping = (await storage.executions.create(new())).id, await asleep(storage)
    for id_ in (queued, sleeping):
        assert await storage.executions.request_cancel(id_) == "cancelled"
        summary = await storage.executions.get(id_)
        assert summary is not None
        assert summary.status == "cancelled"
        assert summary.finished_at is not None
        assert await storage.executions.claim(id_, "you", 30) is None
    counts = [day.count for day in await storage.statistics.since("2000-01-01")]
    assert (sum(c.runs for c in counts), sum(c.failures for c in counts)) == (2, 0)


async def test_the_runner_learns_of_a_wish_to_cancel(storage: Storage) -> None:
    wanted, calm = await running(storage), await running(storage)
    assert await storage.executions.request_cancel(wanted.id) == "running"
    beat = await storage.executions.heartbeat("me", [wanted.id, calm.id], 0)
    assert beat.cancel_requested == {wanted.id}
    claim = await storage.executions.claim(wanted.id, "you", 30)
    assert claim is not None
    assert claim.cancel_requested


@pytest.mark.postgres
async def test_a_wish_to_cancel_outlives_that_the_execution_falls_asleep_meanwhile(
    postgres_settings: Settings,
) -> None:
    async with await Storage.open(postgres_settings) as storage:
        engine = storage.database._engine.sync_engine
        for moment in (1, 2, 3, 4):
            wanted = await running(storage)
            statements: list[str] = []

            def fall_asleep(
                *arguments: Any, wanted: Any = wanted, statements: Any = statements, moment: int = moment
            ) -> None:
                """After so many statements of the wish, unless it has locked the execution."""
                statements.append(arguments[2])
                if len(statements) == moment:
                    with contextlib.suppress(OperationalError), runner.begin():
                        runner.exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
                        mine = (executions.c.id == wanted.id, executions.c.status == "running")
                        sleep = {"status": "waiting", "owner": None, "lease_until": None}
                        runner.execute(update(executions).where(*mine).values(sleep))

            with storage.database.log_engine.connect() as runner:
                event.listen(engine, "after_cursor_execute", fall_asleep)
                told = await storage.executions.request_cancel(wanted.id)
                event.remove(engine, "after_cursor_execute", fall_asleep)
            status = await status_of(storage, wanted.id)
            assert told == status, f"falling asleep after {statements[moment - 1 :]}"
            assert status in ("running", "cancelled"), f"falling asleep after {statements[moment - 1 :]}"


async def test_what_has_finished_cannot_be_cancelled(storage: Storage) -> None:
    done = await finished(storage)
    assert await storage.executions.request_cancel(done) == "success"
    assert await status_of(storage, done) == "success"
    assert await storage.executions.request_cancel("nothing") is None


# Wake


async def test_a_call_wakes_a_sleeping_execution_with_its_data(storage: Storage) -> None:
    id_ = await asleep(storage)
    data = {"body": {"big": 2**70, "text": "\x00"}}
    assert await storage.executions.wake(id_, "wait", ("loop:1",), data)
    assert await storage.executions.recoverable() == [id_]
    assert await storage.executions.claim(id_, "you", 30) is not None
    assert await storage.executions.resumptions(id_) == [Resumption("wait", ("loop:1",), data)]


async def test_the_first_call_counts(storage: Storage) -> None:
    id_ = await asleep(storage)
    answers = await asyncio.gather(
        *(storage.executions.wake(id_, "wait", (), {"call": i}) for i in range(10))
    )
    assert sum(answers) == 1
    assert len(await storage.executions.resumptions(id_)) == 1


async def test_a_call_that_comes_before_the_execution_sleeps_is_not_lost(storage: Storage) -> None:
    created = await running(storage)
    assert await storage.executions.wake(created.id, "wait", (), {"early": True})
    waiting = outcome("wait", status="waiting", outputs={})
    await storage.executions.journal(created.id, "me", 1).append([waiting], rest("waiting"))
    assert await storage.executions.recoverable() == [created.id]


async def test_a_call_that_was_answered_does_not_wake_again(storage: Storage) -> None:
    id_ = await asleep(storage)
    await storage.executions.wake(id_, "wait", (), {})
    claim = await storage.executions.claim(id_, "you", 30)
    assert claim is not None
    answered = outcome("wait", outputs={"main": [Item({})]})
    later = outcome("second", status="waiting", outputs={})
    await storage.executions.journal(id_, "you", claim.fence).append([answered, later], rest("waiting"))
    assert await storage.executions.recoverable() == []


async def test_what_has_finished_is_not_woken(storage: Storage) -> None:
    assert not await storage.executions.wake(await finished(storage), "a", (), {})
    assert not await storage.executions.wake("nothing", "a", (), {})


# Speed


async def test_what_runs_is_found_without_reading_what_has_finished(sqlite_settings: Settings) -> None:
    plans: list[str] = []
    async with await Storage.open(sqlite_settings) as storage:
        async with storage.database.reading() as connection:
            engine = connection.engine.sync_engine

        def explain(connection: Any, _: Any, statement: str, parameters: Any, *__: Any) -> None:
            if "FROM executions" in statement and not statement.startswith("EXPLAIN"):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                plans.append(" / ".join(row[3] for row in rows))

        event.listen(engine, "before_cursor_execute", explain)
        await storage.executions.recoverable()
        await storage.executions.next_wake()
        await storage.executions.admit("w", 1)
        await storage.executions.release_dead("me")
    assert len(plans) == 6
    assert all("ix_executions_live" in plan for plan in plans), plans
