"""Workflows as files over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.conftest import Server, chain, greeting, node

Store = Callable[[dict[str, Any]], str]

FOREIGN: dict[str, Any] = {
    "name": "Totals by status",
    "nodes": [
        {
            "id": "a",
            "name": "Start",
            "type": "n8n-nodes-base.manualTrigger",
            "typeVersion": 1,
            "position": [0, 0],
        },
        {
            "id": "b",
            "name": "Orders",
            "type": "n8n-nodes-base.code",
            "typeVersion": 2,
            "position": [200, 0],
            "parameters": {"jsCode": "return [1, 5, 9].map((total) => ({json: {total}}));"},
        },
        {
            "id": "c",
            "name": "Big?",
            "type": "n8n-nodes-base.if",
            "typeVersion": 2.2,
            "position": [400, 0],
            "parameters": {
                "conditions": {
                    "options": {"caseSensitive": True, "typeValidation": "strict", "version": 2},
                    "combinator": "and",
                    "conditions": [
                        {
                            "leftValue": "={{ $json.total }}",
                            "rightValue": 4,
                            "operator": {"type": "number", "operation": "gt"},
                        }
                    ],
                }
            },
        },
        {
            "id": "d",
            "name": "Note",
            "type": "n8n-nodes-base.set",
            "typeVersion": 3.4,
            "position": [600, 0],
            "parameters": {
                "assignments": {
                    "assignments": [
                        {
                            "name": "text",
                            "type": "string",
                            "value": "={{ $('Orders').item.json.total }} is big",
                        }
                    ]
                }
            },
        },
    ],
    "connections": {
        "Start": {"main": [[{"node": "Orders", "type": "main", "index": 0}]]},
        "Orders": {"main": [[{"node": "Big?", "type": "main", "index": 0}]]},
        "Big?": {"main": [[{"node": "Note", "type": "main", "index": 0}], []]},
    },
}


def read(client: httpx.Client, **source: Any) -> httpx.Response:
    return client.post("/api/workflows/read/", json=source)


def test_a_workflow_of_n8n_is_read_stored_and_run(owner: httpx.Client, stored: Store) -> None:
    before = owner.get("/api/workflows").json()
    answer = read(owner, text=json.dumps(FOREIGN))
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["documents"]
    assert (found["format"], found["remarks"]) == ("n8n", [])
    assert owner.get("/api/workflows").json() == before
    id_ = stored(found["document"])
    execution = owner.post(f"/api/workflows/{id_}/execute/", json={"wait": True}).json()["execution"]
    assert execution["status"] == "success", execution
    assert execution["node_states"]["d"]["items"] == {"main": 2}
    data = owner.get(f"/api/executions/{execution['id']}/nodes/d").json()
    assert "5 is big" in json.dumps(data)
    assert "9 is big" in json.dumps(data)


def test_what_is_downloaded_is_read_back_as_it_was(owner: httpx.Client, stored: Store) -> None:
    id_ = stored(greeting(description="Says hello.", tags=["hello"]) | {"name": "Größe & Gruß"})
    file = owner.get(f"/api/workflows/{id_}/export")
    assert file.headers["content-disposition"] == 'attachment; filename="groe-gru.json"'
    assert file.headers["content-type"] == "application/json"
    assert owner.get(f"/api/workflows/{id_}/export/").content == file.content
    (found,) = read(owner, text=file.text).json()["documents"]
    assert found["document"] == owner.get(f"/api/workflows/{id_}").json()["document"]
    again = stored(found["document"])
    assert owner.get(f"/api/workflows/{again}/export").content == file.content


def test_a_file_names_its_credentials_and_finds_them_again(
    server: Server, owner: httpx.Client, stored: Store
) -> None:
    made = owner.post(
        "/api/credentials",
        json={"name": "Transfer", "type": "http-bearer", "values": {"token": "s3cr3t-token"}},
    ).json()["id"]
    step = node("2", "http-request", "Call", url="https://x.example", authentication="credential")
    step["data"]["credentials"] = {"account": made}
    id_ = stored(chain(node("1", "manual-trigger"), step))
    file = owner.get(f"/api/workflows/{id_}/export").text
    assert json.loads(file)["credentials"] == {made: {"name": "Transfer", "type": "http-bearer"}}
    assert "s3cr3t" not in file
    with server.client("viewer") as viewer:
        assert "credentials" not in viewer.get(f"/api/workflows/{id_}/export").json()

    (mine,) = read(owner, text=file).json()["documents"]
    assert mine["document"]["nodes"][1]["data"]["credentials"] == {"account": made}
    (alike,) = read(owner, text=file.replace(made, "elsewhere")).json()["documents"]
    assert alike["document"]["nodes"][1]["data"]["credentials"] == {"account": made}
    owner.delete(f"/api/credentials/{made}")
    (lost,) = read(owner, text=file).json()["documents"]
    assert "credentials" not in lost["document"]["nodes"][1]["data"]
    assert lost["remarks"] == [
        {
            "node": "2",
            "message": "Call: Choose a credential; the one in the file is not here. It was 'Transfer'.",
        }
    ]


def test_a_workflow_that_is_run_and_not_here_is_told(owner: httpx.Client) -> None:
    document = chain(node("1", "manual-trigger"), node("2", "execute-workflow", "Sub", workflow="gone"))
    (found,) = read(owner, text=json.dumps(document)).json()["documents"]
    assert found["remarks"] == [
        {"node": "2", "message": "Sub: The workflow that it runs is not here. Choose another one."}
    ]


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ({}, 400, "either text or url"),
        ({"text": "{}", "url": "https://x.example"}, 400, "either text or url"),
        ({"text": "no"}, 400, "not a workflow"),
        ({"text": "\u0000"}, 400, "not a workflow"),
        ({"text": '{"nodes": [{}]}'}, 422, "nodes[0].id"),
        ({"url": "file:///etc/passwd"}, 400, "must start with https://"),
        ({"url": "/samples/orders.json"}, 400, "must start with https://"),
        ({"url": "http://127.0.0.1:9/x.json"}, 422, "127.0.0.1"),
        ({"url": "http://169.254.169.254/latest"}, 422, "169.254.169.254"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(
    owner: httpx.Client, source: dict[str, Any], status: int, said: str
) -> None:
    answer = read(owner, **source)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text


def test_a_download_of_nothing_is_not_found(owner: httpx.Client) -> None:
    assert owner.get("/api/workflows/missing/export").status_code == 404


def test_a_workflow_goes_back_to_n8n_as_it_came(owner: httpx.Client, stored: Store) -> None:
    answer = owner.post("/api/workflows/read", json={"text": json.dumps(FOREIGN)})
    (found,) = answer.json()["documents"]
    assert {verdict["fate"] for verdict in found["report"]} == {"imported"}
    assert [verdict["label"] for verdict in found["report"]] == [entry["name"] for entry in FOREIGN["nodes"]]
    id_ = stored(found["document"])
    theirs = owner.get(f"/api/workflows/{id_}/export", params={"format": "n8n"}).json()
    for name, ways in FOREIGN["connections"].items():
        assert theirs["connections"][name]["main"] == [targets for targets in ways["main"] if targets]
    for mine, entry in zip(theirs["nodes"], FOREIGN["nodes"], strict=True):
        assert {key: mine[key] for key in entry} == entry
    assert owner.get(f"/api/workflows/{id_}/losses").json() == {"items": []}
    lost = stored({"nodes": [node("1", "tool-calculator", "Reckon"), node("2", "html", "Page")], "edges": []})
    assert [loss["node"] for loss in owner.get(f"/api/workflows/{lost}/losses").json()["items"]] == ["1", "2"]
