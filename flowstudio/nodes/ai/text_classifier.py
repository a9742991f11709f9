"""The Text Classifier node."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from flowstudio.ai.message import system, user
from flowstudio.ai.structured import answer
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, Pace, Port, Widget
from flowstudio.errors import NodeError, ParameterError
from flowstudio.nodes.ai.choice import ModelUser
from flowstudio.nodes.ai.texts import text_of
from flowstudio.nodes.entry import Entry

OTHER = "other"
"""The output for texts that fit no category."""
_TOLD = "Sort the text into categories. Take only categories of the list, and only those that the text clearly belongs to."


class Category(Entry):
    """A category."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Its name, and that of its output."""
    description: str = ""
    """Tells the model which texts belong to it."""


class TextClassifier(ModelUser, ItemNode):
    """Sends each item to the output of the category that its text belongs to.

    Describe the categories: the model decides by these descriptions. The items themselves stay as they are.
    """

    type = "text-classifier"
    label = "Text Classifier"
    group = "AI"
    icon = "tags"
    examples = (
        Example(
            "Sort mails",
            properties={
                "categories": [
                    {"name": "Order", "description": "Somebody wants to buy something."},
                    {"name": "Complaint", "description": "Somebody is not happy."},
                ]
            },
            given=[{"text": "My lamp is broken!"}],
            gives={"1": [{"text": "My lamp is broken!"}]},
            model=('{"categories": ["Complaint"]}',),
        ),
        Example(
            "Several categories at once, and what fits none",
            properties={
                "categories": [{"name": "Order"}, {"name": "Complaint"}],
                "several": True,
                "no_match": "other",
                "field": "kinds",
            },
            given=[{"text": "Hello?"}],
            gives={"other": [{"text": "Hello?", "kinds": []}]},
            model=('{"categories": []}',),
        ),
    )

    text: Annotated[str, Widget("multiline")] = ""
    """The text. Empty: the item's `text`, `content`, `body` or the like, else all of the item."""
    categories: Annotated[list[Category], Field(max_length=50)] = Field(default_factory=list)
    """The categories; each has an output of its own."""
    several: Annotated[bool, Field(title="Several categories")] = False
    """Whether an item may belong to several categories; it is then sent to each of them."""
    no_match: Annotated[
        Literal["discard", "other"],
        Choice({"discard": "Leave the item out", "other": "Send it to the output Other"}),
    ] = "discard"
    """What happens to texts that fit no category."""
    field: Annotated[str, Field(max_length=100, title="Note the category in")] = ""
    """The field that gets the category, or the list of them. Empty: none."""
    instructions: Annotated[str, Widget("multiline")] = ""
    """More about how to sort."""
    at_once: Annotated[int, Field(ge=1, le=50, title="Items at once")] = 1
    """How many items are worked on at the same time."""

    @classmethod
    def output_ports(cls, properties: Json) -> tuple[Port, ...]:
        """One for each category, in their order."""
        rows = properties.get("categories")
        names = (
            [row.get("name") if isinstance(row, dict) else None for row in rows]
            if isinstance(rows, list)
            else []
        )
        ports = [
            Port(str(i), name if isinstance(name, str) and name else str(i + 1))
            for i, name in enumerate(names[:50])
        ]
        if properties.get("no_match") == "other" or not ports:
            ports.append(Port(OTHER, "Other"))
        return tuple(ports)

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """As many as the person allows."""
        return Pace(first.at_once)

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Sort one item."""
        names = [category.name for category in self.categories]
        if not names or len(set(names)) < len(names):
            raise ParameterError("Name at least one category, and each only once.", parameter="categories")
        text = self.text.strip() or text_of(item)
        if not text:
            raise NodeError("There is no text. Fill it in, or let the item have a field 'text'.")
        found = await self._sorted(text, names, ctx)
        if self.field:
            noted: Any = found if self.several else next(iter(found), None)
            item = item.with_json({**item.json, self.field: noted})
        if not found:
            return {OTHER: [item]} if self.no_match == "other" else {}
        return {str(names.index(name)): [item] for name in found}

    async def _sorted(self, text: str, names: list[str], ctx: Context) -> list[str]:
        schema = {
            "type": "object",
            "properties": {
                "categories": {
                    "type": "array",
                    "items": {"type": "string", "enum": names},
                    "description": "All that fit." if self.several else "The one that fits best, or none.",
                }
            },
            "required": ["categories"],
            "additionalProperties": False,
        }
        listed = "\n".join(
            f"- {c.name}: {c.description}" if c.description else f"- {c.name}" for c in self.categories
        )
        told = [system(f"{_TOLD}\n\nCategories:\n{listed}")]
        told += [system(self.instructions)] if self.instructions.strip() else []
        answered = await answer(self.chat_model(ctx), [*told, user(text)], schema, name="categories")
        found = list(dict.fromkeys(answered.value["categories"]))
        return found if self.several else found[:1]
