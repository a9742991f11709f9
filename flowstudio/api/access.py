"""Who calls: the session cookie or the API key of a request, and whether a browser sent it from our own pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from flowstudio.errors import Forbidden, Unauthorized
from flowstudio.runtime import Runtime
from flowstudio.services.callers import Caller

SESSION_COOKIE = "flowstudio_session"
COOKIE_LIFE = 365 * 24 * 3600
"""Seconds that browsers keep the cookie. The server ends the session long before: some days after its last use."""
KEY_HEADER = "x-api-key"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_CALLER = "flowstudio.caller"
_PROVIDER = "flowstudio.runtime"


class Provided:
    """ASGI middleware that tells every request which runtime serves it."""

    def __init__(self, app: ASGIApp, runtime: Callable[[], Runtime]) -> None:
        self.app = app
        self.runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note it, go on."""
        scope[_PROVIDER] = self.runtime
        await self.app(scope, receive, send)


def runtime_of(scope: Scope) -> Runtime:
    """The runtime that serves a request. Raises `ConfigurationError` before it was started."""
    runtime: Runtime = scope[_PROVIDER]()
    return runtime


async def identify(connection: HTTPConnection) -> Caller | None:
    """Who calls; None for nobody. Raises `Unauthorized` for a key that is not valid, `Forbidden` for a foreign page."""
    accounts = runtime_of(connection.scope).accounts
    key = connection.headers.get(KEY_HEADER)
    if key is not None:
        caller = await accounts.identify_key(key)
        if caller is None:
            raise Unauthorized("This API key is not valid: it is mistyped, revoked or expired.")
        return caller
    token = connection.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    check_origin(connection)
    return await accounts.identify_session(token)


def check_origin(connection: HTTPConnection) -> None:
    """Raises `Forbidden` when a browser sends a changing request from a page of another origin.

    Browsers say where such a request comes from; programs say nothing and hold no cookie that they were not given.
    """
    if connection.scope["method"] in SAFE_METHODS:
        return
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if origin is not None:
        own = {
            connection.headers.get("host", ""),
            urlsplit(runtime_of(connection.scope).settings.public_url).netloc,
        } - {""}
        foreign = urlsplit(origin).netloc not in own
    else:
        foreign = site is not None and site not in ("same-origin", "none")
    if foreign:
        raise Forbidden(
            f"This request comes from a page of another origin ({(origin or site or '')[:200]}). Use an API key instead; "
            "behind a proxy, set FLOWSTUDIO_PUBLIC_URL to the address that browsers use."
        )


def remember(connection: HTTPConnection, caller: Caller) -> None:
    """Note who calls, for the endpoint and the log."""
    connection.scope[_CALLER] = caller


def remembered(scope: Scope) -> Caller | None:
    """Who `remember` noted."""
    caller = scope.get(_CALLER)
    return caller if isinstance(caller, Caller) else None


async def _caller(request: Request) -> Caller:
    caller: Caller = request.scope[_CALLER]
    return caller


async def _runtime(request: Request) -> Runtime:
    return runtime_of(request.scope)


SignedIn = Annotated[Caller, Depends(_caller)]
"""The caller, for endpoints that are not public."""
Studio = Annotated[Runtime, Depends(_runtime)]
"""The services of this process."""


def client_address(request: Request) -> str:
    """Where a request comes from, for rate limits."""
    return request.client.host if request.client else "unknown"


def browser_name(request: Request) -> str:
    """What a browser calls itself, for the list of sessions."""
    return "".join(c for c in request.headers.get("user-agent", "") if c.isprintable())


async def new_session(request: Request, response: Response, user_id: str) -> Response:
    """Open a session for this browser and hand it over."""
    token = await runtime_of(request.scope).accounts.open_session(
        user_id, client=client_address(request), agent=browser_name(request)
    )
    set_session(request, response, token)
    return response


def set_session(request: Request, response: Response, token: str) -> None:
    """Hand a browser its session."""
    secure = request.url.scheme == "https" or runtime_of(request.scope).settings.public_url.startswith(
        "https:"
    )
    response.set_cookie(
        SESSION_COOKIE, token, max_age=COOKIE_LIFE, httponly=True, samesite="lax", secure=secure, path="/"
    )


def clear_session(response: Response) -> None:
    """Take it away."""
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax")
