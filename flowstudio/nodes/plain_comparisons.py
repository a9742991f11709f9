"""Comparisons as JavaScript makes them without converting anything first: those of the first If, Filter and Switch of n8n."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from flowstudio.nodes import values
from flowstudio.nodes.comparisons import Search
from flowstudio.nodes.dates import parse_instant, zone_named


def plain_verdict(kind: str, test: str, left: Any, right: Any, zone: str) -> bool | Search | None:
    """The verdict on two values as they are; None for a test that did not exist then. Raises `ValueError` for what is no date."""
    if test.endswith("matches_regex"):
        return Search(_text(right), _text(left), wanted=test == "matches_regex")
    if kind == "date-time" and test not in ("is_empty", "is_not_empty"):
        left, right = (_moment(value, zone) for value in (left, right))
    rule = _RULES.get(test)
    return None if rule is None else rule(left, right)


def _moment(value: Any, zone: str) -> float:
    return parse_instant(value, zone_named(zone)).timestamp()


def _text(value: Any) -> str:
    """`(value || "").toString()` of JavaScript."""
    if value is None or value is False or value == 0:
        return ""
    if isinstance(value, list):
        return ",".join("" if entry is None else _text(entry) or values.to_text(entry) for entry in value)
    return "[object Object]" if isinstance(value, dict) else values.to_text(value)


def _identical(left: Any, right: Any) -> bool:
    """`===`: no conversion, and lists and objects are only themselves."""
    return not isinstance(left, list | dict) and values.same(left, right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """`(left || 0) < (right || 0)`: texts among themselves, all else as numbers."""

    def rule(left: Any, right: Any) -> bool:
        left, right = left or 0, right or 0
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        try:
            return compare(values.to_number(left), values.to_number(right))
        except ValueError:
            return False

    return rule


def _empty(left: Any, _: Any) -> bool:
    return left is None or left == "" or left == [] or left == {} or (left != left and math.isnan(left))


def _not(rule: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: not rule(left, right)


def _contains(left: Any, right: Any) -> bool:
    return _text(right) in _text(left)


def _starts(left: Any, right: Any) -> bool:
    return _text(left).startswith(_text(right))


def _ends(left: Any, right: Any) -> bool:
    return _text(left).endswith(_text(right))


_greater = _ordered(lambda left, right: left > right)
_less = _ordered(lambda left, right: left < right)
_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _identical,
    "not_equals": _not(_identical),
    "contains": _contains,
    "not_contains": _not(_contains),
    "starts_with": _starts,
    "not_starts_with": _not(_starts),
    "ends_with": _ends,
    "not_ends_with": _not(_ends),
    "greater": _greater,
    "less": _less,
    "greater_or_equal": _ordered(lambda left, right: left >= right),
    "less_or_equal": _ordered(lambda left, right: left <= right),
    "after": _greater,
    "before": _less,
    "is_empty": _empty,
    "is_not_empty": _not(_empty),
}
