"""The Insert into Collection node."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowstudio.ai.documents import Document, Passage
from flowstudio.ai.indexing import index
from flowstudio.ai.splitting import OVERLAP, SIZE, split
from flowstudio.ai.tokens import estimate_tokens
from flowstudio.ai.vectors import VectorStore
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import BatchNode, Example, Inputs, ShowIf, Slot
from flowstudio.errors import NodeError
from flowstudio.nodes import paths
from flowstudio.nodes.ai.collections import embedder_of, spend
from flowstudio.nodes.ai.parts import EmbedderNode


class VectorStoreInsert(BatchNode):
    """Stores texts in a collection, where they are found by their meaning.

    Every item is a text, with its source and metadata if it has them, as **Load Documents** and **Split Text** give them.
    What is stored already is not stored or paid for again. All items are stored together, or none.

    A collection belongs to the embedder that it was made with. Without an embedder attached, texts are compared on this
    machine, which needs no account.
    """

    type = "vector-store-insert"
    label = "Insert into Collection"
    group = "AI"
    icon = "database"
    subtitle = "{collection}"
    examples = (
        Example(
            "Store two notes",
            properties={"collection": "example notes"},
            given=[
                {"text": "Refunds take thirty days.", "source": "terms.md"},
                {"text": "The office opens at nine.", "source": "office.md"},
            ],
            gives=[{"collection": "example notes", "added": 2, "kept": 0, "removed": 0}],
        ),
        Example(
            "A text that repeats within a source is kept each time",
            properties={"collection": "example lines", "text_field": "line", "source_field": "file"},
            given=[{"line": "Page header", "file": "a.txt"}, {"line": "Page header", "file": "a.txt"}],
            gives=[{"collection": "example lines", "added": 2, "kept": 0, "removed": 0}],
        ),
    )

    embedder: Annotated[EmbedderNode | None, Slot("Embedder")] = None
    """What turns texts into numbers that can be compared."""
    collection: Annotated[str, Field(min_length=1)] = "documents"
    """The collection's name; it is made if there is none."""
    text_field: Annotated[str, Field(min_length=1, title="Field with the text")] = "text"
    """The field of each item that holds its text."""
    source_field: Annotated[str, Field(title="Field with the source")] = "source"
    """The field that says where the text comes from, such as a file name. It is what answers cite."""
    metadata_field: Annotated[str, Field(title="Field with metadata")] = "metadata"
    """The field with an object of what else is known, such as the page. Searches can filter by it."""
    replace: Annotated[bool, Field(title="Replace earlier versions")] = True
    """Removes what else is stored of the same sources, so that a changed file leaves nothing old behind. Switch it off
    when one source comes in several rounds, as in a loop."""
    split: Annotated[bool, Field(title="Split long texts")] = True
    """Whether texts over the size are cut into passages."""
    size: Annotated[int, Field(ge=2, le=100_000), ShowIf("split", (True,))] = SIZE
    """Tokens that a passage has at most; a token has about four letters."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Store all items."""
        passages: list[Passage] = []
        for number, item in enumerate(inputs.get("main", ())):
            passages += self._passages(item, number)
        indexed = await index(
            ctx.use(VectorStore),  # type: ignore[type-abstract]  # asked for by its interface
            embedder_of(self.embedder, ctx),
            self.collection,
            passages,
            replace_sources=self.replace,
        )
        spend(ctx, indexed.usage)
        done = indexed.inserted
        row = {
            "collection": self.collection.strip(),
            "added": done.added,
            "kept": done.kept,
            "removed": done.removed,
        }
        return {"main": [Item(row)]}

    def _passages(self, item: Item, number: int) -> list[Passage]:
        text = paths.get(item.json, self.text_field)
        if not isinstance(text, str):
            raise NodeError(
                f"An item has no text in '{self.text_field}'; name the field that holds it.", item=number
            )
        source = paths.get(item.json, self.source_field) if self.source_field else ""
        metadata = paths.get(item.json, self.metadata_field) if self.metadata_field else {}
        name = str(source) if isinstance(source, (str, int, float)) else ""
        known = metadata if isinstance(metadata, dict) else {}
        if self.split and estimate_tokens(text) > self.size:
            return split(Document(text, name, known), self.size, min(OVERLAP, self.size // 4))
        return [Passage(text, name, known)]
