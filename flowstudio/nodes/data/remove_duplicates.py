"""The Remove Duplicates node."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs, Port, ShowIf
from flowstudio.nodes import paths


class RemoveDuplicates(BatchNode):
    """Lets each item through once: of items that are the same, the first one stays.

    Choose which fields decide. The others leave by **Duplicates**: leave that output unconnected if you do not need them.
    """

    type = "remove-duplicates"
    label = "Remove Duplicates"
    group = "Data"
    icon = "copy-minus"
    outputs = (Port("kept", "Kept"), Port("discarded", "Duplicates"))
    examples = (
        Example(
            "Exact copies",
            properties={},
            given=[{"n": 1}, {"n": 2}, {"n": 1}],
            gives={"kept": [{"n": 1}, {"n": 2}], "discarded": [{"n": 1}]},
        ),
        Example(
            "One item for each address",
            properties={"compare": "selected", "fields": ["email"]},
            given=[
                {"email": "ada@example.com", "n": 1},
                {"email": "bo@example.com", "n": 2},
                {"email": "ada@example.com", "n": 3},
            ],
            gives={
                "kept": [{"email": "ada@example.com", "n": 1}, {"email": "bo@example.com", "n": 2}],
                "discarded": [{"email": "ada@example.com", "n": 3}],
            },
        ),
    )

    compare: Annotated[
        Literal["all", "selected", "except"],
        Choice({"all": "All fields", "selected": "Only these fields", "except": "All fields but these"}),
    ] = "all"
    """Which fields decide whether two items are the same."""
    fields: Annotated[list[str], Field(title="These fields"), ShowIf("compare", ("selected", "except"))] = (
        Field(default_factory=list)
    )
    """Names of fields; a dot reaches into objects."""
    remove_other_fields: Annotated[bool, ShowIf("compare", ("selected", "except"))] = False
    """Whether only the fields that were compared go on."""
    dot_notation: bool = True
    """Whether `address.city` means the city within the address. If not, it is a name like any other."""

    @field_validator("fields", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return (
            [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
        )

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Sort out what was seen before."""
        seen: set[Hashable] = set()
        kept: list[Item] = []
        discarded: list[Item] = []
        for item in inputs.get("main", ()):
            compared = self._compared(item.json)
            key = frozen(compared)
            if key in seen:
                discarded.append(item)
                continue
            seen.add(key)
            kept.append(
                item.with_json(compared) if self.remove_other_fields and self.compare != "all" else item
            )
        return {"kept": kept, "discarded": discarded}

    def _compared(self, data: Json) -> Json:
        if self.compare == "except":
            for name in self.fields:
                data = paths.drop(data, name, dots=self.dot_notation)
        elif self.compare == "selected":
            chosen: Json = {}
            for name in self.fields:
                value = paths.get(data, name, dots=self.dot_notation)
                if value is not paths.MISSING:
                    chosen = paths.put(chosen, name, value, dots=self.dot_notation)
            return chosen
        return data


def frozen(value: Any) -> Any:
    """A hashable value that is equal exactly for equal JSON: `1` is `1.0`, but not `true`; the order of keys does not matter."""
    match value:
        case bool():
            return ("boolean", value)
        case dict():
            return ("object", frozenset((name, frozen(content)) for name, content in value.items()))
        case list():
            return ("list", tuple(map(frozen, value)))
        case _:
            return value
