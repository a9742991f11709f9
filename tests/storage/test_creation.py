"""Storing new executions."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Connection, func, select

from flowstudio.engine.item import Item
from flowstudio.errors import InvalidRequest
from flowstudio.storage import Storage
from flowstudio.storage.records import Snapshot
from flowstudio.storage.tables import executions, snapshots
from tests.storage.samples import DOCUMENT, finished, new, outcome, rest, running


async def test_everything_comes_back(storage: Storage) -> None:
    wanted = new(
        workflow_id="w",
        mode="webhook",
        start_node="hook",
        start_items=[Item({"a": 1})],
        outcomes=[outcome("hook")],
        until_node="u",
        only_node="o",
        parent_id="p",
        depth=2,
        call_key="p/call/1",
        retry_of="r",
        options={"pinned": True},
        limit=5,
    )
    created = await storage.executions.create(wanted)
    assert (created.id, created.is_new, created.status, created.fence) == (wanted.id, True, "queued", 0)
    stored = await storage.executions.load(wanted.id)
    assert stored is not None
    for field in (
        *("id", "workflow_id", "workflow_name", "document", "mode", "status", "start_node", "until_node"),
        *("only_node", "parent_id", "depth", "retry_of", "options", "limit"),
    ):
        assert getattr(stored, field) == getattr(wanted, field), field
    assert stored.start_items == (Item({"a": 1}),)
    assert (stored.fence, stored.owner, stored.started_at) == (0, None, None)
    assert await storage.executions.outcomes(wanted.id) == [outcome("hook")]


async def test_the_creator_may_run_it_at_once(storage: Storage, other: Storage) -> None:
    created = await running(storage)
    assert (created.status, created.fence) == ("running", 1)
    assert await other.executions.claim(created.id, "you", 30) is None
    stored = await storage.executions.load(created.id)
    assert stored is not None
    assert stored.started_at == stored.created_at


async def test_one_call_key_makes_one_execution(storage: Storage, other: Storage) -> None:
    everywhere = [(storage, other)[i % 2].executions.create(new(call_key="key")) for i in range(40)]
    created = await asyncio.gather(*everywhere)
    assert len({one.id for one in created}) == 1
    assert sum(one.is_new for one in created) == 1


async def test_a_call_key_names_a_finished_execution_too(storage: Storage) -> None:
    first = await finished(storage, call_key="key")
    second = await storage.executions.create(new(call_key="key"))
    assert (second.id, second.is_new, second.status, second.fence) == (first, False, "success", 0)


async def test_equal_documents_are_stored_once(storage: Storage) -> None:
    reordered = {key: DOCUMENT[key] for key in reversed(DOCUMENT)}
    for document in (DOCUMENT, Snapshot.of(DOCUMENT), reordered):
        await storage.executions.create(new(document=document))
    await storage.executions.create(new(document={"name": "Other"}))
    assert await storage.database.scalar(select(func.count()).select_from(snapshots)) == 2


async def test_a_document_that_vanished_is_stored_again(storage: Storage) -> None:
    await storage.executions.create(new())

    def forget(connection: Connection) -> None:
        connection.execute(executions.delete())
        connection.execute(snapshots.delete())

    await storage.database.write(forget)
    created = await asyncio.gather(*(storage.executions.create(new()) for _ in range(3)))
    for one in created:
        stored = await storage.executions.load(one.id)
        assert stored is not None
        assert stored.document == DOCUMENT


async def test_data_that_is_no_json_is_refused(storage: Storage) -> None:
    for bad in (
        new(document={"a": {1}}),
        new(options={"a": {1}}),
        new(start_items=[Item({"a": {1}})]),
        new(outcomes=[outcome(outputs={"main": [Item({"a": {1}})]})]),
    ):
        with pytest.raises(InvalidRequest):
            await storage.executions.create(bad)
    assert await storage.database.scalar(select(func.count()).select_from(executions)) == 0


async def test_a_limit_makes_later_executions_wait(storage: Storage) -> None:
    created = [await running(storage, workflow_id="w", limit=2) for _ in range(4)]
    assert [one.status for one in created] == ["running", "running", "queued", "queued"]
    assert [one.fence for one in created] == [1, 1, 0, 0]
    elsewhere = await running(storage, workflow_id="v", limit=2)
    assert elsewhere.status == "running"


async def test_a_limit_holds_when_many_start_at_once(storage: Storage, other: Storage) -> None:
    starts = [running((storage, other)[i % 2], workflow_id="w", limit=3) for i in range(30)]
    created = await asyncio.gather(*starts)
    assert sum(one.status == "running" for one in created) == 3


async def test_a_new_execution_does_not_overtake_those_that_wait(storage: Storage) -> None:
    first, second = [await running(storage, workflow_id="w", limit=1) for _ in range(2)]
    await storage.executions.journal(first.id, "me", 1).append([], rest())
    third = await running(storage, workflow_id="w", limit=1)
    assert third.status == "queued"
    assert await storage.executions.admit("w", 1) == [second.id]
