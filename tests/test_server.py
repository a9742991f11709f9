"""What reaches Reflex, and what browsers are told."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from flowstudio.server import SESSION_COOKIE, SESSION_HEADER, BrowserGuard, Junction


class Application:
    """Remembers the scope, and answers with a status."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.scope: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": self.status, "headers": []})


async def call(app: Application, type_: str, path: str = "/_event", **headers: str) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    public = "http://flows.example.com" if path == "/plain" else "https://flows.example.com"
    await BrowserGuard(app, public, {"login"})({"type": type_, "path": path, "headers": raw}, receive, send)
    return sent


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:9000", "null", "https://localhost"]
)
async def test_the_event_socket_refuses_other_origins(origin: str) -> None:
    app = Application()
    sent = await call(app, "websocket", host="localhost:8000", origin=origin)
    assert sent == [{"type": "websocket.close", "code": 4403}]
    assert app.scope is None


@pytest.mark.parametrize("origin", ["http://localhost:8000", "https://flows.example.com"])
async def test_the_event_socket_answers_its_own_origin_and_the_public_one(origin: str) -> None:
    app = Application()
    await call(app, "websocket", host="localhost:8000", origin=origin)
    assert app.scope is not None


async def test_reflex_sees_the_hash_of_the_session_and_never_the_cookie() -> None:
    app = Application()
    cookie = f"theme=dark; {SESSION_COOKIE}=token; other=1"
    await call(app, "websocket", host="a", origin="http://a", cookie=cookie)
    headers = dict(app.scope["headers"])
    assert headers[SESSION_HEADER.encode()].decode() == hashlib.sha256(b"token").hexdigest()
    assert b"cookie" not in headers
    assert "token" not in repr(app.scope)


async def test_a_session_header_from_outside_is_dropped() -> None:
    app = Application()
    await call(app, "websocket", host="a", x_flowstudio_session="forged")
    assert "forged" not in repr(app.scope)


async def test_hashed_files_may_be_kept_and_pages_may_not() -> None:
    (asset,) = await call(Application(), "http", "/assets/a-123.js")
    (page,) = await call(Application(), "http", "/")
    (missing,) = await call(Application(404), "http", "/assets/gone.js")
    policies = [dict(answer["headers"])[b"cache-control"] for answer in (asset, page, missing)]
    assert policies == [b"public, max-age=31536000, immutable", b"no-cache", b"no-cache"]


async def test_pages_may_not_be_framed_by_others() -> None:
    (page,) = await call(Application(), "http", "/login")
    assert b"frame-ancestors 'self'" in dict(page["headers"])[b"content-security-policy"]


@pytest.mark.parametrize("path", ["/api/health", "/webhook/orders", "/samples/orders.json"])
async def test_answers_of_the_api_are_left_alone(path: str) -> None:
    (answer,) = await call(Application(), "http", path)
    assert [name for name, _ in answer["headers"]] == [b"strict-transport-security"]


async def test_browsers_are_told_to_come_back_by_tls_only_where_there_is_tls() -> None:
    (page,) = await call(Application(), "http", "/login")
    (plain,) = await call(Application(), "http", "/plain")
    assert dict(page["headers"])[b"strict-transport-security"] == b"max-age=31536000"
    assert b"strict-transport-security" not in dict(plain["headers"])


@pytest.mark.parametrize(
    ("path", "served"), [("/login", "/login.html"), ("/login/", "/login.html"), ("/logins", "/logins")]
)
async def test_rendered_pages_are_served_without_a_redirect(path: str, served: str) -> None:
    app = Application()
    await call(app, "http", path)
    assert app.scope["path"] == served


@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("/api", True),
        ("/api/workflows", True),
        ("/webhook/orders", True),
        ("/webhook-test/orders", True),
        ("/webhook-waiting/1", True),
        ("/samples/orders.json", True),
        ("/metrics", True),
        ("/", False),
        ("/apical", False),
        ("/webhooks", False),
        ("/workflows/api", False),
        ("/_event", False),
    ],
)
async def test_calls_of_the_api_do_not_pass_through_the_pages(path: str, api: bool) -> None:
    interface, pages = Application(), Application()

    async def receive() -> Any:
        return {}

    async def send(message: Any) -> None: ...

    await Junction(interface, pages)({"type": "http", "path": path}, receive, send)
    assert (interface.scope is not None, pages.scope is not None) == (api, not api)
    await Junction(interface, pages)({"type": "lifespan"}, receive, send)
    assert pages.scope == {"type": "lifespan"}
