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
from flowstudio.api.models.workflows import (
    Anything,
    Called,
    Document,
    Listening,
    Validation,
    VersionAnswer,
    VersionList,
    WorkflowPage,
    WorkflowView,
)
from flowstudio.api.routes import needs, refusals, router
from flowstudio.engine.workflow import load_workflow
from flowstudio.errors import Problem
from flowstudio.runtime import Runtime
from flowstudio.services.live import timestamp
from flowstudio.services.workflows import Workflow, changed_ports
from flowstudio.storage.records import WorkflowVersion

resource = router("Workflows")

Id = Annotated[str, Path(max_length=64, description="The workflow.", examples=["example-order-triage"])]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The version.", examples=[1])]
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
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first."""
    items, following = await studio.workflows.page(
        caller, search=search, tag=tag, active=active, limit=limit, cursor=cursor
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
    return Json({"valid": valid, "problems": _problems(problems)})


@resource.get(
    "/workflows/{id}",
    summary="Read a workflow",
    response_model=WorkflowView,
    responses=refusals(401, 404),
    openapi_extra=needs("read"),
)
async def read_workflow(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """The newest version."""
    return _answer(studio, await studio.workflows.get(caller, id))


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
    """Stores a new version. An active workflow must stay runnable, and is armed anew."""
    expected = re.sub(r"[^0-9]", "", if_match)
    workflow = await studio.workflows.update(
        caller, id, document, expected_version=int(expected) if expected else None
    )
    return _answer(studio, workflow)


@resource.delete(
    "/workflows/{id}",
    summary="Delete a workflow",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("edit"),
)
async def delete_workflow(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Deletes its versions too; its executions stay until they are pruned."""
    await studio.workflows.delete(caller, id)
    return Response(status_code=204)


@resource.post(
    "/workflows/{id}/activate",
    summary="Arm a workflow's triggers",
    response_model=WorkflowView,
    responses=refusals(401, 403, 404, 409),
    openapi_extra=needs("edit"),
)
async def activate_workflow(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """From now on its webhooks answer."""
    with as_stored():
        return _answer(studio, await studio.workflows.activate(caller, id))


@resource.post(
    "/workflows/{id}/deactivate",
    summary="Disarm a workflow's triggers",
    response_model=WorkflowView,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("edit"),
)
async def deactivate_workflow(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Executions that run go on."""
    return _answer(studio, await studio.workflows.deactivate(caller, id))


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


@resource.get(
    "/workflows/{id}/versions",
    summary="List versions",
    response_model=VersionList,
    responses=refusals(401, 404),
    openapi_extra=needs("read"),
)
async def list_versions(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """The history, newest first."""
    return Json({"items": [_version(entry) for entry in await studio.workflows.versions(caller, id)]})


@resource.get(
    "/workflows/{id}/versions/{number}",
    summary="Read a version",
    response_model=VersionAnswer,
    responses=refusals(400, 401, 404),
    openapi_extra=needs("read"),
)
async def read_version(id: Id, number: Number, caller: SignedIn, studio: Studio) -> Response:
    """An earlier document."""
    entry, document = await studio.workflows.version(caller, id, number)
    return Json(_version(entry) | {"document": document})


@resource.post(
    "/workflows/{id}/versions/{number}/restore",
    summary="Restore a version",
    response_model=WorkflowView,
    responses=refusals(400, 401, 403, 404, 409),
    openapi_extra=needs("edit"),
)
async def restore_version(id: Id, number: Number, caller: SignedIn, studio: Studio) -> Response:
    """Stores an earlier document as the newest version."""
    with as_stored():
        return _answer(studio, await studio.workflows.restore(caller, id, number))


def _answer(studio: Runtime, workflow: Workflow) -> Response:
    return Json(_view(studio, workflow), headers={"ETag": f'"{workflow.record.version}"'})


def _view(studio: Runtime, workflow: Workflow) -> dict[str, Any]:
    record = workflow.record
    return {
        "id": record.id,
        "name": record.name,
        "active": record.active,
        "version": record.version,
        "tags": list(record.tags),
        "created_at": timestamp(record.created_at),
        "updated_at": timestamp(record.updated_at),
        "document": record.document,
        "ports": changed_ports(workflow.document, studio.registry),
        "problems": _problems(studio.workflows.problems(workflow)),
    }


def _problems(problems: list[Problem]) -> list[dict[str, Any]]:
    return [
        {"code": p.code, "message": p.message, "node": p.node, "path": p.path, "severity": p.severity}
        for p in problems
    ]


def _version(entry: WorkflowVersion) -> dict[str, Any]:
    return {"number": entry.number, "author": entry.author, "at": timestamp(entry.at), "note": entry.note}
