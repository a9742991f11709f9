from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.nodes import values


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_number_reads_back_the_same(number: float) -> None:
    assert float(values.to_number(values.to_text(number))) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        (7.5, 7.5),
        ("7", 7),
        ("7.0", 7),
        ("+7", 7),
        ("-7.25", -7.25),
        (".5", 0.5),
        ("5.", 5),
        ("1e3", 1000),
        ("\u00a0 7\n", 7),
        ("", 0),
        ("   ", 0),
        ("0x10", 16),
        ("0b101", 5),
        ("0o17", 15),
        (True, 1),
        (False, 0),
        (None, 0),
        ([], 0),
        (["12"], 12),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_numbers_are_read_as_javascript_does(value: Any, number: float) -> None:
    read = values.to_number(value)
    assert (read, type(read)) == (number, type(number))


@pytest.mark.parametrize(
    "value",
    ["abc", "1_000", "1,000", "12px", "0x", "-0x10", "１２", "Infinity", "NaN", "1e999", "--1", {}, [1, 2], [True], float("nan"), float("inf")],
)  # fmt: skip
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the error carries the value, callers say what is wrong
        values.to_number(value)


@pytest.mark.parametrize(
    ("value", "truth"),
    [(True, True), (False, False), ("true", True), ("True", True), ("FALSE", False), (1, True), (0, False), ("1", True), ("0", False), ("", False)],
)  # fmt: skip
def test_booleans_are_read(value: Any, truth: bool) -> None:
    assert values.to_boolean(value) is truth


@pytest.mark.parametrize("value", ["yes", "no", 2, -1, "2", {}, [1, 2]])
def test_what_is_no_boolean_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the error carries the value, callers say what is wrong
        values.to_boolean(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (None, ""),
        (True, "true"),
        (1.0, "1"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (-1.25e-9, "-1.25e-9"),
        ([1, "a", None], '[1,"a",null]'),
        ({"a": {"b": 1.0}}, '{"a":{"b":1}}'),
        ({"ü": "\n"}, '{"ü":"\\n"}'),
        ({}, "{}"),
    ],
)
def test_texts_are_made(value: Any, text: str) -> None:
    assert values.to_text(value) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(JSON)
def test_json_text_reads_back_the_same(value: Any) -> None:
    assert values.same(json.loads(values.json_text(value)), value)


@pytest.mark.parametrize(
    ("value", "found"), [([1], [1]), ("[1, 2]", [1, 2]), ("['a', 'b']", ["a", "b"]), ("[]", [])]
)
def test_lists_are_read(value: Any, found: list[Any]) -> None:
    assert values.to_array(value) == found


@pytest.mark.parametrize("value", ["abc", "{}", {}, 5, "[1,", None, "[NaN]", "[" * 5000])
def test_what_is_no_list_is_refused(value: Any) -> None:
    with pytest.raises((ValueError, RecursionError)):
        values.to_array(value)


@pytest.mark.parametrize(
    ("value", "found"), [({"a": 1}, {"a": 1}), ('{"a": 1}', {"a": 1}), ("{'a': 'b'}", {"a": "b"})]
)
def test_objects_are_read(value: Any, found: dict[str, Any]) -> None:
    assert values.to_object(value) == found


@pytest.mark.parametrize("value", ["abc", "[]", [], 5, None, "{a: }"])
def test_what_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the error carries the value, callers say what is wrong
        values.to_object(value)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        ("1", 1, False),
        (None, None, True),
        (None, False, False),
        ([1, True], [1.0, True], True),
        ([1], [True], False),
        ([1], [1, 2], False),
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {}, False),
        ([], {}, False),
    ],
)
def test_sameness_is_that_of_json(left: Any, right: Any, equal: bool) -> None:
    assert values.same(left, right) is equal
    assert values.same(right, left) is equal
