"""Errors as answers: `{"error": {"code", "message", "detail"}}` with the status that fits."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from flowstudio.api.answers import problem
from flowstudio.errors import (
    Conflict,
    ExecutionTimeout,
    FlowStudioError,
    Forbidden,
    InvalidRequest,
    InvalidWorkflow,
    NodeError,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthorized,
)
from flowstudio.logs import request_id

log = logging.getLogger(__name__)


class NotRunnable(InvalidWorkflow):
    """A stored workflow that cannot do what is asked, as it is now; the request itself is fine."""


@contextmanager
def as_stored() -> Iterator[None]:
    """What is wrong with a stored workflow is a conflict with its state, not a mistake of the request."""
    try:
        yield
    except InvalidWorkflow as error:
        raise NotRunnable(error.problems) from error


STATUSES: dict[type[FlowStudioError], int] = {
    TooLarge: 413,
    InvalidRequest: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    NotRunnable: 409,
    InvalidWorkflow: 422,
    NodeError: 422,
    RateLimited: 429,
    ExecutionTimeout: 504,
}
"""The first class that an error is an instance of decides; others are failures of the server."""

_BY_STATUS = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
}


def answer(error: FlowStudioError) -> Response:
    """An error raised on purpose."""
    status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 500)
    detail = [asdict(p) for p in error.problems] if isinstance(error, InvalidWorkflow) else error.detail
    headers: dict[str, str] = {}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Session, ApiKey"
    if status == 500:
        log.error("request failed", exc_info=error)
    return problem(status, error.code, error.message, detail, headers)


def install(app: FastAPI) -> None:
    """Give the app its exception handlers."""
    app.add_exception_handler(FlowStudioError, _on_flowstudio_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(RecursionError, _on_recursion_error)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_anything)


def too_deep() -> Response:
    """The refusal of data whose nesting cannot be handled."""
    return problem(400, "invalid_request", "The JSON is nested too deeply; flatten it to below 500 levels.")


def unexpected() -> Response:
    """What the caller learns of a failure that nobody foresaw; the log says more under the same request id."""
    message = "Something went wrong in FlowStudio itself. Its log tells more under this request id."
    return problem(500, "internal", message, {"request_id": request_id.get()})


async def _on_flowstudio_error(request: Request, error: Exception) -> Response:
    return answer(error) if isinstance(error, FlowStudioError) else unexpected()


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return unexpected()
    cause = error.__cause__
    if isinstance(cause, FlowStudioError):  # raised while the body was read
        return answer(cause)
    if isinstance(cause, RecursionError):
        return too_deep()
    code = _BY_STATUS.get(error.status_code, "error")
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 404:
        message = f"There is nothing at {request.url.path}. The API is described at /api/docs."
    elif error.status_code == 405:
        allowed = sorted(methods_at(request))
        message = f"{request.method} does not work on {request.url.path}; {' and '.join(allowed)} do."
        headers["allow"] = ", ".join(allowed)
    else:
        message = str(error.detail)
    return problem(error.status_code, code, message, headers=headers)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        return unexpected()
    wrong = [{"path": _path(e["loc"]), "message": _words(e)} for e in error.errors()]
    first = f"{wrong[0]['path']}: {wrong[0]['message']}" if wrong else "The request is not valid."
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return problem(400, "invalid_request", first + more, wrong)


async def _on_recursion_error(request: Request, error: Exception) -> Response:
    return too_deep()


async def _on_disconnect(request: Request, error: Exception) -> Response:
    return Response(status_code=499)


async def _on_anything(request: Request, error: Exception) -> Response:
    return unexpected()


def methods_at(request: Request) -> set[str]:
    """The methods that work on a path."""
    path = request.scope["path"]
    here = [
        route for route in request.app.routes if isinstance(route, APIRoute) and route.path_regex.match(path)
    ]
    return {method for route in here if route.path == here[0].path for method in route.methods or ()}


def _path(location: Sequence[str | int]) -> str:
    where, *rest = location
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest).lstrip(".")
    return path if where == "body" and path else f"{where} {path}".strip()


def _words(error: Any) -> str:
    if tuple(error["loc"]) == ("body",) and isinstance(error.get("input"), bytes):
        return "This needs a JSON body with the header Content-Type: application/json."
    message = str(error["msg"])
    return message if message.endswith(".") else f"{message}."
