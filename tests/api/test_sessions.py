"""Where accounts are signed in, and keys that may do less than their person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.api.conftest import PASSWORD, Server, email


@pytest.fixture
def browser(server: Server) -> Iterator[httpx.Client]:
    """The viewer's browser."""
    with server.client(None) as client:
        client.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
        client.post("/api/login", json={"email": email("viewer"), "password": PASSWORD}).raise_for_status()
        yield client


def test_a_person_sees_where_they_are_signed_in_and_ends_it(server: Server, browser: httpx.Client) -> None:
    with server.client(None) as other:
        other.post("/api/login", json={"email": email("viewer"), "password": PASSWORD})
        found = browser.get("/api/sessions").json()["items"]
        [mine] = [each for each in found if each["current"]]
        assert "Firefox" in mine["agent"]
        assert mine["client"] == "127.0.0.1"
        theirs = other.get("/api/sessions").json()["items"]
        [there] = [each for each in theirs if each["current"]]
        assert browser.delete(f"/api/sessions/{there['id']}").status_code == 204
        assert other.get("/api/me").status_code == 401
        assert browser.get("/api/me").status_code == 200


def test_the_name_of_a_session_is_no_way_in(server: Server, browser: httpx.Client) -> None:
    [mine] = [each for each in browser.get("/api/sessions").json()["items"] if each["current"]]

    async def identify(runtime: object) -> object:
        return await server.runtime.accounts.identify_session_hash(mine["id"])

    assert server.within(identify) is None
    assert (
        httpx.get(f"{server.url}/api/me", cookies={"flowstudio_session": mine["id"]}, timeout=60).status_code
        == 401
    )


def test_nobody_ends_the_sessions_of_others_but_an_admin(server: Server, browser: httpx.Client) -> None:
    with server.client("admin") as admin, server.client("editor") as editor:
        viewer = next(u for u in admin.get("/api/users").json()["items"] if u["role"] == "viewer")
        [session, *_] = admin.get(f"/api/users/{viewer['id']}/sessions").json()["items"]
        assert editor.get(f"/api/users/{viewer['id']}/sessions").status_code == 403
        assert editor.delete(f"/api/sessions/{session['id']}").status_code == 404
        assert browser.get("/api/me").status_code == 200
        for each in admin.get(f"/api/users/{viewer['id']}/sessions").json()["items"]:
            assert admin.delete(f"/api/sessions/{each['id']}").status_code == 204
        assert browser.get("/api/me").status_code == 401


def test_a_key_works_until_its_last_day(server: Server, owner: httpx.Client) -> None:
    made = owner.post("/api/api-keys", json={"name": "short", "scope": "read", "expires_in_days": 1}).json()
    assert made["api_key"]["scope"] == "read"
    assert made["api_key"]["expires_at"] is not None
    key = {"X-API-Key": made["key"]}
    accounts = server.runtime.accounts

    def clock(ahead: timedelta) -> Callable[[], datetime]:
        return lambda: datetime.now(UTC) + ahead

    for hours, status in ((0, 200), (23, 200), (25, 401)):
        accounts._now = clock(timedelta(hours=hours))
        accounts.revoked()  # forgets whom it let in just now
        answer = httpx.get(f"{server.url}/api/me", headers=key, timeout=60)
        assert answer.status_code == status, hours
        assert ("expired" in answer.text) == (status == 401)
    accounts._now = clock(timedelta())


def test_a_narrow_key_cannot_widen_itself(server: Server, owner: httpx.Client) -> None:
    key = owner.post("/api/api-keys", json={"name": "narrow", "scope": "edit"}).json()["key"]
    with server.client(None) as program:
        program.headers["X-API-Key"] = key
        assert program.get("/api/workflows").status_code == 200
        for method, path, body in (
            ("POST", "/api/api-keys", {"name": "wide"}),
            ("POST", "/api/users", {"name": "X", "email": "x@example.com", "password": PASSWORD}),
            ("PUT", "/api/me/password", {"old_password": PASSWORD, "new_password": "something else"}),
        ):
            answer = program.request(method, path, json=body)
            assert answer.status_code == 403, path
            assert "scope 'edit'" in answer.json()["error"]["message"]


def test_only_who_may_read_the_figures_makes_a_key_for_them(server: Server) -> None:
    with server.client("editor") as editor:
        assert editor.post("/api/api-keys", json={"name": "m", "scope": "metrics"}).status_code == 403
    with server.client("admin") as admin:
        key = admin.post("/api/api-keys", json={"name": "m", "scope": "metrics"}).json()["key"]
    answer = httpx.get(f"{server.url}/metrics", headers={"X-API-Key": key}, timeout=60)
    assert answer.status_code == 200
    assert httpx.get(f"{server.url}/api/workflows", headers={"X-API-Key": key}, timeout=60).status_code == 403
