"""The Split Text node."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from flowstudio.ai.documents import Document
from flowstudio.ai.splitting import OVERLAP, SIZE, split
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Example, ItemNode
from flowstudio.errors import NodeError
from flowstudio.nodes import paths
from flowstudio.nodes.ai.collections import row_of


class SplitText(ItemNode):
    """Cuts long texts into passages that fit into a prompt, one item for each.

    The text is cut where a reader would pause: before a heading, between paragraphs, after a sentence. Blocks of code stay
    whole where they fit. Each passage begins with the last words of the one before it, so that no thought is cut in two.

    Sizes are in tokens, the pieces of words that AI models count; a token has about four letters of English. They are
    estimated, rather too high than too low.
    """

    type = "split-text"
    label = "Split Text"
    group = "AI"
    icon = "scissors"
    subtitle = "{size} tokens"
    examples = (
        Example(
            "Cut between paragraphs",
            properties={"size": 8, "overlap": 0},
            given=[{"text": "Refunds take thirty days.\n\nThe office opens at nine.", "source": "terms.md"}],
            gives=[
                {"text": "Refunds take thirty days.", "source": "terms.md", "metadata": {"part": 1}},
                {"text": "The office opens at nine.", "source": "terms.md", "metadata": {"part": 2}},
            ],
        ),
        Example(
            "Begin each passage with the end of the one before",
            properties={"text_field": "note", "size": 6, "overlap": 2},
            given=[{"note": "one two three four five six seven eight"}],
            gives=[
                {"text": "one two three four five six", "source": "", "metadata": {"part": 1}},
                {"text": "five six seven eight", "source": "", "metadata": {"part": 2}},
            ],
        ),
    )

    text_field: Annotated[str, Field(min_length=1, title="Field with the text")] = "text"
    """The field of the item that holds the text. `source` and `metadata`, if the item has them, go along."""
    size: Annotated[int, Field(ge=2, le=100_000, title="Size")] = SIZE
    """Tokens that a passage has at most."""
    overlap: Annotated[int, Field(ge=0, title="Overlap")] = OVERLAP
    """Tokens from the end of a passage that the next one begins with; at most half of the size."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.overlap > self.size // 2:
            raise ValueError("the overlap may be at most half of the size")
        return self

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Split."""
        text = paths.get(item.json, self.text_field)
        if not isinstance(text, str):
            raise NodeError(f"The item has no text in '{self.text_field}'; name the field that holds it.")
        metadata = item.json.get("metadata")
        source = item.json.get("source")
        document = Document(
            text,
            source if isinstance(source, str) else "",
            metadata if isinstance(metadata, dict) else {},
        )
        return {
            "main": [
                Item(row_of(passage), None, item.paired_item)
                for passage in split(document, self.size, self.overlap)
            ]
        }
