"""Workflows: documents, versions, and whether their triggers are armed."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Header, Path, Query
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.errors import as_stored
from flowstudio.api.models.versions import Publishing
from flowstudio.api.models.workflows import (
    Anything,
    Called,
    Document,
    Listening,
    TagList,
    Validation,
    WorkflowPage,
    WorkflowView,
)
from flowstudio.api.routes import needs, refusals, router
from flowstudio.engine.workflow import load_workflow
from flowstudio.errors import Problem
from flowstudio.runtime import Runtime
from flowstudio.services.live import timestamp
from flowstudio.services.ports import changed_ports
from flowstudio.services.workflows import Workflow
from flowstudio.storage.workflows import Order

resource = router("Workflows")

Id = Annotated[str, Path(max_length=64, description="The workflow.", examples=["example-order-triage"])]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=64, description="`next_cursor` of the page before.")]
IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        description="The version that the change is based on; another one in store gives 409. `*` takes any.",
        pattern=r'^((W/)?"?[0-9]{1,9}"?|\*)$',
        examples=["3"],
    ),
]


@resource.get(
    "/workflows",
    summary="List workflows",
    response_model=WorkflowPage,
    responses=refusals(400, 401),
    openapi_extra=needs("read"),
)
async def list_workflows(
    caller: SignedIn,
    studio: Studio,
    search: Annotated[str | None, Query(max_length=200, description="Part of the name.")] = None,
    tag: Annotated[str | None, Query(max_length=200, description="A tag.")] = None,
    active: Annotated[bool | None, Query(description="Whether the triggers are armed.")] = None,
    deleted: Annotated[
        bool, Query(description="Those that are deleted and can be brought back, instead of the others.")
    ] = False,
    order: Annotated[
        Order, Query(description="Newest first, last changed first, by name, or last run first.")
    ] = "created",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """In the wanted order; `cursor` goes with the same order as the page before."""
    items, following = await studio.workflows.page(
        caller,
        search=search,
        tag=tag,
        active=active,
        deleted=deleted,
        order=order,
        limit=limit,
        cursor=cursor,
    )
    return Json({"items": items, "next_cursor": following})


@resource.post(
    "/workflows",
    summary="Create a workflow",
    status_code=201,
    response_model=WorkflowView,
    responses=refusals(400, 401, 403, 413, 422),
    openapi_extra=needs("edit"),
)
async def create_workflow(document: Document, caller: SignedIn, studio: Studio) -> Response:
    """Stores a draft. What forbids running it, such as a missing parameter, comes back as `problems`."""
    workflow = await studio.workflows.create(caller, document)
    return Json(_view(studio, workflow), 201, {"Location": f"/api/workflows/{workflow.record.id}"})


@resource.post(
    "/workflows/validate",
    summary="Check a document",
    response_model=Validation,
    responses=refusals(400, 401, 413, 422),
    openapi_extra=needs("read"),
)
async def validate_workflow(document: Anything, caller: SignedIn, studio: Studio) -> Response:
    """Finds everything that is wrong. Executes and stores nothing."""
    if not isinstance(document, dict):
        load_workflow(document)
    problems = studio.workflows.check(document)
    valid = all(problem.severity != "error" for problem in problems)
    return Json({"valid": valid, "problems": problems_json(problems)})


@resource.get(
    "/workflows/tags",
    summary="List tags",
    response_model=TagList,
    responses=refusals(401),
    openapi_extra=needs("read"),
)
async def list_tags(caller: SignedIn, studio: Studio) -> Response:
    """The tags in use, by name."""
    tags = await studio.workflows.tags(caller)
    return Json({"items": [{"tag": tag, "count": count} for tag, count in tags]})


@resource.get(
    "/workflows/{id}",
    summary="Read a workflow",
    response_model=WorkflowView,
    responses=refusals(401, 404),
    openapi_extra=needs("read"),
)
async def read_workflow(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """The draft."""
    return answer(studio, await studio.workflows.get(caller, id))


@resource.put(
    "/workflows/{id}",
    summary="Change a workflow",
    response_model=WorkflowView,
    responses=refusals(400, 401, 403, 404, 409, 413, 422),
    openapi_extra=needs("edit"),
)
async def update_workflow(
    id: Id, document: Document, caller: SignedIn, studio: Studio, if_match: IfMatch = "*"
) -> Response:
    """Stores a whole new draft. What is published stays as it is, so an active workflow goes on as before."""
    expected = re.sub(r"[^0-9]", "", if_match)
    workflow = await studio.workflows.update(
        caller, id, document, expected_version=int(expected) if expected else None
    )
    return answer(studio, workflow)


@resource.delete(
    "/workflows/{id}",
    summary="Delete a workflow",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("edit"),
)
async def delete_workflow(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Switches it off and hides it. It can be brought back for 30 days; its executions stay until they are pruned."""
    await studio.workflows.delete(caller, id)
    return Response(status_code=204)


