"""The Aggregate node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Binary, Item, Json, Pair, Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs, ShowIf
from flowstudio.errors import NodeError
from flowstudio.nodes import paths
from flowstudio.nodes.entry import Entry


class Gathered(Entry):
    """A field whose values are gathered."""

    name: Annotated[str, Field(min_length=1)]
    """The name of the field; `address.city` is the city within the address."""
    output_name: str = ""
    """The name of the list. Missing: the field's own."""


class Aggregate(BatchNode):
    """Makes one item of many: the values of single fields as lists, or all items as one list.

    The counterpart of **Split Out**. To add up and count by groups, use **Summarize**.
    """

    type = "aggregate"
    label = "Aggregate"
    group = "Data"
    icon = "group"
    examples = (
        Example(
            "All addresses as one list",
            properties={"fields": [{"name": "email", "output_name": "recipients"}]},
            given=[{"email": "ada@example.com"}, {"email": "bo@example.com"}],
            gives=[{"recipients": ["ada@example.com", "bo@example.com"]}],
        ),
        Example(
            "All items in one list",
            properties={"mode": "items", "destination": "orders"},
            given=[{"n": 1}, {"n": 2}],
            gives=[{"orders": [{"n": 1}, {"n": 2}]}],
        ),
    )

    mode: Annotated[
        Literal["fields", "items"], Choice({"fields": "Values of single fields", "items": "Whole items"})
    ] = "fields"
    """What is gathered."""
    fields: Annotated[list[Gathered], ShowIf("mode", ("fields",))] = Field(default_factory=list)
    """The fields whose values are gathered."""
    merge_lists: Annotated[bool, ShowIf("mode", ("fields",))] = False
    """Whether values that are lists themselves are joined into one list."""
    keep_missing: Annotated[
        bool, Field(title="Keep missing and null values"), ShowIf("mode", ("fields",))
    ] = False
    """Whether an item that lacks the field gives null. If not, it gives nothing."""
    destination: Annotated[str, Field(min_length=1, title="Name of the list"), ShowIf("mode", ("items",))] = (
        "data"
    )
    """The field that the list goes into."""
    include: Annotated[
        Literal["all", "selected", "except"],
        Field(title="Fields of the items"),
        Choice({"all": "All", "selected": "Only these", "except": "All but these"}),
        ShowIf("mode", ("items",)),
    ] = "all"
    """Which fields of the items are kept in the list."""
    include_fields: Annotated[
        list[str],
        Field(title="These fields"),
        ShowIf("mode", ("items",)),
        ShowIf("include", ("selected", "except")),
    ] = Field(default_factory=list)
    """Names of fields; a dot reaches into objects."""
    include_binary: Annotated[bool, Field(title="Keep files")] = False
    """Whether the files of all items go along; those of the same name are numbered."""
    dot_notation: bool = True
    """Whether `address.city` means the city within the address. If not, it is a name like any other."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Gather."""
        items = inputs.get("main", ())
        data = self._fields(items) if self.mode == "fields" else self._items(items)
        pairs = tuple(Pair(index) for index in range(len(items)))
        return {"main": [Item(data, _files(items) if self.include_binary else None, pairs)]}

    def _fields(self, items: Sequence[Item]) -> Json:
        if not self.fields:
            raise NodeError("There is no field to gather. Add one, or choose “Whole items”.")
        data: Json = {}
        for field in self.fields:
            name = field.output_name or (paths.split(field.name)[-1] if self.dot_notation else field.name)
            if paths.get(data, name, dots=self.dot_notation) is not paths.MISSING:
                raise NodeError(
                    f"Two lists would be called '{name}'. Give one of the fields another output name."
                )
            gathered: list[Any] = []
            for item in items:
                value = paths.get(item.json, field.name, dots=self.dot_notation)
                if value is paths.MISSING or value is None:
                    if self.keep_missing:
                        gathered.append(None)
                    continue
                if isinstance(value, list):
                    value = value if self.keep_missing else [entry for entry in value if entry is not None]
                    if self.merge_lists:
                        gathered += value
                        continue
                gathered.append(value)
            data = paths.put(data, name, gathered, dots=self.dot_notation)
        return data

    def _items(self, items: Sequence[Item]) -> Json:
        rows = [self._kept(item.json) for item in items]
        return {self.destination: [row for row in rows if row or self.include == "all"]}

    def _kept(self, data: Json) -> Json:
        if self.include == "except":
            for name in self.include_fields:
                data = paths.drop(data, name, dots=self.dot_notation)
        elif self.include == "selected":
            kept: Json = {}
            for name in self.include_fields:
                value = paths.get(data, name, dots=self.dot_notation)
                if value is not paths.MISSING:
                    kept = paths.put(kept, name, value, dots=self.dot_notation)
            return kept
        return data


def _files(items: Sequence[Item]) -> dict[str, Binary] | None:
    files: dict[str, Binary] = {}
    for item in items:
        for name, file in (item.binary or {}).items():
            free, number = name, 1
            while free in files:
                free, number = f"{name}_{number}", number + 1
            files[free] = file
    return files or None
