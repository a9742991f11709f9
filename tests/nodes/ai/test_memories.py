"""Memories of agents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest_asyncio

from flowstudio.ai.memory import Conversations, windowed
from flowstudio.ai.message import Message, assistant, user
from flowstudio.ai.vectors import VectorStore
from flowstudio.engine.context import Host
from flowstudio.storage.vectors.embedded import EmbeddedVectors
from tests.nodes.driver import Result, make_host, run_node, scripted


@dataclass
class Kept(Conversations):
    """Conversations in a dictionary."""

    said: dict[tuple[str, str], list[Message]] = field(default_factory=dict)

    async def last(self, workflow: str, session: str, count: int) -> Sequence[Message]:
        return self.said.get((workflow, session), [])[-count:]

    async def add(
        self, workflow: str, session: str, messages: Sequence[Message], *, collection: str = ""
    ) -> None:
        self.said.setdefault((workflow, session), []).extend(messages)


@pytest_asyncio.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    opened = EmbeddedVectors(tmp_path / "vectors.db")
    yield make_host(services={VectorStore: opened, Conversations: Kept()})
    await opened.close()


async def say(host: Host, memory: dict[str, Any], words: str, answer: str, session: str = "s") -> Result:
    return await run_node(
        "ai-agent",
        {},
        [{"chatInput": words, "sessionId": session}],
        host=host,
        subs=scripted(answer) | {"memory": [memory]},
    )


def heard(result: Result) -> list[tuple[str, str]]:
    step = next(step for step in result.outcome.steps if step["kind"] == "model")
    return [(message["role"], message["text"]) for message in step["input"]["messages"]]


async def test_a_conversation_goes_on_and_stays_with_its_session(host: Host) -> None:
    memory = {"type": "memory-simple", "data": {"properties": {"messages": 3}}}
    await say(host, memory, "I am Ada", "Hello Ada")
    await say(host, memory, "I like tea", "Noted")
    found = await say(host, memory, "Who am I?", "Ada")
    assert heard(found) == [("user", "I like tea"), ("assistant", "Noted"), ("user", "Who am I?")]
    assert heard(await say(host, memory, "And me?", "?", session="other")) == [("user", "And me?")]


async def test_items_of_several_sessions_keep_apart(host: Host) -> None:
    memory = {"type": "memory-simple", "data": {}}
    await run_node(
        "ai-agent",
        {},
        [{"chatInput": "one", "sessionId": "1"}, {"chatInput": "two", "sessionId": "2"}],
        host=host,
        subs=scripted("ok") | {"memory": [memory]},
    )
    assert heard(await say(host, memory, "?", "!", session="2")) == [
        ("user", "two"),
        ("assistant", "ok"),
        ("user", "?"),
    ]


async def test_what_has_to_do_with_the_message_is_recalled(host: Host) -> None:
    memory = {"type": "memory-vector", "data": {"properties": {"recalled": 1, "messages": 0}}}
    await say(host, memory, "My cat is called Minka.", "A nice name for a cat.")
    await say(host, memory, "Invoices are due within fourteen days.", "Understood.")
    await say(host, memory, "My cat is a secret.", "Yes.", session="other")
    role, told = heard(await say(host, memory, "What is the name of my cat?", "Minka"))[0]
    assert role == "system"
    assert "Minka" in told
    assert "Invoices" not in told
    assert "secret" not in told


def test_a_window_begins_with_the_user_and_fits() -> None:
    said = [user("one two three"), assistant("four"), user("five"), assistant("six")]
    assert [m.text for m in windowed(said, None)] == ["one two three", "four", "five", "six"]
    assert [m.text for m in windowed(said, 3)] == ["five", "six"]
    assert [m.text for m in windowed(said[1:], None)] == ["five", "six"]
