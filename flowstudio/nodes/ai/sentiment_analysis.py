"""The Sentiment Analysis node."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field

from flowstudio.ai.message import system, user
from flowstudio.ai.structured import answer
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Example, ItemNode, Pace, Port, Widget
from flowstudio.errors import NodeError, ParameterError
from flowstudio.nodes.ai.choice import ModelUser
from flowstudio.nodes.ai.texts import text_of

USUAL = "Positive, Neutral, Negative"


class SentimentAnalysis(ModelUser, ItemNode):
    """Sends each item to the output of the mood that its text is written in.

    The item gets a field `sentimentAnalysis` with the `category`; with the details also how strong the mood is, and how sure
    the model is of it, both from 0 to 1.
    """

    type = "sentiment-analysis"
    label = "Sentiment Analysis"
    group = "AI"
    icon = "smile"
    subtitle = "{categories}"
    examples = (
        Example(
            "Find unhappy customers",
            properties={},
            given=[{"text": "I waited an hour!"}],
            gives={
                "2": [
                    {
                        "text": "I waited an hour!",
                        "sentimentAnalysis": {"category": "Negative", "strength": 0.8, "confidence": 0.9},
                    }
                ]
            },
            model=('{"category": "Negative", "strength": 0.8, "confidence": 0.9}',),
        ),
        Example(
            "Moods of your own",
            properties={"categories": "Calm, Angry", "details": False},
            given=[{"text": "All is well."}],
            gives={"0": [{"text": "All is well.", "sentimentAnalysis": {"category": "Calm"}}]},
            model=('{"category": "Calm", "strength": 0.5, "confidence": 0.7}',),
        ),
    )

    text: Annotated[str, Widget("multiline")] = ""
    """The text. Empty: the item's `text`, `content`, `body` or the like, else all of the item."""
    categories: Annotated[str, Field(max_length=1000)] = USUAL
    """The moods, separated by commas; each has an output of its own."""
    details: bool = True
    """Adds how strong the mood is and how sure the model is of it."""
    instructions: Annotated[str, Widget("multiline")] = ""
    """More about how to judge."""
    at_once: Annotated[int, Field(ge=1, le=50, title="Items at once")] = 1
    """How many items are worked on at the same time."""

    @classmethod
    def output_ports(cls, properties: Json) -> tuple[Port, ...]:
        """One for each mood, in their order."""
        written = properties.get("categories", USUAL)
        names = _names(written) if isinstance(written, str) and not written.startswith("=") else _names(USUAL)
        return tuple(Port(str(i), name) for i, name in enumerate(names)) or (Port("0", "Any"),)

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """As many as the person allows."""
        return Pace(first.at_once)

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Judge one item."""
        names = _names(self.categories)
        if not names:
            raise ParameterError("Name at least one mood.", parameter="categories")
        text = self.text.strip() or text_of(item)
        if not text:
            raise NodeError("There is no text. Fill it in, or let the item have a field 'text'.")
        share = {"type": "number", "minimum": 0, "maximum": 1}
        schema = {
            "type": "object",
            "properties": {
                "category": {"type": "string", "enum": names},
                "strength": {**share, "description": "How strong the mood is."},
                "confidence": {**share, "description": "How sure you are of the category."},
            },
            "required": ["category", "strength", "confidence"],
            "additionalProperties": False,
        }
        told = [system(f"Judge the mood of the text that follows: {', '.join(names)}.")]
        told += [system(self.instructions)] if self.instructions.strip() else []
        found = (await answer(self.chat_model(ctx), [*told, user(text)], schema, name="sentiment")).value
        noted = found if self.details else {"category": found["category"]}
        made = item.with_json({**item.json, "sentimentAnalysis": noted})
        return {str(names.index(found["category"])): [made]}


def _names(written: str) -> list[str]:
    return list(dict.fromkeys(name for part in written.split(",")[:50] if (name := part.strip())))
