"""Connecting a credential as a browser does it: to a real authorization server on loopback and back (OAuth2 with PKCE)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from flowstudio.services import sign_ins
from tests.api.conftest import PASSWORD, Server, chain, email, node, running
from tests.outbound.authorization import Authorization, threaded
from tests.outbound.server import LoopbackServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose workflows may call loopback."""
    with running(tmp_path_factory.mktemp("connecting") / "data", allow_hosts=("127.0.0.1",)) as started:
        yield started


@pytest.fixture
def authority() -> Authorization:
    return Authorization()


@pytest.fixture
def service(authority: Authorization) -> Iterator[LoopbackServer]:
    with threaded(authority.answer) as running:
        yield running


@contextmanager
def browser(server: Server, role: str = "admin") -> Iterator[httpx.Client]:
    """A client with a session, and the headers that browsers send."""
    with httpx.Client(base_url=server.url, headers={"Origin": server.url}, timeout=60) as client:
        assert client.post("/api/login", json={"email": email(role), "password": PASSWORD}).is_success
        yield client


def make(
    client: httpx.Client, service: LoopbackServer, authority: Authorization, type_: str = "oauth2"
) -> str:
    values = {
        "authorization_url": service.url("/authorize?tenant=7"),
        "token_url": service.url("/token"),
        "client_id": authority.client_id,
        "client_secret": authority.client_secret,
        "scope": "orders",
    }
    answer = client.post("/api/credentials", json={"name": "Shop", "type": type_, "values": values})
    assert answer.status_code == 201, answer.text
    assert answer.json()["needs_sign_in"] is True
    return str(answer.json()["id"])


def sign_in(client: httpx.Client, id_: str) -> str:
    """Go to the service, agree, and give the address that it sends the browser back to."""
    begun = client.post(f"/api/credentials/{id_}/connect")
    assert begun.status_code == 200, begun.text
    back = httpx.get(begun.json()["url"], timeout=60)
    assert back.status_code == 302
    return back.headers["location"]


def outcome(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["signed-in"][0]


def shown(client: httpx.Client, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/credentials/{id_}").json()
    return found


@pytest.mark.parametrize("type_", ["oauth2", "google-oauth2"])
def test_somebody_signs_in_and_workflows_use_it(
    server: Server, authority: Authorization, service: LoopbackServer, type_: str
) -> None:
    authority.style = "header" if type_ == "oauth2" else "body"
    with browser(server) as client:
        id_ = make(client, service, authority, type_)
        back = sign_in(client, id_)
        assert back.startswith(f"{server.url}/api/oauth2/callback?")
        assert outcome(client.get(back)) == "yes"
        asked = dict(service.received[0].query)
        assert (asked["scope"], asked["tenant"]) == ("orders", "7")
        assert (asked.get("access_type") == "offline") == (type_ == "google-oauth2")
        assert shown(client, id_)["connected_at"]
        [entry] = client.get("/api/audit", params={"action": "credential.connected"}).json()["items"][:1]
        assert (entry["subject_id"], entry["actor"]) == (id_, email("admin"))
        assert shown(client, id_)["warning"] is None
        tried = client.post(f"/api/credentials/{id_}/test")
        assert tried.json() == {"works": True, "message": "It works: the service gave access."}

        request = node("call", "http-request", url=service.url("/orders"), authentication="credential")
        request["data"]["credentials"] = {"account": id_}
        workflow = client.post("/api/workflows", json=chain(node("go", "manual-trigger"), request)).json()
        ran = client.post(f"/api/workflows/{workflow['id']}/execute", json={})
        assert ran.json()["execution"]["status"] == "success", ran.text
        texts = [ran.text, tried.text, client.get("/api/credentials").text]
    assert "orders" in {dict(fields).get("scope", "orders") for fields in authority.asked}
    assert len(authority.given) >= 4
    folder: Path = server.runtime.settings.data_dir
    data = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    for secret in [*authority.given, authority.client_secret]:
        assert secret.encode() not in data
        assert all(secret not in text for text in texts)


def test_a_sign_in_is_ended_once_and_by_the_session_that_began_it(
    server: Server, authority: Authorization, service: LoopbackServer
) -> None:
    with browser(server) as client, browser(server) as other:
        back = sign_in(client, make(client, service, authority))
        assert outcome(other.get(back)) == "late"
        assert outcome(client.get(back.replace("state=", "state=x"))) == "late"
        with server.client("admin") as program:
            assert outcome(program.get(back)) == "late"
        assert httpx.get(back, timeout=60).status_code == 401
        assert authority.asked == []
        assert outcome(client.get(back)) == "yes"
        assert outcome(client.get(back)) == "late"
        assert len(authority.asked) == 1


def test_a_sign_in_that_took_too_long_is_refused(
    server: Server,
    authority: Authorization,
    service: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sign_ins, "LIFE", timedelta(seconds=-1))
    with browser(server) as client:
        assert outcome(client.get(sign_in(client, make(client, service, authority)))) == "late"
    assert authority.asked == []


def test_why_a_sign_in_failed_is_told_in_words(
    server: Server, authority: Authorization, service: LoopbackServer
) -> None:
    with browser(server) as client:
        id_ = make(client, service, authority)
        authority.denies = "access_denied"
        assert outcome(client.get(sign_in(client, id_))) == "failed"
        assert "cancelled" in shown(client, id_)["warning"]["text"]
        authority.denies = ""
        authority.client_secret = "another"
        assert outcome(client.get(sign_in(client, id_))) == "failed"
        assert "client ID or client secret" in shown(client, id_)["warning"]["text"]
        authority.client_secret = Authorization.client_secret
        back = sign_in(client, id_)
        authority.codes.clear()
        assert outcome(client.get(back)) == "failed"
        assert "Bad code." in shown(client, id_)["warning"]["text"]
        assert outcome(client.get(sign_in(client, id_))) == "yes"
        assert shown(client, id_)["warning"] is None


def test_access_that_cannot_be_renewed_is_warned_of(
    server: Server, authority: Authorization, service: LoopbackServer
) -> None:
    authority.renews = False
    with browser(server) as client:
        id_ = make(client, service, authority)
        assert outcome(client.get(sign_in(client, id_))) == "yes"
        assert shown(client, id_)["warning"]["kind"] == "ends"


def test_values_changed_during_a_sign_in_are_not_given_its_tokens(
    server: Server, authority: Authorization, service: LoopbackServer
) -> None:
    with browser(server) as client:
        id_ = make(client, service, authority)
        back = sign_in(client, id_)
        values = {"token_url": service.url("/token"), "client_id": "other"}
        assert client.patch(f"/api/credentials/{id_}", json={"values": values}).is_success
        assert outcome(client.get(back)) == "failed"
    assert authority.asked == []


def test_connecting_needs_a_browser_and_a_credential_for_people(
    server: Server, authority: Authorization, service: LoopbackServer
) -> None:
    with browser(server) as client, server.client("admin") as program:
        id_ = make(client, service, authority)
        assert program.post(f"/api/credentials/{id_}/connect").status_code == 409
        values = {"token_url": service.url("/token"), "client_id": "x", "grant": "client_credentials"}
        made = client.post("/api/credentials", json={"name": "P", "type": "oauth2", "values": values}).json()
        assert made["needs_sign_in"] is False
        assert client.post(f"/api/credentials/{made['id']}/connect").status_code == 409
        foreign = client.post(f"/api/credentials/{id_}/connect", headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
