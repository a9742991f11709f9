"""Credentials over HTTP: values go in, nodes use them, and no answer, event or file ever holds them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowstudio.api.models.credentials import CredentialView
from tests.api.conftest import Server, chain, node

SECRET = "canary-4f1c9b7e"
WANTED = set(
    "openai anthropic google-ai openai-compatible google-oauth2 google-service-account http-basic http-header "
    "http-bearer http-query http-digest oauth2 jwt postgresql generic".split()
)


def make(server: Server, **values: str) -> dict[str, Any]:
    with server.client("admin") as client:
        body = {"name": "Shop", "type": "http-header", "values": {"name": "X-Key", "value": SECRET, **values}}
        answer = client.post("/api/credentials/", json=body)
    assert answer.status_code == 201, answer.text
    assert SECRET not in answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_values_are_stored_encrypted_and_never_come_back(server: Server) -> None:
    made = make(server)
    with server.client("editor") as client:
        listed = client.get("/api/credentials")
        read = client.get(f"/api/credentials/{made['id']}")
    assert made["id"] in [entry["id"] for entry in listed.json()["items"]]
    assert set(read.json()) == set(CredentialView.model_fields)
    assert (read.json()["may_use"], read.json()["may_change"]) == (True, False)
    assert SECRET not in listed.text + read.text
    folder: Path = server.runtime.settings.data_dir
    assert all(SECRET.encode() not in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_a_webhook_lets_in_whoever_knows_the_credential(server: Server) -> None:
    made = make(server)
    hook = {
        "id": "in",
        "type": "webhook",
        "data": {
            "properties": {"path": "guarded", "method": "POST", "authentication": "header"},
            "credentials": {"account": made["id"]},
        },
    }
    with server.client("owner") as client:
        id_ = client.post("/api/workflows", json={"nodes": [hook], "edges": []}).json()["id"]
        assert client.post(f"/api/workflows/{id_}/activate").status_code == 200
        assert client.post("/webhook/guarded", json={}).status_code == 401
        assert client.post("/webhook/guarded", json={}, headers={"X-Key": "guess"}).status_code == 403
        assert client.post("/webhook/guarded", json={}, headers={"X-Key": SECRET}).status_code == 200


def test_new_values_replace_the_old_ones(server: Server) -> None:
    made = make(server)
    with server.client("admin") as client:
        changed = client.patch(
            f"/api/credentials/{made['id']}",
            json={"name": "Store", "values": {"name": "X-Key", "value": "other"}},
        )
        assert (changed.status_code, changed.json()["name"]) == (200, "Store")
        assert client.delete(f"/api/credentials/{made['id']}").status_code == 204
        assert client.get(f"/api/credentials/{made['id']}").status_code == 404

    async def opened(runtime: Any) -> Any:
        return await runtime.storage.credentials.all()

    assert made["id"] not in [record.id for record in server.within(opened)]


@pytest.mark.parametrize(
    ("type_", "values", "culprit"),
    [
        ("no-such-type", {}, "no-such-type"),
        ("http-header", {"name": "X-Key"}, "value"),
        ("http-header", {"name": "two words", "value": SECRET}, "name"),
        ("http-header", {"name": "X-Key", "value": SECRET, "extra": SECRET}, "extra"),
        ("http-header", {"name": "X-Key", "value": f"{SECRET}\nX-Other: 1"}, "value"),
    ],
)
def test_wrong_values_are_named_without_being_shown(
    server: Server, type_: str, values: dict[str, str], culprit: str
) -> None:
    with server.client("admin") as client:
        answer = client.post("/api/credentials", json={"name": "Shop", "type": type_, "values": values})
    assert answer.status_code == 400
    assert culprit in answer.json()["error"]["message"]
    assert SECRET not in answer.text


def test_every_type_has_a_form_whose_secrets_are_marked(server: Server) -> None:
    with server.client("viewer") as client:
        types = client.get("/api/credential-types").json()["items"]
    assert {entry["type"] for entry in types} >= WANTED
    for entry in types:
        assert entry["help"]
        assert any(field["kind"] in ("secret", "secret-lines") for field in entry["fields"]), entry["type"]


def test_a_credential_for_admins_is_hidden_from_editors_and_bound_by_none_of_their_workflows(
    server: Server,
) -> None:
    made = make(server)
    request = node("call", "http-request", url="http://127.0.0.1:9/", authentication="credential")
    request["data"]["credentials"] = {"account": made["id"]}
    document = chain(node("go", "manual-trigger"), request)
    talking = chain(node("go", "when-chat-received"), request)
    called = chain(node("go", "webhook", path="shared-with-admins"), request)
    plain = chain(node("go", "manual-trigger"))
    with server.client("admin") as admin, server.client("editor") as editor:
        path = f"/api/credentials/{made['id']}"
        theirs = admin.post("/api/workflows", json=document).json()["id"]
        talk = admin.post("/api/workflows", json=talking).json()["id"]
        hook = admin.post("/api/workflows", json=called).json()["id"]
        ran = admin.post(f"/api/workflows/{theirs}/execute", json={}).json()["execution"]["id"]
        own = editor.post("/api/workflows", json=plain).json()["id"]
        assert admin.patch(path, json={"usable_by": "owner"}).status_code == 403  # would shut themselves out
        assert admin.patch(path, json={"usable_by": "admin"}).json()["usable_by"] == "admin"

        assert made["id"] not in [entry["id"] for entry in editor.get("/api/credentials").json()["items"]]
        for method, address, body in (
            ("GET", path, None),
            ("PATCH", path, {"name": "Mine"}),
            ("DELETE", path, None),
            ("POST", f"{path}/test", None),
            ("POST", f"{path}/connect", None),
            ("GET", f"{path}/models", None),
        ):
            assert editor.request(method, address, json=body).status_code == 404, address

        move = {"kind": "move", "to": {"call": {"x": 5, "y": 5}}}
        version = admin.get(f"/api/workflows/{theirs}").json()["version"]
        batch = {"client": "c", "batches": [{"id": "b1", "operations": [move]}]}
        refused: list[tuple[str, str, Any]] = [
            ("POST", "/api/workflows", document),
            ("PUT", f"/api/workflows/{own}", document),
            ("POST", f"/api/workflows/{theirs}/operations", batch),
            ("POST", f"/api/workflows/{theirs}/execute", {}),
            ("POST", f"/api/workflows/{theirs}/execute_node", {"node_id": "call"}),
            ("POST", f"/api/executions/{ran}/retry", None),
            ("POST", f"/api/workflows/{hook}/listen", None),
            ("POST", f"/api/workflows/{talk}/chat", {"message": "Hello", "draft": True}),
            ("POST", f"/api/workflows/{theirs}/publish", {}),
            ("POST", f"/api/workflows/{theirs}/activate", None),
            ("POST", f"/api/workflows/{theirs}/versions/{version}/restore", None),
        ]
        for method, address, body in refused:
            answer = editor.request(method, address, json=body)
            assert answer.status_code == 403, (address, answer.text)
            assert "only admins may use" in answer.json()["error"]["message"], address
            assert "Shop" not in answer.text
        assert admin.put(f"/api/workflows/{theirs}", json=document).status_code == 200
        assert editor.put(f"/api/workflows/{theirs}", json=plain).status_code == 200  # without it


def test_an_editor_changes_what_is_shared_for_it_but_not_with_whom(server: Server) -> None:
    made = make(server)
    path = f"/api/credentials/{made['id']}"
    with server.client("admin") as admin, server.client("editor") as editor:
        assert editor.patch(path, json={"name": "Mine"}).status_code == 403
        assert editor.delete(path).status_code == 403
        assert admin.patch(path, json={"editable_by": "editor"}).status_code == 200
        assert editor.patch(path, json={"name": "Ours"}).json()["name"] == "Ours"
        assert editor.patch(path, json={"usable_by": "admin"}).status_code == 403
        assert editor.delete(path).status_code == 204


def test_people_are_warned_before_a_credential_ends(server: Server) -> None:
    path = f"/api/credentials/{make(server)['id']}"
    with server.client("admin") as admin:
        for days, kind in ((30, None), (3, "ends"), (-1, "ended")):
            at = (datetime.now(UTC) + timedelta(days=days)).isoformat()
            warned = admin.patch(path, json={"ends_at": at}).json()["warning"]
            assert (warned and warned["kind"]) == kind
        assert admin.patch(path, json={"ends_at": None}).json()["warning"] is None
        assert admin.patch(path, json={"name": "x"}).json()["ends_at"] is None


def test_people_are_told_of_a_secret_that_is_too_short_to_be_hidden_everywhere(server: Server) -> None:
    made = make(server, value="hunt3r")
    assert made["warning"] == {"kind": "short", "at": None, "text": ""}
    path = f"/api/credentials/{made['id']}"
    with server.client("admin") as admin:
        listed = {each["id"]: each["warning"] for each in admin.get("/api/credentials").json()["items"]}
        assert listed[made["id"]]["kind"] == "short"
        values = {"name": "X-Key", "value": "hunt3r and more of it"}
        assert admin.patch(path, json={"values": values}).json()["warning"] is None
        soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        values["value"] = "short"
        changed = admin.patch(path, json={"values": values, "ends_at": soon}).json()
        assert changed["warning"]["kind"] == "ends", "what ends is more urgent"


def test_a_short_secret_is_hidden_where_it_stands_alone(server: Server) -> None:
    """A webhook lets in with a password of six characters, and gives its headers on: nothing of it is kept or answered."""
    with server.client("admin") as admin:
        values = {"user": "me", "password": "hunt3r"}
        body = {"name": "Door", "type": "http-basic", "values": values}
        account = admin.post("/api/credentials", json=body).json()["id"]
        hook = node("in", "webhook", path="short", method="POST", authentication="basic", respond="last-node")
        hook["data"]["credentials"] = {"account": account}
        made = admin.post("/api/workflows", json=chain(hook, node("same", "no-op"))).json()["id"]
        assert admin.post(f"/api/workflows/{made}/activate").status_code == 200
    said = {"password": "hunt3r", "text": "user=me&password=hunt3r", "word": "ahunt3r"}
    answer = httpx.post(f"{server.url}/webhook/short", json=said, auth=("me", "hunt3r"), timeout=60)
    assert answer.status_code == 200
    encoded = base64.b64encode(b"me:hunt3r").decode()
    assert encoded not in answer.text
    [found] = answer.json() if isinstance(answer.json(), list) else [answer.json()]
    assert found["body"] == {"password": "•••", "text": "user=me&password=•••", "word": "ahunt3r"}
