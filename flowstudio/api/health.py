"""Whether the server lives, whether it can work, and its figures."""

from __future__ import annotations

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from flowstudio import __version__
from flowstudio.api import access
from flowstudio.api.access import Studio, runtime_of
from flowstudio.api.answers import Json
from flowstudio.api.errors import answer
from flowstudio.api.measures import measures
from flowstudio.api.models.common import View
from flowstudio.api.routes import needs, router
from flowstudio.errors import FlowStudioError
from flowstudio.services.callers import require

health = router("Health")


class Alive(View):
    """The server answers."""

    status: Literal["ok"] = "ok"
    version: str


class Readiness(View):
    """Whether the server can accept work."""

    status: Literal["ready", "unavailable"]
    database: Literal["ok", "unreachable"]


@health.get("/health", summary="Tell that the server lives", openapi_extra=needs("public"))
async def live() -> Alive:
    """For supervisors: a server that does not answer should be started anew."""
    return Alive(version=__version__)


@health.get(
    "/health/ready",
    summary="Tell whether the server can work",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "The database does not answer."}},
    openapi_extra=needs("public"),
)
async def ready(studio: Studio) -> Response:
    """For load balancers: send no requests while this is not 200."""
    try:
        await studio.storage.ping()
    except Exception:
        return Json({"status": "unavailable", "database": "unreachable"}, 503)
    return Json({"status": "ready", "database": "ok"})


async def metrics(request: Request) -> Response:
    """`/metrics`: figures in Prometheus' text format, for admins and their keys of the scope `metrics` (in `X-API-Key`)."""
    try:
        require(await access.identify(request), "metrics")
    except FlowStudioError as error:
        return answer(error)
    runtime = runtime_of(request.scope)
    gauges = {
        "flowstudio_executions_running": (
            "Executions that run in this process.",
            float(runtime.runner.active),
        ),
        "flowstudio_database_bytes": ("Size of the database.", float(await runtime.storage.size())),
    }
    unfinished = await runtime.storage.unfinished()
    for status, words in (("queued", "wait for their turn"), ("waiting", "sleep until a time or a call")):
        gauges[f"flowstudio_executions_{status}"] = (f"Executions that {words}.", float(unfinished[status]))
    shared = await runtime.processes.lines()
    figures = "\n".join([*runtime.runner.figures.lines(), *shared, ""])
    return Response(
        measures.text(gauges) + figures,
        media_type="text/plain; version=0.0.4; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )
