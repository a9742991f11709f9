"""The Summarize node."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, field_validator

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Pair, Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs, ShowIf
from flowstudio.errors import NodeError
from flowstudio.nodes import paths, values
from flowstudio.nodes.data.remove_duplicates import frozen
from flowstudio.nodes.entry import Entry

Groups: TypeAlias = dict[tuple[Hashable, ...], list[int]]
"""Places of items, by the values that they share."""
_BRACKETS = re.compile(r"[\[\]\"]")
_ODD = re.compile(r"[ .]")
PREFIXES = {
    "append": "appended",
    "average": "average",
    "concatenate": "concatenated",
    "count": "count",
    "count_unique": "unique_count",
    "max": "max",
    "min": "min",
    "sum": "sum",
}


class Summary(Entry):
    """A figure to work out."""

    name: Annotated[str, Field(min_length=1, title="Field")]
    """The name of the field; `address.city` is the city within the address."""
    aggregation: Annotated[
        Literal["append", "average", "concatenate", "count", "count_unique", "max", "min", "sum"],
        Choice(
            {
                "sum": "Sum",
                "average": "Average",
                "min": "Smallest",
                "max": "Largest",
                "count": "Count",
                "count_unique": "Count different values",
                "append": "List of values",
                "concatenate": "Text of values",
            }
        ),
    ] = "count"
    """What is worked out of the field's values."""
    include_empty: Annotated[
        bool,
        ShowIf("aggregation", ("append", "concatenate", "count", "count_unique")),
    ] = False
    """Whether empty and missing values count too."""
    separator: Annotated[str, ShowIf("aggregation", ("concatenate",))] = ", "
    """What stands between the values."""


