from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.api.conftest import PASSWORD, Server, email, running

OWNER = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}


def test_the_first_visitor_makes_the_owner_and_is_signed_in(tmp_path: Path) -> None:
    with running(tmp_path / "data", people=False) as fresh, fresh.client(None) as browser:
        assert browser.get("/api/setup").json() == {"needed": True, "can_reset": False}
        made = browser.post("/api/setup", json=OWNER)
        assert made.status_code == 201
        assert made.json()["user"]["role"] == "owner"
        assert browser.get("/api/me").json()["user"]["email"] == "ada@example.com"
        assert browser.get("/api/setup").json() == {"needed": False, "can_reset": False}
        again = browser.post("/api/setup", json=OWNER | {"email": "eve@example.com"})
        assert again.status_code == 409
        assert "set up already" in again.json()["error"]["message"]
        actions = [entry["action"] for entry in browser.get("/api/audit").json()["items"]]
        assert "user.created" in actions


def test_signing_in_and_out(server: Server, nobody: httpx.Client) -> None:
    answer = nobody.post("/api/login", json={"email": email("editor"), "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["user"] | {"id": ""} == {
        "id": "",
        "name": "Editor",
        "email": email("editor"),
        "role": "editor",
        "via": "session",
    }
    assert "password" not in answer.text
    assert nobody.get("/api/me").status_code == 200
    token = nobody.cookies["flowstudio_session"]
    assert nobody.post("/api/logout").status_code == 204
    assert "flowstudio_session" not in nobody.cookies
    kept = httpx.get(f"{server.url}/api/me", cookies={"flowstudio_session": token}, timeout=60)
    assert kept.status_code == 401
    assert nobody.post("/api/logout").status_code == 204


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(nobody: httpx.Client) -> None:
    answer = nobody.post("/api/login", json={"email": email("viewer"), "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie


def test_the_cookie_is_secure_where_browsers_use_https(tmp_path: Path) -> None:
    with (
        running(tmp_path / "data", public_url="https://flow.example.com") as served,
        served.client(None) as browser,
    ):
        answer = browser.post("/api/login", json={"email": email("viewer"), "password": PASSWORD})
        assert "secure" in answer.headers["set-cookie"].lower()
        same = {"Origin": "https://flow.example.com", "Cookie": answer.headers["set-cookie"].split(";")[0]}
        assert browser.post("/api/logout", headers=same).status_code == 204


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "own"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
    ],
    ids=str,
)
def test_a_foreign_page_cannot_use_the_cookie(
    server: Server, nobody: httpx.Client, headers: dict[str, str], allowed: bool
) -> None:
    nobody.post("/api/login", json={"email": email("owner"), "password": PASSWORD})
    if headers.get("Origin") == "own":
        headers = {"Origin": server.url}
    answer = nobody.post("/api/workflows/validate", json={"nodes": []}, headers=headers)
    assert answer.status_code == (200 if allowed else 403), answer.text
    if not allowed:
        assert "another origin" in answer.json()["error"]["message"]
    assert nobody.get("/api/me", headers=headers).status_code == 200


def test_a_foreign_page_may_use_a_key(owner: httpx.Client) -> None:
    answer = owner.post(
        "/api/workflows/validate", json={"nodes": []}, headers={"Origin": "http://app.example"}
    )
    assert answer.status_code == 200


def test_a_foreign_page_cannot_sign_anybody_in(nobody: httpx.Client) -> None:
    login = {"email": email("owner"), "password": PASSWORD}
    assert nobody.post("/api/login", json=login, headers={"Origin": "http://evil.example"}).status_code == 403
    assert nobody.post("/api/setup", json=OWNER, headers={"Origin": "http://evil.example"}).status_code == 403


def test_guessing_a_password_is_slowed_down(tmp_path: Path) -> None:
    with running(tmp_path / "data") as own, own.client(None) as attacker:
        answers = [
            attacker.post("/api/login", json={"email": email("owner"), "password": "guess guess"})
            for _ in range(6)
        ]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        limited = answers[-1]
        assert limited.json()["error"]["code"] == "rate_limited"
        assert 0 < int(limited.headers["retry-after"]) <= 300


def test_an_admin_looks_after_people(owner: httpx.Client) -> None:
    new = {"name": "Bob", "email": "bob@example.com", "password": PASSWORD, "role": "viewer"}
    made = owner.post("/api/users/", json=new)
    assert made.status_code == 201
    id_ = made.json()["user"]["id"]
    assert PASSWORD not in made.text
    assert "bob@example.com" in [user["email"] for user in owner.get("/api/users").json()["items"]]
    clash = owner.post("/api/users", json=new | {"email": "BOB@example.com"})
    assert clash.status_code == 409
    changed = owner.patch(f"/api/users/{id_}", json={"role": "editor", "name": "Robert"})
    assert (changed.json()["user"]["role"], changed.json()["user"]["name"]) == ("editor", "Robert")
    assert owner.delete(f"/api/users/{id_}").status_code == 204
    assert owner.delete(f"/api/users/{id_}").status_code == 404


def test_one_changes_ones_own_password_and_stays_signed_in(server: Server, owner: httpx.Client) -> None:
    new = {"name": "Carl", "email": "carl@example.com", "password": PASSWORD}
    owner.post("/api/users", json=new)
    with server.client(None) as browser, server.client(None) as other:
        for client in (browser, other):
            client.post("/api/login", json={"email": "carl@example.com", "password": PASSWORD})
        wrong = browser.put(
            "/api/me/password", json={"old_password": "wrong wrong", "new_password": "new password 1"}
        )
        assert wrong.status_code == 403
        right = browser.put(
            "/api/me/password", json={"old_password": PASSWORD, "new_password": "new password 1"}
        )
        assert right.status_code == 204
        assert browser.get("/api/me").status_code == 200
        assert other.get("/api/me").status_code == 401


def test_a_key_is_shown_once_and_can_be_revoked(server: Server, owner: httpx.Client) -> None:
    made = owner.post("/api/api-keys", json={"name": "deploy"}).json()
    assert made["key"].startswith("fs_")
    listed = owner.get("/api/api-keys/")
    assert made["key"] not in listed.text
    assert made["api_key"]["id"] in [key["id"] for key in listed.json()["items"]]
    with httpx.Client(base_url=server.url, headers={"X-API-Key": made["key"]}, timeout=60) as program:
        assert program.get("/api/me").json()["user"]["via"] == "api_key"
        assert owner.delete(f"/api/api-keys/{made['api_key']['id']}").status_code == 204
        assert program.get("/api/me").status_code == 401
    assert owner.delete(f"/api/api-keys/{made['api_key']['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "culprit"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "nmae": "x"}, "nmae"),
    ],
)
def test_a_wrong_body_names_the_culprit(owner: httpx.Client, body: object, culprit: str) -> None:
    answer = owner.post("/api/api-keys", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_request"
    assert answer.json()["error"]["message"].startswith(culprit)
