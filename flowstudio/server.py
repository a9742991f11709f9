"""The whole product as one ASGI application: pages, their websocket and the HTTP API, without Reflex's CLI and Node."""

from __future__ import annotations

import hashlib
import http.cookies
import importlib
import os
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowstudio import frontend
from flowstudio.config import Settings, load_settings
from flowstudio.content_policy import NARROW, content_policy
from flowstudio.errors import ConfigurationError

SESSION_COOKIE = "flowstudio_session"
SESSION_HEADER = "x-flowstudio-session"
"""What Reflex sees instead of the cookie: the SHA-256 of the session token."""

_EVENTS = "/_event"
_YEAR = b"public, max-age=31536000, immutable"
_PAGE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)
_OVER_TLS = (b"strict-transport-security", b"max-age=31536000")
"""Browsers come back by TLS only, for a year."""
_API = re.compile(r"/(api|chat|webhook|webhook-test|webhook-waiting|samples|metrics)(/|$)")
_DYNAMIC = ("/api/", "/webhook", "/metrics", "/samples/", _EVENTS)


def create_app(settings: Settings | None = None) -> ASGIApp:
    """Build the application. Raises `ConfigurationError` when there is no front end to serve."""
    web = frontend.web_folder()
    if not (web / "build" / "client" / "index.html").is_file():
        raise ConfigurationError("The front end is not built. Build it with: python -m flowstudio.frontend")
    os.environ.update(
        {
            "REFLEX_ENV_MODE": "prod",
            "REFLEX_WEB_WORKDIR": str(web),
            "REFLEX_BACKEND_ONLY": "true",
            "REFLEX_TELEMETRY_ENABLED": "false",
            # Internal names of Reflex 0.10.1, which is why it is pinned exactly.
            "__REFLEX_SKIP_COMPILE": "true",
            "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
        }
    )
    with _without("aiohttp", "requests"):  # what Socket.IO would load for its client is a tenth of the start
        importlib.import_module("socketio")
    with _inside(web if web == frontend.SHIPPED else frontend.CHECKOUT):
        from flowstudio.api.app import create_api
        from flowstudio.flowstudio import app, lifespan

        lifespan.settings = settings or load_settings()
        pages = frozenset(file.stem for file in (web / "build" / "client").glob("[a-z]*.html"))
        junction = Junction(create_api(), app())
        policy = content_policy(web / "build" / "client")
        return BrowserGuard(junction, lifespan.settings.public_url, pages - {"index"}, policy)


class Junction:
    """Hands calls of the API straight to it, everything else to the pages.

    Mounted inside Reflex's application the API would be behind Reflex's rules for other origins, which answer the
    preflights of webhooks and let credentials pass.
    """

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        self.api = api
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request over."""
        here = scope["type"] == "http" and _API.match(scope["path"])
        await (self.api if here else self.pages)(scope, receive, send)


class BrowserGuard:
    """What browsers must not do and what they should know.

    The event socket answers its own origin only; the session cookie never reaches Reflex, which logs and stores request
    headers. Files with a hash in their name may be cached for ever, pages may not. `pages` are those that were rendered
    at the build: they are served under their own address, without a redirect to one with a slash.
    """

    def __init__(
        self, app: ASGIApp, public_url: str = "", pages: Collection[str] = (), policy: str = NARROW
    ) -> None:
        """`policy` is the Content-Security-Policy of pages."""
        self.app = app
        self.policy = policy.encode()
        self.public_host = urlsplit(public_url).netloc
        self.over_tls = public_url.startswith("https:")
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, guarded."""
        if scope["type"] == "websocket":
            if not self._same_origin(scope):
                await receive()
                await send({"type": "websocket.close", "code": 4403})
                return
            scope = {**scope, "headers": _without_cookie(scope)}
        elif scope["type"] == "http" and (self.over_tls or scope.get("scheme") == "https"):
            send = _adding(send, _OVER_TLS)
        if scope["type"] == "http" and not scope["path"].startswith(_DYNAMIC):
            send = _with_headers(send, self.policy, cached=scope["path"].startswith("/assets/"))
            if (page := scope["path"].strip("/")) in self.pages:
                scope = {**scope, "path": f"/{page}.html", "raw_path": f"/{page}.html".encode()}
        await self.app(scope, receive, send)

    def _same_origin(self, scope: Scope) -> bool:
        """Browsers always send an origin with a websocket; programs need not."""
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        host = headers.get(b"host", b"").decode("latin-1")
        return not origin or urlsplit(origin).netloc in {host, self.public_host or host}


def _without_cookie(scope: Scope) -> list[tuple[bytes, bytes]]:
    header = SESSION_HEADER.encode()
    jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
    kept: list[tuple[bytes, bytes]] = []
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                jar.load(value.decode("latin-1"))
            except http.cookies.CookieError:
                continue
        elif name != header:
            kept.append((name, value))
    if SESSION_COOKIE in jar:
        kept.append((header, hashlib.sha256(jar[SESSION_COOKIE].value.encode()).hexdigest().encode()))
    return kept


def _adding(send: Send, header: tuple[bytes, bytes]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], header]
        await send(message)

    return sending


def _with_headers(send: Send, policy: bytes, *, cached: bool) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message["headers"]}
            found = message["status"] in (200, 304)
            kept = _YEAR if cached and found else b"no-cache"
            page = dict(message["headers"]).get(b"content-type", b"").startswith(b"text/html")
            narrow = policy if page else NARROW.encode()
            extra = [(b"cache-control", kept), (b"content-security-policy", narrow), *_PAGE_HEADERS]
            message["headers"] = [*message["headers"], *((n, v) for n, v in extra if n not in present)]
        await send(message)

    return sending


@contextmanager
def _without(*libraries: str) -> Iterator[None]:
    """Do as if libraries were not installed, unless they are loaded already. Who imports them later gets them."""
    hidden = [name for name in libraries if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: Python's sign for what is not there
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Reflex looks its configuration up in the working directory, once."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
