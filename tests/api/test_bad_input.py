"""What cannot be understood is refused with a 4xx that names the culprit, and nothing is stored."""

from __future__ import annotations

import http.client
import json
import resource
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import MAX_BODY, Server, chain, greeting, node

Store = Callable[[dict[str, Any]], str]

DEEP = 100_000
LOOP = chain(node("1", "manual-trigger", "Start"), node("2", "no-op", "A"), node("3", "no-op", "B"))
LOOP["edges"].append({"source": "3", "target": "2"})

BODIES: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 400, "body"),
    "cut off": (b'{"nodes": [', 400, "not JSON"),
    "not JSON": (b"nodes: []", 400, "line 1, column 1"),
    "trailing comma": (b'{"nodes": [],}', 400, "not JSON"),
    "NaN": (b'{"nodes": [], "x": NaN}', 400, "not JSON"),
    "not UTF-8": (b'{"name": "\xff"}', 400, "byte 10 is 0xff"),
    "UTF-16": ('{"nodes": []}'.encode("utf-16"), 400, "UTF-8"),
    "lone surrogate": (b'{"name": "\\ud800"}', 400, "not JSON"),
    "deep list": (b"[" * DEEP + b"]" * DEEP, 400, "nested too deeply"),
    "deep object": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, 400, "nested too deeply"),
    "list": (b"[]", 422, "not one"),
    "null": (b"null", 422, "not one"),
    "text": (b'"nodes"', 422, "not one"),
    "nodes are a number": (b'{"nodes": 7}', 422, "nodes"),
    "node without id": (b'{"nodes": [{"type": "filter"}]}', 422, "nodes[0].id"),
    "node without type": (b'{"nodes": [{"id": "a"}]}', 422, "Node 'a', nodes[0].type"),
    "node is a text": (b'{"nodes": ["a"]}', 422, "nodes[0]"),
    "properties are a list": (
        b'{"nodes": [{"id": "a", "type": "filter", "data": {"properties": []}}]}',
        422,
        "nodes[0].data.properties",
    ),
    "position is a text": (
        b'{"nodes": [{"id": "a", "type": "filter", "position": "left"}]}',
        422,
        "nodes[0].position",
    ),
    "two nodes with one id": (
        b'{"nodes": [{"id": "a", "type": "filter"}, {"id": "a", "type": "filter"}]}',
        422,
        "'a'",
    ),
    "edge without target": (b'{"nodes": [], "edges": [{"source": "a"}]}', 422, "edges[0].target"),
    "newer schema": (b'{"schema_version": 99, "nodes": []}', 422, "schema version 99"),
    "wrong setting": (b'{"nodes": [], "settings": {"concurrency": 0}}', 422, "settings.concurrency"),
}

UNSOUND: dict[str, tuple[dict[str, Any], str]] = {
    "unknown type": (chain(node("1", "manual-trigger"), node("2", "flux-capacitor")), "flux-capacitor"),
    "cycle": (LOOP, "cycle"),
    "edge to nowhere": (greeting() | {"edges": [{"source": "1", "target": "nine"}]}, "nine"),
    "edge from nowhere": (greeting() | {"edges": [{"source": "nine", "target": "2"}]}, "nine"),
    "missing output": (
        greeting() | {"edges": [{"source": "1", "sourceHandle": "odd", "target": "2"}]},
        "odd",
    ),
    "missing input": (
        greeting() | {"edges": [{"source": "1", "target": "2", "targetHandle": "odd"}]},
        "odd",
    ),
    "missing parameter": (chain(node("1", "manual-trigger"), node("2", "http-request", "Call")), "Call"),
    "wrong parameter": (
        chain(node("1", "manual-trigger"), node("2", "edit-fields", "Set", mode="sideways")),
        "Set",
    ),
    "duplicate label": (
        chain(node("1", "manual-trigger", "Same"), node("2", "no-op", "Same")),
        "Same",
    ),
}


def count(client: httpx.Client) -> int:
    return len(client.get("/api/workflows", params={"limit": 200}).json()["items"])


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_is_no_workflow_is_refused(owner: httpx.Client, stored: Store, case: str) -> None:
    content, status, culprit = BODIES[case]
    before = count(owner)
    path = f"/api/workflows/{stored(greeting())}"
    headers = {"Content-Type": "application/json"}
    for answer in (
        owner.post("/api/workflows", content=content, headers=headers),
        owner.put(path, content=content, headers=headers),
    ):
        assert answer.status_code == status, answer.text
        error = answer.json()["error"]
        assert error["code"] == {400: "invalid_request", 422: "invalid_workflow"}[status]
        assert culprit in error["message"]
    assert count(owner) == before + 1
    assert owner.get(path).json()["version"] == 1


