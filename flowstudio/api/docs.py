"""The API's description and the page that shows it; nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.responses import FileResponse, Response

from flowstudio import __version__
from flowstudio.api.access import KEY_HEADER, SESSION_COOKIE
from flowstudio.api.answers import Json
from flowstudio.api.models.edits import Edits
from flowstudio.api.models.workflows import SHAPE
from flowstudio.api.routes import PERMISSION, REFUSALS, Operation, needs, refusals, router
from flowstudio.engine.operations import DOCUMENT_KEYS, NODE_KEYS
from flowstudio.engine.workflow import SCHEMA_VERSION, WorkflowDocument
from flowstudio.errors import NotFound

pages = router("Description")

DESCRIPTION = """
Everything that the browser does, for programs. Authenticate with an API key in the header `X-API-Key`; make one with
`flowstudio api-key create --name NAME`. A trailing slash is optional everywhere.

Errors are `{"error": {"code", "message", "detail"}}`: the code is stable, the message names the culprit and the remedy.
"""

_POLICY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
    "Cache-Control": "public, max-age=3600",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>FlowStudio API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="page"><noscript>This page needs JavaScript; the description itself is at <a href="/api/openapi.json">/api/openapi.json</a>.</noscript></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""
_REFUSAL = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
_NO_NUL = "^[^\\x00]*$"
_PARTS = (
    "WorkflowDocument",
    "NodeDocument",
    "NodeData",
    "NodeSettings",
    "Position",
    "EdgeDocument",
    "IdentifiedEdge",
    "WorkflowSettings",
)
_FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}


@pages.get("/docs", summary="Show this description", include_in_schema=False, openapi_extra=needs("public"))
async def show_docs() -> Response:
    """Swagger UI."""
    return Response(_PAGE, media_type="text/html", headers=_POLICY)


@pages.get("/docs/{name}", include_in_schema=False, openapi_extra=needs("public"))
async def docs_file(name: str) -> Response:
    """A file of that page."""
    if name == "start.js":
        return Response(_START, media_type="text/javascript", headers=_POLICY)
    if name not in _FILES:
        raise NotFound(f"There is no file '{name[:100]}'. The page is at /api/docs.")
    return FileResponse(_assets() / name, media_type=_FILES[name], headers=_POLICY)


@pages.get(
    "/openapi.json",
    summary="Describe the API",
    response_model=dict[str, Any],
    responses=refusals(),
    openapi_extra=needs("public"),
)
async def describe() -> Response:
    """This document, in OpenAPI 3.1."""
    return Json(_description())


@cache
def _assets() -> Path:
    """Swagger UI's files, as the package `fastapi-offline` ships them; its code is not used."""
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise NotFound("Swagger UI is not installed. Install it with: pip install fastapi-offline")
    return Path(found.origin).parent / "static"


_description: Callable[[], dict[str, Any]] = dict


def install(app: FastAPI) -> None:
    """Make the description that of this app."""
    global _description
    _description = cache(lambda: description(app))
    app.openapi = _description  # type: ignore[method-assign]  # how FastAPI says to do it


