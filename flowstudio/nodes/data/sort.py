"""The Sort node."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs, ShowIf
from flowstudio.errors import NodeError
from flowstudio.nodes import paths, values
from flowstudio.nodes.entry import Entry


class SortField(Entry):
    """A field to sort by."""

    name: Annotated[str, Field(min_length=1)]
    """The name of the field; `address.city` is the city within the address."""
    order: Annotated[
        Literal["ascending", "descending"],
        Choice({"ascending": "Smallest first", "descending": "Largest first"}),
    ] = "ascending"
    """Which end comes first."""


class Sort(BatchNode):
    """Puts the items in order by one or more fields, or shuffles them.

    Numbers are compared as numbers, texts without regard to capitals; a text beside a number is read as a number. Items that
    lack a field come last, whatever the order. Where the first field is equal, the second one decides, and so on; where all
    are equal, items stay as they were.
    """

    type = "sort"
    label = "Sort"
    group = "Data"
    icon = "arrow-down-a-z"
    examples = (
        Example(
            "By city, then the highest total first",
            properties={
                "fields": [{"name": "city"}, {"name": "total", "order": "descending"}],
            },
            given=[
                {"city": "Ulm", "total": 5},
                {"city": "Bonn", "total": 7},
                {"city": "Ulm", "total": 30},
            ],
            gives=[
                {"city": "Bonn", "total": 7},
                {"city": "Ulm", "total": 30},
                {"city": "Ulm", "total": 5},
            ],
        ),
        Example(
            "By name; who has none comes last",
            properties={"fields": [{"name": "name"}]},
            given=[{"name": "bo"}, {}, {"name": "Ada"}],
            gives=[{"name": "Ada"}, {"name": "bo"}, {}],
        ),
    )

    mode: Annotated[Literal["fields", "random"], Choice({"fields": "By fields", "random": "Random"})] = (
        "fields"
    )
    """How the order is found."""
    fields: Annotated[list[SortField], ShowIf("mode", ("fields",))] = Field(default_factory=list)
    """The fields to sort by, the most important one first."""
    dot_notation: Annotated[bool, ShowIf("mode", ("fields",))] = True
    """Whether `address.city` means the city within the address. If not, it is a name like any other."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Order the items."""
        items = list(inputs.get("main", ()))
        if self.mode == "random":
            # Seeded with the run's key, so that a resumed execution shuffles the same way.
            random.Random(ctx.idempotency_key).shuffle(items)
            return {"main": items}
        if not self.fields:
            raise NodeError("There is no field to sort by. Add one, or choose “Random”.")
        for field in reversed(self.fields):
            items = self._by(field, items)
        return {"main": items}

    def _by(self, field: SortField, items: Sequence[Item]) -> list[Item]:
        found = [(paths.get(item.json, field.name, dots=self.dot_notation), item) for item in items]
        present = [(value, item) for value, item in found if value is not paths.MISSING and value is not None]
        absent = [item for value, item in found if value is paths.MISSING or value is None]
        if items and all(value is paths.MISSING for value, _ in found):
            raise NodeError(f"No item has a field '{field.name}' to sort by. Check its spelling.")
        present.sort(key=lambda pair: _KEY(pair[0]), reverse=field.order == "descending")
        return [item for _, item in present] + absent


def _compare(left: Any, right: Any) -> int:
    """The order of two values of any type: texts among themselves, else numbers where both are, else as texts."""
    if not (isinstance(left, str) and isinstance(right, str)):
        try:
            one, two = values.to_number(left), values.to_number(right)
            return int(one > two) - int(one < two)
        except ValueError:
            pass
    a, b = values.to_text(left).lower(), values.to_text(right).lower()
    return int(a > b) - int(a < b)


_KEY = functools.cmp_to_key(_compare)
