"""Credentials over HTTP: values go in, nodes use them, and no answer, event or file ever holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Server

SECRET = "canary-4f1c9b7e"


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
    assert set(read.json()) == {"id", "name", "type", "created_at", "updated_at"}
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
    assert {entry["type"] for entry in types} >= {"http-basic", "http-header", "http-bearer", "http-query"}
    for entry in types:
        assert entry["help"]
        assert any(field["kind"] == "secret" for field in entry["fields"]), entry["type"]
