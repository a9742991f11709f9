"""The audit log, for admins: to look at and to take along."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Depends, Query
from starlette.responses import Response, StreamingResponse

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.models.audit import EntryPage
from flowstudio.api.models.common import Moment
from flowstudio.api.routes import needs, refusals, router
from flowstudio.api.workflows import Cursor
from flowstudio.services.audit import ACTIONS
from flowstudio.storage.records import AuditFilter

resource = router("Audit log")


def _wanted(
    action: Annotated[
        str | None,
        Query(
            max_length=64,
            pattern=r"^[a-z]+(\.[a-z_]+)?$",
            description="An action such as `workflow.published`, or a kind such as `workflow`.",
        ),
    ] = None,
    actor: Annotated[str | None, Query(max_length=64, description="Only what this account did.")] = None,
    search: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="Part of a name or address, or the id of a thing."),
    ] = None,
    since: Annotated[Moment | None, Query(description="From this time on.")] = None,
    until: Annotated[Moment | None, Query(description="Before this time.")] = None,
) -> AuditFilter:
    return AuditFilter(action=action, actor_id=actor, search=search, since=since, until=until)


Wanted = Annotated[AuditFilter, Depends(_wanted)]


@resource.get(
    "/audit",
    summary="List who did what",
    response_model=EntryPage,
    responses=refusals(400, 401, 403),
    openapi_extra=needs("admin"),
)
async def list_entries(
    caller: SignedIn,
    studio: Studio,
    wanted: Wanted,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 100,
    cursor: Cursor = None,
) -> Response:
    """Sign-ins, people, keys, credentials, publishing, executions by hand, settings: newest first. Nobody can change it."""
    items, following = await studio.audit.page(caller, replace(wanted, limit=limit, cursor=cursor))
    return Json({"items": items, "next_cursor": following, "actions": ACTIONS})


@resource.get(
    "/audit/export",
    summary="Export the audit log",
    response_class=Response,
    responses={
        200: {
            "description": "The entries.",
            "content": {"text/csv": {}, "application/x-ndjson": {}},
        },
        **refusals(400, 401, 403),
    },
    openapi_extra=needs("admin"),
)
async def export_entries(
    caller: SignedIn,
    studio: Studio,
    wanted: Wanted,
    format: Annotated[
        Literal["csv", "json"], Query(description="A table, or one JSON object a line.")
    ] = "csv",
) -> Response:
    """Every entry that fits, newest first, as a file."""
    name = f"flowstudio-audit.{'csv' if format == 'csv' else 'jsonl'}"
    return StreamingResponse(
        studio.audit.export(caller, wanted, format),
        media_type="text/csv; charset=utf-8" if format == "csv" else "application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
