"""The Re-index Collection node."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowstudio.ai.indexing import reindex
from flowstudio.ai.vectors import VectorStore
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Example, ItemNode, Slot
from flowstudio.nodes.ai.collections import embedder_of, spend
from flowstudio.nodes.ai.parts import EmbedderNode


class VectorStoreReindex(ItemNode):
    """Moves a collection to another embedder: every passage is turned into numbers anew.

    Attach the new embedder here. Searches go on with the old one until all is done; if something fails, the collection
    stays as it was. Afterwards, attach the new embedder wherever the collection is used.
    """

    type = "vector-store-reindex"
    label = "Re-index Collection"
    group = "AI"
    icon = "refresh-cw"
    subtitle = "{collection}"
    examples = (
        Example(
            "A collection that is not there",
            properties={"collection": "example missing"},
            given=[{}],
            gives=[],
            fails="There is no collection 'example missing'; insert documents into it first, or check its name.",
        ),
        Example(
            "A name that no collection can have",
            properties={"collection": " "},
            given=[{}],
            gives=[],
            fails="A collection's name has 1 to 100 characters in one line; choose another name.",
        ),
    )

    embedder: Annotated[EmbedderNode | None, Slot("New embedder")] = None
    """The embedder that the collection is moved to; without one, that of this machine."""
    collection: Annotated[str, Field(min_length=1)] = "documents"
    """The collection's name."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Embed everything anew."""
        embedder = embedder_of(self.embedder, ctx)
        done = await reindex(
            ctx.use(VectorStore),  # type: ignore[type-abstract]  # asked for by its interface
            embedder,
            self.collection,
        )
        spend(ctx, done.usage)
        row = {
            "collection": self.collection.strip(),
            "passages": done.inserted.added,
            "embedder": f"{embedder.provider}/{embedder.name}",
        }
        return {"main": [item.with_json(row)]}
