"""The processes of this installation, where several share the work."""

from __future__ import annotations

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.models.processes import ProcessesView
from flowstudio.api.routes import needs, refusals, router

resource = router("Installation")


@resource.get(
    "/processes",
    summary="List servers and workers",
    responses=refusals(401, 403),
    openapi_extra=needs("admin"),
)
async def list_processes(caller: SignedIn, studio: Studio) -> ProcessesView:
    """Servers and workers with their versions and load, and how many executions wait in each queue."""
    return ProcessesView.of(await studio.processes.get(caller))


@resource.post(
    "/processes/{id}/drain",
    summary="Drain a worker",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("admin"),
)
async def drain_process(id: str, caller: SignedIn, studio: Studio) -> None:
    """Within seconds the worker takes nothing more, and finishes what it runs. Others do the rest; stop it when it is empty."""
    await studio.processes.drain(caller, id)
