"""Conditions, as Filter, If and Switch have them.

A condition compares two values as a type does. With a type given, `strict` demands that the left value has it; otherwise
values are converted as JavaScript would. Without a type the values decide. The right value is often typed into a form,
where everything is text, so a text there may always stand for a number, a boolean or a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, field_validator

from flowstudio.engine.context import Context
from flowstudio.engine.node import Choice, ItemNode, Pace, ShowIf, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes import regex, values
from flowstudio.nodes.comparisons import READERS, RULES, Kind, Search, infer
from flowstudio.nodes.dates import parse_instant, zone_named
from flowstudio.nodes.entry import Entry
from flowstudio.nodes.plain_comparisons import plain_verdict

Test: TypeAlias = Literal[
    "equals",
    "not_equals",
    "exists",
    "not_exists",
    "is_empty",
    "is_not_empty",
    "contains",
    "not_contains",
    "starts_with",
    "not_starts_with",
    "ends_with",
    "not_ends_with",
    "matches_regex",
    "not_matches_regex",
    "greater",
    "less",
    "greater_or_equal",
    "less_or_equal",
    "after",
    "before",
    "after_or_equal",
    "before_or_equal",
    "is_true",
    "is_false",
    "length_equals",
    "length_not_equals",
    "length_greater",
    "length_less",
    "length_greater_or_equal",
    "length_less_or_equal",
]

LABELS = {
    "equals": "is equal to",
    "not_equals": "is not equal to",
    "exists": "exists",
    "not_exists": "does not exist",
    "is_empty": "is empty",
    "is_not_empty": "is not empty",
    "contains": "contains",
    "not_contains": "does not contain",
    "starts_with": "starts with",
    "not_starts_with": "does not start with",
    "ends_with": "ends with",
    "not_ends_with": "does not end with",
    "matches_regex": "matches the regular expression",
    "not_matches_regex": "does not match the regular expression",
    "greater": "is greater than",
    "less": "is less than",
    "greater_or_equal": "is greater than or equal to",
    "less_or_equal": "is less than or equal to",
    "after": "is after",
    "before": "is before",
    "after_or_equal": "is after or equal to",
    "before_or_equal": "is before or equal to",
    "is_true": "is true",
    "is_false": "is false",
    "length_equals": "length is equal to",
    "length_not_equals": "length is not equal to",
    "length_greater": "length is greater than",
    "length_less": "length is less than",
    "length_greater_or_equal": "length is greater than or equal to",
    "length_less_or_equal": "length is less than or equal to",
}

ONE_SIDED = frozenset({"exists", "not_exists", "is_empty", "is_not_empty", "is_true", "is_false"})
"""Tests that look at the left value only."""

_TWO_SIDED = tuple(test for test in LABELS if test not in ONE_SIDED)


class Condition(Entry):
    """Something that is true of an item or not."""

    left: Annotated[Any, Field(title="Value"), Widget("text")] = None
    """The value to look at, usually an expression such as `={{ $json.status }}`."""
    type: Annotated[
        Literal["auto", "string", "number", "date-time", "boolean", "truth", "array", "object"],
        Field(title="Type"),
        Choice(
            {
                "auto": "Automatic",
                "string": "Text",
                "number": "Number",
                "date-time": "Date & time",
                "boolean": "Yes / no",
                "truth": "Yes, unless it is empty",
                "array": "List",
                "object": "Object",
            }
        ),
    ] = "auto"
    """How to compare. Automatic looks at the values: numbers compare as numbers, dates as dates, all else as text."""
    test: Annotated[Test, Choice(LABELS)] = "equals"
    """What must be true of the value."""
    right: Annotated[Any, Field(title="Compare with"), Widget("text"), ShowIf("test", _TWO_SIDED)] = None
    """What the value is compared with: a plain value or an expression."""

    @field_validator("type", mode="before")
    @classmethod
    def _spell_type(cls, value: Any) -> Any:
        return "auto" if value in (None, "") else value

    @field_validator("test", mode="before")
    @classmethod
    def _spell_test(cls, value: Any) -> Any:
        return value.replace("-", "_") if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all conditions of a node."""

    require: Literal["all", "any"] = "all"
    ignore_case: bool = False
    strict: bool = True
    plain: bool = False
    """Nothing is converted, and types do not matter."""


async def hold(conditions: Sequence[Condition], terms: Terms, ctx: Context) -> bool:
    """Whether the conditions are met. Stops at the first that decides. Raises `NodeError` that names the culprit."""
    wanted_any = terms.require == "any"
    for number, condition in enumerate(conditions, 1):
        judged = _judge_plainly if terms.plain else judge
        verdict = judged(condition, number, terms, ctx.execution.timezone)
        if isinstance(verdict, Search):
            found = await regex.matches(verdict.pattern, verdict.text, ctx, ignore_case=terms.ignore_case)
            verdict = found is verdict.wanted
        if verdict is wanted_any:
            return wanted_any
    return not wanted_any


