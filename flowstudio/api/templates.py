"""Templates: ready workflows to start from."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.models.templates import MadeView, TemplateList, TemplateView
from flowstudio.api.routes import needs, refusals, router
from flowstudio.engine.workflow import dump_workflow
from flowstudio.runtime import Runtime
from flowstudio.services.ports import changed_ports
from flowstudio.services.templates import CATEGORIES, Template

resource = router("Templates")

Id = Annotated[str, Path(max_length=100, description="The template.", examples=["first-workflow"])]


@resource.get(
    "/templates",
    summary="List templates",
    response_model=TemplateList,
    responses=refusals(401),
    openapi_extra=needs("read"),
)
async def list_templates(caller: SignedIn, studio: Studio) -> Response:
    """Ready workflows by purpose, with what they need and how they are set up."""
    items = [_template(studio, id_, entry) for id_, entry in studio.templates.all(caller).items()]
    return Json({"items": items, "categories": list(CATEGORIES)})


@resource.get(
    "/templates/{id}",
    summary="Read a template",
    response_model=TemplateView,
    responses=refusals(401, 404),
    openapi_extra=needs("read"),
)
async def read_template(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """One of them."""
    return Json(_template(studio, id, studio.templates.get(caller, id)))


@resource.post(
    "/templates/{id}/use",
    summary="Make a workflow of a template",
    status_code=201,
    response_model=MadeView,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("edit"),
)
async def use_template(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Stores a new draft with the template's document."""
    made = (await studio.templates.use(caller, id)).record
    return Json({"id": made.id, "name": made.name}, 201, {"Location": f"/api/workflows/{made.id}"})


def _template(studio: Runtime, id_: str, template: Template) -> dict[str, Any]:
    return {
        "id": id_,
        **template.model_dump(include={"title", "purpose", "about", "category", "needs", "setup"}),
        "document": dump_workflow(template.document),
        "ports": changed_ports(template.document, studio.registry),
    }
