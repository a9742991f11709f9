"""How values of each type compare: the rules behind conditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from flowstudio.nodes import values
from flowstudio.nodes.dates import parse_instant, zone_named

Kind: TypeAlias = Literal["string", "number", "date-time", "boolean", "truth", "array", "object"]


@dataclass(frozen=True, slots=True)
class Search:
    """A regular expression that still has to be tried."""

    pattern: str
    text: str
    wanted: bool


def _lenient_boolean(value: Any) -> bool:
    """A boolean by its word or number, else whether JavaScript takes the value for true."""
    try:
        return values.to_boolean(value)
    except ValueError:
        return _truth(value)


def _truth(value: Any) -> bool:
    """Whether JavaScript takes a value for true."""
    return isinstance(value, list | dict) or bool(value)


READERS: dict[str, Callable[[Any], Any]] = {
    "string": values.to_text,
    "number": values.to_number,
    "boolean": _lenient_boolean,
    "truth": _truth,
    "array": values.to_array,
    "object": values.to_object,
}


_LENGTHS = tuple(
    f"length_{relation}"
    for relation in ("equals", "not_equals", "greater", "less", "greater_or_equal", "less_or_equal")
)


def infer(test: str, left: Any, right: Any, timezone: str = "UTC") -> Kind:
    """The type that a condition without one compares as."""
    if test in _KIND_OF:
        return _KIND_OF[test]
    kind = values.type_name(right if left is None else left)
    if test in ("contains", "not_contains"):
        return "array" if kind == "array" else "string"
    if test in ("greater", "less", "greater_or_equal", "less_or_equal"):
        numeric = _reads(values.to_number, left) and _reads(values.to_number, right)
        zone = zone_named(timezone)
        dated = not numeric and all(_reads(lambda v: parse_instant(v, zone), side) for side in (left, right))
        return "date-time" if dated else "number"
    if test in ("is_empty", "is_not_empty"):
        return _as_kind(kind)
    if kind == "string" and left is not None and right is not None:
        kind = values.type_name(right)
    fits = kind in READERS and all(_reads(_EXACT[kind], side) for side in (left, right))
    return _as_kind(kind) if fits else "string"


def _as_kind(name: str) -> Kind:
    kinds: dict[str, Kind] = {"number": "number", "boolean": "boolean", "array": "array", "object": "object"}
    return kinds.get(name, "string")


def _reads(read: Callable[[Any], Any], value: Any) -> bool:
    """Whether a value can be taken for a type; null can for any, an empty text for none but text."""
    if value is None:
        return True
    if value == "" and read is not values.to_text:
        return False
    try:
        read(value)
    except ValueError:
        return False
    return True


_EXACT: dict[str, Callable[[Any], Any]] = {**READERS, "boolean": values.to_boolean}
_KIND_OF: dict[str, Kind] = {
    **dict.fromkeys(("is_true", "is_false"), "boolean"),
    **dict.fromkeys(("after", "before", "after_or_equal", "before_or_equal"), "date-time"),
    **dict.fromkeys(_LENGTHS, "array"),
    **dict.fromkeys(
        (
            "starts_with",
            "not_starts_with",
            "ends_with",
            "not_ends_with",
            "matches_regex",
            "not_matches_regex",
        ),
        "string",
    ),
}

Rule: TypeAlias = Callable[[Any, Any], bool | Search]
"""A verdict on left and right, both of the type or None."""


def _empty(left: Any, _: Any) -> bool:
    return left is None or (isinstance(left, str | list | dict) and not left)


def _not(rule: Callable[[Any, Any], bool]) -> Rule:
    return lambda left, right: not rule(left, right)


def _text(rule: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: rule(left or "", right or "")


def _both(rule: Callable[[Any, Any], bool]) -> Rule:
    """A comparison that is never true of what does not exist."""
    return lambda left, right: left is not None and right is not None and rule(left, right)


def _length(rule: Callable[[int, Any], bool]) -> Rule:
    return lambda left, right: right is not None and rule(len(left or ()), right)


def _has(left: Any, right: Any) -> bool:
    return any(values.same(element, right) for element in left or ())


def _search(wanted: bool) -> Rule:
    return lambda left, right: Search(right or "", left or "", wanted)


_EMPTINESS: dict[str, Rule] = {"is_empty": _empty, "is_not_empty": _not(_empty)}
_ORDER: dict[str, Rule] = {
    "greater": _both(lambda left, right: left > right),
    "less": _both(lambda left, right: left < right),
    "greater_or_equal": _both(lambda left, right: left >= right),
    "less_or_equal": _both(lambda left, right: left <= right),
}
_IDENTITY: dict[str, Rule] = {"equals": values.same, "not_equals": _not(values.same)}
_contains = _text(lambda left, right: right in left)
_starts = _text(str.startswith)
_ends = _text(str.endswith)
_alike = _text(str.__eq__)

RULES: dict[Kind, dict[str, Rule]] = {
    "string": {
        "equals": _alike,
        "not_equals": _not(_alike),
        "contains": _contains,
        "not_contains": _not(_contains),
        "starts_with": _starts,
        "not_starts_with": _not(_starts),
        "ends_with": _ends,
        "not_ends_with": _not(_ends),
        "matches_regex": _search(True),
        "not_matches_regex": _search(False),
        **_EMPTINESS,
    },
    "number": {**_IDENTITY, **_ORDER, **_EMPTINESS},
    "date-time": {
        "equals": _both(datetime.__eq__),
        "not_equals": _both(datetime.__ne__),
        **_ORDER,
        "after": _ORDER["greater"],
        "before": _ORDER["less"],
        "after_or_equal": _ORDER["greater_or_equal"],
        "before_or_equal": _ORDER["less_or_equal"],
        **_EMPTINESS,
    },
    "boolean": {
        "is_true": lambda left, _: left is True,
        "is_false": lambda left, _: left is not True,
        **_IDENTITY,
        **_EMPTINESS,
    },
    "array": {
        **_IDENTITY,
        "contains": _has,
        "not_contains": _not(_has),
        "length_equals": _length(lambda length, right: length == right),
        "length_not_equals": _length(lambda length, right: length != right),
        "length_greater": _length(lambda length, right: length > right),
        "length_less": _length(lambda length, right: length < right),
        "length_greater_or_equal": _length(lambda length, right: length >= right),
        "length_less_or_equal": _length(lambda length, right: length <= right),
        **_EMPTINESS,
    },
    "object": {**_IDENTITY, **_EMPTINESS},
}
RULES["truth"] = RULES["boolean"]
