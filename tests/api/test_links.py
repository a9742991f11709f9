"""Invitations and forgotten passwords, over a real server and a real mail server on loopback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from flowstudio.config import Settings
from flowstudio.errors import ConfigurationError
from flowstudio.services.mail import mail_server as configured
from tests.api.conftest import PASSWORD, Server, email, running
from tests.api.smtp import Inbox, mail_server

NEW = "another fine password"


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with mail_server() as started:
        yield started


@pytest.fixture(scope="module")
def server(inbox: Inbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that sends mail."""
    folder = tmp_path_factory.mktemp("links") / "data"
    with running(folder, smtp_url=SecretStr(inbox.url), public_url="https://flow.example.com") as started:
        yield started


def words(mail: Message) -> str:
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def token_of(link: str) -> str:
    found = re.search(r"https://flow\.example\.com/(?:join|new-password)#([\w-]{40,})", link)
    assert found, link
    return found[1]


def invited(owner: httpx.Client, **more: object) -> str:
    answer = owner.post("/api/invitations", json=more)
    assert answer.status_code == 201, answer.text
    return token_of(answer.json()["link"])


def accepted(server: Server, token: str, address: str) -> httpx.Response:
    body = {"token": token, "name": "Bob", "email": address, "password": PASSWORD}
    return httpx.post(f"{server.url}/api/invitations/accept", json=body, timeout=60)


def signs_in(server: Server, address: str, password: str) -> bool:
    body = {"email": address, "password": password}
    return httpx.post(f"{server.url}/api/login", json=body, timeout=60).status_code == 200


def test_an_invited_person_makes_an_account_of_the_given_role_and_is_in(
    server: Server, owner: httpx.Client, nobody: httpx.Client
) -> None:
    token = invited(owner, role="viewer")
    assert nobody.post("/api/invitations/read", json={"token": token}).json()["role"] == "viewer"
    body = {"token": token, "name": "Vi", "email": "vi@example.com", "password": PASSWORD}
    answer = nobody.post("/api/invitations/accept", json=body)
    assert answer.json()["user"]["role"] == "viewer"
    assert "secure" in answer.headers["set-cookie"].lower()
    cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    assert nobody.get("/api/me", headers=cookie).json()["user"]["email"] == "vi@example.com"
    again = accepted(server, token, "vi2@example.com")
    assert again.status_code == 404
    assert "does not work any more" in again.json()["error"]["message"]


def test_an_invitation_makes_one_account_however_many_use_it_at_once(
    server: Server, owner: httpx.Client
) -> None:
    token = invited(owner)
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda n: accepted(server, token, f"race{n}@example.com"), range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 404, 404, 404, 404]


def test_an_invitation_for_an_address_is_sent_there_and_good_for_no_other(
    server: Server, owner: httpx.Client, inbox: Inbox
) -> None:
    answer = owner.post("/api/invitations", json={"email": "eve@example.com", "role": "admin"}).json()
    assert answer["sent"]
    mail = inbox.take()
    assert (mail["To"], mail["From"]) == ("eve@example.com", "ada@example.com")
    token = token_of(words(mail))
    assert accepted(server, token, "mallory@example.com").json()["user"]["email"] == "eve@example.com"
    taken = owner.post("/api/invitations", json={"email": "eve@example.com"})
    assert taken.status_code == 409


def test_a_taken_address_leaves_the_invitation_good(server: Server, owner: httpx.Client) -> None:
    token = invited(owner)
    assert accepted(server, token, email("owner").upper()).status_code == 409
    assert accepted(server, token, "kim@example.com").status_code == 201


