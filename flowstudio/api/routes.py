"""Routes: who may call them is checked before anything of the request is read, and bodies are read strictly."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal, TypeAlias

import orjson
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from flowstudio.api import access
from flowstudio.api.models.common import ErrorAnswer
from flowstudio.errors import InvalidRequest
from flowstudio.services.callers import PERMISSIONS, Permission, require

PERMISSION: Final = "x-permission"
"""The key of an operation in the OpenAPI document that says which permission it needs."""

Access: TypeAlias = Permission | Literal["public"]
_KNOWN = frozenset({"public", *PERMISSIONS["owner"]})

REFUSALS: dict[int, str] = {
    400: "The request cannot be understood; the message names the culprit.",
    401: "Nobody is signed in, or the API key is not valid.",
    403: "The caller's role does not permit this.",
    404: "There is no such thing.",
    409: "The request does not fit the present state.",
    413: "The body is larger than FLOWSTUDIO_MAX_BODY.",
    422: "The workflow is not valid; `detail` lists every problem.",
    429: "Too many attempts; `Retry-After` says how many seconds to wait.",
}


def needs(permission: Access, **extra: Any) -> dict[str, Any]:
    """The `openapi_extra` of an operation: who may call it, and what else its description says."""
    return {PERMISSION: permission, **extra}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Descriptions of the errors that an operation answers with."""
    return {status: {"model": ErrorAnswer, "description": REFUSALS[status]} for status in sorted(statuses)}


class StrictRequest(Request):
    """A request whose JSON is read by the fast parser, which refuses what is not JSON or not UTF-8."""

    async def json(self) -> Any:
        """The body. Raises `InvalidRequest` that says where it is broken."""
        return parse(await self.body())


def parse(body: bytes) -> Any:
    """Read JSON. Raises `InvalidRequest`."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            body.decode()
        except UnicodeDecodeError as wrong:
            raise InvalidRequest(
                f"The body is not UTF-8: byte {wrong.start} is 0x{body[wrong.start]:02x}. Send JSON in UTF-8."
            ) from error
        if "ecursion" in error.msg or "depth" in error.msg:
            raise InvalidRequest("The JSON is nested too deeply; flatten it to below 500 levels.") from error
        raise InvalidRequest(
            f"The body is not JSON: {error.msg}, at line {error.lineno}, column {error.colno}."
        ) from error


class Operation(APIRoute):
    """A route of the API. Its `openapi_extra` must come from `needs`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Check the caller, then go on as usual."""
        handle = super().get_route_handler()
        permission = (self.openapi_extra or {}).get(PERMISSION)
        if permission not in _KNOWN:
            raise TypeError(f"{self.path}: say who may call it, with openapi_extra=needs(...)")

        async def checked(request: Request) -> Response:
            if permission == "public":
                access.check_origin(request)
            else:
                caller = require(await access.identify(request), permission)
                access.remember(request, caller)
            return await handle(StrictRequest(request.scope, request.receive))

        return checked


def router(tag: str) -> APIRouter:
    """The router of a resource."""
    return APIRouter(prefix="/api", tags=[tag], route_class=Operation)
