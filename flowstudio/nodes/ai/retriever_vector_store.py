"""The Collection Retriever sub-node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from flowstudio.ai.documents import Passage, Retriever
from flowstudio.ai.embedder import Embedder
from flowstudio.ai.indexing import find
from flowstudio.ai.vectors import Filter, VectorStore
from flowstudio.engine.context import Context
from flowstudio.engine.node import Slot
from flowstudio.nodes.ai.collections import Conditions, embedder_of, filter_of, spend
from flowstudio.nodes.ai.parts import EmbedderNode, RetrieverNode


class RetrieverVectorStore(RetrieverNode):
    """Lets a chain answer from a collection: for each question, the passages that have most to do with it.

    Fill the collection with **Insert into Collection** first, with the same embedder.
    """

    type = "retriever-vector-store"
    label = "Collection Retriever"
    group = "AI"
    icon = "book-open"
    subtitle = "{collection}"

    embedder: Annotated[EmbedderNode | None, Slot("Embedder")] = None
    """The embedder that the collection was made with; without one, that of this machine."""
    collection: Annotated[str, Field(min_length=1)] = "documents"
    """The collection's name."""
    limit: Annotated[int, Field(ge=1, le=200, title="At most")] = 5
    """Passages that are given for a question at most."""
    threshold: Annotated[float | None, Field(ge=-1, le=1, title="Score at least")] = None
    """Leaves out passages with a lower score, such as 0.3. Empty: all are given."""
    where: Annotated[Conditions, Field(title="Only passages with")] = Field(default_factory=list)
    """What passages must have in their metadata; all of it."""

    def retriever(self, ctx: Context) -> Retriever:
        """The retriever with these settings."""
        return CollectionRetriever(
            ctx,
            ctx.use(VectorStore),  # type: ignore[type-abstract]  # asked for by its interface
            embedder_of(self.embedder, ctx),
            self.collection,
            self.limit,
            self.threshold,
            filter_of(self.where),
        )


@dataclass(frozen=True, slots=True)
class CollectionRetriever:
    """Searches a collection."""

    ctx: Context
    store: VectorStore
    embedder: Embedder
    collection: str
    limit: int
    threshold: float | None
    where: Filter

    async def retrieve(self, query: str, limit: int | None = None) -> Sequence[Passage]:
        """The nearest passages."""
        found = await find(
            self.store,
            self.embedder,
            self.collection,
            query,
            limit=limit or self.limit,
            threshold=self.threshold,
            where=self.where,
        )
        spend(self.ctx, found.usage)
        return found.passages
