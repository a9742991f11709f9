"""Drafts and what is published of them; deleting and bringing back."""

from __future__ import annotations

import pytest

from flowstudio.engine.item import Json
from flowstudio.errors import Conflict, InvalidWorkflow, NotFound
from flowstudio.runtime import Runtime
from flowstudio.services import plans as kept
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.webhook_calls import WebhookRequest
from flowstudio.storage.records import ExecutionFilter
from tests.services.conftest import chain, edit, node


def hooked(value: str) -> Json:
    """A webhook that answers with a value."""
    hook = node("in", "webhook", path="orders", method="POST", respond="last-node")
    return chain(hook, edit("a", v=value), name=f"Hooked {value}")


def called(value: str) -> Json:
    return chain(node("start", "manual-trigger"), edit("a", v=value), name=f"Called {value}")


def broken() -> Json:
    return chain(node("start", "manual-trigger"), node("b", "nonsense"))


async def answer(runtime: Runtime) -> str:
    request = WebhookRequest(method="POST", path="orders", body=b"{}")
    return (await runtime.webhooks.handle(request)).body.decode()


async def change(runtime: Runtime, id_: str, value: str) -> None:
    operation = {
        "kind": "set",
        "node": "a",
        "path": ["properties"],
        "value": edit("a", v=value)["data"]["properties"],
    }
    batch = {"id": f"to {value}", "operations": [operation]}
    await runtime.editing.apply(COMMAND_LINE, id_, "", [batch])


async def test_a_webhook_runs_what_is_published_while_the_draft_moves_on(runtime: Runtime) -> None:
    id_ = (await runtime.workflows.create(COMMAND_LINE, hooked("1"))).record.id
    active = await runtime.workflows.activate(COMMAND_LINE, id_)
    assert (active.active, active.record.published_version) == (True, 1)
    assert '"1"' in await answer(runtime)
    await change(runtime, id_, "2")
    assert '"1"' in await answer(runtime)
    assert (await runtime.workflows.get(COMMAND_LINE, id_)).record.has_unpublished
    by_hand = await runtime.executions.execute(COMMAND_LINE, id_)
    await runtime.executions.wait(by_hand, 20)
    [item] = await runtime.executions.last_items(by_hand)
    assert item.json["v"] == "2"
    published = await runtime.workflows.publish(COMMAND_LINE, id_, note="Two")
    assert (published.record.published_version, published.record.has_unpublished) == (2, False)
    assert '"2"' in await answer(runtime)
    page, _ = await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id=id_))
    assert [(run["mode"], run["workflow_version"]) for run in page] == [
        ("webhook", 2),
        ("manual", 2),
        ("webhook", 1),
        ("webhook", 1),
    ]


async def test_an_earlier_version_is_published_while_the_draft_stays(runtime: Runtime) -> None:
    id_ = (await runtime.workflows.create(COMMAND_LINE, hooked("1"))).record.id
    await runtime.workflows.activate(COMMAND_LINE, id_)
    moved = hooked("2")
    moved["nodes"][0]["data"]["properties"]["path"] = "moved"
    await runtime.workflows.update(COMMAND_LINE, id_, moved)
    await runtime.workflows.publish(COMMAND_LINE, id_)
    with pytest.raises(NotFound):
        await answer(runtime)

    back = await runtime.workflows.publish(COMMAND_LINE, id_, version=1, note="The old one again")
    assert (back.active, back.record.version) == (True, 2)
    assert (back.record.published_version, back.record.has_unpublished) == (1, True)
    assert '"1"' in await answer(runtime)
    draft = await runtime.workflows.get(COMMAND_LINE, id_)
    assert draft.document.nodes[0].data.properties["path"] == "moved"
    _, entries = await runtime.versions.list(COMMAND_LINE, id_)
    assert [entry.note for entry in entries if entry.number == 1] == ["The old one again"]
    with pytest.raises(NotFound, match="no version 9"):
        await runtime.workflows.publish(COMMAND_LINE, id_, version=9)


async def test_what_is_published_outlives_a_restart_of_the_cache(runtime: Runtime) -> None:
    id_ = (await runtime.workflows.create(COMMAND_LINE, hooked("1"))).record.id
    await runtime.workflows.activate(COMMAND_LINE, id_)
    await change(runtime, id_, "2")
    production = await runtime.workflows.production(id_)
    runtime.workflows._forget(id_)
    again = await runtime.workflows.production(id_)
    assert (again.snapshot.hash, again.version) == (production.snapshot.hash, 1)
    assert '"1"' in await answer(runtime)


async def test_switching_off_keeps_what_is_published_and_unpublishing_does_not(runtime: Runtime) -> None:
    id_ = (await runtime.workflows.create(COMMAND_LINE, hooked("1"))).record.id
    await runtime.workflows.activate(COMMAND_LINE, id_)
    await change(runtime, id_, "2")
    off = await runtime.workflows.deactivate(COMMAND_LINE, id_)
    assert (off.active, off.record.published_version) == (False, 1)
    with pytest.raises(NotFound):
        await answer(runtime)
    await runtime.workflows.activate(COMMAND_LINE, id_)
    assert '"1"' in await answer(runtime)
    gone = await runtime.workflows.unpublish(COMMAND_LINE, id_)
    assert (gone.active, gone.record.published_version) == (False, None)
    with pytest.raises(NotFound):
        await answer(runtime)
    await runtime.workflows.activate(COMMAND_LINE, id_)
    assert '"2"' in await answer(runtime)


