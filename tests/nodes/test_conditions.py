from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from flowstudio.errors import NodeError
from flowstudio.nodes.comparisons import RULES, Search, infer
from flowstudio.nodes.conditions import LABELS, ONE_SIDED, Condition, Terms, Test, judge


def verdict(
    type_: str | None, left: Any, test: str, right: Any = None, *, zone: str = "UTC", **terms: Any
) -> bool | Search:
    condition = Condition.model_validate({"left": left, "type": type_, "test": test, "right": right})
    return judge(condition, 1, Terms(**terms), zone)


STRING: list[tuple[Any, str, Any, bool]] = [
    ("abc", "equals", "abc", True),
    ("abc", "equals", "ABC", False),
    ("", "equals", None, True),
    (None, "equals", "", True),
    (None, "equals", "abc", False),
    ("abc", "not_equals", "abc", False),
    ("abc", "not_equals", "ABC", True),
    (None, "not_equals", "abc", True),
    ("abc", "contains", "b", True),
    ("abc", "contains", "d", False),
    ("abc", "contains", "", True),
    (None, "contains", "b", False),
    ("abc", "not_contains", "b", False),
    ("abc", "not_contains", "d", True),
    (None, "not_contains", "b", True),
    ("abc", "starts_with", "ab", True),
    ("abc", "starts_with", "bc", False),
    ("abc", "not_starts_with", "ab", False),
    ("abc", "not_starts_with", "bc", True),
    ("abc", "ends_with", "bc", True),
    ("abc", "ends_with", "ab", False),
    ("abc", "not_ends_with", "bc", False),
    ("abc", "not_ends_with", "ab", True),
    ("", "is_empty", None, True),
    (None, "is_empty", None, True),
    (" ", "is_empty", None, False),
    ("a", "is_not_empty", None, True),
    ("", "is_not_empty", None, False),
    ("", "exists", None, True),
    ("a", "exists", None, True),
    (None, "exists", None, False),
    ("a", "not_exists", None, False),
    (None, "not_exists", None, True),
]

NUMBER: list[tuple[Any, str, Any, bool]] = [
    (5, "equals", 5, True),
    (5, "equals", 5.0, True),
    (5, "equals", "5", True),
    (5, "equals", 6, False),
    (0, "equals", None, False),
    (None, "equals", None, True),
    (5, "not_equals", 5, False),
    (5, "not_equals", 4, True),
    (None, "not_equals", 4, True),
    (5, "greater", 4, True),
    (5, "greater", 5, False),
    (5, "greater", "4.5", True),
    (-1, "greater", -2, True),
    (None, "greater", -1, False),
    (5, "less", 6, True),
    (5, "less", 5, False),
    (None, "less", 1, False),
    (5, "greater_or_equal", 5, True),
    (4.99, "greater_or_equal", 5, False),
    (5, "less_or_equal", 5, True),
    (5.01, "less_or_equal", 5, False),
    (0, "is_empty", None, False),
    (None, "is_empty", None, True),
    (0, "is_not_empty", None, True),
    (0, "exists", None, True),
    (None, "exists", None, False),
    (None, "not_exists", None, True),
]

NEW_YEAR = "2026-01-01T00:00:00Z"

DATE_TIME: list[tuple[Any, str, Any, bool]] = [
    (NEW_YEAR, "equals", "2026-01-01", True),
    (NEW_YEAR, "equals", "2026-01-01T01:00:00+01:00", True),
    (NEW_YEAR, "equals", 1767225600, True),
    (NEW_YEAR, "equals", 1767225600000, True),
    (NEW_YEAR, "equals", "Thu, 01 Jan 2026 00:00:00 GMT", True),
    (NEW_YEAR, "equals", "2026-01-02", False),
    (None, "equals", None, False),
    (NEW_YEAR, "not_equals", "2026-01-02", True),
    (NEW_YEAR, "not_equals", "2026-01-01", False),
    (NEW_YEAR, "after", "2025-12-31T23:59:59Z", True),
    (NEW_YEAR, "after", NEW_YEAR, False),
    (NEW_YEAR, "after", "2025-12-31T23:30:00-01:00", False),
    (NEW_YEAR, "before", "2026-01-01T00:00:01Z", True),
    (NEW_YEAR, "before", NEW_YEAR, False),
    (NEW_YEAR, "after_or_equal", NEW_YEAR, True),
    (NEW_YEAR, "after_or_equal", "2026-01-02", False),
    (NEW_YEAR, "before_or_equal", NEW_YEAR, True),
    (NEW_YEAR, "before_or_equal", "2025-01-02", False),
    (NEW_YEAR, "greater", "2025-01-01", True),
    (NEW_YEAR, "less", "2025-01-01", False),
    (NEW_YEAR, "greater_or_equal", "2025-01-01", True),
    (NEW_YEAR, "less_or_equal", "2025-01-01", False),
    (None, "after", NEW_YEAR, False),
    (None, "before", NEW_YEAR, False),
    ("", "before", NEW_YEAR, False),
    (None, "is_empty", None, True),
    ("", "is_empty", None, True),
    (NEW_YEAR, "is_empty", None, False),
    (NEW_YEAR, "is_not_empty", None, True),
    (NEW_YEAR, "exists", None, True),
    (None, "not_exists", None, True),
]