def description(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document."""
    document = get_openapi(
        title="FlowStudio",
        version=__version__,
        description=DESCRIPTION,
        routes=app.routes,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    components = document.setdefault("components", {})
    _, schemas = models_json_schema(
        [(WorkflowDocument, "validation"), (Edits, "validation")],
        by_alias=True,
        ref_template="#/components/schemas/{model}",
    )
    components.setdefault("schemas", {}).update(schemas["$defs"])
    _refine(components["schemas"])
    _refine_edits(components["schemas"])
    _refer(document)
    components["securitySchemes"] = {
        "apiKey": {"type": "apiKey", "in": "header", "name": KEY_HEADER.title().replace("Api", "API")},
        "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
    }
    document["security"] = [{"apiKey": []}, {"session": []}]
    for route in app.routes:
        if isinstance(route, Operation) and route.include_in_schema:
            for method in route.methods or ():
                _finish(document["paths"][route.path_format][method.lower()], route)
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    return document


def _refine(schemas: dict[str, Any]) -> None:
    """Say of documents what their models check in code: a version, texts without NUL, numbers as ids."""
    document = schemas["WorkflowDocument"]["properties"]
    document["schema_version"]["maximum"] = SCHEMA_VERSION
    for name in ("nodes", "edges"):
        document[name]["description"] = f"At most {document[name].pop('maxItems'):,}."
    text = {"type": "string", "pattern": _NO_NUL}
    value = {"$ref": "#/components/schemas/Value"}
    objects = {"type": "object", "propertyNames": text, "additionalProperties": value}
    schemas["Value"] = {
        "title": "Value",
        "description": "Any JSON whose texts hold no NUL character.",
        "anyOf": [
            {"type": ["null", "boolean", "number"]},
            text,
            {"type": "array", "items": value},
            objects,
        ],
    }
    for name in _PARTS:
        _without_nul(schemas[name])
        schemas[name] |= {"propertyNames": text, "additionalProperties": value}
    data = schemas["NodeData"]["properties"]
    data["properties"] |= objects
    data["pinned"]["anyOf"][0]["items"] = objects
    for origin in (data["origin"], schemas["WorkflowDocument"]["properties"]["origin"]):
        origin["anyOf"][0] |= objects
    data["credentials"] |= {"propertyNames": text, "additionalProperties": text}
    for name, fields in (
        ("NodeDocument", ("id",)),
        ("EdgeDocument", ("source", "target")),
        ("IdentifiedEdge", ("source", "target")),
    ):
        for field in fields:
            properties = schemas[name]["properties"]
            properties[field] = {
                "title": properties[field].pop("title"),
                "anyOf": [properties[field], {"type": "integer"}],
            }


def _refine_edits(schemas: dict[str, Any]) -> None:
    """Say of operations what their models check in code: what can be set where, and how many there may be."""
    lists = {"Edits": "batches", "Batch": "operations", "AddNodes": "nodes", "AddEdges": "edges"}
    for name, field in (*lists.items(), ("DeleteNodes", "ids"), ("DeleteEdges", "ids")):
        many = schemas[name]["properties"][field]
        many["description"] = f"At most {many.pop('maxItems'):,}."
    for name in ("Batch", "AddNodes", "DeleteNodes", "DeleteEdges"):
        _without_nul(schemas[name])
    schemas["Move"]["properties"]["to"]["propertyNames"]["pattern"] = _NO_NUL
    told = schemas["SetValue"]
    text = {"type": "string", "pattern": _NO_NUL}
    node = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": _NO_NUL}
    data, document = schemas["NodeData"]["properties"], schemas["WorkflowDocument"]["properties"]
    of_node = [(_keys(key), data[key]) for key in sorted(NODE_KEYS)]
    of_node += [(_keys("settings", key), one) for key, one in schemas["NodeSettings"]["properties"].items()]
    of_node += [(_keys("properties"), {"$ref": "#/components/schemas/Value"}), (_keys("credentials"), text)]
    for path, _ in of_node[-2:]:
        path["prefixItems"].append(text | {"maxLength": 1000})
        path |= {"minItems": 2, "maxItems": 2}
    of_document = [(_keys(key), document[key]) for key in sorted(DOCUMENT_KEYS)]
    settings = schemas["WorkflowSettings"]["properties"]
    of_document += [(_keys("settings", key), one) for key, one in settings.items()]
    schemas["SetValue"] = {
        "title": told["title"],
        "description": told["description"],
        "oneOf": [
            {
                "type": "object",
                "properties": {"kind": {"const": "set"}, "node": whose, "path": path, "value": value},
                "required": ["kind", "node", "path"],
                "additionalProperties": False,
            }
            for whose, table in ((node, of_node), ({"type": "null"}, of_document))
            for path, value in table
        ],
    }


def _keys(*keys: str) -> dict[str, Any]:
    """The schema of a path of exactly these keys."""
    return {
        "type": "array",
        "prefixItems": [{"const": key} for key in keys],
        "minItems": len(keys),
        "maxItems": len(keys),
    }


def _without_nul(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("type") == "string" and not part.keys() & {"enum", "pattern", "format"}:
            part["pattern"] = _NO_NUL
        for inner in part.values():
            _without_nul(inner)
    elif isinstance(part, list):
        for inner in part:
            _without_nul(inner)


def _refer(part: Any) -> None:
    """Put references where schemas name another one."""
    if isinstance(part, dict):
        if SHAPE in part:
            part.pop("type", None)
            part["$ref"] = f"#/components/schemas/{part.pop(SHAPE)}"
        for value in part.values():
            _refer(value)
    elif isinstance(part, list):
        for value in part:
            _refer(value)


def _finish(operation: dict[str, Any], route: Operation) -> None:
    """What FastAPI does not know of an operation."""
    operation["operationId"] = route.name
    if operation.get(PERMISSION) == "public":
        operation["security"] = []
    for parameter in operation.get("parameters", ()):
        _without_nul(parameter["schema"])
    responses = operation["responses"]
    if 422 not in route.responses:
        responses.pop("422", None)
    implied = [400] if operation.get("parameters") or "requestBody" in operation else []
    implied += [413] if "requestBody" in operation else []
    for status in implied:
        responses.setdefault(str(status), {"description": REFUSALS[status], "content": _REFUSAL})
    operation["responses"] = dict(sorted(responses.items()))
