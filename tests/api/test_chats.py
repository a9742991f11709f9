"""Conversations, prices and model names over HTTP."""

from __future__ import annotations

import httpx

from flowstudio.ai.message import assistant, user
from flowstudio.runtime import Runtime
from tests.api.conftest import Server


def test_sessions_are_listed_read_and_cleared(owner: httpx.Client, server: Server) -> None:
    async def talk(runtime: Runtime) -> None:
        for name in ("a", "b"):
            await runtime.storage.conversations.add("w", name, [user(f"I am {name}"), assistant("Hello")])

    server.within(talk)
    page = owner.get("/api/chats/sessions", params={"workflow_id": "w", "limit": 1}).json()
    assert [row["session_id"] for row in page["items"]] == ["b"]
    rest = owner.get("/api/chats/sessions", params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert [(row["session_id"], row["title"], row["messages"]) for row in rest["items"]] == [
        ("a", "I am a", 2)
    ]
    id_ = rest["items"][0]["id"]
    read = owner.get(f"/api/chats/sessions/{id_}").json()
    assert [(m["number"], m["role"], m["text"]) for m in read["messages"]] == [
        (1, "user", "I am a"),
        (2, "assistant", "Hello"),
    ]
    assert owner.delete(f"/api/chats/sessions/{id_}").status_code == 204
    assert owner.get(f"/api/chats/sessions/{id_}").status_code == 404
    assert owner.get("/api/chats/sessions", params={"cursor": "nonsense"}).status_code == 400


def test_own_prices_come_before_the_shipped_ones(owner: httpx.Client, server: Server) -> None:
    before = owner.get("/api/models/prices").json()
    assert before["own"] == []
    assert any(row["model"] == "gpt-5-mini" for row in before["shipped"])
    own = [{"model": "gpt-5-mini", "input": 1.0, "output": 2.0}, {"model": "llama", "input": 0, "output": 0}]
    answer = owner.put("/api/models/prices", json={"own": own})
    assert [row["model"] for row in answer.json()["own"]] == ["gpt-5-mini", "llama"]
    price = server.runtime.prices.find("gpt-5-mini-2026-01-01")
    assert price is not None
    assert (price.input, price.output) == (1.0, 2.0)
    twice = [{"model": "a", "input": 1, "output": 1}, {"model": "A", "input": 2, "output": 2}]
    assert owner.put("/api/models/prices", json={"own": twice}).status_code in (400, 422)
    owner.put("/api/models/prices", json={"own": []})
    found = server.runtime.prices.find("gpt-5-mini")
    assert found is not None
    assert found.input == 0.25


def test_models_of_what_is_no_account_are_refused(owner: httpx.Client) -> None:
    made = owner.post(
        "/api/credentials", json={"name": "h", "type": "http-header", "values": {"name": "X", "value": "y"}}
    )
    id_ = made.json().get("credential", made.json())["id"]
    assert owner.get(f"/api/credentials/{id_}/models").status_code == 409
    assert owner.get("/api/credentials/none/models").status_code == 404
