"""The network rules over REST: admins set them, they hold at once, and for everything that calls out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import Server, chain, node, running
from tests.outbound.authorization import threaded
from tests.outbound.server import LoopbackServer, Received, Reply


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: the rules are for all of it."""
    with running(tmp_path_factory.mktemp("network") / "data") as started:
        yield started


def answer(request: Received) -> Reply:
    """Everything at once: redirects where it is told to, else a list."""
    target = dict(request.query).get("to")
    return Reply(302, headers=[("Location", target)]) if target else Reply(body=[{"ok": True}])


@pytest.fixture
def service() -> Iterator[LoopbackServer]:
    with threaded(answer) as running:
        yield running


def allow(client: httpx.Client, allowed: list[str], denied: list[str] | None = None) -> httpx.Response:
    return client.put("/api/network-rules", json={"allowed": allowed, "denied": denied or []})


def call(client: httpx.Client, url: str) -> dict[str, Any]:
    """What became of a workflow that calls an address."""
    document = chain(node("go", "manual-trigger"), node("call", "http-request", url=url))
    id_ = client.post("/api/workflows", json=document).json()["id"]
    found: dict[str, Any] = client.post(f"/api/workflows/{id_}/execute", json={}).json()["execution"]
    return found


def refused(found: dict[str, Any], words: str = "may not call") -> bool:
    return found["status"] == "error" and words in found["error"]["message"]


def test_what_admins_allow_and_deny_holds_at_once(
    server: Server, owner: httpx.Client, service: LoopbackServer
) -> None:
    url = service.url("/a")
    assert refused(call(owner, url), "under Network")
    assert allow(owner, [f"127.0.0.1:{service.port}"]).json() == {
        "allowed": [f"127.0.0.1:{service.port}"],
        "denied": [],
        "configured": [],
    }
    assert call(owner, url)["status"] == "success"
    assert allow(owner, ["127.0.0.0/8"], ["127.0.0.1"]).is_success
    assert refused(
        call(owner, url), "an admin of this FlowStudio has denied it"
    )  # no open connection is used again
    assert len(service.received) == 1
    assert allow(owner, ["127.0.0.0/8"]).is_success
    away = service.url("/a") + "?to=http://10.0.0.1/"
    assert refused(call(owner, away))
    [entry, *_] = owner.get("/api/audit", params={"action": "settings.network_changed"}).json()["items"]
    assert entry["detail"] == {"allowed": [], "denied": ["127.0.0.1"]}
    allow(owner, [])
    assert refused(call(owner, url))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0177.0.0.1",
        "0x7f000001",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ],
)
def test_no_spelling_of_a_private_address_gets_around_the_rules(
    owner: httpx.Client, service: LoopbackServer, host: str
) -> None:
    found = call(owner, f"http://{host}:{service.port}/")
    assert refused(found) or refused(found, "is not an address"), found["error"]
    assert service.received == []


def test_credentials_and_sign_ins_keep_to_the_rules(owner: httpx.Client, service: LoopbackServer) -> None:
    for type_, values in {
        "http-bearer": {"token": "t", "test_url": service.url("/")},
        "openai": {"api_key": "k", "base_url": service.url("/v1")},
        "google-ai": {"api_key": "k", "base_url": service.url("/")},
        "oauth2": {"token_url": service.url("/token"), "client_id": "c", "grant": "client_credentials"},
        "postgresql": {"host": "127.0.0.1", "port": service.port, "database": "d", "user": "u"},
    }.items():
        made = owner.post("/api/credentials", json={"name": "It", "type": type_, "values": values}).json()
        tried = owner.post(f"/api/credentials/{made['id']}/test").json()
        assert tried["works"] is False, type_
        assert "may not call" in tried["message"], (type_, tried)
    imported = owner.post("/api/workflows/read", json={"url": service.url("/flow.json")})
    assert imported.status_code >= 400
    assert service.received == []


@pytest.mark.parametrize("entry", ["http://x", "a/b", "10.0.0.0/99", "x:99999"])
def test_a_wrong_entry_is_named_and_nothing_is_changed(owner: httpx.Client, entry: str) -> None:
    allow(owner, ["kept.example"])
    wrong = allow(owner, ["fine.example", entry])
    assert wrong.status_code == 400
    assert f"'{entry}' is not a host" in wrong.json()["error"]["message"]
    assert owner.get("/api/network-rules").json()["allowed"] == ["kept.example"]
    allow(owner, [])


def test_another_process_takes_the_rules_over(
    server: Server, owner: httpx.Client, service: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def store(runtime: Any) -> None:
        await runtime.storage.network.replace(("127.0.0.1",), ())

    server.within(store)  # as another process does it: this one is not told
    assert refused(call(owner, service.url("/")))

    async def look(runtime: Any) -> None:
        await runtime.network.load()

    server.within(look)
    assert call(owner, service.url("/"))["status"] == "success"
    allow(owner, [])


def test_the_rules_outlive_a_restart_and_add_to_the_configuration(
    tmp_path: Path, service: LoopbackServer
) -> None:
    with running(tmp_path / "data", allow_hosts=("10.9.9.9",)) as first, first.client("owner") as client:
        assert allow(client, ["127.0.0.1"]).json()["configured"] == ["10.9.9.9"]
    with running(tmp_path / "data", people=False) as second:
        second.keys = first.keys
        with second.client("owner") as client:
            assert call(client, service.url("/"))["status"] == "success"
