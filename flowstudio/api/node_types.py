"""The node types of this installation."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.models.node_types import NodeTypeList, NodeTypeView
from flowstudio.api.routes import needs, refusals, router
from flowstudio.engine.form import describe
from flowstudio.engine.registry import Registry
from flowstudio.errors import NotFound

resource = router("Node types")

_described: dict[int, dict[str, dict[str, Any]]] = {}


@resource.get(
    "/node-types",
    summary="List node types",
    response_model=NodeTypeList,
    responses=refusals(401),
    openapi_extra=needs("read"),
)
async def list_node_types(caller: SignedIn, studio: Studio) -> Response:
    """Everything that the palette and the parameter forms show."""
    return Json({"items": list(_descriptions(studio.registry).values())})


@resource.get(
    "/node-types/{type}",
    summary="Read a node type",
    response_model=NodeTypeView,
    responses=refusals(401, 404),
    openapi_extra=needs("read"),
)
async def read_node_type(
    type: Annotated[str, Path(max_length=200, description="Its slug.", examples=["filter"])],
    caller: SignedIn,
    studio: Studio,
) -> Response:
    """One node type with its help, parameters, ports and examples."""
    found = _descriptions(studio.registry).get(type)
    if found is None:
        raise NotFound(f"There is no node type '{type}'. GET /api/node-types lists them.")
    return Json(found)


def _descriptions(registry: Registry) -> dict[str, dict[str, Any]]:
    """Made once for a registry: node types do not change while the server runs."""
    known = _described.get(id(registry))
    if known is None:
        _described.clear()
        known = _described[id(registry)] = {cls.type: describe(cls) for cls in registry}
    return known
