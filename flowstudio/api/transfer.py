"""Workflows as files: reading what was pasted, uploaded or published, and downloading."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.models.transfer import FoundList, LossList, Source
from flowstudio.api.routes import needs, refusals, router
from flowstudio.api.workflows import Id
from flowstudio.engine.workflow import dump_workflow

resource = router("Workflows")


@resource.post(
    "/workflows/read",
    summary="Read a workflow file",
    response_model=FoundList,
    responses=refusals(400, 401, 403, 413, 422),
    openapi_extra=needs("edit"),
)
async def read_workflows(source: Source, caller: SignedIn, studio: Studio) -> Response:
    """Finds the workflows in a file of FlowStudio or n8n. Stores nothing; `remarks` say what a person should look at."""
    if source.text is not None:
        found = await studio.transfer.read(caller, source.text)
    else:
        found = await studio.transfer.fetch(caller, source.url or "")
    return Json(
        {
            "documents": [
                {
                    "document": dump_workflow(entry.document),
                    "format": entry.format,
                    "remarks": [{"node": remark.node, "message": remark.message} for remark in entry.remarks],
                    "report": [
                        {
                            "node": verdict.node,
                            "label": verdict.label,
                            "type": verdict.type,
                            "fate": verdict.fate,
                            "differences": list(verdict.differences),
                        }
                        for verdict in entry.report
                    ],
                }
                for entry in found
            ]
        }
    )


@resource.get(
    "/workflows/{id}/export",
    summary="Download a workflow",
    responses=refusals(401, 404)
    | {200: {"description": "The file.", "content": {"application/json": {"schema": {"type": "object"}}}}},
    openapi_extra=needs("read"),
)
async def export_workflow(
    id: Id,
    caller: SignedIn,
    studio: Studio,
    format: Annotated[
        Literal["flowstudio", "n8n"], Query(description="Whose file: ours, or one for n8n.")
    ] = "flowstudio",
) -> Response:
    """The workflow as it is drawn now, as a file that suits version control: the same workflow gives the same bytes.

    For n8n, steps that came from there and were not changed since are given back as they were;
    `GET /api/workflows/{id}/losses` tells what n8n cannot do.
    """
    name, text = await studio.transfer.export(caller, id, format)
    return Response(
        text, media_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@resource.get(
    "/workflows/{id}/losses",
    summary="What n8n cannot do",
    response_model=LossList,
    responses=refusals(401, 404),
    openapi_extra=needs("read"),
)
async def list_losses(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """What of the workflow n8n would not do as it is done here, step by step: to look at before it is exported for n8n."""
    losses = await studio.transfer.losses(caller, id)
    return Json({"items": [{"node": remark.node, "message": remark.message} for remark in losses]})
