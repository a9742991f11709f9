"""What a conversation remembers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from flowstudio.ai.message import Message


class Memory(Protocol):
    """The memory of one session. Both methods are safe to call concurrently for different sessions."""

    async def recall(self, about: str) -> Sequence[Message]:
        """Earlier messages that belong before the new one `about`, oldest first, never half a tool exchange."""

    async def remember(self, messages: Sequence[Message]) -> None:
        """Add a finished exchange: what the user said, what the assistant answered (tools between them too)."""