def test_an_invitation_that_is_taken_back_or_too_old_does_nothing(
    server: Server, owner: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = invited(owner)
    [open_] = owner.get("/api/invitations").json()["items"]
    assert "token" not in open_
    assert owner.delete(f"/api/invitations/{open_['id']}").status_code == 204
    assert accepted(server, token, "late@example.com").status_code == 404
    assert owner.delete(f"/api/invitations/{open_['id']}").status_code == 404
    token = invited(owner, days=1)
    later = datetime.now(UTC) + timedelta(days=1, seconds=1)
    monkeypatch.setattr(server.runtime.links, "_now", lambda: later)
    assert accepted(server, token, "late@example.com").status_code == 404
    assert owner.get("/api/invitations").json()["items"] == []


def test_the_invitations_of_a_person_who_is_removed_go_too(server: Server, owner: httpx.Client) -> None:
    person = {"name": "Ex", "email": "ex@example.com", "password": PASSWORD, "role": "admin"}
    id_ = owner.post("/api/users", json=person).json()["user"]["id"]
    with server.client(None) as browser:
        browser.headers["Cookie"] = (
            browser.post("/api/login", json={"email": "ex@example.com", "password": PASSWORD})
            .headers["set-cookie"]
            .partition(";")[0]
        )
        token = invited(browser, role="admin")
    owner.delete(f"/api/users/{id_}")
    assert accepted(server, token, "back@example.com").status_code == 404


def test_nobody_is_invited_as_owner(owner: httpx.Client) -> None:
    assert owner.post("/api/invitations", json={"role": "owner"}).status_code == 400


def test_a_forgotten_password_is_reset_by_mail_and_ends_the_sessions(
    server: Server, owner: httpx.Client, nobody: httpx.Client, inbox: Inbox
) -> None:
    person = {"name": "Ann", "email": "ann@example.com", "password": PASSWORD}
    owner.post("/api/users", json=person)
    login = nobody.post("/api/login", json={"email": "ann@example.com", "password": PASSWORD})
    cookie = {"Cookie": login.headers["set-cookie"].partition(";")[0]}
    assert nobody.get("/api/me", headers=cookie).status_code == 200
    host = {"Host": "evil.example.net", "X-Forwarded-Host": "evil.example.net"}
    assert (
        nobody.post("/api/password/forgotten", json={"email": "Ann@example.com"}, headers=host).status_code
        == 204
    )
    first = token_of(words(inbox.take()))
    assert nobody.post("/api/password/forgotten", json={"email": "ann@example.com"}).status_code == 204
    second = token_of(words(inbox.take()))
    stale = nobody.post("/api/password/reset", json={"token": first, "password": NEW})
    assert stale.status_code == 404
    assert nobody.post("/api/password/reset", json={"token": second, "password": NEW}).status_code == 204
    assert nobody.get("/api/me", headers=cookie).status_code == 401
    assert nobody.post("/api/password/reset", json={"token": second, "password": NEW}).status_code == 404
    assert signs_in(server, "ann@example.com", NEW)
    assert not signs_in(server, "ann@example.com", PASSWORD)
    told = owner.get("/api/audit", params={"search": "ann@example.com", "limit": 50}).json()["items"]
    assert {"user.password_forgotten", "user.password_changed"} <= {entry["action"] for entry in told}


def test_asking_for_a_password_does_not_tell_who_has_an_account(
    server: Server, nobody: httpx.Client, inbox: Inbox
) -> None:
    known = nobody.post("/api/password/forgotten", json={"email": email("viewer")})
    inbox.take()
    unknown = nobody.post("/api/password/forgotten", json={"email": "stranger@example.com"})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    server.within(lambda runtime: runtime.links.close())
    assert inbox.nothing()


def test_without_a_mail_server_the_answer_says_what_to_do(server: Server, tmp_path: Path) -> None:
    assert httpx.get(f"{server.url}/api/setup", timeout=60).json() == {"needed": False, "can_reset": True}
    with running(tmp_path / "data") as silent:
        assert httpx.get(f"{silent.url}/api/setup", timeout=60).json() == {
            "needed": False,
            "can_reset": False,
        }
        answer = httpx.post(
            f"{silent.url}/api/password/forgotten", json={"email": email("owner")}, timeout=60
        )
    assert answer.status_code == 409
    assert "set-password" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("url", "sender", "culprit"),
    [
        ("http://mail.example.com", "a@b.c", "SMTP_URL"),
        ("smtp://", "a@b.c", "SMTP_URL"),
        ("smtp://host:port", "a@b.c", "SMTP_URL"),
        ("smtp://mail.example.com", "", "MAIL_FROM"),
    ],
)
def test_a_wrong_mail_server_is_named_at_start(url: str, sender: str, culprit: str) -> None:
    with pytest.raises(ConfigurationError, match=culprit):
        configured(Settings(smtp_url=SecretStr(url), mail_from=sender))
