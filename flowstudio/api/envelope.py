"""What every request of the API has in common: its path's spelling, an id, a limit of its body, headers, a log line."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowstudio.api.access import remembered, runtime_of
from flowstudio.api.answers import problem
from flowstudio.api.errors import answer, unexpected
from flowstudio.api.measures import measures
from flowstudio.errors import FlowStudioError, TooLarge
from flowstudio.logs import request_id
from flowstudio.services.audit import calling_from

log = logging.getLogger(__name__)

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
"""What every answer carries unless it says otherwise itself."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Envelope:
    """ASGI middleware around the API."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        given = header(scope, b"x-request-id")
        number = given.decode() if given and _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        token = request_id.set(number)
        place = calling_from.set(scope["client"][0] if scope.get("client") else "")
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                extra = [pair for pair in HEADERS if pair[0] not in present]
                message["headers"] = [*message["headers"], *extra, (b"x-request-id", number.encode())]
            await send(message)

        scope = {**scope, "path": scope["path"].rstrip("/")}
        try:
            if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
                message = "The address holds a NUL character (%00); remove it."
                await problem(400, "invalid_request", message)(scope, receive, sending)
            else:
                await self.app(
                    scope,
                    limited(scope, receive, runtime_of(scope).server_settings.current.max_body),
                    sending,
                )
        except ClientDisconnect:
            pass
        except FlowStudioError as error:
            if status:
                raise
            await answer(error)(scope, receive, sending)
        except Exception:
            log.exception("request failed", extra={"method": scope["method"], "path": scope["path"]})
            if not status:
                await unexpected()(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - started
            measures.answered("api", scope["method"], status, seconds)
            caller = remembered(scope)
            log.info(
                "request",
                extra={
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "ms": round(seconds * 1000, 1),
                    "user": caller.email if caller else "",
                },
            )
            request_id.reset(token)
            calling_from.reset(place)


def limited(scope: Scope, receive: Receive, limit: int) -> Receive:
    """A body that raises `TooLarge` once it is over the limit, from its announced length or while it comes in."""
    announced = header(scope, b"content-length")
    too_large = announced is not None and announced.isdigit() and int(announced) > limit
    size = 0

    async def receiving() -> Message:
        nonlocal size
        if too_large and announced is not None:
            raise refusal(limit, int(announced))
        message = await receive()
        if message["type"] == "http.request":
            size += len(message.get("body", b""))
            if size > limit:
                raise refusal(limit, None)
        return message

    return receiving


def refusal(limit: int, size: int | None) -> TooLarge:
    """The error for a body over the limit."""
    known = f"has {size:,} bytes" if size is not None else "goes on"
    return TooLarge(
        f"The body {known}; at most {limit:,} are accepted. Send less, or set FLOWSTUDIO_MAX_BODY higher.",
        detail={"limit": limit},
    )


def header(scope: Scope, name: bytes) -> bytes | None:
    """A header of a request, by its lower-case name."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return None
