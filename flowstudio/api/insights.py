"""Insights."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.models.insights import Insights
from flowstudio.api.routes import needs, refusals, router

resource = router("Executions")

Days = Annotated[int, Query(ge=1, le=365, description="How many days, today included.")]
Workflow = Annotated[str | None, Query(max_length=64, description="Only the runs of this workflow.")]


@resource.get(
    "/insights",
    summary="Read what runs come to",
    response_model=Insights,
    responses=refusals(400, 401),
    openapi_extra=needs("read"),
)
async def read_insights(
    caller: SignedIn, studio: Studio, days: Days = 30, workflow: Workflow = None
) -> Response:
    """Runs, failures, times, tokens and costs of the last days, by day (UTC) and by workflow. They outlive the executions.

    Percentiles are right to within five percent.
    """
    return Json(await studio.insights.read(caller, days, workflow))
