"""Live events of an execution, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from flowstudio.api.access import SignedIn, Studio, identify
from flowstudio.api.answers import dump
from flowstudio.api.executions import Id
from flowstudio.api.routes import needs, refusals, router
from flowstudio.errors import Forbidden, Unauthorized
from flowstudio.services.accounts import AccountService
from flowstudio.services.callers import Caller

stream = router("Executions")

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection and a lost client is noticed."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@stream.get(
    "/executions/{id}/events",
    summary="Watch an execution",
    response_class=Response,
    responses=refusals(401, 404)
    | {
        200: {
            "description": "`snapshot` with the present state, then `node` (states that changed), `log` (what a node printed), `step` (a model's turn or a tool's call within a node), `text` (words of an answer as they come) and `execution`, until it is final.",
            "content": {
                "text/event-stream": {
                    "schema": {
                        "type": "object",
                        "description": "One event. `data` is JSON.",
                        "required": ["id", "event", "data"],
                        "properties": {
                            "id": {"type": "string", "description": "Counts the events of this answer."},
                            "event": {"enum": ["snapshot", "node", "log", "step", "text", "execution"]},
                            "data": {
                                "type": "string",
                                "contentMediaType": "application/json",
                            },
                        },
                    },
                    "example": 'id: 1\nevent: snapshot\ndata: {"status": "running", "error": null, "node_states": {}}\n\n',
                }
            },
        }
    },
    openapi_extra=needs("read"),
)
async def watch(request: Request, id: Id, caller: SignedIn, studio: Studio) -> Response:
    """A stream of server-sent events. After a reconnection it begins with a snapshot again, so nothing is missed. It ends when
    the caller signs out."""
    await studio.views.check(caller, id)
    return EventStream(
        studio.views.watch(caller, id),
        studio.closing.wait,
        lambda: signed_out(request, caller, studio.accounts),
    )


class EventStream(Response):
    """Numbers changes and sends them; fills silence with comments; ends when the changes end, when the client leaves, or
    when one of `ends` comes."""

    media_type = "text/event-stream"

    def __init__(self, changes: AsyncGenerator[Any], *ends: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._changes = changes
        self._ends = ends
        self._spoke = 0.0
        """When something was sent last, by the loop's clock."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        clock = asyncio.get_running_loop().time
        self._spoke = clock()
        telling = asyncio.ensure_future(self._tell(send, clock))
        gone = asyncio.ensure_future(_first(_disconnected(receive), *(end() for end in self._ends)))
        try:
            while not (telling.done() or gone.done()):
                silence = max(0.0, self._spoke + HEARTBEAT - clock())
                await asyncio.wait({telling, gone}, timeout=silence, return_when=asyncio.FIRST_COMPLETED)
                if clock() >= self._spoke + HEARTBEAT and not telling.done():
                    self._spoke = clock()
                    await _send(send, b": still there\n\n")
            if telling.done():
                telling.result()
        finally:
            telling.cancel()
            gone.cancel()
            await asyncio.gather(telling, gone, return_exceptions=True)
            await self._changes.aclose()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send, clock: Callable[[], float]) -> None:
        """Send what comes, in one task from the first to the last: words of an answer are many and small."""
        number = 0
        async for change in self._changes:
            number += 1
            self._spoke = clock()
            await _send(send, self.encode(number, change))

    def encode(self, number: int, change: Any) -> bytes:
        """One server-sent event."""
        return event(change.kind, change.data, number)


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def signed_out(request: Request, caller: Caller, accounts: AccountService) -> None:
    """Until the caller may not read any more. Other processes' doings are noticed with the next look."""
    while True:
        revocation = asyncio.ensure_future(accounts.wait_for_revocation())
        try:
            found = await identify(request)
            if found is None or found.user_id != caller.user_id or not found.may("read"):
                return
            await asyncio.wait([revocation], timeout=HEARTBEAT)
        except (Unauthorized, Forbidden):
            return
        finally:
            revocation.cancel()


async def _first(*waits: Coroutine[Any, Any, Any]) -> None:
    """Until one of them ends."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def event(kind: str, data: Any, number: int | None = None) -> bytes:
    """One server-sent event; its number is what a client names when it comes back."""
    line = b"" if number is None else b"id: %d\n" % number
    return b"%sevent: %s\ndata: %s\n\n" % (line, kind.encode(), dump(data))