def judge(condition: Condition, number: int, terms: Terms, timezone: str) -> bool | Search:
    """The verdict on one condition; `number` is its place, from 1."""
    test, left = condition.test, condition.left
    if test == "exists":
        return left is not None
    if test == "not_exists":
        return left is None
    stated, right = condition.type, condition.right
    words = type(left) is str and type(right) is str
    if stated != "auto":
        kind: Kind = stated
    elif words and test in ("equals", "not_equals", "contains", "not_contains"):
        kind = "string"
    else:
        kind = infer(test, left, right, timezone)
    rule = RULES[kind].get(test)
    if rule is None:
        known = ", ".join(f"'{LABELS[name]}'" for name in RULES[kind])
        raise NodeError(
            f"Condition {number}: '{LABELS[test]}' does not go with the type {kind}; choose one of {known}, or another type."
        )
    if not (words if kind == "string" else kind == "number" and {type(left), type(right)} <= _NUMBERS):
        reader = _Reader(condition, number, kind, zone=timezone)
        left = reader.left(strict=terms.strict and stated != "auto")
        right = None if test in ONE_SIDED else reader.right()
    if terms.ignore_case:
        left = _lower(left)
        if not test.endswith("matches_regex"):
            right = _lower(right)
    return rule(left, right)


def _judge_plainly(condition: Condition, number: int, terms: Terms, timezone: str) -> bool | Search:
    left, right, test = condition.left, condition.right, condition.test
    try:
        verdict = plain_verdict(condition.type, test, left, right, timezone)
    except ValueError as error:
        shown = _shown(error.args[0] if error.args else left)
        raise NodeError(f"Condition {number}: {shown} is not a date. Correct the value.") from error
    return judge(condition, number, terms, timezone) if verdict is None else verdict


_NUMBERS = {int, float}


@lru_cache(maxsize=10_000)
def _instant(value: str | float, zone: str) -> datetime:
    """The same few moments are compared with many items."""
    return parse_instant(value, zone_named(zone))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the sides of a condition as its type."""

    condition: Condition
    number: int
    kind: Kind
    zone: str

    def left(self, *, strict: bool) -> Any:
        value = self.condition.left
        if strict and value is not None and not _has_type(value, self.kind):
            raise self._failure(
                f"wrong type: {_shown(value)} is {_a(values.type_name(value))} but was expected to be {_a(self.kind)}",
                "Choose another type for the condition, or switch off strict types so that values are converted.",
            )
        return self._read(value, self.kind)

    def right(self) -> Any:
        test, value = self.condition.test, self.condition.right
        if test.startswith("length_"):
            return self._read(value, "number")
        if self.kind == "array" and test in ("contains", "not_contains"):
            return value
        return self._read(value, self.kind)

    def _read(self, value: Any, kind: Kind) -> Any:
        if value is None:
            return None
        try:
            if kind == "date-time":
                if isinstance(value, str | float) or type(value) is int:
                    return _instant(value, self.zone) if value != "" else None
                raise ValueError(value)
            return READERS[kind](value)
        except ValueError as error:
            raise self._failure(
                f"{_shown(value)}, {_a(values.type_name(value))}, cannot be converted to {_a(kind)}",
                "Correct the value, or choose another type for the condition.",
            ) from error

    def _failure(self, reason: str, remedy: str) -> NodeError:
        condition = self.condition
        compared = "" if condition.test in ONE_SIDED else f" {_shown(condition.right)}"
        stated = f"{_shown(condition.left)} {LABELS[condition.test]}{compared}"
        return NodeError(f"Condition {self.number} ({stated}): {reason}. {remedy}")


def _has_type(value: Any, kind: Kind) -> bool:
    if kind == "date-time":
        return isinstance(value, str | int | float) and not isinstance(value, bool)
    return kind == "truth" or values.type_name(value) == kind


def _lower(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower()
    return [_lower(element) for element in value] if isinstance(value, list) else value


def _shown(value: Any) -> str:
    text = f"'{value}'" if isinstance(value, str) else values.json_text(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _a(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


class ConditionNode(ItemNode):
    """What the nodes with one set of conditions share."""

    conditions: Annotated[list[Condition], Field(min_length=1)]
    """What must be true of an item."""
    require: Annotated[
        Literal["all", "any"], Choice({"all": "All conditions", "any": "At least one condition"})
    ] = "all"
    """Whether every condition must be met, or one is enough."""
    ignore_case: bool = False
    """Whether large and small letters count as the same."""
    strict: Annotated[bool, Field(title="Strict types")] = True
    """Whether a value of another type than the condition's is an error. Switch it off to convert values where possible."""

    as_they_are: Annotated[bool, Field(title="Compare values as they are")] = False
    """Whether nothing is converted: 5 is not "5". Comes with old workflows of n8n."""

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """Items with regular expressions go together."""
        return pace(first.conditions)

    async def met(self, ctx: Context) -> bool:
        """Whether the item that this instance was made for meets the conditions."""
        return await hold(
            self.conditions, Terms(self.require, self.ignore_case, self.strict, self.as_they_are), ctx
        )


def pace(conditions: Sequence[Condition]) -> Pace:
    """Lets items with regular expressions go together, since their texts travel together."""
    searches = any(condition.test in ("matches_regex", "not_matches_regex") for condition in conditions)
    return Pace(at_once=regex.AT_ONCE) if searches else Pace()
