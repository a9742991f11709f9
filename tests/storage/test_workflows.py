"""The workflow repository."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from flowstudio.errors import Conflict, NotFound
from flowstudio.storage import Storage
from flowstudio.storage.records import WebhookRoute
from flowstudio.storage.workflows import Order, WorkflowFilter
from tests.storage.samples import DOCUMENT, new


def hook(workflow: str, path: str = "orders", method: str = "POST", node: str = "n") -> WebhookRoute:
    return WebhookRoute(method, path, workflow, node)


async def test_a_workflow_comes_back(storage: Storage) -> None:
    created = await storage.workflows.create(
        name="Orders", document=DOCUMENT, tags=["b", "a", "b"], outline={"nodes": 1}, by="someone"
    )
    assert (created.name, created.active, created.version, created.document) == ("Orders", False, 1, DOCUMENT)
    assert (created.tags, created.outline, created.created_by) == (("a", "b"), {"nodes": 1}, "someone")
    assert await storage.workflows.get(created.id) == created
    assert await storage.workflows.get("nothing") is None


async def test_an_id_is_given_once(storage: Storage) -> None:
    await storage.workflows.create(id="mine", name="One", document=DOCUMENT)
    with pytest.raises(Conflict, match="'mine'"):
        await storage.workflows.create(id="mine", name="Two", document=DOCUMENT)


async def test_each_change_makes_a_version(storage: Storage) -> None:
    id_ = (await storage.workflows.create(name="One", document={"v": 1}, tags=["x"], note="first")).id
    changed = await storage.workflows.update(id_, name="Two", document={"v": 2}, tags=["y"], by="you")
    assert (changed.version, changed.name, changed.document, changed.tags) == (2, "Two", {"v": 2}, ("y",))
    versions = await storage.versions.list(id_)
    assert [(v.number, v.author, v.note) for v in versions] == [(2, "you", ""), (1, None, "first")]
    found = await storage.versions.get(id_, 1)
    assert found is not None
    assert found[1] == {"v": 1}
    assert await storage.versions.get(id_, 3) is None


async def test_of_two_who_change_the_same_version_one_is_refused(storage: Storage) -> None:
    id_ = (await storage.workflows.create(name="One", document=DOCUMENT)).id
    results = await asyncio.gather(
        *(
            storage.workflows.update(id_, name=name, document=DOCUMENT, expected_version=1)
            for name in ("Two", "Three")
        ),
        return_exceptions=True,
    )
    assert sorted(isinstance(result, Conflict) for result in results) == [False, True]
    assert len(await storage.versions.list(id_)) == 2


async def test_what_does_not_exist_cannot_be_changed(storage: Storage) -> None:
    with pytest.raises(NotFound):
        await storage.workflows.update("nothing", name="", document=DOCUMENT)
    with pytest.raises(NotFound):
        await storage.workflows.activate("nothing", webhooks=[])
    with pytest.raises(NotFound):
        await storage.workflows.hide("nothing")


async def test_lists_can_be_searched_and_paged(storage: Storage) -> None:
    names = ("Send Mail", "mail 100%", "Other")
    ids = [(await storage.workflows.create(name=n, document=DOCUMENT, tags=[n[:1]])).id for n in names]
    await storage.workflows.publish(ids[0], expected_version=1, webhooks=[])

    async def found(**wanted: object) -> list[str]:
        return [w.id for w in await storage.workflows.list(WorkflowFilter(**wanted))]  # type: ignore[arg-type]  # filter fields by name

    assert await found() == ids[::-1]
    assert await found(search="MAIL") == [ids[1], ids[0]]
    assert await found(search="%") == [ids[1]]
    assert await found(tag="O") == [ids[2]]
    assert await found(active=True) == [ids[0]]
    assert await found(limit=2) == ids[:0:-1]
    assert await found(cursor=ids[1]) == [ids[0]]
    assert await storage.workflows.count() == 3


async def test_active_workflows_have_addresses(storage: Storage) -> None:
    id_ = (await storage.workflows.create(name="One", document=DOCUMENT)).id
    active = await storage.workflows.publish(
        id_, expected_version=1, webhooks=[hook(id_), hook(id_, method="GET")]
    )
    assert active.active
    assert {(r.method, r.path, r.workflow_id, r.node_id) for r in await storage.workflows.routes()} == {
        ("POST", "orders", id_, "n"),
        ("GET", "orders", id_, "n"),
    }
    await storage.workflows.update(id_, name="One", document={"v": 2})
    assert len(await storage.workflows.routes()) == 2
    await storage.workflows.publish(id_, expected_version=2, webhooks=[hook(id_, "other")])
    assert [route.path for route in await storage.workflows.routes()] == ["other"]
    assert not (await storage.workflows.deactivate(id_)).active
    assert await storage.workflows.routes() == []


async def test_an_address_belongs_to_one_active_workflow(storage: Storage) -> None:
    one, two = [(await storage.workflows.create(name=n, document=DOCUMENT)).id for n in ("One", "Two")]
    await storage.workflows.publish(one, expected_version=1, webhooks=[hook(one)])
    with pytest.raises(Conflict, match="POST orders belongs to the active workflow 'One'"):
        await storage.workflows.publish(two, expected_version=1, webhooks=[hook(two, "mine"), hook(two)])
    refused = await storage.workflows.get(two)
    assert refused is not None
    assert not refused.active
    assert {route.workflow_id for route in await storage.workflows.routes()} == {one}


async def test_of_two_who_take_an_address_at_once_one_is_refused(storage: Storage, other: Storage) -> None:
    one, two = [(await storage.workflows.create(name=n, document=DOCUMENT)).id for n in ("One", "Two")]
    results = await asyncio.gather(
        storage.workflows.publish(one, expected_version=1, webhooks=[hook(one)]),
        other.workflows.publish(two, expected_version=1, webhooks=[hook(two)]),
        return_exceptions=True,
    )
    assert sorted(isinstance(result, Conflict) for result in results) == [False, True]
    assert len(await storage.workflows.routes()) == 1


async def test_two_nodes_of_a_workflow_cannot_share_an_address(storage: Storage) -> None:
    id_ = (await storage.workflows.create(name="One", document=DOCUMENT)).id
    with pytest.raises(Conflict, match="POST orders"):
        await storage.workflows.publish(
            id_, expected_version=1, webhooks=[hook(id_, node="a"), hook(id_, node="b")]
        )


async def test_a_refused_change_changes_nothing(storage: Storage) -> None:
    one, two = [(await storage.workflows.create(name=n, document=DOCUMENT)).id for n in ("One", "Two")]
    await storage.workflows.publish(one, expected_version=1, webhooks=[hook(one)])
    before = await storage.workflows.get(two)
    with pytest.raises(Conflict):
        await storage.workflows.publish(two, expected_version=1, note="n", webhooks=[hook(two)])
    assert await storage.workflows.get(two) == before
    assert len(await storage.versions.list(two)) == 1


async def test_a_deleted_workflow_is_hidden_until_it_is_brought_back(storage: Storage) -> None:
    id_ = (await storage.workflows.create(name="One", document=DOCUMENT, tags=["t"])).id
    await storage.workflows.publish(id_, expected_version=1, webhooks=[hook(id_)])
    assert await storage.workflows.tags() == [("t", 1)]
    hidden = await storage.workflows.hide(id_)
    assert (hidden.active, hidden.deleted_at is not None) == (False, True)
    assert await storage.workflows.get(id_) is None
    assert await storage.workflows.routes() == []
    assert await storage.workflows.tags() == []
    assert await storage.workflows.list() == []
    [entry] = await storage.workflows.list(WorkflowFilter(deleted=True))
    assert entry.id == id_
    for change in (
        storage.workflows.hide(id_),
        storage.workflows.update(id_, name="", document=DOCUMENT),
        storage.workflows.publish(id_, expected_version=1),
    ):
        with pytest.raises(NotFound):
            await change
    back = await storage.workflows.bring_back(id_)
    assert (back.active, back.published_version, back.tags, back.deleted_at) == (False, 1, ("t",), None)
    with pytest.raises(Conflict, match="not deleted"):
        await storage.workflows.bring_back(id_)
    with pytest.raises(NotFound):
        await storage.workflows.bring_back("nothing")


async def test_what_was_hidden_long_ago_is_purged_with_its_versions(storage: Storage) -> None:
    ids = [(await storage.workflows.create(name=n, document=DOCUMENT)).id for n in ("One", "Two")]
    deleted_at = (await storage.workflows.hide(ids[0])).deleted_at
    assert deleted_at is not None
    assert await storage.workflows.purge(deleted_at) == 0
    assert await storage.workflows.purge(deleted_at + timedelta(seconds=1)) == 1
    assert await storage.workflows.get(ids[0], deleted=True) is None
    assert await storage.versions.list(ids[0]) == []
    assert await storage.workflows.get(ids[1]) is not None


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("created", ["c", "b", "a"]),
        ("changed", ["a", "c", "b"]),
        ("name", ["b", "c", "a"]),
        ("ran", ["b", "a", "c"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_every_order_is_paged_without_a_gap(
    storage: Storage, order: Order, expected: list[str], limit: int
) -> None:
    for id_, name in (("a", "zebra"), ("b", "apple"), ("c", "Banana")):
        await storage.workflows.create(id=id_, name=name, document=DOCUMENT)
    for workflow in ("a", "b"):
        await storage.executions.create(new(workflow_id=workflow))
    await storage.workflows.update("a", name="zebra", document={"v": 2})
    seen: list[str] = []
    while len(seen) < 4:
        page = WorkflowFilter(order=order, limit=limit, cursor=seen[-1] if seen else None)
        found = await storage.workflows.list(page)
        if not found:
            break
        seen += [entry.id for entry in found]
    assert seen == expected
