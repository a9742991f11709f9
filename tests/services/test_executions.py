"""Executions: accepted, run, cancelled, retried, resumed."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flowstudio.engine.item import items_from_json
from flowstudio.engine.workflow import dump_workflow
from flowstudio.errors import Conflict, Forbidden, InvalidWorkflow, NotFound
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE, Caller
from flowstudio.services.starting import StartRequest
from flowstudio.services.workflows import Workflow
from flowstudio.storage.records import ExecutionFilter
from tests.services.conftest import Document, chain, edit, node, start_runtime

VIEWER = Caller(user_id="v", email="v@example.com", name="V", role="viewer", via="session")


async def create(runtime: Runtime, document: Document, id_: str | None = None) -> Workflow:
    return await runtime.workflows.create(COMMAND_LINE, document, id_=id_)


async def execute(runtime: Runtime, workflow: Workflow, data: Any = None, **options: Any) -> Document:
    """Run to the end; the view."""
    execution = await runtime.executions.execute(COMMAND_LINE, workflow.record.id, data, **options)
    assert await runtime.executions.wait(execution, 30) is not None
    return await runtime.views.get(COMMAND_LINE, execution)


async def outputs(runtime: Runtime, view: Document, node_id: str, port: str = "main") -> list[Document]:
    data = await runtime.views.node(COMMAND_LINE, view["id"], node_id)
    return [item["json"] for item in data["outputs"].get(port, {"items": []})["items"]]


async def until_running(runtime: Runtime, execution: str, node_id: str) -> None:
    """Wait until a node of an execution runs."""
    async for change in runtime.views.watch(COMMAND_LINE, execution):
        states = change.data.get("node_states") or change.data.get("nodes") or {}
        if states.get(node_id, {}).get("status") == "running":
            return
    raise AssertionError(f"the execution ended before '{node_id}' ran")


LONG = node("long", "wait", resume="after_time", amount=60, unit="seconds")


async def test_an_execution_runs_to_its_end_and_keeps_what_each_node_gave(runtime: Runtime) -> None:
    workflow = await create(
        runtime, chain(node("start", "manual-trigger"), edit("greet", text="=Hello {{ $json.name }}!"))
    )
    view = await execute(runtime, workflow, [{"name": "Ada"}, {"name": "Bo"}])
    assert view["status"] == "success"
    assert view["node_states"]["greet"]["items"] == {"main": 2}
    assert await outputs(runtime, view, "greet") == [
        {"name": "Ada", "text": "Hello Ada!"},
        {"name": "Bo", "text": "Hello Bo!"},
    ]
    data = await runtime.views.node(COMMAND_LINE, view["id"], "greet")
    assert [item["json"] for item in data["inputs"]["main"]["items"]] == [{"name": "Ada"}, {"name": "Bo"}]
    assert await runtime.views.last_data(COMMAND_LINE, view["id"]) == await outputs(runtime, view, "greet")


async def test_a_failure_is_told_with_its_node_and_the_rest_is_skipped(runtime: Runtime) -> None:
    workflow = await create(
        runtime,
        chain(
            node("start", "manual-trigger"),
            node("stop", "stop-and-error", message="Enough"),
            edit("never"),
        )
        | {"edges": [{"source": "start", "target": "stop"}]},
    )
    view = await execute(runtime, workflow)
    assert view["status"] == "error"
    assert (view["error"]["node"], view["error"]["message"]) == ("stop", "Enough")
    assert view["node_states"]["stop"]["status"] == "error"
    assert view["node_states"]["never"]["status"] == "skipped"


async def test_a_workflow_that_cannot_run_is_refused_with_all_problems_and_nothing_is_stored(
    runtime: Runtime,
) -> None:
    workflow = await create(runtime, chain(node("a", "no-such-type"), node("b", "neither")))
    with pytest.raises(InvalidWorkflow) as caught:
        await runtime.executions.execute(COMMAND_LINE, workflow.record.id)
    assert {problem.node for problem in caught.value.problems} == {"a", "b"}
    assert (await runtime.views.page(COMMAND_LINE, ExecutionFilter()))[0] == []


async def test_viewers_may_not_start_cancel_retry_or_delete(runtime: Runtime) -> None:
    workflow = await create(runtime, chain(node("start", "manual-trigger")))
    view = await execute(runtime, workflow)
    with pytest.raises(Forbidden):
        await runtime.executions.execute(VIEWER, workflow.record.id)
    with pytest.raises(Forbidden):
        await runtime.executions.run_node(VIEWER, workflow.record.id, "start")
    with pytest.raises(Forbidden):
        await runtime.executions.cancel(VIEWER, view["id"])
    with pytest.raises(Forbidden):
        await runtime.executions.retry(VIEWER, view["id"])
    with pytest.raises(Forbidden):
        await runtime.executions.delete(VIEWER, [view["id"]])
    assert (await runtime.views.get(VIEWER, view["id"]))["status"] == "success"


async def test_cancelling_stops_a_running_node_at_once(runtime: Runtime) -> None:
    workflow = await create(runtime, chain(node("start", "manual-trigger"), LONG, edit("after")))
    execution = await runtime.executions.execute(COMMAND_LINE, workflow.record.id)
    await until_running(runtime, execution, "long")
    await runtime.executions.cancel(COMMAND_LINE, execution)
    rest = await runtime.executions.wait(execution, 10)
    assert rest is not None
    assert rest.status == "cancelled"
    view = await runtime.views.get(COMMAND_LINE, execution)
    assert view["status"] == "cancelled"
    assert view["node_states"]["after"]["status"] == "skipped"
    with pytest.raises(Conflict):
        await runtime.executions.cancel(COMMAND_LINE, execution)


async def test_a_stopped_server_goes_on_where_it_was(tmp_path: Path, database: dict[str, str]) -> None:
    """start → first → long → last: the server stops while `long` waits; the next one finishes without `first`."""
    first = await start_runtime(tmp_path, **database)
    workflow = await create(
        first,
        chain(
            node("start", "manual-trigger"),
            edit("first", at="={{ Math.random() }}"),
            node("pause", "wait", resume="after_time", amount=1, unit="seconds"),
            edit("last", done="yes"),
        ),
    )
    execution = await first.executions.execute(COMMAND_LINE, workflow.record.id)
    await until_running(first, execution, "pause")
    before = (await first.views.node(COMMAND_LINE, execution, "first"))["outputs"]
    await first.stop()
    second = await start_runtime(tmp_path, **database)
    try:
        rest = await second.executions.wait(execution, 30)
        assert rest is not None
        assert rest.status == "success"
        view = await second.views.get(COMMAND_LINE, execution)
        assert (await second.views.node(COMMAND_LINE, execution, "first"))["outputs"] == before
        assert [state["runs"] for state in view["node_states"].values()] == [1, 1, 1, 1]
    finally:
        await second.stop()


async def test_a_retry_keeps_what_succeeded_and_runs_what_failed(runtime: Runtime) -> None:
    code = "if len(_input.first()['json']['order']) < 3: raise ValueError('too short')\nreturn items"
    failing = chain(
        node("start", "manual-trigger"),
        edit("stamp", order="={{ $json.order }}", at="={{ Math.random() }}"),
        node("check", "code", language="python", code=code),
    )
    workflow = await create(runtime, failing)
    view = await execute(runtime, workflow, {"order": "ab"})
    assert view["status"] == "error"
    stamped = await outputs(runtime, view, "stamp")
    failing["nodes"][2]["data"]["properties"]["code"] = "return items"
    await runtime.workflows.update(COMMAND_LINE, workflow.record.id, failing)
    again = await runtime.executions.retry(COMMAND_LINE, view["id"], current=True)
    await runtime.executions.wait(again, 30)
    retried = await runtime.views.get(COMMAND_LINE, again)
    assert retried["status"] == "success"
    assert retried["retry_of"] == view["id"]
    assert await outputs(runtime, retried, "check") == stamped
    same = await runtime.executions.retry(COMMAND_LINE, view["id"])
    await runtime.executions.wait(same, 30)
    assert (await runtime.views.get(COMMAND_LINE, same))["status"] == "error"


async def test_a_retry_from_a_node_runs_it_and_what_follows_again(runtime: Runtime) -> None:
    workflow = await create(
        runtime,
        chain(
            node("start", "manual-trigger"),
            edit("a", x="={{ Math.random() }}"),
            edit("b", y="={{ Math.random() }}"),
        ),
    )
    view = await execute(runtime, workflow)
    again = await runtime.executions.retry(COMMAND_LINE, view["id"], from_node="b")
    await runtime.executions.wait(again, 30)
    retried = await runtime.views.get(COMMAND_LINE, again)
    assert await outputs(runtime, retried, "a") == await outputs(runtime, view, "a")
    assert await outputs(runtime, retried, "b") != await outputs(runtime, view, "b")


async def test_one_node_runs_alone_on_given_items(runtime: Runtime) -> None:
    workflow = await create(
        runtime, chain(node("start", "manual-trigger"), edit("a", x="={{ $json.n + 1 }}"), edit("b", y="1"))
    )
    execution = await runtime.executions.run_node(
        COMMAND_LINE, workflow.record.id, "a", items={"main": items_from_json([{"n": 1}])}
    )
    await runtime.executions.wait(execution, 30)
    view = await runtime.views.get(COMMAND_LINE, execution)
    assert await outputs(runtime, view, "a") == [{"n": 1, "x": "2"}]
    assert set(view["node_states"]) == {"a"}, "the other nodes were not skipped: they were not meant"


async def test_one_node_runs_on_what_an_earlier_execution_fed_it(runtime: Runtime) -> None:
    workflow = await create(
        runtime, chain(node("start", "manual-trigger"), edit("a", x="={{ Math.random() }}"), edit("b", y="1"))
    )
    view = await execute(runtime, workflow)
    execution = await runtime.executions.run_node(COMMAND_LINE, workflow.record.id, "b", execution=view["id"])
    await runtime.executions.wait(execution, 30)
    again = await runtime.views.get(COMMAND_LINE, execution)
    assert await outputs(runtime, again, "b") == await outputs(runtime, view, "b")


async def test_what_was_changed_before_a_node_runs_again_with_it(runtime: Runtime) -> None:
    workflow = await create(
        runtime,
        chain(
            node("start", "manual-trigger"),
            edit("a", x="={{ Math.random() }}"),
            edit("b", y="={{ Math.random() }}"),
            edit("c", z="1"),
            edit("d", z="2"),
        ),
    )
    id_ = workflow.record.id
    view = await execute(runtime, workflow)
    document = dump_workflow(workflow.document)
    document["nodes"][2]["data"]["properties"]["fields"][0]["value"] = "changed"
    document["nodes"][1]["position"] = {"x": 500, "y": 0}
    await runtime.workflows.update(COMMAND_LINE, id_, document)
    execution = await runtime.executions.run_node(COMMAND_LINE, id_, "c", execution=view["id"])
    await runtime.executions.wait(execution, 30)
    again = await runtime.views.get(COMMAND_LINE, execution)
    assert await outputs(runtime, again, "a") == await outputs(runtime, view, "a")
    assert await outputs(runtime, again, "b") == [{**(await outputs(runtime, view, "a"))[0], "y": "changed"}]
    assert {node: state["status"] for node, state in again["node_states"].items()} == {
        "start": "success",
        "a": "success",
        "b": "success",
        "c": "success",
    }


async def test_a_workflow_goes_on_from_a_node_with_what_was_kept_before_it(runtime: Runtime) -> None:
    workflow = await create(
        runtime,
        chain(
            node("start", "manual-trigger"), edit("a", x="={{ Math.random() }}"), edit("b"), edit("c", z="1")
        ),
    )
    id_ = workflow.record.id
    first = await runtime.executions.run_node(COMMAND_LINE, id_, "a")
    await runtime.executions.wait(first, 30)
    onward = await runtime.executions.run_node(COMMAND_LINE, id_, "b", execution=first, onward=True)
    await runtime.executions.wait(onward, 30)
    view = await runtime.views.get(COMMAND_LINE, onward)
    [kept] = await outputs(runtime, await runtime.views.get(COMMAND_LINE, first), "a")
    assert await outputs(runtime, view, "c") == [{**kept, "z": "1"}]


async def test_a_sub_workflow_gives_its_items_and_its_failure_to_its_caller(runtime: Runtime) -> None:
    called = await create(
        runtime, chain(node("start", "manual-trigger"), edit("tax", gross="={{ $json.net * 2 }}")), "called"
    )
    calling = await create(
        runtime,
        chain(
            node("start", "manual-trigger"),
            node("call", "execute-workflow", workflow="called"),
            edit("after"),
        ),
    )
    view = await execute(runtime, calling, {"net": 5})
    assert await outputs(runtime, view, "after") == [{"net": 5, "gross": "10"}]
    children, _ = await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id=called.record.id))
    assert [child["parent_id"] for child in children] == [view["id"]]
    await runtime.workflows.update(
        COMMAND_LINE,
        "called",
        chain(node("start", "manual-trigger"), node("stop", "stop-and-error", message="No tax today")),
    )
    failed = await execute(runtime, calling, {"net": 5})
    assert failed["status"] == "error"
    assert "No tax today" in failed["error"]["message"]


async def test_a_retried_step_calls_a_failed_sub_workflow_again(runtime: Runtime) -> None:
    await create(
        runtime,
        chain(node("start", "manual-trigger"), node("stop", "stop-and-error", message="Not today")),
        "called",
    )
    retry = {"retry": True, "max_tries": 3, "retry_wait": 0}
    calling = await create(
        runtime,
        chain(
            node("start", "manual-trigger"),
            node("call", "execute-workflow", workflow="called", settings=retry),
        ),
    )
    view = await execute(runtime, calling)
    assert view["status"] == "error"
    children, _ = await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id="called"))
    assert [child["status"] for child in children] == ["error"] * 3


async def test_workflows_that_call_each_other_for_ever_are_stopped(runtime: Runtime) -> None:
    workflow = await create(
        runtime,
        chain(node("start", "manual-trigger"), node("call", "execute-workflow", workflow="self")),
        "self",
    )
    view = await execute(runtime, workflow)
    assert view["status"] == "error"
    assert "20 levels" in view["error"]["message"]


@pytest.mark.parametrize("waits", [True, False])
async def test_cancelling_a_workflow_cancels_those_whose_items_it_waits_for(
    runtime: Runtime, waits: bool
) -> None:
    # start ─ call (› start ─ long) ─ long
    await create(runtime, chain(node("start", "manual-trigger"), LONG), "called")
    workflow = await create(
        runtime,
        chain(
            node("start", "manual-trigger"),
            node("call", "execute-workflow", workflow="called", wait=waits),
            LONG,
        ),
    )
    execution = await runtime.executions.execute(COMMAND_LINE, workflow.record.id)
    await until_running(runtime, execution, "call" if waits else "long")
    children: list[Document] = []
    while not children:
        children, _ = await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id="called"))
    await until_running(runtime, children[0]["id"], "long")
    await runtime.executions.cancel(COMMAND_LINE, execution)
    assert await runtime.executions.wait(execution, 10) is not None
    rest = await runtime.executions.wait(children[0]["id"], 5 if waits else 0.2)
    assert (rest is not None and rest.status == "cancelled") == waits


async def test_a_limit_lets_executions_of_a_workflow_run_one_after_the_other(runtime: Runtime) -> None:
    workflow = await create(
        runtime,
        chain(
            node("start", "manual-trigger"),
            node("pause", "wait", resume="after_time", amount=0.05, unit="seconds"),
            settings={"concurrency": 1},
        ),
    )
    ids = [await runtime.executions.start(StartRequest(workflow=workflow, mode="api")) for _ in range(4)]
    await asyncio.gather(*(runtime.executions.wait(id_, 30) for id_ in ids))
    summaries = [await runtime.storage.executions.get(id_) for id_ in ids]
    assert all(s is not None and s.status == "success" for s in summaries)
    spans = sorted((s.started_at, s.finished_at) for s in summaries if s and s.started_at and s.finished_at)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


async def test_a_call_key_makes_accepting_idempotent(runtime: Runtime) -> None:
    workflow = await create(runtime, chain(node("start", "manual-trigger")))
    ids = {
        await runtime.executions.start(StartRequest(workflow=workflow, mode="api", call_key="k"))
        for _ in range(3)
    }
    assert len(ids) == 1


async def test_a_save_policy_drops_the_data_of_successful_executions(runtime: Runtime) -> None:
    workflow = await create(
        runtime, chain(node("start", "manual-trigger"), edit("a", x="1"), settings={"save_success": "none"})
    )
    view = await execute(runtime, workflow, {"secret": "s"})
    assert view["data_dropped"] is True
    assert view["node_states"]["a"]["items"] == {"main": 1}
    assert await outputs(runtime, view, "a") == []
    with pytest.raises(Conflict):
        await runtime.executions.retry(COMMAND_LINE, view["id"])


async def test_only_finished_executions_are_deleted(runtime: Runtime) -> None:
    workflow = await create(runtime, chain(node("start", "manual-trigger"), LONG))
    execution = await runtime.executions.execute(COMMAND_LINE, workflow.record.id)
    with pytest.raises(Conflict):
        await runtime.executions.delete(COMMAND_LINE, [execution])
    await runtime.executions.cancel(COMMAND_LINE, execution)
    await runtime.executions.wait(execution, 10)
    assert await runtime.executions.delete(COMMAND_LINE, [execution]) == 1
    with pytest.raises(NotFound):
        await runtime.views.get(COMMAND_LINE, execution)


async def test_a_retry_from_the_trigger_starts_with_what_the_trigger_brought(runtime: Runtime) -> None:
    workflow = await create(runtime, chain(node("start", "manual-trigger"), edit("a", x="={{ $json.name }}")))
    view = await execute(runtime, workflow, [{"name": "Ada"}, {"name": "Bo"}])
    for from_node in ("start", "a"):
        again = await runtime.executions.retry(COMMAND_LINE, view["id"], from_node=from_node)
        await runtime.executions.wait(again, 30)
        retried = await runtime.views.get(COMMAND_LINE, again)
        assert await outputs(runtime, retried, "a") == await outputs(runtime, view, "a")


async def test_a_node_does_not_run_on_what_another_workflow_was_fed(runtime: Runtime) -> None:
    one = await create(runtime, chain(node("start", "manual-trigger"), edit("a", x="1")))
    other = await create(runtime, chain(node("start", "manual-trigger"), edit("a", y="2")))
    view = await execute(runtime, other)
    with pytest.raises(Conflict, match="another workflow"):
        await runtime.executions.run_node(COMMAND_LINE, one.record.id, "a", execution=view["id"])


async def test_nodes_without_labels_are_named_after_their_types(runtime: Runtime) -> None:
    bare = [{"id": "1", "type": "manual-trigger"}, {"id": "2", "type": "no-op"}, {"id": "3", "type": "no-op"}]
    workflow = await create(
        runtime, {"nodes": bare, "edges": [{"source": "1", "target": "2"}, {"source": "2", "target": "3"}]}
    )
    states = (await execute(runtime, workflow))["node_states"]
    assert [states[id_]["label"] for id_ in "123"] == ["Manual Trigger", "No Operation", "No Operation1"]
