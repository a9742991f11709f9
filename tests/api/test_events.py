from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import httpx
import pytest

from flowstudio.api import events
from flowstudio.services.views import Change
from tests.api.conftest import Server, chain, node, sleeper

Store = Callable[[dict[str, Any]], str]


def read(stream: httpx.Response) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """The events of a stream: number, name, data."""
    frame: dict[str, str] = {}
    for line in stream.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            frame[name] = value
        elif "event" in frame:
            yield int(frame["id"]), frame["event"], json.loads(frame["data"])
            frame = {}


def printing() -> dict[str, Any]:
    code = "print('hello log')\nreturn [{'done': True}]"
    return chain(
        node("1", "manual-trigger", "Start"),
        node("2", "wait", "Sleep", resume="after_time", amount=0.3, unit="seconds"),
        node("3", "code", "Print", language="python", mode="all-items", code=code),
        name="Printing",
    )


def test_a_stream_tells_what_happens_in_order(owner: httpx.Client, stored: Store) -> None:
    started = owner.post(f"/api/workflows/{stored(printing())}/execute", json={"wait": False})
    id_ = started.json()["execution"]["id"]
    with owner.stream("GET", f"/api/executions/{id_}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        seen = list(read(stream))
    assert [number for number, _, _ in seen] == list(range(1, len(seen) + 1))
    names = [name for _, name, _ in seen]
    assert names[0] == "snapshot"
    assert names[-1] == "execution"
    assert seen[-1][2] == {"status": "success", "error": None}
    changes = [data["nodes"] for _, name, data in seen if name == "node"]
    reached = [change["3"]["status"] for change in changes if "3" in change]
    assert reached[-1] == "success"
    assert [data["text"].strip() for _, name, data in seen if name == "log"] == ["hello log"]
    final = [data for _, name, data in seen if name == "snapshot"][-1]
    assert {state["status"] for state in final["node_states"].values()} == {"success"}


def test_a_finished_execution_gives_a_snapshot_and_ends(owner: httpx.Client, stored: Store) -> None:
    id_ = owner.post(f"/api/workflows/{stored(printing())}/execute").json()["execution"]["id"]
    for headers in ({}, {"Last-Event-ID": "7"}):
        with owner.stream("GET", f"/api/executions/{id_}/events/", headers=headers) as stream:
            [(number, name, data)] = list(read(stream))
        assert (number, name, data["status"]) == (1, "snapshot", "success")
        assert data["node_states"]["3"]["status"] == "success"


def test_a_cancelled_execution_ends_its_stream(owner: httpx.Client, stored: Store) -> None:
    started = owner.post(f"/api/workflows/{stored(sleeper(30))}/execute", json={"wait": False})
    id_ = started.json()["execution"]["id"]
    with owner.stream("GET", f"/api/executions/{id_}/events") as stream:
        frames = read(stream)
        assert next(frames)[1] == "snapshot"
        owner.post(f"/api/executions/{id_}/cancel")
        assert list(frames)[-1][2]["status"] == "cancelled"


def test_a_stream_ends_when_its_session_is_signed_out(
    server: Server, owner: httpx.Client, stored: Store
) -> None:
    started = owner.post(f"/api/workflows/{stored(sleeper(30))}/execute", json={"wait": False})
    id_ = started.json()["execution"]["id"]
    with httpx.Client(base_url=server.url, timeout=20) as browser:
        entered = browser.post(
            "/api/login", json={"email": "owner@example.com", "password": "correct horse battery"}
        )
        assert entered.status_code == 200, entered.text
        with browser.stream("GET", f"/api/executions/{id_}/events") as stream:
            frames = read(stream)
            assert next(frames)[1] == "snapshot"
            browser.post("/api/logout")
            assert "execution" not in [name for _, name, _ in frames]
    assert owner.get(f"/api/executions/{id_}/").json()["execution"]["status"] in ("running", "waiting")
    owner.post(f"/api/executions/{id_}/cancel")


def test_an_unknown_execution_is_not_found(owner: httpx.Client) -> None:
    answer = owner.get("/api/executions/missing/events")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


async def test_a_client_that_leaves_is_noticed() -> None:
    closed = asyncio.Event()
    left = asyncio.Event()

    async def changes() -> AsyncGenerator[Change]:
        try:
            yield Change("snapshot", {"status": "running"})
            left.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        pass

    await events.EventStream(changes())({"type": "http"}, receive, send)
    assert closed.is_set()


async def test_a_stream_ends_when_the_server_stops() -> None:
    stopping = asyncio.Event()
    sent: list[Any] = []

    async def changes() -> AsyncGenerator[Change]:
        yield Change("snapshot", {"status": "running"})
        stopping.set()
        await asyncio.Event().wait()

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError("nobody leaves")

    async def send(message: Any) -> None:
        sent.append(message)

    await events.EventStream(changes(), stopping.wait)({"type": "http"}, receive, send)
    assert b"snapshot" in sent[1]["body"]
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_silence_is_filled_with_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.001)
    closed = asyncio.Event()
    beats = asyncio.Event()
    sent: list[bytes] = []

    async def changes() -> AsyncGenerator[Change]:
        try:
            yield Change("snapshot", {"status": "running"})
            await beats.wait()
            yield Change("execution", {"status": "success"})
        finally:
            closed.set()

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError("nobody leaves")

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))
        if b"still" in sent[-1]:
            beats.set()

    await events.EventStream(changes())({"type": "http"}, receive, send)
    assert closed.is_set()
    assert sent[1] == b'id: 1\nevent: snapshot\ndata: {"status":"running"}\n\n'
    assert b": still there\n\n" in sent
    assert sent[-2] == b'id: 2\nevent: execution\ndata: {"status":"success"}\n\n'
    assert sent[-1] == b""