BOOLEAN: list[tuple[Any, str, Any, bool]] = [
    (True, "is_true", None, True),
    (False, "is_true", None, False),
    (None, "is_true", None, False),
    (False, "is_false", None, True),
    (True, "is_false", None, False),
    (None, "is_false", None, True),
    (True, "equals", True, True),
    (True, "equals", "true", True),
    (True, "equals", False, False),
    (None, "equals", False, False),
    (True, "not_equals", False, True),
    (True, "not_equals", True, False),
    (False, "is_empty", None, False),
    (None, "is_empty", None, True),
    (False, "is_not_empty", None, True),
    (False, "exists", None, True),
    (None, "not_exists", None, True),
]

ARRAY: list[tuple[Any, str, Any, bool]] = [
    ([1, "a"], "contains", "a", True),
    ([1, "a"], "contains", 1, True),
    ([1, "a"], "contains", "1", False),
    ([True], "contains", 1, False),
    ([{"a": 1}], "contains", {"a": 1.0}, True),
    (None, "contains", "a", False),
    ([1, "a"], "not_contains", "b", True),
    ([1, "a"], "not_contains", "a", False),
    ([1, 2], "length_equals", 2, True),
    ([1, 2], "length_equals", "2", True),
    ([1, 2], "length_equals", 3, False),
    (None, "length_equals", 0, True),
    ([1, 2], "length_not_equals", 3, True),
    ([1, 2], "length_not_equals", 2, False),
    ([1, 2], "length_greater", 1, True),
    ([1, 2], "length_greater", 2, False),
    ([1, 2], "length_less", 3, True),
    ([1, 2], "length_less", 2, False),
    ([1, 2], "length_greater_or_equal", 2, True),
    ([1, 2], "length_greater_or_equal", 3, False),
    ([1, 2], "length_less_or_equal", 2, True),
    ([1, 2], "length_less_or_equal", 1, False),
    ([], "is_empty", None, True),
    (None, "is_empty", None, True),
    ([0], "is_empty", None, False),
    ([0], "is_not_empty", None, True),
    ([1], "equals", "[1]", True),
    ([1], "not_equals", [2], True),
    ([], "exists", None, True),
    (None, "not_exists", None, True),
]

OBJECT: list[tuple[Any, str, Any, bool]] = [
    ({}, "is_empty", None, True),
    (None, "is_empty", None, True),
    ({"a": None}, "is_empty", None, False),
    ({"a": 1}, "is_not_empty", None, True),
    ({}, "is_not_empty", None, False),
    ({"a": 1, "b": 2}, "equals", {"b": 2, "a": 1}, True),
    ({"a": 1}, "not_equals", '{"a": 2}', True),
    ({}, "exists", None, True),
    (None, "exists", None, False),
    (None, "not_exists", None, True),
]

TRUTH: list[tuple[Any, str, Any, bool]] = [
    ("false", "is_true", None, True),
    ("", "is_true", None, False),
    (0, "is_false", None, True),
    ([], "is_false", None, False),
    ("no", "equals", True, True),
    ("no", "not_equals", True, False),
    (None, "is_empty", None, True),
    ("no", "is_not_empty", None, True),
]

ROWS: list[tuple[str, Any, str, Any, bool]] = [
    (kind, *row)
    for kind, rows in (
        ("string", STRING),
        ("number", NUMBER),
        ("date-time", DATE_TIME),
        ("boolean", BOOLEAN),
        ("truth", TRUTH),
        ("array", ARRAY),
        ("object", OBJECT),
    )
    for row in rows
]
TABLE = [pytest.param(*row, id=f"{row[0]} {row[1]!r} {row[2]} {row[3]!r}") for row in ROWS]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("kind", "left", "test", "right", "wanted"), TABLE)
def test_a_value_is_judged_as_its_type(
    kind: str, left: Any, test: str, right: Any, wanted: bool, strict: bool
) -> None:
    assert verdict(kind, left, test, right, strict=strict) is wanted


