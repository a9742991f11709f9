"""The Summarization Chain node."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from flowstudio.ai.chains import Method, summarise
from flowstudio.ai.splitting import split
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, Pace, ShowIf, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes import paths
from flowstudio.nodes.ai.choice import ModelUser
from flowstudio.nodes.ai.texts import documents_among, documents_in, documents_of


class SummarizationChain(ModelUser, ItemNode):
    """Sums up texts of any length, one by one or all together.

    By default each item is summed up by itself: its `text`, or its list of `documents`. All items can also be summed up
    together, into one. What does not fit into one question to the model is summed up part by part.
    """

    type = "summarization-chain"
    label = "Summarization Chain"
    group = "AI"
    icon = "list-collapse"
    subtitle = "{method}"
    asked_by = "text"
    examples = (
        Example(
            "Sum up each article",
            properties={},
            given=[{"text": "A long article about trams."}, {"text": "A long article about ferries."}],
            gives=[{"summary": "Trams."}, {"summary": "Trams."}],
            model=("Trams.",),
        ),
        Example(
            "One summary of all items, in your own words",
            properties={"of": "items", "instructions": "One line for the management."},
            given=[{"text": "Sales rose."}, {"text": "Costs fell."}],
            gives=[{"summary": "A good month."}],
            model=("A good month.",),
        ),
    )

    of: Annotated[
        Literal["item", "items", "text"],
        Choice({"item": "Each item", "items": "All items together", "text": "The text below"}),
    ] = "item"
    """What is summed up."""
    text: Annotated[Any, Widget("multiline"), ShowIf("of", ("text",))] = ""
    """The text, or a list of texts that belong together."""
    instructions: Annotated[str, Widget("multiline")] = ""
    """What the summary should be like, such as “Five points, in German.” Empty: concise, in the language of the text."""
    method: Annotated[
        Method,
        Choice(
            {
                "auto": "At once where it fits, else part by part",
                "stuff": "All at once",
                "map-reduce": "Each part, then the parts' summaries",
                "refine": "Part by part, with the summary so far",
            }
        ),
    ] = "auto"
    """How texts are summed up that are too long for one question to the model."""
    fit: Annotated[int, Field(ge=200, le=1_000_000, title="Tokens at once")] = 24_000
    """Tokens that are summed up at once; a token is about three quarters of a word."""
    answer_name: Annotated[str, Field(min_length=1, max_length=200, title="Name of the answer")] = "summary"
    """The field that the answer goes into; a dot reaches into objects."""
    at_once: Annotated[int, Field(ge=1, le=50, title="Items at once")] = 1
    """How many items are worked on at the same time."""

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """As many as the person allows."""
        return Pace(first.at_once)

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Sum up one item; when all items are summed up together, only the first one does it."""
        index = item.paired_item[0].index if item.paired_item else 0
        match self.of:
            case "items" if index:
                return {}
            case "items":
                documents = documents_among(ctx.items())
            case "text":
                documents = documents_of(self.text)
            case _:
                documents = documents_of(self.text) if self.text else documents_in(item)
        if not documents:
            raise NodeError(
                "There is nothing to sum up. Let the item have a field 'text', or fill the text in."
            )
        size = max(200, self.fit // 2)
        parts = [passage.text for document in documents for passage in split(document, size, 0)]
        summary = await summarise(
            self.chat_model(ctx),
            parts,
            method=self.method,
            fit=self.fit,
            instructions=self.instructions,
            said=lambda words: ctx.stream(words, "text", index),
        )
        return {"main": [Item(paths.put({}, self.answer_name, summary), None, item.paired_item)]}
