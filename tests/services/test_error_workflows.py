"""Workflows that start when another one fails, or when another one runs them."""

from __future__ import annotations

from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.starting import StartRequest
from flowstudio.storage.records import ExecutionFilter
from tests.services.conftest import chain, edit, node
from tests.services.test_executions import create, outputs


async def test_a_failure_starts_the_error_workflow_with_the_report(runtime: Runtime) -> None:
    await create(
        runtime,
        chain(node("start", "manual-trigger"), edit("note", said="={{ $json.execution.error.message }}")),
        "alarm",
    )
    workflow = await create(
        runtime,
        chain(
            node("start", "manual-trigger"),
            node("stop", "stop-and-error", message="On fire"),
            settings={"error_workflow": "alarm"},
        ),
    )
    execution = await runtime.executions.start(StartRequest(workflow=workflow, mode="webhook"))
    await runtime.executions.wait(execution, 30)
    (alarm,), _ = await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id="alarm"))
    await runtime.executions.wait(alarm["id"], 30)
    view = await runtime.views.get(COMMAND_LINE, alarm["id"])
    assert (view["mode"], view["parent_id"]) == ("error", execution)
    assert (await outputs(runtime, view, "note"))[0]["said"] == "On fire"


async def test_a_workflow_with_an_error_trigger_watches_over_itself(runtime: Runtime) -> None:
    document = {
        "name": "Prices",
        "nodes": [
            node("start", "manual-trigger"),
            node("stop", "stop-and-error", message="On fire"),
            node("alarm", "error-trigger"),
            edit(
                "note", said="={{ $json.execution.error.message }} at {{ $json.execution.lastNodeExecuted }}"
            ),
        ],
        "edges": [{"source": "start", "target": "stop"}, {"source": "alarm", "target": "note"}],
    }
    workflow = await create(runtime, document, "prices")
    execution = await runtime.executions.start(StartRequest(workflow=workflow, mode="webhook"))
    await runtime.executions.wait(execution, 30)
    alarm, _ = (await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id="prices")))[0]
    await runtime.executions.wait(alarm["id"], 30)
    view = await runtime.views.get(COMMAND_LINE, alarm["id"])
    assert (view["mode"], view["status"]) == ("error", "success")
    assert (await outputs(runtime, view, "note"))[0]["said"] == "On fire at stop"
    by_hand = await runtime.executions.execute(COMMAND_LINE, "prices", node="start")
    await runtime.executions.wait(by_hand, 30)
    assert len((await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id="prices")))[0]) == 3


async def test_a_workflow_starts_at_its_trigger_for_others_with_the_fields_that_it_expects(
    runtime: Runtime,
) -> None:
    fields = [{"name": "n", "type": "number"}, {"name": "missing"}]
    document = {
        "name": "Called",
        "nodes": [
            node("hand", "manual-trigger"),
            edit("wrong", way="wrong"),
            node("called", "workflow-trigger", accept="fields", fields=fields),
            edit("right", way="right"),
        ],
        "edges": [{"source": "hand", "target": "wrong"}, {"source": "called", "target": "right"}],
    }
    await create(runtime, document, "called")
    caller = await create(
        runtime, chain(node("start", "manual-trigger"), node("call", "execute-workflow", workflow="called"))
    )
    id_ = await runtime.executions.execute(COMMAND_LINE, caller.record.id, {"n": 1, "other": 2})
    await runtime.executions.wait(id_, 30)
    assert await runtime.views.last_data(COMMAND_LINE, id_) == [{"n": 1, "missing": None, "way": "right"}]


async def test_error_workflows_that_fail_start_no_others(runtime: Runtime) -> None:
    stop = chain(node("start", "manual-trigger"), node("stop", "stop-and-error", message="On fire"))
    await create(runtime, stop | {"settings": {"error_workflow": "pong"}}, "ping")
    await create(runtime, stop | {"settings": {"error_workflow": "ping"}}, "pong")
    workflow = await runtime.workflows.load("ping")
    execution = await runtime.executions.start(StartRequest(workflow=workflow, mode="webhook"))
    await runtime.executions.wait(execution, 30)
    (alarm,), _ = await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id="pong"))
    await runtime.executions.wait(alarm["id"], 30)
    assert len((await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id="ping")))[0]) == 1