def test_every_test_of_every_type_is_in_the_table() -> None:
    tried = {(kind, test) for kind, _, test, _, _ in ROWS}
    known = {(kind, test) for kind, rules in RULES.items() for test in rules}
    assert known - tried == {("string", "matches_regex"), ("string", "not_matches_regex")}


def test_every_test_has_words_for_the_form() -> None:
    assert set(LABELS) == set(get_args(Test))
    assert set(LABELS) >= ONE_SIDED


@pytest.mark.parametrize(
    ("kind", "left", "test", "right", "wanted"),
    [
        ("string", 5, "equals", "5", True),
        ("string", 1.0, "equals", "1", True),
        ("string", True, "equals", "true", True),
        ("string", {"a": [1, None]}, "equals", '{"a":[1,null]}', True),
        ("string", "5", "equals", 5, True),
        ("number", "5", "equals", 5, True),
        ("number", " 5.50 ", "equals", 5.5, True),
        ("number", "1e3", "equals", 1000, True),
        ("number", "0x1F", "equals", 31, True),
        ("number", "", "equals", 0, True),
        ("number", True, "equals", 1, True),
        ("boolean", "true", "is_true", None, True),
        ("boolean", "FALSE", "is_true", None, False),
        ("boolean", "0", "is_false", None, True),
        ("boolean", 1, "is_true", None, True),
        ("boolean", "yes", "is_true", None, True),
        ("boolean", "", "is_true", None, False),
        ("boolean", [1, 2], "is_true", None, True),
        ("boolean", [], "is_true", None, False),
        ("array", "[1, 2]", "length_equals", 2, True),
        ("array", "['a']", "contains", "a", True),
        ("object", '{"a": 1}', "is_not_empty", None, True),
        ("date-time", "Jan 5, 2024", "before", "2024-01-06", True),
    ],
)
def test_loose_types_are_converted(kind: str, left: Any, test: str, right: Any, wanted: bool) -> None:
    assert verdict(kind, left, test, right, strict=False) is wanted


@pytest.mark.parametrize(
    ("kind", "left", "says"),
    [
        ("number", "abc", "'abc' is a string but was expected to be a number"),
        ("number", "5", "'5' is a string but was expected to be a number"),
        ("string", 5, "5 is a number but was expected to be a string"),
        ("boolean", "true", "'true' is a string but was expected to be a boolean"),
        ("boolean", 1, "1 is a number but was expected to be a boolean"),
        ("number", True, "true is a boolean but was expected to be a number"),
        ("array", '["a"]', """'["a"]' is a string but was expected to be an array"""),
        ("object", [1], "[1] is an array but was expected to be an object"),
        ("date-time", {}, "{} is an object but was expected to be a date-time"),
        ("date-time", True, "true is a boolean but was expected to be a date-time"),
    ],
)
def test_strict_types_refuse_other_types_with_culprit_and_remedy(kind: str, left: Any, says: str) -> None:
    test = "is_true" if kind == "boolean" else "is_not_empty"
    with pytest.raises(NodeError) as caught:
        verdict(kind, left, test)
    assert f"wrong type: {says}" in caught.value.message
    assert "switch off strict types" in caught.value.message


def test_the_error_names_the_condition_and_both_values() -> None:
    condition = Condition(left="abc", type="number", test="greater", right=5)
    with pytest.raises(NodeError, match=re.escape("Condition 3 ('abc' is greater than 5): wrong type")):
        judge(condition, 3, Terms(), "UTC")


@pytest.mark.parametrize(
    ("kind", "left", "test", "right", "says"),
    [
        ("number", "abc", "greater", 5, "'abc', a string, cannot be converted to a number"),
        ("number", 5, "greater", "many", "'many', a string, cannot be converted to a number"),
        ("number", [1, 2], "equals", 1, "[1,2], an array, cannot be converted to a number"),
        ("date-time", "soon", "after", NEW_YEAR, "'soon', a string, cannot be converted to a date-time"),
        ("array", "abc", "contains", "a", "'abc', a string, cannot be converted to an array"),
        ("array", [], "length_equals", "x", "'x', a string, cannot be converted to a number"),
        ("object", "[1]", "is_empty", None, "'[1]', a string, cannot be converted to an object"),
    ],
)
def test_loose_types_refuse_what_cannot_be_converted(
    kind: str, left: Any, test: str, right: Any, says: str
) -> None:
    with pytest.raises(NodeError) as caught:
        verdict(kind, left, test, right, strict=False)
    assert says in caught.value.message


