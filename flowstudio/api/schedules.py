"""Schedules."""

from __future__ import annotations

from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.models.schedules import SchedulePreview, ScheduleToPreview
from flowstudio.api.routes import needs, refusals, router

schedules = router("Workflows")


@schedules.post(
    "/schedules/preview",
    summary="Preview a schedule",
    response_model=SchedulePreview,
    responses=refusals(400, 401, 413),
    openapi_extra=needs("read"),
)
async def preview_schedule(wanted: ScheduleToPreview, caller: SignedIn, studio: Studio) -> Response:
    """Says in words when a Schedule node with these properties runs, and its next ten moments. Nothing is started."""
    return Json(studio.schedules.preview(caller, wanted.properties, wanted.timezone))
