"""The Vector Memory sub-node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from flowstudio.ai.documents import Passage
from flowstudio.ai.embedder import Embedder
from flowstudio.ai.indexing import find, index
from flowstudio.ai.memory import Conversations, Memory, worded
from flowstudio.ai.message import Message, system
from flowstudio.ai.vectors import VectorStore
from flowstudio.engine.context import Context
from flowstudio.engine.node import Slot
from flowstudio.nodes.ai.collections import embedder_of, spend
from flowstudio.nodes.ai.memory_simple import Window
from flowstudio.nodes.ai.parts import EmbedderNode, MemoryNode

_TOLD = "What was said earlier in this conversation and may have to do with the next message:"


class MemoryVector(MemoryNode):
    """Remembers whole conversations and recalls what has to do with the new message, by its meaning, however long ago it was said.

    The last messages are always recalled, as they were said; older ones as far as they fit the new message. Attach an embedder, or
    let the one of this machine find them.
    """

    type = "memory-vector"
    label = "Vector Memory"
    group = "Memory"
    icon = "brain"
    subtitle = "{collection}"

    embedder: Annotated[EmbedderNode | None, Slot("Embedder")] = None
    """What compares messages; without one, that of this machine, which needs no account."""
    collection: Annotated[str, Field(min_length=1, max_length=100)] = "memories"
    """The collection in which memories are kept; several workflows may share one without seeing each other's memories."""
    session: Annotated[str, Field(max_length=500)] = ""
    """What tells conversations apart. Empty: the `sessionId` of the chat."""
    recalled: Annotated[int, Field(ge=1, le=50, title="Memories")] = 4
    """Earlier exchanges that are recalled at most."""
    threshold: Annotated[float, Field(ge=-1, le=1, title="Score at least")] = 0.2
    """How much an exchange must have to do with the new message, from 0 to 1."""
    messages: Annotated[int, Field(ge=0, le=100, title="Last messages")] = 4
    """The last messages that are always recalled, counting both sides."""

    async def memory(self, session: str, ctx: Context) -> Memory:
        """The conversation."""
        window = Window(
            ctx.use(Conversations),  # type: ignore[type-abstract]  # asked for by its interface
            ctx.execution.workflow_id or "",
            self.session.strip() or session,
            max(1, self.messages),
            None,
            self.collection.strip(),
        )
        return Recollection(
            ctx,
            window,
            ctx.use(VectorStore),  # type: ignore[type-abstract]  # asked for by its interface
            embedder_of(self.embedder, ctx),
            self.recalled,
            self.threshold,
            self.messages > 0,
        )


@dataclass(frozen=True, slots=True)
class Recollection:
    """A session's exchanges, found by meaning."""

    ctx: Context
    window: Window
    store: VectorStore
    embedder: Embedder
    limit: int
    threshold: float
    recent: bool

    async def recall(self, about: str) -> Sequence[Message]:
        """What has to do with the new message, as one note; then the last messages."""
        last = await self.window.recall(about) if self.recent else []
        name = self.window.collection
        if not about.strip() or await self.store.collection(name) is None:
            return last
        found = await find(
            self.store,
            self.embedder,
            name,
            about,
            limit=self.limit + len(last),
            threshold=self.threshold,
            where={"workflow": [self.window.workflow], "session": [self.window.session]},
        )
        spend(self.ctx, found.usage)
        known = "\n".join(worded(message) for message in last)
        told = [
            p.text for p in found.passages if p.text.partition("\n")[0].removeprefix("User: ") not in known
        ]
        if not told:
            return last
        return [system("\n\n".join([_TOLD, *told[: self.limit]])), *last]

    async def remember(self, messages: Sequence[Message]) -> None:
        """Keep an exchange."""
        await self.window.remember(messages)
        words = "\n".join(f"{message.role.capitalize()}: {worded(message)}" for message in messages)
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        metadata = {"workflow": self.window.workflow, "session": self.window.session, "at": at}
        passage = Passage(words, f"{self.window.workflow}/{self.window.session}/{at}", metadata)
        indexed = await index(self.store, self.embedder, self.window.collection, [passage])
        spend(self.ctx, indexed.usage)