@pytest.mark.parametrize("case", UNSOUND)
def test_a_workflow_that_makes_no_sense_is_not_run(owner: httpx.Client, stored: Store, case: str) -> None:
    document, culprit = UNSOUND[case]
    checked = owner.post("/api/workflows/validate", json=document).json()
    assert not checked["valid"]
    assert any(culprit in problem["message"] for problem in checked["problems"]), checked
    path = f"/api/workflows/{stored(document)}"
    for action in ("execute", "activate"):
        refused = owner.post(f"{path}/{action}")
        assert refused.status_code == 409
        assert refused.json()["error"]["code"] == "invalid_workflow"
        messages = [problem["message"] for problem in refused.json()["error"]["detail"]]
        assert any(culprit in message for message in messages)
    assert owner.get(f"{path}/executions").json()["items"] == []
    assert not owner.get(path).json()["active"]


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
@pytest.mark.parametrize("path", ["/api/workflows", "/api/login", "/webhook/anything"])
def test_a_body_of_50_megabytes_is_refused_and_not_held(server: Server, path: str, announced: bool) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(50):
            sent += 1
            yield b" " * (1024 * 1024)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"X-API-Key": server.keys["owner"], "Content-Type": "application/json"}
    if announced:
        headers["Content-Length"] = str(50 * 1024 * 1024)
    try:
        connection.request("POST", path, body=chunks(), headers=headers, encode_chunked=not announced)
    except (BrokenPipeError, ConnectionResetError):
        assert sent < 50
    answer = connection.getresponse()
    error = json.loads(answer.read())["error"]
    connection.close()
    assert answer.status == 413, error
    assert error["code"] == "too_large"
    assert f"{MAX_BODY:,}" in error["message"]
    assert "FLOWSTUDIO_MAX_BODY" in error["message"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 * 1024


def test_a_body_just_below_the_limit_is_read(owner: httpx.Client) -> None:
    content = json.dumps(greeting()).encode()
    content += b" " * (MAX_BODY - len(content))
    headers = {"Content-Type": "application/json"}
    assert owner.post("/api/workflows/validate", content=content, headers=headers).json()["valid"]
    answer = owner.post("/api/workflows/validate", content=content + b" ", headers=headers)
    assert answer.status_code == 413


def test_data_nested_as_deep_as_the_parser_reads_is_handled(owner: httpx.Client, stored: Store) -> None:
    path = f"/api/workflows/{stored(greeting())}/execute"
    for depth in (200, 400, 900, 1020):
        content = b'{"trigger_data": {"a": ' + b"[" * depth + b"]" * depth + b"}}"
        answer = owner.post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 400:
            assert "nested too deeply" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_another_type_than_json_is_refused(owner: httpx.Client, content_type: str) -> None:
    answer = owner.post("/api/login", content=b"{}", headers={"Content-Type": content_type})
    assert answer.status_code == 400
    assert "Content-Type: application/json" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/workflows/x/nothing", "/api//workflows"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
def test_an_unknown_path_is_a_json_404(owner: httpx.Client, path: str, method: str) -> None:
    answer = owner.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert "/api/docs" in answer.json()["error"]["message"]


def test_a_method_that_does_not_work_is_named(owner: httpx.Client) -> None:
    answer = owner.patch("/api/workflows")
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "path", ["/api/workflows/%00", "/api/workflows?search=%00", "/api/executions/a%00b/events"]
)
def test_a_nul_in_the_address_is_refused(owner: httpx.Client, path: str) -> None:
    answer = owner.get(path)
    assert answer.status_code == 400
    assert "NUL" in answer.json()["error"]["message"]


def test_a_path_that_is_not_utf8_harms_nothing(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/api/workflows/%ff%fe", headers={"X-API-Key": server.keys["owner"]})
    answer = connection.getresponse()
    assert answer.status == 404
    assert json.loads(answer.read())["error"]["code"] == "not_found"
    connection.close()


@pytest.mark.parametrize(
    ("body", "culprit"),
    [
        ({"wait": "yes"}, "wait"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": "1"}, "timeout"),
        ({"until": 7}, "until"),
        ({"trigger_nod": "1"}, "trigger_nod"),
        ([], "body"),
    ],
)
def test_a_wrong_execute_body_names_the_culprit(
    owner: httpx.Client, stored: Store, body: Any, culprit: str
) -> None:
    answer = owner.post(f"/api/workflows/{stored(greeting())}/execute", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(culprit)
    assert answer.json()["error"]["detail"][0]["path"] == culprit
