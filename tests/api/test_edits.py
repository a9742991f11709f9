from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowstudio.engine.operations import apply
from tests.api.conftest import Server, greeting, running

Store = Callable[[dict[str, Any]], str]
Event = tuple[str, dict[str, Any]]


def events(stream: httpx.Response) -> Iterator[Event]:
    """The events of a stream: name and data. The id is the version of what has one."""
    frame: dict[str, str] = {}
    for line in stream.iter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            frame[name] = value
        elif frame:
            data = json.loads(frame["data"])
            assert frame.get("id") == (str(data["version"]) if frame["event"] in ("batch", "reset") else None)
            yield frame["event"], data
            frame = {}


def versions(stream: Iterator[Event], until: int) -> list[tuple[str, int]]:
    """Batches and resets as far as a version."""
    seen = []
    for name, data in stream:
        if name in ("batch", "reset"):
            seen.append((name, data["version"]))
            if data["version"] >= until:
                return seen
    raise AssertionError("the stream ended")


def label(node: str, text: str) -> dict[str, Any]:
    return {"kind": "set", "node": node, "path": ["label"], "value": text}


def batch(id_: str, *operations: dict[str, Any]) -> dict[str, Any]:
    return {"id": id_, "operations": list(operations)}


def send(client: httpx.Client, workflow: str, *batches: dict[str, Any], name: str = "tab") -> httpx.Response:
    return client.post(
        f"/api/workflows/{workflow}/operations/", json={"client": name, "batches": list(batches)}
    )


def test_batches_change_the_draft_and_each_makes_a_version(owner: httpx.Client, stored: Store) -> None:
    id_ = stored(greeting())
    answer = send(owner, id_, batch("one", label("1", "Begin")), batch("two", label("2", "Say hello")))
    assert answer.status_code == 200, answer.text
    assert answer.json()["version"] == 3
    assert answer.json()["batches"] == [{"id": "one", "version": 2}, {"id": "two", "version": 3}]
    assert answer.json()["problems"] == []
    workflow = owner.get(f"/api/workflows/{id_}").json()
    assert (workflow["version"], [n["data"]["label"] for n in workflow["document"]["nodes"]]) == (
        3,
        ["Begin", "Say hello"],
    )


def test_a_batch_that_is_sent_again_is_applied_once(owner: httpx.Client, stored: Store) -> None:
    id_ = stored(greeting())
    first = send(owner, id_, batch("one", label("1", "First")))
    send(owner, id_, batch("two", label("1", "Second")))
    again = send(owner, id_, batch("one", label("1", "First")), batch("three", label("2", "More")))
    assert again.json()["batches"] == [*first.json()["batches"], {"id": "three", "version": 4}]
    labels = [n["data"]["label"] for n in owner.get(f"/api/workflows/{id_}").json()["document"]["nodes"]]
    assert labels == ["Second", "More"]
    twice = send(owner, id_, batch("four", label("1", "Once")), batch("four", label("1", "Twice")))
    assert twice.json()["batches"] == [{"id": "four", "version": 5}, {"id": "four", "version": 5}]
    assert twice.json()["version"] == 5


