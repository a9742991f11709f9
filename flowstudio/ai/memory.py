"""What a conversation remembers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from flowstudio.ai.message import Media, Message, assistant, user
from flowstudio.ai.tokens import estimate_tokens


class Memory(Protocol):
    """The memory of one session. Both methods are safe to call concurrently for different sessions."""

    async def recall(self, about: str) -> Sequence[Message]:
        """Earlier messages that belong before the new one `about`, oldest first, never half a tool exchange."""

    async def remember(self, messages: Sequence[Message]) -> None:
        """Add a finished exchange: what the user said, what the assistant answered (tools between them too)."""


class Conversations(ABC):
    """Keeps what was said durably, by workflow and session. Words only: of files their names."""

    @abstractmethod
    async def last(self, workflow: str, session: str, count: int) -> Sequence[Message]:
        """The last messages of a session, oldest first."""

    @abstractmethod
    async def add(
        self, workflow: str, session: str, messages: Sequence[Message], *, collection: str = ""
    ) -> None:
        """Add messages in one transaction; makes the session if need be.

        `collection` is where memories of the session are found by meaning, so that they can be deleted with it.
        """


def windowed(messages: Sequence[Message], tokens: int | None) -> list[Message]:
    """The newest messages that fit, oldest first, beginning with the user's."""
    kept: list[Message] = []
    room = tokens
    for message in reversed(messages):
        if room is not None:
            room -= estimate_tokens(message.text)
            if room < 0:
                break
        kept.append(message)
    kept.reverse()
    while kept and kept[0].role != "user":
        kept.pop(0)
    return kept


def worded(message: Message) -> str:
    """A message in words alone: of files their names."""
    names = [part.name or part.mime_type for part in message.parts if isinstance(part, Media)]
    return "\n".join([*(f"[{name}]" for name in names), message.text]).strip()


def spoken(role: str, text: str) -> Message:
    """A message as it was kept."""
    return user(text) if role == "user" else assistant(text)
