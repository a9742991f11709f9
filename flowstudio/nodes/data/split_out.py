"""The Split Out node."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, ShowIf
from flowstudio.errors import NodeError
from flowstudio.nodes import paths


class SplitOut(ItemNode):
    """Makes one item of each entry of a list that an item holds.

    An order with three lines becomes three items. Several lists are split side by side: the first entry of each goes into
    the first item. An object is split by its values.
    """

    type = "split-out"
    label = "Split Out"
    group = "Data"
    icon = "split"
    subtitle = "{field}"
    examples = (
        Example(
            "One item for each line of an order",
            properties={"field": "lines", "include": "selected", "include_fields": ["number"]},
            given=[{"number": 17, "lines": [{"sku": "A"}, {"sku": "B"}]}],
            gives=[{"sku": "A", "number": 17}, {"sku": "B", "number": 17}],
        ),
        Example(
            "A list of plain values",
            properties={"field": "tags", "destination": "tag"},
            given=[{"tags": ["red", "new"]}],
            gives=[{"tag": "red"}, {"tag": "new"}],
        ),
    )

    field: Annotated[str, Field(min_length=1, title="Field to split")]
    """The field with the list. Several names, separated by commas, are split side by side."""
    include: Annotated[
        Literal["none", "all", "selected"],
        Field(title="Other fields"),
        Choice({"none": "Leave out", "all": "Keep all", "selected": "Keep only these"}),
    ] = "none"
    """Which of the item's other fields go along with every entry."""
    include_fields: Annotated[list[str], Field(title="These fields"), ShowIf("include", ("selected",))] = (
        Field(default_factory=list)
    )
    """Names of fields; a dot reaches into objects, and stays in the name."""
    destination: Annotated[str, Field(title="Name of the entry")] = ""
    """The field that the entry goes into. Missing: an object's own fields go on, a plain value keeps the list's name."""
    dot_notation: bool = True
    """Whether `order.lines` means the lines within the order. If not, it is a name like any other."""

    @field_validator("include_fields", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return (
            [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
        )

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Split."""
        names = [name.strip().removeprefix("$json.") for name in self.field.split(",") if name.strip()]
        targets = [name.strip() for name in self.destination.split(",") if name.strip()]
        if targets and len(targets) != len(names):
            raise NodeError(
                f"{len(names)} fields are split, but there are {len(targets)} names for their entries. Give one name for each."
            )
        lists = [self._entries(item.json, name) for name in names]
        rest = self._rest(item.json, names)
        made = []
        for index in range(max(map(len, lists), default=0)):
            data: Json = {}
            for position, entries in enumerate(lists):
                if index >= len(entries):
                    continue
                entry = entries[index]
                if targets:
                    data = {**data, targets[position]: entry}
                elif isinstance(entry, dict | list) and len(names) == 1:
                    data = {**data, **_own_fields(entry)}
                else:
                    data = {**data, names[position]: entry}
            # What the entry brings wins over the item's other fields, unless they were chosen by name.
            both = {**data, **rest} if self.include == "selected" else {**rest, **data}
            made.append(Item(both, None, item.paired_item))
        return {"main": made}

    def _entries(self, data: Json, name: str) -> list[Any]:
        value = paths.get(data, name, dots=self.dot_notation)
        match value:
            case list():
                return value
            case dict():
                return list(value.values())
            case _ if value is paths.MISSING:
                return []
            case _:
                return [value]

    def _rest(self, data: Json, names: list[str]) -> Json:
        if self.include == "all":
            for name in names:
                data = paths.drop(data, name, dots=self.dot_notation)
            return data
        kept: Json = {}
        if self.include == "selected":
            for name in self.include_fields:
                value = paths.get(data, name, dots=self.dot_notation)
                if value is not paths.MISSING:
                    kept[name] = value
        return kept


def _own_fields(entry: Json | list[Any]) -> Json:
    """The fields of an object; those of a list are called by their place."""
    return entry if isinstance(entry, dict) else {str(place): value for place, value in enumerate(entry)}
