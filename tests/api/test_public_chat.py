"""Public chats over HTTP: who gets in, what they see, and what they never see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.conftest import Server, chain, node
from tests.api.test_chat import events

Store = Callable[[dict[str, Any]], str]
SECRET = "the-inner-name"


def parrot(**look: Any) -> dict[str, Any]:
    """Says what it is told, on a page of its own."""
    return chain(
        node("1", "when-chat-received", SECRET, public=True, **look),
        node("2", "respond-to-chat", SECRET + "-2", message="=You said {{ $json.chatInput }}"),
    )


@pytest.fixture
def opened(owner: httpx.Client, stored: Store) -> Store:
    """Stores a workflow and switches it on."""

    def store(document: dict[str, Any]) -> str:
        id_ = stored(document)
        owner.post(f"/api/workflows/{id_}/activate").raise_for_status()
        return id_

    return store


def test_visitors_talk_and_find_their_own_chat_again(server: Server, opened: Store) -> None:
    id_ = opened(parrot(title="Shop", suggestions=["Hi"], color="#0a7d55"))
    with server.client(None) as one, server.client(None) as other:
        look = one.get(f"/api/public-chats/{id_}").json()
        assert (look["title"], look["entry"], look["turns"]) == ("Shop", None, [])
        answer = one.post(f"/api/public-chats/{id_}/messages", json={"message": "Hello"})
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        told = events(answer)
        assert told[-1][1]["messages"][0]["text"] == "You said Hello"
        assert [turn["text"] for turn in one.get(f"/api/public-chats/{id_}").json()["turns"]] == ["Hello"]
        assert other.get(f"/api/public-chats/{id_}").json()["turns"] == []
        assert other.put(f"/api/public-chats/{id_}/turns/1/rating", json={"rating": 1}).status_code == 404
        assert one.put(f"/api/public-chats/{id_}/turns/1/rating", json={"rating": 1}).status_code == 204
        one.post(f"/api/public-chats/{id_}/messages", json={"message": "Again", "fresh": True})
        assert [turn["text"] for turn in one.get(f"/api/public-chats/{id_}").json()["turns"]] == ["Again"]
        assert one.delete(f"/api/public-chats/{id_}/messages").status_code == 204
        assert [turn["text"] for turn in one.get(f"/api/public-chats/{id_}").json()["turns"]] == ["Hello"]
    with server.client("viewer") as viewer:
        kinds = viewer.get(f"/api/workflows/{id_}/chat/sessions", params={"kind": "public"}).json()["items"]
        assert [row["title"] for row in kinds] == ["Hello"]


def test_nothing_of_the_workflow_is_told(server: Server, opened: Store) -> None:
    broken = parrot() | {
        "nodes": [
            *parrot()["nodes"],
            node("3", "stop-and-error", SECRET + "-3", message=f"Database {SECRET} is down"),
        ],
        "edges": [{"source": "1", "target": "2"}, {"source": "2", "target": "3"}],
    }
    silent = chain(
        node("1", "when-chat-received", SECRET, public=True),
        node("2", "edit-fields", fields=[{"name": "row", "type": "string", "value": SECRET}]),
    )
    for document, messages, status in ((broken, ["You said Hi"], "error"), (silent, [], "success")):
        id_ = opened(document)
        with server.client(None) as visitor:
            answer = visitor.post(f"/api/public-chats/{id_}/messages", json={"message": "Hi"})
            done = events(answer)[-1][1]
            again = visitor.get(f"/api/public-chats/{id_}/events")
            page = visitor.get(f"/chat/{id_}")
            whole = answer.text + again.text + visitor.get(f"/api/public-chats/{id_}").text + page.text
        assert [message["text"] for message in done["messages"]] == messages
        assert done["status"] == status
        assert SECRET not in whole
        assert "execution_id" not in whole
        assert "activity" not in whole
        assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")


def test_a_chat_is_off_unless_it_is_public_and_the_workflow_active(
    server: Server, stored: Store, opened: Store
) -> None:
    private = parrot()
    private["nodes"][0]["data"]["properties"]["public"] = False
    ids = ["no-such-workflow", stored(parrot()), opened(private)]
    with server.client(None) as visitor:
        answers = [visitor.get(f"/api/public-chats/{id_}") for id_ in ids]
        assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
        assert visitor.get(f"/chat/{ids[1]}").status_code == 404
        send = visitor.post(f"/api/public-chats/{ids[1]}/messages", json={"message": "Hi"})
        assert send.status_code == 404


def test_what_is_published_answers_not_the_draft(server: Server, owner: httpx.Client, opened: Store) -> None:
    id_ = opened(parrot(title="Old"))
    newer = parrot(title="New")
    newer["nodes"][1]["data"]["properties"]["message"] = "Changed"
    owner.put(f"/api/workflows/{id_}", json=newer).raise_for_status()
    with server.client(None) as visitor:
        assert visitor.get(f"/api/public-chats/{id_}").json()["title"] == "Old"
        told = events(visitor.post(f"/api/public-chats/{id_}/messages", json={"message": "Hi"}))
    assert told[-1][1]["messages"][0]["text"] == "You said Hi"


def test_a_password_is_asked_for_and_guesses_are_slowed_down(
    server: Server, owner: httpx.Client, opened: Store
) -> None:
    made = owner.post(
        "/api/credentials", json={"name": "Door", "type": "chat-password", "values": {"password": "sesame"}}
    )
    document = parrot(access="password")
    document["nodes"][0]["data"]["credentials"] = {"account": made.json()["id"]}
    id_ = opened(document)
    message = {"message": "Hi"}
    with server.client(None) as visitor:
        look = visitor.get(f"/api/public-chats/{id_}").json()
        assert (look["entry"], look["suggestions"], look["welcome"]) == ("password", [], "")
        assert visitor.post(f"/api/public-chats/{id_}/messages", json=message).status_code == 401
        wrong = visitor.post(f"/api/public-chats/{id_}/enter", json={"password": "simsalabim"})
        assert wrong.status_code == 403
        assert visitor.post(f"/api/public-chats/{id_}/enter", json={"password": "sesame"}).status_code == 204
        assert visitor.get(f"/api/public-chats/{id_}").json()["entry"] is None
        assert visitor.post(f"/api/public-chats/{id_}/messages", json=message).status_code == 200
        grant = visitor.cookies["flowstudio_chat_" + id_]
        with server.client(None, cookies={"flowstudio_chat_" + id_: grant}) as thief:
            assert thief.get(f"/api/public-chats/{id_}").json()["entry"] == "password"
        guesses = [
            visitor.post(f"/api/public-chats/{id_}/enter", json={"password": "x"}).status_code
            for _ in range(10)
        ]
        assert guesses[-1] == 429


def test_a_chat_for_people_with_an_account_knows_them_everywhere(server: Server, opened: Store) -> None:
    id_ = opened(parrot(access="signed_in"))
    with server.client(None) as nobody, server.client("viewer") as viewer, server.client("viewer") as again:
        assert nobody.get(f"/api/public-chats/{id_}").json()["entry"] == "sign_in"
        assert nobody.post(f"/api/public-chats/{id_}/messages", json={"message": "Hi"}).status_code == 401
        assert viewer.post(f"/api/public-chats/{id_}/messages", json={"message": "Hi"}).status_code == 200
        assert [turn["text"] for turn in again.get(f"/api/public-chats/{id_}").json()["turns"]] == ["Hi"]


def test_a_visitor_who_writes_too_much_has_to_wait(server: Server, opened: Store) -> None:
    id_ = opened(parrot(per_minute=2, send_files=False))
    with server.client(None) as visitor:
        for _ in range(2):
            assert (
                visitor.post(f"/api/public-chats/{id_}/messages", json={"message": "Hi"}).status_code == 200
            )
        refused = visitor.post(f"/api/public-chats/{id_}/messages", json={"message": "Hi"})
        assert refused.status_code == 429
        assert "Too many messages" in refused.text
        assert int(refused.headers["retry-after"]) > 0
        file = {"name": "a.txt", "mime_type": "text/plain", "data": "YWJj"}
        answer = visitor.post(f"/api/public-chats/{id_}/messages", json={"message": "Hi", "files": [file]})
        assert answer.status_code == 400
