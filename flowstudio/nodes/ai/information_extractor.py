"""The Information Extractor node."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from flowstudio.ai.message import system, user
from flowstudio.ai.model import Schema
from flowstudio.ai.structured import answer, schema_of_example
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, Pace, ShowIf, Widget
from flowstudio.errors import NodeError, ParameterError
from flowstudio.nodes.ai.choice import ModelUser
from flowstudio.nodes.ai.texts import text_of
from flowstudio.nodes.entry import Entry
from flowstudio.nodes.http.fields import JsonValue

_TOLD = """Extract the information that is asked for from the text. Take only what the text says. Use null for what it does not say, where that
is allowed."""
_KINDS: dict[str, Json] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "description": "A date as YYYY-MM-DD."},
    "texts": {"type": "array", "items": {"type": "string"}},
    "numbers": {"type": "array", "items": {"type": "number"}},
}


class Wanted(Entry):
    """A piece of information."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """The field that it becomes."""
    kind: Annotated[
        Literal["text", "number", "integer", "boolean", "date", "texts", "numbers"],
        Choice(
            {
                "text": "Text",
                "number": "Number",
                "integer": "Whole number",
                "boolean": "Yes or no",
                "date": "Date",
                "texts": "List of texts",
                "numbers": "List of numbers",
            }
        ),
    ] = "text"
    """What it is."""
    description: str = ""
    """Tells the model what is meant, and how it should be written."""
    required: bool = False
    """Whether the text must say it. If not, it is empty (null) where the text does not."""


class InformationExtractor(ModelUser, ItemNode):
    """Gets the facts that you name out of a text, as data: names, amounts, dates, lists.

    Say which fields you want, give an example, or a JSON schema. The answer is checked against it and asked for once more when
    it does not fit; when it still does not, the step fails instead of passing on something wrong.
    """

    type = "information-extractor"
    label = "Information Extractor"
    group = "AI"
    icon = "scan-text"
    asked_by = "text"
    examples = (
        Example(
            "Fields of an order by mail",
            properties={
                "text": "={{ $json.mail }}",
                "fields": [
                    {"name": "article", "required": True},
                    {"name": "quantity", "kind": "integer", "required": True},
                    {"name": "by", "kind": "date", "description": "When it must arrive"},
                ],
            },
            given=[{"mail": "Please send three lamps."}],
            gives=[{"output": {"article": "lamp", "quantity": 3, "by": None}}],
            model=('{"article": "lamp", "quantity": 3, "by": null}',),
        ),
        Example(
            "Data like an example, repaired once",
            properties={"by": "example", "example": {"city": "Paris", "people": 3}},
            given=[{"text": "Ada and Bob live in Oslo."}],
            gives=[{"output": {"city": "Oslo", "people": 2}}],
            model=('{"city": "Oslo", "people": "two"}', '{"city": "Oslo", "people": 2}'),
        ),
    )

    text: Annotated[str, Widget("multiline")] = ""
    """The text. Empty: the item's `text`, `content`, `body` or the like, else all of the item."""
    by: Annotated[
        Literal["fields", "example", "schema"],
        Choice({"fields": "Fields", "example": "An example", "schema": "A JSON schema"}),
    ] = "fields"
    """How you say what you want."""
    fields: Annotated[list[Wanted], ShowIf("by", ("fields",))] = Field(default_factory=list)
    """What you want to know."""
    example: Annotated[JsonValue, Widget("json"), ShowIf("by", ("example",))] = Field(default_factory=dict)
    """An answer as you would like it: the fields it has, and the kinds of their values."""
    answer_schema: Annotated[
        JsonValue, Widget("json"), ShowIf("by", ("schema",)), Field(title="JSON schema")
    ] = Field(default_factory=dict)
    """The JSON schema of the answer."""
    instructions: Annotated[str, Widget("multiline")] = ""
    """More about what to look for."""
    at_once: Annotated[int, Field(ge=1, le=50, title="Items at once")] = 1
    """How many items are worked on at the same time."""

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """As many as the person allows."""
        return Pace(first.at_once)

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Extract from one item."""
        schema = self._schema()
        text = self.text.strip() or text_of(item)
        if not text:
            raise NodeError("There is no text. Fill it in, or let the item have a field 'text'.")
        told = [system(_TOLD), *([system(self.instructions)] if self.instructions.strip() else [])]
        found = await answer(self.chat_model(ctx), [*told, user(text)], schema, name="information")
        return {"main": [Item({"output": found.value}, None, item.paired_item)]}

    def _schema(self) -> Schema:
        if self.by == "fields":
            if not self.fields:
                raise ParameterError("Name at least one field to extract.", parameter="fields")
            return {
                "type": "object",
                "properties": {wanted.name: _schema_of(wanted) for wanted in self.fields},
                "required": [wanted.name for wanted in self.fields],
                "additionalProperties": False,
            }
        value: Any = self.example if self.by == "example" else self.answer_schema
        if not isinstance(value, dict) or not value:
            parameter = "example" if self.by == "example" else "answer_schema"
            raise ParameterError("Give an object that is not empty.", parameter=parameter)
        return schema_of_example(value) if self.by == "example" else value


def _schema_of(wanted: Wanted) -> Json:
    kind = dict(_KINDS[wanted.kind])
    if wanted.description:
        kind["description"] = f"{wanted.description}. {kind.get('description', '')}".strip()
    if not wanted.required:
        kind["type"] = [kind["type"], "null"]
    return kind
