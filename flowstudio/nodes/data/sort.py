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
    as_javascript: Annotated[bool, Field(title="Compare as JavaScript does"), ShowIf("mode", ("fields",))] = (
        False
    )
    """Whether null counts as 0, and a missing value is neither smaller nor larger. Comes with workflows of n8n."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Order the items."""
        items = list(inputs.get("main", ()))
        if self.mode == "random":
            # Seeded with the run's key, so that a resumed execution shuffles the same way.
            random.Random(ctx.idempotency_key).shuffle(items)
            return {"main": items}
        if not self.fields:
            raise NodeError("There is no field to sort by. Add one, or choose “Random”.")
        if self.as_javascript:
            for field in self.fields:
                self._check(field, [self._value(item, field) for item in items])
            return {"main": sorted(items, key=functools.cmp_to_key(self._compared))}
        for field in reversed(self.fields):
            items = self._by(field, items)
        return {"main": items}

    def _value(self, item: Item, field: SortField) -> Any:
        return paths.get(item.json, field.name, dots=self.dot_notation)

    def _check(self, field: SortField, found: Sequence[Any]) -> None:
        if found and all(value is paths.MISSING for value in found):
            raise NodeError(f"No item has a field '{field.name}' to sort by. Check its spelling.")

    def _compared(self, one: Item, two: Item) -> int:
        """What decides between two items: the first field in which they are not the same. It may contradict itself, as n8n's does;
        Python and JavaScript sort by the same algorithm, so the outcome is the same."""
        for field in self.fields:
            left, right = (_folded(self._value(item, field)) for item in (one, two))
            if not _identical(left, right):
                return (-1 if _below(left, right) else 1) * (1 if field.order == "ascending" else -1)
        return 0

    def _by(self, field: SortField, items: Sequence[Item]) -> list[Item]:
        found = [(self._value(item, field), item) for item in items]
        present = [(value, item) for value, item in found if value is not paths.MISSING and value is not None]
        absent = [item for value, item in found if value is paths.MISSING or value is None]
        self._check(field, [value for value, _ in found])
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


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _identical(left: Any, right: Any) -> bool:
    if left is paths.MISSING or right is paths.MISSING:
        return left is right
    return values.same(left, right)


def _below(left: Any, right: Any) -> bool:
    """JavaScript's `<`: texts among themselves, all else as numbers; what is none is below nothing."""
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    one, two = _number(left), _number(right)
    return one is not None and two is not None and one < two


def _number(value: Any) -> values.Number | None:
    if value is None:
        return 0
    try:
        return None if value is paths.MISSING else values.to_number(value)
    except ValueError:
        return None


_KEY = functools.cmp_to_key(_compare)
