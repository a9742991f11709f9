"""Executions: start, read, cancel, retry, delete."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Body, Path, Query
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json as JsonAnswer
from flowstudio.api.errors import as_stored
from flowstudio.api.models.common import Moment
from flowstudio.api.models.executions import (
    Deleted,
    DeleteExecutions,
    Execute,
    ExecuteNode,
    ExecutionAnswer,
    ExecutionPage,
    ExecutionTotals,
    FullExecutionAnswer,
    NodeDataAnswer,
    NodeExecutionAnswer,
    Retry,
    RunLogAnswer,
)
from flowstudio.api.routes import needs, refusals, router
from flowstudio.api.workflows import Cursor, Limit
from flowstudio.api.workflows import Id as WorkflowId
from flowstudio.engine.context import Mode
from flowstudio.engine.events import ExecutionStatus
from flowstudio.engine.item import Json, Ports, items_from_json
from flowstudio.engine.plan import Plan, sketch
from flowstudio.engine.workflow import load_workflow
from flowstudio.errors import InvalidRequest, NotFound
from flowstudio.runtime import Runtime
from flowstudio.services.callers import Caller
from flowstudio.services.executions import FINAL
from flowstudio.services.ports import changed_ports
from flowstudio.services.run_vault import read_names
from flowstudio.services.views import LOG_PAGE
from flowstudio.storage.records import ExecutionFilter, LogPosition

resource = router("Executions")

_TEXT = r'"([^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"'
SCOPE = rf"^\[({_TEXT}(, ?{_TEXT})*)?\]$"
"""A JSON list of texts."""
POSITION = r"^[0-9]{1,9}\.[0-9]{1,9}$"

Id = Annotated[
    str,
    Path(max_length=64, description="The execution.", examples=["0199c7a2-6a1f-7c3e-9d8b-5d2f7a1b3c4d"]),
]
Node = Annotated[str, Path(max_length=200, description="The node's id.", examples=["2"])]
Workflow = Annotated[str | None, Query(max_length=64, description="Only those of this workflow.")]
ScopeQuery = Annotated[
    str | None,
    Query(
        pattern=SCOPE,
        description="The run in these loop iterations, as a JSON list.",
        examples=['["5:0"]'],
    ),
]
Attempt = Annotated[int | None, Query(ge=1, le=1000, description="The try; missing: the last.")]
Status = Annotated[ExecutionStatus | None, Query(description="Only those with this status.")]
Started = Annotated[Mode | None, Query(description="Only those started in this way.")]
Since = Annotated[Moment | None, Query(description="Only those created from then on.")]
Until = Annotated[Moment | None, Query(description="Only those created before.")]
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"model": ExecutionAnswer, "description": "The execution goes on; look at it again later."}
}


@resource.post(
    "/workflows/{id}/execute",
    summary="Execute a workflow",
    response_model=ExecutionAnswer,
    responses=refusals(400, 401, 403, 404, 409, 413) | ACCEPTED,
    openapi_extra=needs("run"),
)
async def execute(
    id: WorkflowId, caller: SignedIn, studio: Studio, body: Annotated[Execute | None, Body()] = None
) -> Response:
    """Starts an execution of the workflow as it is stored, active or not, and waits for its end unless told otherwise.

    200 with the states of all nodes and the data of the last one, or 202 when it goes on.
    """
    body = body or Execute()
    with as_stored():
        workflow = await studio.workflows.get(caller, id)
        partial = body.until is not None  # then the rest may be unfinished
        plan = (
            sketch(workflow.document, studio.workflows.registry)
            if partial
            else studio.workflows.plan(workflow)
        )
        execution = await studio.executions.execute(
            caller,
            id,
            body.trigger_data,
            node=_known(plan, body.trigger_node),
            until=_known(plan, body.until),
            pinned=body.pinned,
            mode="api" if caller.via == "api_key" else "manual",
            secrets=read_names(body.credentials) if body.credentials else None,
        )
    if body.wait:
        await studio.executions.wait(execution, body.timeout)
    return await _started(studio, caller, execution)


@resource.post(
    "/workflows/{id}/execute_node",
    summary="Execute one node",
    response_model=NodeExecutionAnswer,
    responses=refusals(400, 401, 403, 404, 409, 413)
    | {202: {"model": NodeExecutionAnswer, "description": "The execution goes on; look at it again later."}},
    openapi_extra=needs("run"),
)
async def execute_node(id: WorkflowId, body: ExecuteNode, caller: SignedIn, studio: Studio) -> Response:
    """Runs a node on the given items, on what it was fed in an earlier execution, or after all that leads to it."""
    with as_stored():
        execution = await studio.executions.run_node(
            caller,
            id,
            body.node_id,
            items=_given(body.input_data),
            execution=body.execution_id,
            onward=body.onward,
        )
    if body.wait:
        await studio.executions.wait(execution, body.timeout)
    view = await studio.views.get(caller, execution)
    data = await studio.views.node(caller, execution, body.node_id, limit=10_000)
    outputs = {port: [item["json"] for item in page["items"]] for port, page in data["outputs"].items()}
    return JsonAnswer({"execution": view, "outputs": outputs}, 200 if view["status"] in FINAL else 202)


@resource.get(
    "/workflows/{id}/executions",
    summary="List a workflow's executions",
    response_model=ExecutionPage,
    responses=refusals(400, 401, 404),
    openapi_extra=needs("read"),
)
async def list_workflow_executions(
    id: WorkflowId,
    caller: SignedIn,
    studio: Studio,
    status: Status = None,
    mode: Started = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first."""
    await studio.workflows.get(caller, id)
    return await _page(studio, caller, id, status, mode, since, until, limit, cursor)