def test_long_values_are_cut_in_errors() -> None:
    with pytest.raises(NodeError) as caught:
        verdict("number", "x" * 10_000, "equals", 1)
    assert len(caught.value.message) < 500


def test_a_test_that_does_not_go_with_the_type_is_refused_with_those_that_do() -> None:
    with pytest.raises(
        NodeError, match="'contains' does not go with the type boolean; choose one of 'is true'"
    ):
        verdict("boolean", True, "contains", "x")


@pytest.mark.parametrize(
    ("left", "test", "right", "wanted"),
    [
        ("paid", "equals", "paid", True),
        (5, "equals", "5", True),
        ("5", "equals", 5, True),
        ("5.0", "equals", "5", False),
        (5, "equals", "abc", False),
        (5, "not_equals", "abc", True),
        (True, "equals", "true", True),
        (True, "equals", "yes", False),
        ("true", "equals", True, True),
        (None, "equals", "x", False),
        (None, "not_equals", "x", True),
        (None, "equals", 0, False),
        (0, "equals", "", False),
        ([1, 2], "equals", "[1,2]", True),
        ("100", "greater", "20", True),
        (100, "greater", "20", True),
        ("2026-02-01", "greater", "2026-01-31", True),
        ("2026-02-01", "less_or_equal", "2026-01-31", False),
        (None, "greater", 5, False),
        (None, "less", 5, False),
        (12345, "contains", "34", True),
        (["a"], "contains", "a", True),
        ("abc", "contains", "b", True),
        (12345, "starts_with", 12, True),
        ("true", "is_true", None, True),
        (0, "is_false", None, True),
        ("2026-02-01", "after", "2026-01-31", True),
        ([1], "length_greater", 0, True),
        ("", "is_empty", None, True),
        ([], "is_empty", None, True),
        ({}, "is_empty", None, True),
        (0, "is_empty", None, False),
        (False, "is_not_empty", None, True),
    ],
)
def test_without_a_type_the_values_decide(left: Any, test: str, right: Any, wanted: bool) -> None:
    assert verdict(None, left, test, right) is wanted


@pytest.mark.parametrize(
    ("left", "test", "right", "kind"),
    [
        (5, "equals", "5", "number"),
        (5, "equals", "abc", "string"),
        ("a", "equals", "b", "string"),
        (True, "equals", "false", "boolean"),
        (None, "equals", 5, "number"),
        ("10", "less", "9", "number"),
        ("Jan 5, 2024", "less", "2025", "date-time"),
        ({}, "is_empty", None, "object"),
        ([1], "contains", 1, "array"),
    ],
)
def test_the_type_is_inferred(left: Any, test: str, right: Any, kind: str) -> None:
    assert infer(test, left, right) == kind


def test_an_order_of_words_is_refused() -> None:
    with pytest.raises(NodeError, match="'many', a string, cannot be converted to a number"):
        verdict(None, "many", "greater", 5)


@pytest.mark.parametrize(
    ("kind", "left", "test", "right", "wanted"),
    [
        ("string", "ABC", "equals", "abc", True),
        ("string", "ABC", "contains", "b", True),
        ("string", "ABC", "not_starts_with", "ab", False),
        ("string", "Ärger", "equals", "äRGER", True),
        ("array", ["Ada"], "contains", "ADA", True),
        ("number", 5, "equals", 5, True),
    ],
)
def test_case_can_be_ignored(kind: str, left: Any, test: str, right: Any, wanted: bool) -> None:
    assert verdict(kind, left, test, right, ignore_case=True) is wanted


def test_a_time_without_offset_is_read_in_the_time_zone_of_the_workflow() -> None:
    left, right = "2026-07-01 12:00", "2026-07-01T10:00:00Z"
    assert verdict("date-time", left, "equals", right, zone="Europe/Berlin") is True
    assert verdict("date-time", left, "equals", right, zone="UTC") is False


@pytest.mark.parametrize("type_", [None, "", "auto"])
def test_a_missing_type_is_automatic(type_: str | None) -> None:
    assert Condition.model_validate({"left": 1, "type": type_}).type == "auto"


def test_tests_may_be_spelled_with_hyphens() -> None:
    assert Condition.model_validate({"test": "greater-or-equal"}).test == "greater_or_equal"


def test_an_unknown_test_is_refused() -> None:
    with pytest.raises(ValidationError, match="Input should be 'equals'"):
        Condition.model_validate({"test": "resembles"})
