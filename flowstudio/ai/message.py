"""What is said to and by a model: messages of parts. Frozen, the same for every vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Text:
    """Something said in words."""

    text: str


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a file that goes along with a message."""

    data: bytes
    mime_type: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What a model thought before it answered. Goes back to the vendor that it came from, unchanged."""

    text: str
    provider: str
    opaque: Mapping[str, Any] = field(default_factory=dict)
    """What the vendor wants back, such as a signature."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    opaque: Mapping[str, Any] = field(default_factory=dict)
    """What the vendor wants back with it, such as Google's thought signature."""
    fault: str = ""
    """Why the arguments could not be read; the tool is not called then, the model is told."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave, for the call of that id."""

    call: str
    name: str
    text: str
    failed: bool = False


Part: TypeAlias = Text | Media | Reasoning | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Tool calls are parts of assistant messages, tool results the parts of `tool` messages."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Its words, without thoughts, files and tools."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tools it asks for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


def system(text: str) -> Message:
    """An instruction to the model."""
    return Message("system", (Text(text),))


def user(text: str, *media: Media) -> Message:
    """What a person says."""
    return Message("user", (*media, Text(text)))


def assistant(text: str) -> Message:
    """What the model said."""
    return Message("assistant", (Text(text),))