@resource.get(
    "/executions",
    summary="List executions",
    response_model=ExecutionPage,
    responses=refusals(400, 401),
    openapi_extra=needs("read"),
)
async def list_executions(
    caller: SignedIn,
    studio: Studio,
    workflow_id: Workflow = None,
    status: Status = None,
    mode: Started = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first."""
    return await _page(studio, caller, workflow_id, status, mode, since, until, limit, cursor)


@resource.get(
    "/executions/totals",
    summary="Count executions",
    response_model=ExecutionTotals,
    responses=refusals(400, 401),
    openapi_extra=needs("read"),
)
async def count_executions(
    caller: SignedIn,
    studio: Studio,
    workflow_id: Workflow = None,
    mode: Started = None,
    since: Since = None,
    until: Until = None,
) -> Response:
    """By status."""
    wanted = ExecutionFilter(workflow_id=workflow_id, mode=mode, since=since, until=until)
    return JsonAnswer(await studio.views.totals(caller, wanted))


@resource.post(
    "/executions/delete",
    summary="Delete executions",
    response_model=Deleted,
    responses=refusals(400, 401, 403, 409, 413),
    openapi_extra=needs("edit"),
)
async def delete_executions(body: DeleteExecutions, caller: SignedIn, studio: Studio) -> Response:
    """Only finished ones; one that has not finished gives 409, and nothing is deleted."""
    return JsonAnswer({"deleted": await studio.executions.delete(caller, body.ids)})


@resource.get(
    "/executions/{id}",
    summary="Read an execution",
    response_model=FullExecutionAnswer,
    responses=refusals(401, 404),
    openapi_extra=needs("read"),
)
async def read_execution(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """The states of its nodes, and the workflow as it ran."""
    view = await studio.views.get(caller, id, document=True)
    ports = changed_ports(load_workflow(view["document"]), studio.registry)
    return JsonAnswer({"execution": view | {"ports": ports}})


@resource.delete(
    "/executions/{id}",
    summary="Delete an execution",
    status_code=204,
    responses=refusals(401, 403, 404, 409),
    openapi_extra=needs("edit"),
)
async def delete_execution(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Only when it has finished."""
    await studio.views.get(caller, id)
    await studio.executions.delete(caller, [id])
    return Response(status_code=204)


@resource.get(
    "/executions/{id}/runs",
    summary="Read the run log",
    response_model=RunLogAnswer,
    responses=refusals(400, 401, 404),
    openapi_extra=needs("read"),
)
async def read_log(
    id: Id,
    caller: SignedIn,
    studio: Studio,
    after: Annotated[
        str | None,
        Query(
            max_length=24, pattern=POSITION, description="`position` of the part before.", examples=["1.4"]
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LOG_PAGE, description="How many entries at most.")] = LOG_PAGE,
) -> Response:
    """Every try of every node in the order in which they ended, and the executions that this one started."""
    return JsonAnswer(await studio.views.log(caller, id, after=_position(after), limit=limit))


@resource.get(
    "/executions/{id}/nodes/{node}",
    summary="Read a node's data",
    response_model=NodeDataAnswer,
    responses=refusals(400, 401, 404),
    openapi_extra=needs("read"),
)
async def read_node(
    id: Id,
    node: Node,
    caller: SignedIn,
    studio: Studio,
    scope: ScopeQuery = None,
    attempt: Attempt = None,
    port: Annotated[str | None, Query(max_length=200, description="This output only.")] = None,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1, description="Skip so many items.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many items at most.")] = 100,
    search: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=200,
            description="Only items with this text in a key, a value or a file name.",
            examples=["paid"],
        ),
    ] = None,
    pairs: Annotated[bool, Query(description="Say of each item which inputs it came from.")] = False,
) -> Response:
    """All its runs, and the items that went into and came out of one of them: the last, unless told."""
    return JsonAnswer(
        await studio.views.node(
            caller,
            id,
            node,
            scope=read_scope(scope),
            attempt=attempt,
            port=port,
            offset=offset,
            limit=limit,
            search=search,
            pairs=pairs,
        )
    )