@pytest.mark.parametrize(
    "body",
    [
        {"client": "tab"},
        {"client": 7, "batches": [batch("b", label("1", "x"))]},
        {"client": "tab", "batches": [batch("good", label("1", "x")), batch("bad", {"kind": "explode"})]},
        {"client": "tab", "batches": [batch("good", label("1", "x")), batch("bad", label("1", "x" * 201))]},
        {"client": "tab", "batches": [batch("good", label("1", "x")), batch("bad", label("2", "a\0b"))]},
        [],
    ],
    ids=range(6),
)
def test_of_a_request_with_a_malformed_batch_nothing_is_applied(
    owner: httpx.Client, stored: Store, body: Any
) -> None:
    path = f"/api/workflows/{stored(greeting())}"
    before = owner.get(path).json()
    answer = owner.post(f"{path}/operations", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["detail"][0]["message"]
    assert owner.get(path).json() == before


def test_who_has_the_workflow_open_is_told_of_every_version(owner: httpx.Client, stored: Store) -> None:
    id_ = stored(greeting())
    with owner.stream("GET", f"/api/workflows/{id_}/edits/?since=1&client=watcher") as stream:
        told = events(stream)
        assert next(told) == (
            "state",
            {
                "active": False,
                "version": 1,
                "published_version": None,
                "has_unpublished": True,
                "deleted": False,
            },
        )
        send(owner, id_, batch("one", label("1", "Begin")), name="other")
        data = next(data for name, data in told if name == "batch")
        assert data | {"author": ""} == {
            "version": 2,
            "id": "one",
            "client": "other",
            "author": "",
            "author_name": "Owner",
            "operations": [label("1", "Begin")],
        }
        owner.put(f"/api/workflows/{id_}", json=greeting())
        assert versions(told, 3) == [("reset", 3)]
        send(owner, id_, batch("two", label("1", "Start again")))
        assert versions(told, 4) == [("batch", 4)]


def test_who_was_away_catches_up_from_the_version_they_know(owner: httpx.Client, stored: Store) -> None:
    id_ = stored(greeting())
    for number in range(5):
        send(owner, id_, batch(f"b{number}", label("1", f"Name {number}")))
    path = f"/api/workflows/{id_}/edits"
    with owner.stream("GET", path, params={"since": 2}) as stream:
        assert versions(events(stream), 6) == [("batch", number) for number in range(3, 7)]
    with owner.stream("GET", path, params={"since": 2}, headers={"Last-Event-ID": "5"}) as stream:
        assert versions(events(stream), 6) == [("batch", 6)]
    owner.put(f"/api/workflows/{id_}", json=greeting())
    send(owner, id_, batch("later", label("1", "Later")))
    with owner.stream("GET", path, params={"since": 4}) as stream:
        assert versions(events(stream), 8) == [("reset", 8)]
    with owner.stream("GET", path, params={"since": 99}) as stream:
        assert versions(events(stream), 8) == [("reset", 8)]


def test_people_see_who_else_has_it_open(server: Server, owner: httpx.Client, stored: Store) -> None:
    path = f"/api/workflows/{stored(greeting())}/edits"
    with server.client("viewer") as viewer, owner.stream("GET", path, params={"client": "a"}) as mine:
        told = (data["people"] for name, data in events(mine) if name == "people")
        assert next(told) == [{"name": "Owner", "client": "a"}]
        with viewer.stream("GET", path, params={"client": "b"}) as theirs:
            others = (data["people"] for name, data in events(theirs) if name == "people")
            people = next(others)
            assert people == [{"name": "Owner", "client": "a"}, {"name": "Viewer", "client": "b"}]
            assert next(entry for entry in told if len(entry) == 2) == people
        assert next(entry for entry in told if len(entry) == 1) == [{"name": "Owner", "client": "a"}]


def test_a_stream_ends_when_the_workflow_is_deleted(owner: httpx.Client, stored: Store) -> None:
    id_ = stored(greeting())
    with owner.stream("GET", f"/api/workflows/{id_}/edits") as stream:
        told = events(stream)
        next(told)
        owner.delete(f"/api/workflows/{id_}")
        assert list(told)[-1] == (
            "state",
            {
                "active": False,
                "version": 1,
                "published_version": None,
                "has_unpublished": True,
                "deleted": True,
            },
        )
    assert owner.get(f"/api/workflows/{id_}/edits").status_code == 404


def test_a_stream_ends_when_its_session_is_signed_out(server: Server, stored: Store) -> None:
    id_ = stored(greeting())
    with httpx.Client(base_url=server.url, timeout=60) as browser:
        entered = browser.post(
            "/api/login", json={"email": "owner@example.com", "password": "correct horse battery"}
        )
        assert entered.status_code == 200, entered.text
        with browser.stream("GET", f"/api/workflows/{id_}/edits") as stream:
            told = events(stream)
            assert next(told)[0] == "state"
            browser.post("/api/logout")
            assert [name for name, _ in told if name != "people"] == []


def test_nothing_is_missed_across_a_restart_of_the_server(tmp_path: Path) -> None:
    with running(tmp_path / "data") as first, first.client() as owner:
        id_ = owner.post("/api/workflows", json=greeting()).json()["id"]
        document = owner.get(f"/api/workflows/{id_}").json()["document"]
        send(owner, id_, batch("one", label("1", "One")))
        keys = first.keys
    with running(tmp_path / "data", people=False) as second:
        second.keys = keys
        with second.client() as owner:
            again = send(owner, id_, batch("one", label("1", "One")), batch("two", label("2", "Two")))
            assert again.json()["batches"] == [{"id": "one", "version": 2}, {"id": "two", "version": 3}]
            with owner.stream("GET", f"/api/workflows/{id_}/edits?since=1") as stream:
                for name, data in events(stream):
                    if name == "batch":
                        document = apply(document, data["operations"])
                        if data["version"] == 3:
                            break
            assert owner.get(f"/api/workflows/{id_}").json()["document"] == document


def test_a_viewer_watches_but_does_not_edit(server: Server, stored: Store) -> None:
    id_ = stored(greeting())
    with server.client("viewer") as viewer:
        assert send(viewer, id_, batch("b", label("1", "x"))).status_code == 403
        with viewer.stream("GET", f"/api/workflows/{id_}/edits") as stream:
            assert stream.status_code == 200
    with server.client("editor") as editor:
        assert send(editor, id_, batch("b", label("1", "x"))).status_code == 200
        assert send(editor, "missing", batch("b", label("1", "x"))).status_code == 404