class Summarize(BatchNode):
    """Adds up, counts and compares the values of fields, over all items or group by group, like a pivot table.

    A figure is called after what it is and its field: `sum_total`, `count_order`; dots and spaces of the field's name become
    underscores.
    """

    type = "summarize"
    label = "Summarize"
    group = "Data"
    icon = "sigma"
    examples = (
        Example(
            "Names as one text",
            properties={"fields": [{"name": "name", "aggregation": "concatenate"}]},
            given=[{"name": "Ada"}, {"name": "Bo"}],
            gives=[{"concatenated_name": "Ada, Bo"}],
        ),
        Example(
            "Orders and revenue by country",
            properties={
                "fields": [
                    {"name": "order", "aggregation": "count"},
                    {"name": "total", "aggregation": "sum"},
                ],
                "split_by": ["country"],
            },
            given=[
                {"order": 1, "country": "DE", "total": 20},
                {"order": 2, "country": "FR", "total": 5},
                {"order": 3, "country": "DE", "total": 22.5},
            ],
            gives=[
                {"country": "DE", "count_order": 2, "sum_total": 42.5},
                {"country": "FR", "count_order": 1, "sum_total": 5},
            ],
        ),
    )

    fields: Annotated[list[Summary], Field(min_length=1, title="Figures")]
    """The figures to work out."""
    split_by: Annotated[list[str], Field(title="Group by")] = Field(default_factory=list)
    """Fields whose values make the groups. Missing: one summary of all items."""
    output: Annotated[
        Literal["separate", "single"],
        Choice({"separate": "An item for each group", "single": "One item with all groups"}),
    ] = "separate"
    """How the groups leave."""
    continue_if_not_found: Annotated[bool, Field(title="Go on without the field")] = False
    """Whether a field that no item has is left empty. If not, it is an error."""
    skip_empty_groups: Annotated[bool, Field(title="Skip items without a group")] = False
    """Whether items that lack a field of the grouping are left out."""
    strict_numbers: Annotated[bool, Field(title="Only true numbers")] = False
    """Whether sums and averages leave out texts, even those that are written like numbers, and are not rounded."""
    groups_as_text: Annotated[bool, Field(title="Groups as text")] = False
    """Whether the values of groups become texts, so that 1 and "1" are one group."""
    dot_notation: bool = True
    """Whether `address.city` means the city within the address. If not, it is a name like any other."""

    @field_validator("split_by", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return (
            [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
        )

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Work the figures out."""
        items = inputs.get("main", ())
        if not self.continue_if_not_found:
            for figure in self.fields:
                if items and all(self._found(item, figure.name) is paths.MISSING for item in items):
                    raise NodeError(
                        f"No item has a field '{figure.name}'. Check its spelling, or switch on “Go on without the field”."
                    )
        groups: Groups = {}
        for index, item in enumerate(items):
            key = [self._group(item, name) for name in self.split_by]
            if self.skip_empty_groups and any(
                value is paths.MISSING or (not value and not values.is_number(value)) for value in key
            ):
                continue
            groups.setdefault(tuple(map(frozen, key)), []).append(index)
        groups = _together(groups)
        made = [self._summary(items, indexes) for indexes in groups.values()]
        if self.output == "separate":
            return {"main": made}
        pairs = tuple(Pair(index) for indexes in groups.values() for index in indexes)
        return {"main": [Item(self._nested(made), None, pairs)]}

    def _summary(self, items: Sequence[Item], indexes: list[int]) -> Item:
        members = [items[index] for index in indexes]
        data: Json = {}
        for name in self.split_by:
            value = self._group(members[0], name)
            if value is not paths.MISSING:
                data[_plain(name)] = value
        for figure in self.fields:
            found = [self._found(member, figure.name) for member in members]
            if figure.aggregation != "concatenate":
                found = [None if value is paths.MISSING else value for value in found]
            name = _plain(f"{PREFIXES[figure.aggregation]}_{figure.name}")
            data[name] = self._figure(found, figure)
        return Item(data, None, tuple(Pair(index) for index in indexes))

    def _nested(self, made: list[Item]) -> Json:
        """All groups as objects within each other, by their values."""
        if not self.split_by:
            return made[0].json if made else {}
        root: Json = {}
        names = [_plain(name) for name in self.split_by]
        for item in made:
            place = root
            for name in names:
                key = _word(item.json.get(name, paths.MISSING))
                place = place.setdefault(_plain(key) if self.groups_as_text else key, {})
            place.update({key: value for key, value in item.json.items() if key not in names})
        return root

    def _figure(self, found: list[Any], figure: Summary) -> Any:
        if not self.strict_numbers or figure.aggregation not in ("sum", "average"):
            return _FIGURES[figure.aggregation](found, figure)
        numbers = [value for value in found if values.is_number(value)]
        if figure.aggregation == "sum":
            return _added(numbers)
        return _mean(_added(numbers), len(numbers)) if numbers else None

    def _found(self, item: Item, name: str) -> Any:
        return paths.get(item.json, name, dots=self.dot_notation)

    def _group(self, item: Item, name: str) -> Any:
        """The value that an item is grouped by."""
        value = self._found(item, name)
        if isinstance(value, dict | list):
            return values.json_text(value)
        if self.groups_as_text and not (self.skip_empty_groups and (value is paths.MISSING or not value)):
            return _word(value)
        return value


def _together(groups: Groups) -> Groups:
    """The groups in the order in which they came up, those that share their first values one after the other."""
    if not groups or len(next(iter(groups))) < 2:
        return groups
    ranks: dict[tuple[Hashable, ...], int] = {}
    for key in groups:
        for size in range(1, len(key) + 1):
            ranks.setdefault(key[:size], len(ranks))
    order = sorted(groups, key=lambda key: [ranks[key[:size]] for size in range(1, len(key) + 1)])
    return {key: groups[key] for key in order}


def _plain(name: str) -> str:
    """A name without dots, spaces, brackets and quotes, so that it can be reached by the dots of expressions."""
    return _ODD.sub("_", _BRACKETS.sub("", name))


def _word(value: Any) -> str:
    """A value as JavaScript writes it as a key."""
    if value is paths.MISSING:
        return "undefined"
    return "null" if value is None else values.to_text(value)


def _filled(found: list[Any], figure: Summary) -> list[Any]:
    if figure.include_empty:
        return found
    return [value for value in found if value is not None and value != "" and value is not paths.MISSING]


def _numbers(found: list[Any], figure: Summary) -> list[values.Number]:
    """The values as numbers; empty ones do not count."""
    numbers = []
    for value in found:
        if value is None or value == "":
            continue
        try:
            numbers.append(values.to_number(value))
        except ValueError as error:
            raise NodeError(
                f"The field '{figure.name}' holds '{values.to_text(value)[:60]}', which is not a number, so it has no "
                f"{figure.aggregation}. Filter such items out first, or count them instead."
            ) from error
    return numbers


def _sum(numbers: list[values.Number]) -> values.Number:
    """The sum, rounded once: prices add up as they do on paper."""
    return (
        sum(numbers) if all(isinstance(number, int) for number in numbers) else round(math.fsum(numbers), 10)
    )


def _added(numbers: list[values.Number]) -> values.Number:
    """The sum as programs have it: 0.1 and 0.2 are 0.30000000000000004."""
    total: values.Number = 0
    for number in numbers:
        total += number
    return int(total) if isinstance(total, float) and total.is_integer() else total


def _mean(total: values.Number, count: int) -> values.Number:
    mean = total / count
    return int(mean) if mean.is_integer() else mean


def _total(found: list[Any], figure: Summary) -> Any:
    return _sum(_numbers(found, figure))


def _average(found: list[Any], figure: Summary) -> Any:
    numbers = _numbers(found, figure)
    return _mean(_sum(numbers), len(numbers)) if numbers else None


def _extreme(choose: Callable[..., Any]) -> Callable[[list[Any], Summary], Any]:
    """The smallest or largest: of numbers by size, of anything else by text, as dates in ISO form want it."""

    def find(found: list[Any], figure: Summary) -> Any:
        filled = [value for value in found if value is not None and value != ""]
        if all(values.is_number(value) for value in filled):
            return choose(filled, default=None)
        return choose(filled, key=values.to_text, default=None)

    return find


_FIGURES: dict[str, Callable[[list[Any], Summary], Any]] = {
    "append": _filled,
    "average": _average,
    "concatenate": lambda found, figure: figure.separator.join(map(_word, _filled(found, figure))),
    "count": lambda found, figure: len(_filled(found, figure)),
    "count_unique": lambda found, figure: len({frozen(value) for value in _filled(found, figure)}),
    "max": _extreme(max),
    "min": _extreme(min),
    "sum": _total,
}
