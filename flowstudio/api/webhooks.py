"""Webhooks over HTTP: the shortest way from a request to the service and back."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal

from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from flowstudio.api.access import runtime_of
from flowstudio.api.envelope import limited
from flowstudio.api.errors import answer, too_deep, unexpected
from flowstudio.api.measures import measures
from flowstudio.errors import FlowStudioError
from flowstudio.services.webhook_calls import StreamBroken, WebhookAnswer, WebhookRequest

log = logging.getLogger(__name__)

SANDBOX = (
    b"sandbox allow-downloads allow-forms allow-modals allow-popups allow-presentation allow-scripts "
    b"allow-top-navigation-by-user-activation"
)
"""Pages that workflows answer with get an origin of their own: their scripts cannot act as whoever is signed in here."""

BODILESS = frozenset({204, 205, 304})
"""Answers without a body, by the rules of HTTP."""
_OURS = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer"})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_BREAK = re.compile(r"[\r\n\x00]")


class Entrance:
    """The ASGI application of one kind of webhook."""

    def __init__(self, kind: Literal["active", "test", "waiting"]) -> None:
        self.kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call, with any method."""
        started = time.perf_counter()
        status = 500
        try:
            runtime = runtime_of(scope)
            body = await read(limited(scope, receive, runtime.server_settings.current.max_body))
            client = scope.get("client")
            request = WebhookRequest(
                method=scope["method"],
                path=scope["path_params"]["path"],
                query=scope["query_string"].decode("latin-1"),
                headers=[
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
                ],
                body=body,
                client=client[0] if client else "",
            )
            match self.kind:
                case "waiting":
                    given = await runtime.webhooks.resume(request)
                case kind:
                    given = await runtime.webhooks.handle(request, test=kind == "test")
            status = given.status
            await reply(given, send)
        except ClientDisconnect:
            status = 499
        except StreamBroken:
            status = 500
            raise  # the server then closes the connection instead of ending the answer
        except FlowStudioError as error:
            response = answer(error)
            status = response.status_code
            await response(scope, receive, send)
        except RecursionError:
            status = 400
            await too_deep()(scope, receive, send)
        except Exception:
            log.exception("webhook failed", extra={"method": scope["method"]})
            await unexpected()(scope, receive, send)
        finally:
            measures.answered("webhook", scope["method"], status, time.perf_counter() - started)


async def read(receive: Receive) -> bytes:
    """The whole body. Raises `TooLarge`, and `ClientDisconnect` when the caller is gone."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        return body
    parts = []
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    raise ClientDisconnect


async def reply(given: WebhookAnswer, send: Send) -> None:
    """Send a workflow's answer."""
    headers = [pair for name, value in given.headers if (pair := encoded(name, value)) is not None]
    names = {name for name, _ in headers}
    for name, value in ((b"content-security-policy", SANDBOX), (b"x-content-type-options", b"nosniff")):
        if name not in names:
            headers.append((name, value))
    if given.stream is not None:
        await _pour(given, headers, given.stream, send)
        return
    body = b"" if given.status in BODILESS else given.body
    if given.status not in BODILESS:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": given.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _pour(
    given: WebhookAnswer, headers: list[tuple[bytes, bytes]], stream: AsyncGenerator[bytes], send: Send
) -> None:
    """Send an answer piece by piece. What breaks off is never ended properly, so that the caller sees it."""
    async with aclosing(stream):
        await send({"type": "http.response.start", "status": given.status, "headers": headers})
        await send({"type": "http.response.body", "body": given.body, "more_body": True})
        async for piece in stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def encoded(name: str, value: str) -> tuple[bytes, bytes] | None:
    """A header that a workflow set; None for one that would break the answer or hand out a session of ours."""
    name = name.lower()
    if name in _OURS or not _NAME.fullmatch(name) or _BREAK.search(value):
        return None
    if name == "set-cookie" and value.lstrip().lower().startswith("flowstudio_"):
        return None
    return name.encode("latin-1"), value.encode("utf-8")


def routes() -> list[BaseRoute]:
    """Their places."""
    return [
        Route("/webhook/{path:path}", Entrance("active")),
        Route("/webhook-test/{path:path}", Entrance("test")),
        Route("/webhook-waiting/{path:path}", Entrance("waiting")),
    ]
