"""Webhooks of n8n, imported over REST, switched on and called by HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.interop.n8n.test_rounds import code, step, workflow

Importer = Callable[[list[dict[str, Any]]], str]


@pytest.fixture
def imported(owner: httpx.Client) -> Iterator[Importer]:
    """Imports a chain of n8n's nodes and switches it on; deletes it afterwards."""
    made: list[str] = []

    def take(nodes: list[dict[str, Any]]) -> str:
        ways = {one["name"].replace(" ", "_"): [[two["name"]]] for one, two in pairwise(nodes)}
        raw = workflow(nodes, **ways)
        answer = owner.post("/api/workflows/read/", json={"text": json.dumps(raw)})
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["documents"]
        assert {verdict["fate"] for verdict in found["report"]} == {"imported"}
        id_: str = owner.post("/api/workflows", json=found["document"]).json()["id"]
        made.append(id_)
        switched = owner.post(f"/api/workflows/{id_}/activate")
        assert switched.status_code == 200, switched.text
        return id_

    yield take
    for id_ in made:
        owner.post(f"/api/workflows/{id_}/deactivate")
        owner.delete(f"/api/workflows/{id_}")


def hook(path: str, version: float = 2, **parameters: Any) -> dict[str, Any]:
    return step("Webhook", "webhook", version, path=path, httpMethod="POST", options={}, **parameters)


def test_one_answers_at_once(imported: Importer, nobody: httpx.Client) -> None:
    imported([hook("n8n-at-once"), code("Work", "return [{ n: $json.body.n + 1 }]")])
    answer = nobody.post("/webhook/n8n-at-once", json={"n": 1})
    assert (answer.status_code, answer.json()) == (200, {"message": "Workflow was started"})


@pytest.mark.parametrize(
    ("version", "parameters", "expected"),
    [
        (1, {}, {"n": 2, "q": "x"}),
        (2, {"responseData": "allEntries"}, [{"n": 2, "q": "x"}, {"n": 3, "q": "x"}]),
    ],
)
def test_one_answers_with_what_the_last_node_gives(
    imported: Importer, nobody: httpx.Client, version: float, parameters: dict[str, Any], expected: Any
) -> None:
    body = "return [1, 2].map((more) => ({ n: $json.body.n + more, q: $json.query.q }))"
    imported([hook("n8n-last", version, responseMode="lastNode", **parameters), code("Work", body)])
    answer = nobody.post("/webhook/n8n-last?q=x", json={"n": 1})
    assert (answer.status_code, answer.json()) == (200, expected)


def test_a_node_answers_with_its_status_and_headers(imported: Importer, nobody: httpx.Client) -> None:
    entries = {"entries": [{"name": "X-Kind", "value": "={{ $json.kind }}"}]}
    respond = step(
        "Respond to Webhook",
        "respondToWebhook",
        1.1,
        respondWith="json",
        responseBody='={{ { "got": $json.n, "method": $("Webhook").item.json.headers["x-a"] } }}',
        options={"responseCode": 201, "responseHeaders": entries},
    )
    work = code("Work", "return [{ n: $json.body.n * 2, kind: 'double' }]")
    imported([hook("n8n-node", responseMode="responseNode"), work, respond, step("After", "noOp")])
    answer = nobody.post("/webhook/n8n-node", json={"n": 4}, headers={"X-A": "hello"})
    assert (answer.status_code, answer.json()) == (201, {"got": 8, "method": "hello"})
    assert answer.headers["x-kind"] == "double"
