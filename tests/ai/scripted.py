"""A chat model whose replies are given beforehand: for tests of what is built on models."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from flowstudio.ai.message import Message, Part, Text, ToolCall
from flowstudio.ai.model import Abilities, ChatModel, Event, Reply, Request, Stop, TextDelta
from flowstudio.ai.usage import Usage

Turn = str | Message | Reply | Exception | Callable[[Request], "str | Message | Reply"]


class ScriptedModel(ChatModel):
    """Gives one turn after the other, and keeps what it was asked."""

    provider = "scripted"

    def __init__(self, *turns: Turn, abilities: Abilities | None = None, name: str = "scripted") -> None:
        self.turns: list[Turn] = list(turns)
        self.asked: list[Request] = []
        self.name = name
        self.abilities = abilities or Abilities()

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        self.asked.append(request)
        turn = self.turns.pop(0)
        if callable(turn):
            turn = turn(request)
        if isinstance(turn, Exception):
            raise turn
        reply = turn if isinstance(turn, Reply) else replied(turn)
        for word in reply.message.text.split(" ") if reply.message.text else ():
            yield TextDelta(word + " ")
        yield reply


def replied(what: str | Message, stop: Stop | None = None, usage: Usage | None = None) -> Reply:
    """A reply with some words or a whole message."""
    message = Message("assistant", (Text(what),)) if isinstance(what, str) else what
    return Reply(message, stop or ("tools" if message.calls else "end"), usage or Usage(10, 5), "scripted-1")


def calls(*wanted: tuple[str, dict[str, Any]], text: str = "") -> Message:
    """A message that asks for tools: names with arguments."""
    parts: list[Part] = [Text(text)] if text else []
    parts += [ToolCall(f"call_{i}", name, arguments) for i, (name, arguments) in enumerate(wanted)]
    return Message("assistant", tuple(parts))


def as_json(value: Any) -> str:
    """What a model says that answers in JSON."""
    return json.dumps(value)


def texts(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Role and words of messages."""
    return [(message.role, message.text) for message in messages]