@resource.post(
    "/executions/{id}/cancel",
    summary="Cancel an execution",
    response_model=ExecutionAnswer,
    responses=refusals(401, 403, 404, 409),
    openapi_extra=needs("run"),
)
async def cancel_execution(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Stops it for good, at once; whatever its nodes have done stays done."""
    await studio.executions.cancel(caller, id)
    await studio.executions.wait(id, 5.0)
    return JsonAnswer({"execution": await studio.views.get(caller, id)})


@resource.post(
    "/executions/{id}/retry",
    summary="Run a finished execution again",
    status_code=202,
    response_model=ExecutionAnswer,
    responses=refusals(400, 401, 403, 404, 409, 413),
    openapi_extra=needs("run"),
)
async def retry_execution(
    id: Id, caller: SignedIn, studio: Studio, body: Annotated[Retry | None, Body()] = None
) -> Response:
    """Starts a new execution that takes over what was decided before the node that failed, or before `from_node`."""
    body = body or Retry()
    with as_stored():
        execution = await studio.executions.retry(
            caller, id, from_node=body.from_node, current=body.version == "current"
        )
    return JsonAnswer({"execution": await studio.views.get(caller, execution)}, 202)


def _known(plan: Plan, name: str | None) -> str | None:
    """The id of a node that is named by its id or label. Raises `NotFound`."""
    if name is None:
        return None
    try:
        return plan.find(name).id
    except InvalidRequest as error:
        raise NotFound(error.message) from error


def _given(data: list[Json] | dict[str, list[Json]] | None) -> Ports | None:
    """Items by input port; a list means the first."""
    if data is None:
        return None
    ports = data if isinstance(data, dict) else {"main": data}
    return {port: items_from_json(rows) for port, rows in ports.items()}


async def _started(studio: Runtime, caller: Caller, execution: str) -> Response:
    view = await studio.views.get(caller, execution)
    if view["status"] not in FINAL:
        return JsonAnswer({"execution": view}, 202)
    found = {
        "data": await studio.views.last_data(caller, execution),
        "chat_response": await studio.chats.response(execution),
    }
    return JsonAnswer({"execution": view | found})


async def _page(
    studio: Runtime,
    caller: Caller,
    workflow: str | None,
    status: ExecutionStatus | None,
    mode: Mode | None,
    since: Moment | None,
    until: Moment | None,
    limit: int,
    cursor: str | None,
) -> Response:
    wanted = ExecutionFilter(
        workflow_id=workflow, status=status, mode=mode, since=since, until=until, cursor=cursor, limit=limit
    )
    items, following = await studio.views.page(caller, wanted)
    return JsonAnswer({"items": items, "next_cursor": following})


def _position(text: str | None) -> LogPosition | None:
    """A position in the run log."""
    if text is None:
        return None
    fence, _, number = text.partition(".")
    return int(fence), int(number)


def read_scope(text: str | None) -> tuple[str, ...] | None:
    """The loop iterations of a query."""
    return None if text is None else tuple(json.loads(text))
