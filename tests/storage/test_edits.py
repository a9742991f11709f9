"""The log of edits."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from flowstudio.engine.item import Json
from flowstudio.errors import NotFound
from flowstudio.storage import Storage, edits
from flowstudio.storage.edits import NewDraft, Outdated
from flowstudio.storage.records import Snapshot
from flowstudio.storage.tables import workflow_operations

RENAME = [{"kind": "set", "node": None, "path": ["name"], "value": "x"}]


def draft(number: int, tags: list[str] | None = None) -> NewDraft:
    return NewDraft(name=f"Draft {number}", snapshot=Snapshot.of({"v": number}), outline={}, tags=tags)


async def made(storage: Storage) -> str:
    return (await storage.workflows.create(name="One", document={"v": 1}, tags=["a"])).id


async def append(storage: Storage, id_: str, base: int, *batches: str, by: str | None = None) -> None:
    await storage.edits.append(
        id_,
        base=base,
        draft=draft(base + len(batches)),
        batches=[(batch, RENAME) for batch in batches],
        client="tab",
        by=by,
    )


async def test_batches_make_versions_one_by_one(storage: Storage) -> None:
    id_ = await made(storage)
    await append(storage, id_, 1, "x", "y")
    workflow = await storage.workflows.get(id_)
    assert workflow is not None
    assert (workflow.version, workflow.name, workflow.document) == (3, "Draft 3", {"v": 3})
    assert workflow.tags == ("a",)
    logged = await storage.edits.since(id_, 1)
    assert [(entry.version, entry.id, entry.client, entry.operations) for entry in logged] == [
        (2, "x", "tab", RENAME),
        (3, "y", "tab", RENAME),
    ]
    assert [entry.version for entry in await storage.edits.since(id_, 2)] == [3]
    assert await storage.edits.known(id_, ["y", "z"]) == {"y": 3}


async def test_edits_of_another_version_are_refused_as_a_whole(storage: Storage) -> None:
    id_ = await made(storage)
    await append(storage, id_, 1, "x")
    with pytest.raises(Outdated):
        await append(storage, id_, 1, "y")
    assert await storage.edits.known(id_, ["x", "y"]) == {"x": 2}
    workflow = await storage.workflows.get(id_)
    assert workflow is not None
    assert (workflow.version, workflow.document) == (2, {"v": 2})


async def test_of_two_processes_that_edit_at_once_one_is_told_to_read_again(
    storage: Storage, other: Storage
) -> None:
    id_ = await made(storage)
    results = await asyncio.gather(
        append(storage, id_, 1, "x"), append(other, id_, 1, "y"), return_exceptions=True
    )
    assert sorted(isinstance(result, Outdated) for result in results) == [False, True]
    assert len(await storage.edits.since(id_, 0)) == 1


async def test_what_is_deleted_or_was_never_there_is_not_edited(storage: Storage) -> None:
    id_ = await made(storage)
    await storage.workflows.hide(id_)
    for missing in (id_, "nothing"):
        with pytest.raises(NotFound):
            await append(storage, missing, 1, "x")


async def test_tags_change_only_when_they_are_given(storage: Storage) -> None:
    id_ = await made(storage)
    given: Json = {"batches": [("x", RENAME)], "client": "", "by": None}
    await storage.edits.append(id_, base=1, draft=draft(2, ["b", "c", "b"]), **given)
    workflow = await storage.workflows.get(id_)
    assert workflow is not None
    assert workflow.tags == ("b", "c")


async def test_an_author_is_named_as_long_as_there_is_such_a_user(storage: Storage) -> None:
    id_ = await made(storage)
    user = await storage.accounts.create_user(email="a@b.c", name="Ada", role="editor", password_hash="x")
    await append(storage, id_, 1, "x", by=user.id)
    assert [(e.author, e.author_name) for e in await storage.edits.since(id_, 0)] == [(user.id, "Ada")]
    await storage.accounts.delete_user(user.id)
    assert [(e.author, e.author_name) for e in await storage.edits.since(id_, 0)] == [(user.id, None)]


async def test_the_log_keeps_the_newest_batches_for_a_week(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = await made(storage)
    await append(storage, id_, 1, "b2", "b3", "b4", "b5")
    workflow = await storage.workflows.get(id_)
    assert workflow is not None
    assert await storage.edits.prune(workflow.updated_at) == 0
    monkeypatch.setattr(edits, "KEPT", 2)
    assert await storage.edits.prune(workflow.updated_at) == 2
    assert [entry.version for entry in await storage.edits.since(id_, 0)] == [4, 5]
    old = update(workflow_operations).where(workflow_operations.c.number == 4)
    before = workflow.updated_at - edits.KEPT_FOR - timedelta(seconds=1)
    await storage.database.write(lambda connection: connection.execute(old.values(at=before)))
    assert await storage.edits.prune(workflow.updated_at) == 1
    assert [entry.version for entry in await storage.edits.since(id_, 0)] == [5]
