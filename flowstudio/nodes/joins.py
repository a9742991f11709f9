"""Joins two lists of items, as tables are joined: by fields, by position, or each with each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowstudio.engine.expression import number_to_text
from flowstudio.engine.item import Item, Json
from flowstudio.nodes import paths, values


@dataclass(frozen=True, slots=True)
class Blend:
    """How several items become one."""

    deep: bool = True
    """Whether objects and lists within are blended too, as opposed to replaced."""
    suffix: bool = False
    """Whether every field gets the number of its input, so that none are lost."""
    override_empty: bool = False
    """Whether an empty value never replaces one that is not."""

    def of(self, ranked: Sequence[tuple[int, Item]]) -> Item:
        """One item of several, given with the number of their input; later ones win."""
        first, *others = [self._named(item.json, number) for number, item in ranked]
        json = first
        for other in others:
            json = self._merged(json, other)
        binary = {name: file for _, item in ranked for name, file in (item.binary or {}).items()}
        pairs = {pair for _, item in ranked for pair in item.paired_item}
        return Item(json, binary or None, tuple(sorted(pairs, key=lambda pair: (pair.port, pair.index))))

    def alone(self, item: Item, number: int) -> Item:
        """An item that found no partner."""
        return item.with_json(self._named(item.json, number)) if self.suffix else item

    def _named(self, json: Json, number: int) -> Json:
        return {f"{name}_{number}": value for name, value in json.items()} if self.suffix else json

    def _merged(self, under: Json, over: Json) -> Json:
        if not self.deep and not self.override_empty:
            return {**under, **over}
        merged = dict(under)
        for name, value in over.items():
            merged[name] = self._value(under[name], value) if name in under else value
        return merged

    def _value(self, under: Any, over: Any) -> Any:
        if self.override_empty and (over is None or over == ""):
            return under
        if self.deep and isinstance(under, dict) and isinstance(over, dict):
            return self._merged(under, over)
        if self.deep and isinstance(under, list) and isinstance(over, list):
            both = [self._value(a, b) for a, b in zip(under, over, strict=False)]
            return both + (under if len(under) > len(over) else over)[len(both) :]
        return over


@dataclass(slots=True)
class Matches:
    """What a join by fields found."""

    pairs: list[tuple[Item, Item]] = field(default_factory=list)
    """Partners: of the first list in its order, with each of their partners in the order of the second."""
    matched_1: list[Item] = field(default_factory=list)
    matched_2: list[Item] = field(default_factory=list)
    alone_1: list[Item] = field(default_factory=list)
    alone_2: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Match:
    """How partners are found: the values of all pairs of fields must be the same."""

    fields: tuple[tuple[str, str], ...]
    """Paths in the first and in the second list."""
    first_only: bool = False
    fuzzy: bool = False
    dots: bool = True

    def between(self, first: Sequence[Item], second: Sequence[Item]) -> Matches:
        """Find the partners, in time proportional to the items and the pairs. An item without the fields has none."""
        places: dict[Hashable, list[tuple[int, list[Any]]]] = defaultdict(list)
        for index, item in enumerate(second):
            wanted = self._key(item, 1)
            if wanted is not None:
                places[self._bucket(wanted)].append((index, wanted))
        found = Matches()
        taken: set[int] = set()
        for item in first:
            wanted = self._key(item, 0)
            near = places.get(self._bucket(wanted), []) if wanted is not None else []
            partners = [index for index, other in near if wanted is not None and self._fits(wanted, other)]
            partners = partners[:1] if self.first_only else partners
            taken.update(partners)
            (found.matched_1 if partners else found.alone_1).append(item)
            found.pairs += [(item, second[index]) for index in partners]
        for index, item in enumerate(second):
            (found.matched_2 if index in taken else found.alone_2).append(item)
        return found

    def _key(self, item: Item, side: int) -> list[Any] | None:
        key = [paths.get(item.json, pair[side], dots=self.dots) for pair in self.fields]
        return None if paths.MISSING in key else key

    def _bucket(self, key: list[Any]) -> Hashable:
        return tuple(_coarse(value, self.fuzzy) for value in key)

    def _fits(self, left: list[Any], right: list[Any]) -> bool:
        return all(alike(a, b) if self.fuzzy else values.same(a, b) for a, b in zip(left, right, strict=True))


def alike(left: Any, right: Any) -> bool:
    """Sameness that tolerates how types are written: `3` and `"3"`, `true` and `"true"`, null and what is empty."""
    if values.type_name(left) == values.type_name(right):
        return values.same(left, right)
    if _is_empty(left) and _is_empty(right):
        return True
    return _coarse(left, True) == _coarse(right, True)


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}


def _coarse(value: Any, fuzzy: bool) -> Hashable:
    """The same for all values that may be partners."""
    if fuzzy:
        if _is_empty(value):
            return ""
        if isinstance(value, str):
            try:
                return number_to_text(values.to_number(value))
            except ValueError:
                return value.lower() if value.lower() in ("true", "false") else value
        return values.to_text(value)
    if isinstance(value, list | dict):
        return (values.type_name(value), len(value))
    return (values.type_name(value), value)
