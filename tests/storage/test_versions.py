"""The history of workflows."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from flowstudio.storage import Storage
from flowstudio.storage.edits import NewDraft
from flowstudio.storage.records import Snapshot
from flowstudio.storage.tables import workflow_versions
from flowstudio.storage.versions import BURST, PAUSE


async def made(storage: Storage) -> str:
    return (await storage.workflows.create(name="One", document={"v": 1})).id


async def edit(storage: Storage, id_: str, base: int, by: str | None = None) -> None:
    draft = NewDraft(name="One", snapshot=Snapshot.of({"v": base + 1}), outline={}, tags=None)
    await storage.edits.append(id_, base=base, draft=draft, batches=[(f"b{base}", [])], client="", by=by)


async def age(storage: Storage, number: int, by: timedelta, column: str = "at") -> None:
    """Make an entry older."""
    changed = workflow_versions.c[column]
    [entry] = [e for e in await storage.versions.list(await only(storage)) if e.number == number]
    older = update(workflow_versions).where(workflow_versions.c.number == number)
    await storage.database.write(lambda c: c.execute(older.values({changed: entry.at - by})))


async def only(storage: Storage) -> str:
    [summary] = await storage.workflows.list()
    return summary.id


async def numbers(storage: Storage, id_: str) -> list[int]:
    return [entry.number for entry in await storage.versions.list(id_)]


async def test_edits_that_follow_each_other_quickly_are_one_entry(storage: Storage) -> None:
    id_ = await made(storage)
    for base in (1, 2, 3):
        await edit(storage, id_, base)
    assert await numbers(storage, id_) == [4, 1]
    found = await storage.versions.get(id_, 4)
    assert found is not None
    assert found[1] == {"v": 4}
    assert await storage.versions.get(id_, 3) is None


async def test_a_pause_or_another_author_begins_a_new_entry(storage: Storage) -> None:
    id_ = await made(storage)
    await edit(storage, id_, 1, "ada")
    await edit(storage, id_, 2, "bob")
    await age(storage, 3, PAUSE)
    await edit(storage, id_, 3, "bob")
    assert await numbers(storage, id_) == [4, 3, 2, 1]


async def test_an_entry_does_not_grow_for_ever(storage: Storage) -> None:
    id_ = await made(storage)
    await edit(storage, id_, 1)
    await age(storage, 2, BURST, "burst_at")
    await edit(storage, id_, 2)
    assert await numbers(storage, id_) == [3, 2, 1]


async def test_what_was_published_named_or_stored_as_a_whole_stays(storage: Storage) -> None:
    id_ = await made(storage)
    await edit(storage, id_, 1)
    await storage.workflows.publish(id_, expected_version=2, note="First")
    await storage.workflows.unpublish(id_)
    await edit(storage, id_, 2)
    assert await storage.versions.annotate(id_, 3, "Before the move")
    await edit(storage, id_, 3)
    await storage.workflows.update(id_, name="One", document={"v": 5})
    await edit(storage, id_, 5)
    assert await numbers(storage, id_) == [6, 5, 4, 3, 2, 1]
    entries = {entry.number: entry for entry in await storage.versions.list(id_)}
    assert (entries[2].note, entries[3].note) == ("First", "Before the move")
    assert [n for n, entry in entries.items() if entry.published_at is not None] == [2]
    assert not await storage.versions.annotate(id_, 99, "")


async def test_an_author_is_named(storage: Storage) -> None:
    user = await storage.accounts.create_user(email="a@b.c", name="Ada", role="editor", password_hash="x")
    id_ = await made(storage)
    await edit(storage, id_, 1, user.id)
    assert [(e.author, e.author_name) for e in await storage.versions.list(id_)] == [
        (user.id, "Ada"),
        (None, None),
    ]


async def test_the_draft_moves_on_from_what_is_published(storage: Storage) -> None:
    id_ = await made(storage)
    published = await storage.workflows.publish(id_, expected_version=1)
    assert (published.published_version, published.active, published.has_unpublished) == (1, False, False)
    await edit(storage, id_, 1)
    [summary] = await storage.workflows.list()
    assert (summary.published_version, summary.version, summary.has_unpublished) == (1, 2, True)
    assert (await storage.workflows.unpublish(id_)).published_version is None
