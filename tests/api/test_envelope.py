from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from flowstudio.api import errors
from flowstudio.api.envelope import Envelope, limited
from flowstudio.errors import ConfigurationError, ExecutionTimeout, NodeError, TooLarge
from tests.api.conftest import Server, greeting

Store = Callable[[dict[str, Any]], str]


def test_every_answer_carries_an_id_and_safe_headers(owner: httpx.Client) -> None:
    for path in ("/api/health", "/api/nothing", "/api/workflows"):
        headers = owner.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert len(headers["x-request-id"]) == 16


@pytest.mark.parametrize(
    ("given", "kept"), [("trace-42", True), ("x" * 65, False), ("a b", False), ("<x>", False)]
)
def test_a_request_id_of_the_caller_is_kept_if_it_is_plain(
    owner: httpx.Client, given: str, kept: bool
) -> None:
    answer = owner.get("/api/health", headers={"X-Request-ID": given})
    assert (answer.headers["x-request-id"] == given) is kept


def test_large_answers_are_compressed(owner: httpx.Client) -> None:
    large = owner.get("/api/node-types")
    assert large.headers["content-encoding"] == "gzip"
    assert len(large.json()["items"]) >= 15
    assert "content-encoding" not in owner.get("/api/health").headers
    plain = owner.get("/api/node-types", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_events_are_not_held_back_by_compression(owner: httpx.Client, stored: Store) -> None:
    id_ = owner.post(f"/api/workflows/{stored(greeting())}/execute").json()["execution"]["id"]
    assert "content-encoding" not in owner.get(f"/api/executions/{id_}/events").headers


def test_a_node_type_is_described(owner: httpx.Client) -> None:
    described = owner.get("/api/node-types/filter").json()
    assert (described["type"], described["label"]) == ("filter", "Filter")
    assert described["help"]
    assert described["fields"]
    assert described in owner.get("/api/node-types").json()["items"]
    missing = owner.get("/api/node-types/flux")
    assert missing.status_code == 404
    assert "flux" in missing.json()["error"]["message"]


def test_sample_data_is_served_to_everybody(nobody: httpx.Client) -> None:
    for sample in nobody.get("/api/samples").json()["items"]:
        answer = nobody.get(sample["url"])
        assert answer.status_code == 200
        assert answer.content
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert nobody.get("/samples/orders.json").headers["content-type"] == "application/json"
    for wrong in ("/samples/missing.csv", "/samples/..%2f..%2fLICENSE", "/samples/%2e%2e"):
        assert nobody.get(wrong).status_code == 404


def test_the_server_says_that_it_lives_and_works(nobody: httpx.Client) -> None:
    assert nobody.get("/api/health").json()["status"] == "ok"
    assert nobody.get("/api/health/ready").json() == {"status": "ready", "database": "ok"}


def test_a_database_that_does_not_answer_makes_the_server_unready(
    server: Server, nobody: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise OSError("gone")

    monkeypatch.setattr(server.runtime.storage, "ping", broken)
    answer = nobody.get("/api/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "unreachable"}


def test_metrics_count_what_was_answered(owner: httpx.Client) -> None:
    def counted(text: str) -> int:
        name = 'flowstudio_requests_total{kind="api",method="GET",status="200"}'
        return sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))

    before = owner.get("/metrics")
    assert before.headers["content-type"].startswith("text/plain; version=0.0.4")
    owner.get("/api/health")
    after = owner.get("/metrics").text
    assert counted(after) == counted(before.text) + 1
    for name in (
        "flowstudio_executions_running",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
    ):
        assert f"# TYPE {name} " in after
        [value] = [line.split()[1] for line in after.splitlines() if line.startswith(f"{name} ")]
        assert float(value) >= 0
    assert 'flowstudio_request_seconds_bucket{kind="api",le="+Inf"}' in after


def app_raising(error: Exception) -> FastAPI:
    app = FastAPI()
    errors.install(app)

    @app.get("/api/broken")
    async def broken() -> None:
        raise error

    return app


def client_of(server: Server, app: FastAPI) -> httpx.AsyncClient:
    async def provided(scope: Any, receive: Any, send: Any) -> None:
        scope["flowstudio.runtime"] = lambda: server.runtime
        await Envelope(app)(scope, receive, send)

    return httpx.AsyncClient(transport=httpx.ASGITransport(provided), base_url="http://test")


async def test_a_failure_that_nobody_foresaw_tells_the_caller_only_where_to_look(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with client_of(server, app_raising(ValueError("secret detail"))) as client:
        answer = await client.get("/api/broken")
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert error["code"] == "internal"
    assert error["detail"] == {"request_id": answer.headers["x-request-id"]}
    assert "secret" not in answer.text
    [record] = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "secret detail" in caplog.text
    assert record.getMessage() == "request failed"


@pytest.mark.parametrize(
    ("error", "status"),
    [(ExecutionTimeout("too long"), 504), (NodeError("no"), 422), (ConfigurationError("bad"), 500)],
    ids=lambda value: type(value).__name__,
)
async def test_errors_raised_on_purpose_have_their_status(
    server: Server, error: Exception, status: int
) -> None:
    async with client_of(server, app_raising(error)) as client:
        answer = await client.get("/api/broken")
    assert answer.status_code == status
    assert answer.json()["error"]["message"] == str(error)


async def test_a_body_is_not_read_beyond_its_limit() -> None:
    messages = 0

    async def receive() -> Any:
        nonlocal messages
        messages += 1
        return {"type": "http.request", "body": b"x" * 10, "more_body": True}

    unannounced = limited({"headers": []}, receive, 35)
    for _ in range(3):
        await unannounced()
    with pytest.raises(TooLarge, match="goes on"):
        await unannounced()
    announced = limited({"headers": [(b"content-length", b"36")]}, receive, 35)
    with pytest.raises(TooLarge, match="36 bytes"):
        await announced()
    assert messages == 4
