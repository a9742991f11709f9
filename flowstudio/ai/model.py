"""The interface of chat models. Vendors implement `ChatModel.stream`; everything else is built on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from flowstudio.ai.message import Message
from flowstudio.ai.usage import Usage

Schema: TypeAlias = Mapping[str, Any]
"""A JSON schema (draft 2020-12) whose top level is an object."""

Stop: TypeAlias = Literal["end", "tools", "length", "refused", "filtered"]
"""Why a reply is over: said everything (or met a stop text), wants tools, ran into max tokens, would not, may not."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model sees it."""

    name: str
    """Letters, digits, `_` and `-`, at most 64."""
    description: str
    parameters: Schema


@dataclass(frozen=True, slots=True)
class Answer:
    """The form that an answer must have."""

    schema: Schema
    name: str = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One turn of a conversation. System messages come first; the last message is a user's or tools'."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: Literal["auto", "required", "none"] = "auto"
    answer: Answer | None = None
    """Structured output, where the model is `able` to it. The text of the reply is then JSON."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More words of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """More of what the model thinks."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The last event of every stream: the whole message, why it ended, what it cost."""

    message: Message
    stop: Stop
    usage: Usage
    model: str
    """The model that answered, in the provider's words."""
    raw: Mapping[str, Any] = field(default_factory=dict)
    """What else the provider said that people may want to see: its request id, its stop reason."""


Event: TypeAlias = TextDelta | ReasoningDelta | Reply


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a model's interface can do; nodes refuse politely what it cannot."""

    streaming: bool = True
    tools: bool = True
    images: bool = True
    files: bool = True
    structured: bool = True
    """Holds to a JSON schema by itself."""
    usage: bool = True
    context: int | None = None
    """Tokens that fit, where the interface has a limit of its own."""


class ChatModel(ABC):
    """A model of a provider with its settings. Immutable, safe to use concurrently.

    `stream` gives deltas and, last, exactly one `Reply`. It raises `ModelError` (flowstudio.errors) and nothing else; closing the
    iterator or cancelling its task ends the provider's call at once.
    """

    provider: str
    """`openai`, `anthropic`, `google`, `compatible` or `alith`."""
    name: str
    """The model's name at the provider."""
    abilities: Abilities = Abilities()

    @abstractmethod
    def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Ask the model."""

    async def reply(self, request: Request) -> Reply:
        """Ask the model and wait for the whole answer."""
        async with aclosing(self.stream(request)) as events:
            async for event in events:
                if isinstance(event, Reply):
                    return event
        raise AssertionError(f"{type(self).__name__}.stream ended without a reply")
