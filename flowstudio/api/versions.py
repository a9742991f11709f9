"""The history of workflows."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.errors import as_stored
from flowstudio.api.models.versions import Differences, Naming, VersionAnswer, VersionList, VersionView
from flowstudio.api.models.workflows import WorkflowView
from flowstudio.api.routes import needs, refusals, router
from flowstudio.api.workflows import Id, answer
from flowstudio.services.live import timestamp
from flowstudio.services.workflows import Workflow
from flowstudio.storage.records import WorkflowVersion

history = router("Workflows")

Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The version.", examples=[1])]


@history.get(
    "/workflows/{id}/versions",
    summary="List versions",
    response_model=VersionList,
    responses=refusals(401, 404),
    openapi_extra=needs("read"),
)
async def list_versions(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """The history, newest first. Edits of one person that follow each other within ten minutes are one entry."""
    workflow, entries = await studio.versions.list(caller, id)
    return Json({"items": [_version(workflow, entry) for entry in entries]})


@history.get(
    "/workflows/{id}/versions/{number}",
    summary="Read a version",
    response_model=VersionAnswer,
    responses=refusals(400, 401, 404),
    openapi_extra=needs("read"),
)
async def read_version(id: Id, number: Number, caller: SignedIn, studio: Studio) -> Response:
    """An earlier document."""
    workflow, entry, document = await studio.versions.get(caller, id, number)
    return Json(_version(workflow, entry) | {"document": document})


@history.patch(
    "/workflows/{id}/versions/{number}",
    summary="Name a version",
    response_model=VersionView,
    responses=refusals(400, 401, 403, 404, 413),
    openapi_extra=needs("edit"),
)
async def name_version(id: Id, number: Number, naming: Naming, caller: SignedIn, studio: Studio) -> Response:
    """Says what it is. A version with a note stays in the history as it is."""
    workflow, entry = await studio.versions.annotate(caller, id, number, naming.note)
    return Json(_version(workflow, entry))


@history.get(
    "/workflows/{id}/versions/{number}/diff",
    summary="Compare versions",
    response_model=Differences,
    responses=refusals(400, 401, 404),
    openapi_extra=needs("read"),
)
async def compare_versions(
    id: Id,
    number: Number,
    caller: SignedIn,
    studio: Studio,
    to: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="The later version; missing: the draft.")
    ] = None,
) -> Response:
    """What is different in the later one: nodes and connections that were added or removed, values that were changed."""
    return Json(await studio.versions.compare(caller, id, number, to))


@history.post(
    "/workflows/{id}/versions/{number}/restore",
    summary="Restore a version",
    response_model=WorkflowView,
    responses=refusals(400, 401, 403, 404, 409),
    openapi_extra=needs("edit"),
)
async def restore_version(id: Id, number: Number, caller: SignedIn, studio: Studio) -> Response:
    """Makes an earlier document the draft, as a new version."""
    with as_stored():
        return answer(studio, await studio.versions.restore(caller, id, number))


def _version(workflow: Workflow, entry: WorkflowVersion) -> dict[str, Any]:
    record = workflow.record
    return {
        "number": entry.number,
        "author": entry.author,
        "author_name": entry.author_name,
        "at": timestamp(entry.at),
        "note": entry.note,
        "published": entry.number == record.published_version,
        "published_at": timestamp(entry.published_at),
        "current": entry.number == record.version,
    }
