"""Talking to a workflow over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx

from tests.api.conftest import Server, chain, node

Store = Callable[[dict[str, Any]], str]


def parrot() -> dict[str, Any]:
    """Says what it is told, with the files."""
    return chain(
        node("1", "when-chat-received"),
        node("2", "respond-to-chat", message="=You said {{ $json.chatInput }}", files=True),
    )


def events(answer: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for block in answer.text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_a_message_is_answered_as_events_or_at_once(server: Server, stored: Store) -> None:
    workflow = stored(parrot())
    with server.client("editor") as editor:
        answer = editor.post(f"/api/workflows/{workflow}/chat", json={"message": "Hi", "session_id": "a"})
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = events(answer)
        assert (told[0][0], told[0][1]["session_id"]) == ("turn", "a")
        assert (told[-1][0], told[-1][1]["status"]) == ("done", "success")
        assert told[-1][1]["messages"] == [{"text": "You said Hi", "files": []}]
        watched = events(editor.get(f"/api/workflows/{workflow}/chat/sessions/a/events"))
        assert watched[-1] == told[-1]

        file = {"name": "a.txt", "mime_type": "text/plain", "data": base64.b64encode(b"abc").decode()}
        whole = editor.post(
            f"/api/workflows/{workflow}/chat",
            json={"message": "Look", "files": [file], "stream": False, "draft": True},
        ).json()
        assert whole["turn"]["messages"][0]["text"] == "You said Look"
        path = f"/api/workflows/{workflow}/chat/sessions/{whole['session_id']}/turns/1/files/0"
        assert editor.get(path).content == editor.get(path, params={"answer": True}).content == b"abc"
        assert editor.get(path.removesuffix("0") + "1").status_code == 404
        listed = editor.get(f"/api/workflows/{workflow}/chat/sessions", params={"limit": 1}).json()
        assert [(row["title"], row["kind"]) for row in listed["items"]] == [("Look", "panel")]
        rest = editor.get(
            f"/api/workflows/{workflow}/chat/sessions", params={"cursor": listed["next_cursor"]}
        ).json()
        assert [(row["title"], row["kind"]) for row in rest["items"]] == [("Hi", "api")]
        assert (
            editor.put(
                f"/api/workflows/{workflow}/chat/sessions/a/turns/1/rating", json={"rating": 1}
            ).status_code
            == 204
        )
        read = editor.get(f"/api/workflows/{workflow}/chat/sessions/a").json()
        assert [turn["rating"] for turn in read["turns"]] == [1]
        assert editor.delete(f"/api/workflows/{workflow}/chat/sessions/a").status_code == 204
        assert editor.get(f"/api/workflows/{workflow}/chat/sessions/a").status_code == 404


def test_viewers_read_chats_and_say_nothing(server: Server, stored: Store) -> None:
    workflow = stored(parrot())
    with server.client("viewer") as viewer:
        assert viewer.post(f"/api/workflows/{workflow}/chat", json={"message": "Hi"}).status_code == 403
        assert viewer.get(f"/api/workflows/{workflow}/chat/sessions").json()["items"] == []


def test_a_workflow_without_a_chat_says_what_it_needs(owner: httpx.Client, stored: Store) -> None:
    workflow = stored(chain(node("1", "manual-trigger")))
    answer = owner.post(f"/api/workflows/{workflow}/chat", json={"message": "Hi"})
    assert answer.status_code == 409
    assert "When Chat Received" in answer.text
