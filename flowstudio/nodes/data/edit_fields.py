"""The Edit Fields node."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, ShowIf, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes import paths, values
from flowstudio.nodes.entry import Entry


class Assignment(Entry):
    """A field to set."""

    name: str = ""
    """The name of the field. `address.city` sets the city within the address."""
    type: Annotated[
        Literal["string", "number", "boolean", "array", "object", "any", "truth"],
        Choice(
            {
                "string": "Text",
                "number": "Number",
                "boolean": "Yes / no",
                "array": "List",
                "object": "Object",
                "any": "As it is",
                "truth": "Yes, unless it is empty",
            }
        ),
    ] = "string"
    """What the value is turned into."""
    value: Annotated[Any, Widget("text")] = None
    """The value: plain, or an expression such as `={{ $json.first_name }}`."""
    only_if: Annotated[Any, Field(title="Only if"), Widget("text")] = True
    """Whether there is to be such a field: an expression that is true or false. If not, the item goes on without it."""


class EditFields(ItemNode):
    """Sets, changes and removes fields of each item.

    Set fields one by one, or write the whole item as JSON. By default only what you set here goes on; switch on
    **Include other fields** to keep what the item had. A dot in a name reaches into objects: `address.city`.
    """

    type = "edit-fields"
    label = "Edit Fields"
    group = "Data"
    icon = "pen-line"
    examples = (
        Example(
            "Make a full name and keep the rest",
            properties={
                "fields": [
                    {"name": "name", "value": "={{ $json.first }} {{ $json.last }}"},
                    {"name": "address.country", "value": "DE"},
                ],
                "include_other_fields": True,
            },
            given=[{"first": "Ada", "last": "Adler", "address": {"city": "Ulm"}}],
            gives=[
                {
                    "first": "Ada",
                    "last": "Adler",
                    "address": {"city": "Ulm", "country": "DE"},
                    "name": "Ada Adler",
                }
            ],
        ),
        Example(
            "Keep two fields, one as a number",
            properties={
                "fields": [{"name": "price", "type": "number", "value": "={{ $json.price }}"}],
                "include_other_fields": True,
                "include": "selected",
                "include_fields": ["sku"],
            },
            given=[{"sku": "A-1", "price": "9.50", "color": "red"}],
            gives=[{"sku": "A-1", "price": 9.5}],
        ),
        Example(
            "Write the item as JSON",
            properties={"mode": "json", "json": '={ "greeting": "Hello {{ $json.name }}!" }'},
            given=[{"name": "Ada"}],
            gives=[{"greeting": "Hello Ada!"}],
        ),
    )

    mode: Annotated[Literal["manual", "json"], Choice({"manual": "Field by field", "json": "JSON"})] = (
        "manual"
    )
    """How you want to say what goes on."""
    fields: Annotated[list[Assignment], ShowIf("mode", ("manual",))] = Field(default_factory=list)
    """The fields to set, in this order."""
    json_value: Annotated[
        Any, Field(alias="json", title="JSON"), Widget("json"), ShowIf("mode", ("json",))
    ] = "{}"
    """The item as a JSON object. Expressions may stand in it."""
    include_other_fields: bool = False
    """Whether the item keeps its other fields."""
    include: Annotated[
        Literal["all", "selected", "except"],
        Field(title="Fields to keep"),
        Choice({"all": "All", "selected": "Only these", "except": "All but these"}),
        ShowIf("include_other_fields", (True,)),
    ] = "all"
    """Which of the other fields are kept."""
    include_fields: Annotated[
        list[str],
        Field(title="These fields"),
        ShowIf("include_other_fields", (True,)),
        ShowIf("include", ("selected", "except")),
    ] = Field(default_factory=list)
    """Names of fields; a dot reaches into objects."""
    dot_notation: bool = True
    """Whether `address.city` means the city within the address. If not, it is a name like any other."""
    ignore_conversion_errors: bool = False
    """Whether a value that cannot be turned into its type goes on as it is. If not, it is an error."""
    copies: Annotated[int, Field(ge=0, le=1000, title="Copies when run by hand")] = 0
    """How many times more each item goes on while you try the workflow out. Other executions make no copies."""
    strip_binary: Annotated[bool, Field(title="Remove files"), ShowIf("include_other_fields", (True,))] = (
        False
    )
    """Whether the item loses its files. Files are kept only together with other fields."""

    @field_validator("include_fields", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        names = value.split(",") if isinstance(value, str) else value
        if isinstance(names, list):
            return [name.strip() for name in names if isinstance(name, str) and name.strip()]
        return names

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Make the new item."""
        changes = self._from_json() if self.mode == "json" else self._from_fields()
        kept = self._kept(item.json)
        if self.mode == "manual":
            for field in self.fields:
                if not field.only_if:
                    kept = paths.drop(kept, field.name, dots=self.dot_notation)
        binary = item.binary if self.include_other_fields and not self.strip_binary else None
        made = Item(paths.put_all(kept, changes, dots=self.dot_notation), binary, item.paired_item)
        by_hand = ctx.execution.mode in ("manual", "cli")
        return {"main": [made] * (1 + self.copies if by_hand else 1)}

    def _from_fields(self) -> Json:
        return {field.name: self._convert(field) for field in self.fields if field.name and field.only_if}

    def _convert(self, field: Assignment) -> Any:
        value = field.value
        if field.type == "truth":
            return bool(value) or isinstance(value, list | dict)
        if value is None or field.type == "any":
            return value
        if field.type == "string":
            return values.to_text(value)
        try:
            return _READERS[field.type](value)
        except (ValueError, RecursionError) as error:
            if self.ignore_conversion_errors:
                return value
            raise NodeError(
                f"The field '{field.name}' should be {_A[field.type]}, but the value is {_described(value)}. "
                "Choose another type for the field, or switch on “Ignore conversion errors”."
            ) from error

    def _from_json(self) -> Json:
        found = self.json_value
        if isinstance(found, str):
            try:
                found = values.parse_json_kindly(found)
            except json.JSONDecodeError as error:
                raise NodeError(
                    f"The JSON is not valid: {error.msg} in line {error.lineno}, column {error.colno}, at "
                    f"'{_around(found, error.pos)}'. Names and texts need double quotes; an expression in a text must not "
                    "bring quotes or line breaks of its own (use JSON.stringify in it)."
                ) from error
        if isinstance(found, dict):
            return found
        raise NodeError(f"The JSON must be one object in braces, but it is {_described(found)}.")

    def _kept(self, data: Json) -> Json:
        if not self.include_other_fields:
            return {}
        names: Sequence[str] = self.include_fields
        match self.include:
            case "all":
                return data
            case "except":
                for name in names:
                    data = paths.drop(data, name, dots=self.dot_notation)
                return data
        kept: Json = {}
        for name in names:
            value = paths.get(data, name, dots=self.dot_notation)
            if value is not paths.MISSING:
                kept = paths.put(kept, self._own_name(name), value, dots=self.dot_notation)
        return kept

    def _own_name(self, path: str) -> str:
        """Where a selected field goes: what was within an object comes out of it."""
        if not self.dot_notation:
            return path
        return paths.split(path)[-1] if "'" in path or '"' in path else path.rpartition(".")[2]


_READERS: dict[str, Callable[[Any], Any]] = {
    "number": values.to_number,
    "boolean": values.to_boolean,
    "array": values.to_array,
    "object": values.to_object,
}
_A = {"number": "a number", "boolean": "true or false", "array": "a list", "object": "an object"}


def _described(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            text = values.to_text(value)
            return f"'{text if len(text) <= 60 else text[:59] + '…'}'"


def _around(text: str, position: int) -> str:
    """A stretch of text around a position, on one line."""
    return " ".join(text[max(0, position - 15) : position + 15].split())