@resource.post(
    "/workflows/{id}/restore",
    summary="Bring back a deleted workflow",
    response_model=WorkflowView,
    responses=refusals(401, 403, 404, 409),
    openapi_extra=needs("edit"),
)
async def restore_workflow(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Within 30 days. It comes back switched off, with its history."""
    return answer(studio, await studio.workflows.bring_back(caller, id))


@resource.post(
    "/workflows/{id}/publish",
    summary="Publish a workflow",
    response_model=WorkflowView,
    responses=refusals(400, 401, 403, 404, 409, 413),
    openapi_extra=needs("edit"),
)
async def publish_workflow(
    id: Id, caller: SignedIn, studio: Studio, publishing: Publishing | None = None
) -> Response:
    """Makes the draft, or a version of the history, what triggers and other workflows run. An active workflow is armed anew.

    The draft stays as it is.
    """
    chosen = publishing or Publishing()
    with as_stored():
        published = await studio.workflows.publish(caller, id, note=chosen.note, version=chosen.version)
        return answer(studio, published)


@resource.post(
    "/workflows/{id}/unpublish",
    summary="Take a workflow out of production",
    response_model=WorkflowView,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("edit"),
)
async def unpublish_workflow(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Disarms its triggers; nothing is published from now on."""
    return answer(studio, await studio.workflows.unpublish(caller, id))


@resource.post(
    "/workflows/{id}/activate",
    summary="Arm a workflow's triggers",
    response_model=WorkflowView,
    responses=refusals(401, 403, 404, 409),
    openapi_extra=needs("edit"),
)
async def activate_workflow(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """From now on its webhooks answer, with the published version. Publishes the draft first when there is none."""
    with as_stored():
        return answer(studio, await studio.workflows.activate(caller, id))


@resource.post(
    "/workflows/{id}/deactivate",
    summary="Disarm a workflow's triggers",
    response_model=WorkflowView,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("edit"),
)
async def deactivate_workflow(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Executions that run go on."""
    return answer(studio, await studio.workflows.deactivate(caller, id))


@resource.post(
    "/workflows/{id}/listen",
    summary="Open the test webhooks",
    response_model=Listening,
    responses=refusals(401, 403, 404, 409),
    openapi_extra=needs("run"),
)
async def listen(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """For two minutes or one call, `/webhook-test/…` starts the workflow as it is stored, whether active or not."""
    with as_stored():
        until, addresses = await studio.webhooks.listen(caller, id)
    return Json(
        {
            "until": timestamp(until),
            "urls": [address.url for address in addresses],
            "addresses": [asdict(address) for address in addresses],
        }
    )


@resource.get(
    "/workflows/{id}/listen",
    summary="Wait for a test webhook's call",
    response_model=Called,
    responses=refusals(400, 401, 403, 404),
    openapi_extra=needs("run"),
)
async def wait_for_call(
    id: Id,
    caller: SignedIn,
    studio: Studio,
    wait: Annotated[float, Query(ge=0, le=8, description="Seconds to wait at most.")] = 0,
) -> Response:
    """Answers as soon as a call of `/webhook-test/…` has started an execution. Ask again while `listening`."""
    execution, listening = await studio.webhooks.wait_for_call(caller, id, wait)
    return Json({"execution_id": execution, "listening": listening})


@resource.delete(
    "/workflows/{id}/listen",
    summary="Close the test webhooks",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("run"),
)
async def stop_listening(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Calls of `/webhook-test/…` are refused from now on."""
    await studio.webhooks.stop_listening(caller, id)
    return Response(status_code=204)


def answer(studio: Runtime, workflow: Workflow) -> Response:
    """A workflow, with its version as the entity tag."""
    return Json(_view(studio, workflow), headers={"ETag": f'"{workflow.record.version}"'})


def _view(studio: Runtime, workflow: Workflow) -> dict[str, Any]:
    record = workflow.record
    return {
        "id": record.id,
        "name": record.name,
        "active": record.active,
        "version": record.version,
        "published_version": record.published_version,
        "has_unpublished": record.has_unpublished,
        "tags": list(record.tags),
        "created_at": timestamp(record.created_at),
        "updated_at": timestamp(record.updated_at),
        "document": record.document,
        "ports": changed_ports(workflow.document, studio.registry),
        "problems": problems_json(studio.workflows.problems(workflow)),
    }


def problems_json(problems: list[Problem]) -> list[dict[str, Any]]:
    """Problems as the API gives them."""
    return [
        {"code": p.code, "message": p.message, "node": p.node, "path": p.path, "severity": p.severity}
        for p in problems
    ]
