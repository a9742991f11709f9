"""The Simple Memory sub-node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from flowstudio.ai.memory import Conversations, Memory, windowed
from flowstudio.ai.message import Message
from flowstudio.engine.context import Context
from flowstudio.nodes.ai.parts import MemoryNode


class MemorySimple(MemoryNode):
    """Remembers the last messages of a conversation, each conversation by itself, also when the server starts anew.

    A conversation is told apart by the `sessionId` that the chat gives, or by what you set below. People who look after the
    workflow can read and clear conversations.
    """

    type = "memory-simple"
    label = "Simple Memory"
    group = "Memory"
    icon = "history"
    subtitle = "{messages} messages"

    session: Annotated[str, Field(max_length=500)] = ""
    """What tells conversations apart, such as `{{ $json.customer }}`. Empty: the `sessionId` of the chat."""
    messages: Annotated[int, Field(ge=1, le=1000)] = 20
    """Messages that the model sees at most, counting both sides."""
    tokens: Annotated[int | None, Field(ge=1)] = None
    """Tokens that these may have together; older ones are left out. Empty: no limit."""

    async def memory(self, session: str, ctx: Context) -> Memory:
        """The conversation."""
        return Window(
            ctx.use(Conversations),  # type: ignore[type-abstract]  # asked for by its interface
            ctx.execution.workflow_id or "",
            self.session.strip() or session,
            self.messages,
            self.tokens,
        )


@dataclass(frozen=True, slots=True)
class Window:
    """The last messages of a session."""

    conversations: Conversations
    workflow: str
    session: str
    count: int
    tokens: int | None
    collection: str = ""

    async def recall(self, about: str) -> Sequence[Message]:
        """The last messages that fit."""
        return windowed(await self.conversations.last(self.workflow, self.session, self.count), self.tokens)

    async def remember(self, messages: Sequence[Message]) -> None:
        """Add an exchange."""
        await self.conversations.add(self.workflow, self.session, messages, collection=self.collection)
