"""Group commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from flowstudio.config import Settings
from flowstudio.errors import Conflict
from flowstudio.storage import Storage
from flowstudio.storage.writer import Call, may_pass
from tests.storage.samples import outcome, running


class Held(Call[None]):
    """Work that keeps the writer busy until the test lets go, and stands before the others."""

    rank = 0

    def __init__(self) -> None:
        super().__init__(self.hold)
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def hold(self, connection: Connection) -> None:
        self.begun.set()
        assert self.go_on.wait(30)

    @classmethod
    def apply(cls, connection: Connection, works: Sequence[Any]) -> list[Any]:
        return [work.function(connection) for work in works]


async def test_what_waits_while_the_writer_is_busy_is_one_group(storage: Storage) -> None:
    created = [await running(storage) for _ in range(30)]
    writer = storage.database.writer
    assert writer is not None
    held = Held()
    first = asyncio.create_task(writer.do(held))
    await asyncio.to_thread(held.begun.wait, 30)
    before = (writer.groups, writer.works)
    journals = [storage.executions.journal(c.id, "me", 1) for c in created]
    waiting = [asyncio.create_task(journal.append([outcome()])) for journal in journals]
    await asyncio.sleep(0)
    held.go_on.set()
    await asyncio.gather(first, *waiting)
    assert (writer.groups - before[0], writer.works - before[1]) == (2, 31)


async def test_a_refusal_undoes_its_own_changes_only(storage: Storage) -> None:
    writer = storage.database.writer
    assert writer is not None

    def insert(name: str, fail: bool) -> Call[str]:
        def function(connection: Connection) -> str:
            connection.execute(
                text("INSERT INTO key_checks VALUES (:id, :name)"), {"id": int(name), "name": name}
            )
            if fail:
                raise Conflict(name)
            return name

        return Call(function)

    results = await asyncio.gather(
        *(writer.do(insert(str(i), fail=i % 3 == 0)) for i in range(2, 10)), return_exceptions=True
    )
    assert [str(result) for result in results] == [str(i) for i in range(2, 10)]
    assert [isinstance(result, Conflict) for result in results] == [i % 3 == 0 for i in range(2, 10)]
    async with storage.database.reading() as connection:
        rows = await connection.execute(text("SELECT id FROM key_checks WHERE id > 1 ORDER BY id"))
        assert [row.id for row in rows] == [2, 4, 5, 7, 8]


async def test_an_abandoned_wait_does_not_disturb_the_group(storage: Storage) -> None:
    one, two = await running(storage), await running(storage)
    abandoned = asyncio.create_task(storage.executions.journal(one.id, "me", 1).append([outcome()]))
    kept = asyncio.create_task(storage.executions.journal(two.id, "me", 1).append([outcome()]))
    await asyncio.sleep(0)
    abandoned.cancel()
    await kept
    with pytest.raises(asyncio.CancelledError):
        await abandoned
    assert len(await storage.executions.node_runs(two.id)) == 1


async def test_a_lost_connection_is_made_again_and_the_work_with_it(postgres_settings: Settings) -> None:
    settings = postgres_settings
    async with await Storage.open(settings) as storage, await Storage.open(settings) as other:
        created = await running(storage)
        journal = storage.executions.journal(created.id, "me", 1)
        await journal.append([outcome("before")])
        kill = text(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await other.database.write(lambda c: c.execute(kill).all())
        await journal.append([outcome("after")])
        claimed = await storage.executions.claim(created.id, "you", 30)
        assert claimed is None
        assert [run.node for run in await storage.executions.node_runs(created.id)] == ["before", "after"]


async def test_the_writer_waits_for_another_process_that_writes(sqlite_settings: Settings) -> None:
    async with await Storage.open(sqlite_settings) as storage:
        created = await running(storage)
        other = sqlite3.connect(sqlite_settings.data_dir / "flowstudio.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(storage.executions.journal(created.id, "me", 1).append([outcome()]))
        assert len(await storage.executions.node_runs(created.id)) == 0
        assert not waiting.done()
        other.execute("COMMIT")
        other.close()
        await waiting
        assert len(await storage.executions.node_runs(created.id)) == 1


def test_deadlocks_and_lost_connections_may_pass_and_mistakes_do_not() -> None:
    def failure(state: str | None, *, lost: bool = False) -> DBAPIError:
        original = Exception("it failed")
        if state is not None:
            original.sqlstate = state  # type: ignore[attr-defined]  # as the PostgreSQL driver does
        return OperationalError("SELECT", {}, original, connection_invalidated=lost)

    assert may_pass(failure("40P01"))
    assert may_pass(failure("08006"))
    assert may_pass(failure(None, lost=True))
    assert not may_pass(failure("23505"))
    assert not may_pass(Conflict("x"))
    with sqlite3.connect(":memory:") as connection, pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("SELECT * FROM nothing")
    connection.close()
    assert not may_pass(OperationalError("SELECT", {}, caught.value))


async def test_what_fails_for_good_is_told_to_its_caller(storage: Storage) -> None:
    with pytest.raises(DBAPIError, match="nothing"):
        await storage.database.write(lambda c: c.execute(text("SELECT * FROM nothing")))
    await storage.ping()