async def test_a_called_workflow_runs_what_is_published_or_else_its_draft(runtime: Runtime) -> None:
    callee = (await runtime.workflows.create(COMMAND_LINE, called("1"))).record.id
    document = chain(node("start", "manual-trigger"), node("call", "execute-workflow", workflow=callee))
    caller = (await runtime.workflows.create(COMMAND_LINE, document)).record.id

    async def value() -> str:
        execution = await runtime.executions.execute(COMMAND_LINE, caller)
        rest = await runtime.executions.wait(execution, 20)
        assert rest is not None
        assert (rest.status, rest.error) == ("success", None)
        [item] = await runtime.executions.last_items(execution)
        found: str = item.json["v"]
        return found

    assert await value() == "1"
    await change(runtime, callee, "2")
    assert await value() == "2"
    await runtime.workflows.publish(COMMAND_LINE, callee)
    await change(runtime, callee, "3")
    assert await value() == "2"


async def test_what_cannot_run_is_not_published(runtime: Runtime) -> None:
    id_ = (await runtime.workflows.create(COMMAND_LINE, hooked("1"))).record.id
    await runtime.workflows.activate(COMMAND_LINE, id_)
    await runtime.workflows.update(COMMAND_LINE, id_, broken())
    with pytest.raises(InvalidWorkflow, match="nonsense"):
        await runtime.workflows.publish(COMMAND_LINE, id_)
    await runtime.workflows.update(COMMAND_LINE, id_, called("1"))
    with pytest.raises(InvalidWorkflow, match="Nothing would start"):
        await runtime.workflows.publish(COMMAND_LINE, id_)
    assert '"1"' in await answer(runtime)
    await runtime.workflows.deactivate(COMMAND_LINE, id_)
    assert (await runtime.workflows.publish(COMMAND_LINE, id_)).record.published_version == 3
    with pytest.raises(InvalidWorkflow, match="nonsense"):
        await runtime.workflows.publish(COMMAND_LINE, id_, version=2)


async def test_publishing_does_not_take_an_address_of_another(runtime: Runtime) -> None:
    first = (await runtime.workflows.create(COMMAND_LINE, hooked("1"))).record.id
    await runtime.workflows.activate(COMMAND_LINE, first)
    hook = node("in", "webhook", path="mine", method="POST")
    second = (await runtime.workflows.create(COMMAND_LINE, chain(hook, edit("a", v="1")))).record.id
    await runtime.workflows.activate(COMMAND_LINE, second)
    await runtime.workflows.update(COMMAND_LINE, second, hooked("2"))
    with pytest.raises(Conflict, match="Hooked 1"):
        await runtime.workflows.publish(COMMAND_LINE, second)
    assert (await runtime.workflows.get(COMMAND_LINE, second)).record.published_version == 1
    assert '"1"' in await answer(runtime)


async def test_a_deleted_workflow_answers_no_more_and_comes_back_switched_off(runtime: Runtime) -> None:
    id_ = (await runtime.workflows.create(COMMAND_LINE, hooked("1"))).record.id
    await runtime.workflows.activate(COMMAND_LINE, id_)
    await change(runtime, id_, "2")
    await runtime.workflows.delete(COMMAND_LINE, id_)
    with pytest.raises(NotFound):
        await answer(runtime)
    for gone in (runtime.workflows.load(id_), runtime.workflows.production(id_)):
        with pytest.raises(NotFound):
            await gone
    back = await runtime.workflows.bring_back(COMMAND_LINE, id_)
    assert (back.active, back.record.version, back.record.published_version) == (False, 2, 1)
    assert [entry.number for entry in (await runtime.versions.list(COMMAND_LINE, id_))[1]] == [2, 1]
    await runtime.workflows.activate(COMMAND_LINE, id_)
    assert '"1"' in await answer(runtime)


async def test_edges_of_old_documents_get_ids_to_be_named_by(runtime: Runtime) -> None:
    """As a version stored it that did not give them any."""
    document = called("1")
    stored = await runtime.storage.workflows.create(name="Old", document=document)
    workflow = await runtime.workflows.get(COMMAND_LINE, stored.id)
    [edge] = workflow.record.document["edges"]
    batch = {"id": "cut", "operations": [{"kind": "del_edges", "ids": [edge["id"]]}]}
    applied = await runtime.editing.apply(COMMAND_LINE, stored.id, "", [batch])
    assert applied.workflow.record.document["edges"] == []


async def test_the_plans_of_a_thousand_small_workflows_are_kept_and_large_ones_make_room(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = runtime.workflows
    small = [
        service.unstored(chain(node("start", "manual-trigger"), edit("a", n=str(n)))) for n in range(1000)
    ]
    plans = [service.plan(workflow) for workflow in small]
    assert all(service.plan(workflow) is plan for workflow, plan in zip(small, plans, strict=True))
    monkeypatch.setattr(kept, "MOST", 100)
    large = service.unstored(
        chain(node("start", "manual-trigger"), *(edit(f"a{n}", n="1") for n in range(97)))
    )
    service.plan(large)
    assert [service.plan(small[999]) is plans[999], service.plan(small[0]) is plans[0]] == [True, False]
