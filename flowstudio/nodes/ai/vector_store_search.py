"""The Search Collection node."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowstudio.ai.indexing import find
from flowstudio.ai.vectors import VectorStore
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, Slot, Widget
from flowstudio.nodes.ai.collections import Conditions, embedder_of, filter_of, row_of, spend
from flowstudio.nodes.ai.parts import EmbedderNode


class VectorStoreSearch(ItemNode):
    """Finds the passages of a collection that have most to do with a question.

    They are found by meaning, not by the same words, best first. The score says how near a passage is: 1 is the same text,
    0 has nothing in common. Use the embedder that the collection was made with.
    """

    type = "vector-store-search"
    label = "Search Collection"
    group = "AI"
    icon = "search"
    subtitle = "{collection}"
    examples = (
        Example(
            "A collection that nothing was inserted into",
            properties={"collection": "example nothing", "query": "When are you open?"},
            given=[{}],
            gives=[],
            fails="There is no collection 'example nothing'; insert documents into it first, or check its name.",
        ),
        Example(
            "A question that is empty",
            properties={"collection": "example nothing", "query": "={{ $json.question }}"},
            given=[{"question": " "}],
            gives=[],
            fails="There is nothing to search for: the query is empty.",
        ),
    )

    embedder: Annotated[EmbedderNode | None, Slot("Embedder")] = None
    """What turns the question into numbers: the embedder that the collection was made with."""
    collection: Annotated[str, Field(min_length=1)] = "documents"
    """The collection's name."""
    query: Annotated[str, Widget("multiline")]
    """What to look for: a question, or some words."""
    limit: Annotated[int, Field(ge=1, le=1000, title="At most")] = 5
    """Passages that are given at most."""
    threshold: Annotated[float | None, Field(ge=-1, le=1, title="Score at least")] = None
    """Leaves out passages with a lower score, such as 0.3. Empty: all are given."""
    where: Annotated[Conditions, Field(title="Only passages with")] = Field(default_factory=list)
    """What passages must have in their metadata; all of it."""
    give: Annotated[
        Literal["items", "list"],
        Choice({"items": "An item for each passage", "list": "One list, in the item"}),
    ] = "items"
    """How the passages are given. The list is put into the field `passages` of the item."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Search."""
        found = await find(
            ctx.use(VectorStore),  # type: ignore[type-abstract]  # asked for by its interface
            embedder_of(self.embedder, ctx),
            self.collection,
            self.query,
            limit=self.limit,
            threshold=self.threshold,
            where=filter_of(self.where),
        )
        spend(ctx, found.usage)
        rows = [row_of(passage) for passage in found.passages]
        if self.give == "list":
            return {"main": [item.with_json({**item.json, "passages": rows})]}
        return {"main": [Item(row, None, item.paired_item) for row in rows]}
