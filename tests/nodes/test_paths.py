from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.engine.item import Json
from flowstudio.errors import NodeError
from flowstudio.nodes import paths


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("a", ["a"]),
        ("a b", ["a b"]),
        ("a.b.c", ["a", "b", "c"]),
        ("a[0].b", ["a", "0", "b"]),
        ("a[0][1]", ["a", "0", "1"]),
        ('a["b.c"].d', ["a", "b.c", "d"]),
        ("a['b']", ["a", "b"]),
        ("a[b]", ["a", "b"]),
        ("a.0", ["a", "0"]),
        ("a..b", ["a", "", "b"]),
        ("a.", ["a", ""]),
        ("", [""]),
    ],
)
def test_a_path_is_split_into_keys(path: str, keys: list[str]) -> None:
    assert paths.split(path) == keys


DATA = {"a": {"b": 1, "list": [10, {"c": 2}]}, "a.b": 3, "n": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", 3),
        ("a.list[0]", 10),
        ("a.list.1.c", 2),
        ("a.list[5]", paths.MISSING),
        ("a.x.y", paths.MISSING),
        ("a.b.c", paths.MISSING),
        ("n", None),
        ("n.x", paths.MISSING),
        ("a.list.x", paths.MISSING),
        ("z", paths.MISSING),
    ],
)
def test_a_value_is_found(path: str, found: Any) -> None:
    assert paths.get(DATA, path) is found or paths.get(DATA, path) == found


def test_without_dots_a_path_is_a_name() -> None:
    assert paths.get({"a": {"b": 1}}, "a.b", dots=False) is paths.MISSING
    assert paths.put({}, "a.b", 1, dots=False) == {"a.b": 1}
    assert paths.drop({"a": {"b": 1}, "a.b": 2}, "a.b", dots=False) == {"a": {"b": 1}}
    assert paths.put_all({}, {"a.b": 1}, dots=False) == {"a.b": 1}


@pytest.mark.parametrize(
    ("data", "path", "result"),
    [
        ({}, "a", {"a": 9}),
        ({}, "a.b.c", {"a": {"b": {"c": 9}}}),
        ({"a": {"x": 1}}, "a.b", {"a": {"x": 1, "b": 9}}),
        ({"a": 5}, "a.b", {"a": {"b": 9}}),
        ({"a": None}, "a.b", {"a": {"b": 9}}),
        ({"a": [1, 2]}, "a[1]", {"a": [1, 9]}),
        ({"a": [1]}, "a[3]", {"a": [1, None, None, 9]}),
        ({}, "a[0].b", {"a": [{"b": 9}]}),
        ({"a": {}}, "a.0", {"a": {"0": 9}}),
        ({"a.b": 1}, "a.b", {"a.b": 9}),
        ({"a": [1]}, "a.b", {"a": {"b": 9}}),
    ],
)
def test_a_value_is_put_without_changing_what_was_given(data: Json, path: str, result: Json) -> None:
    before = deepcopy(data)
    assert paths.put(data, path, 9) == result
    assert data == before


def test_an_absurd_position_is_refused() -> None:
    for position in ("100001", "999999999999"):
        with pytest.raises(NodeError, match=f"The position {position} in a field's name is too large"):
            paths.put({}, f"a[{position}]", 1)


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("a", {"b": {"c": 1, "d": [1, 2]}}),
        ("b.c", {"a": 0, "b": {"d": [1, 2]}}),
        ("b.d[0]", {"a": 0, "b": {"c": 1, "d": [None, 2]}}),
        ("b.x.y", {"a": 0, "b": {"c": 1, "d": [1, 2]}}),
        ("x", {"a": 0, "b": {"c": 1, "d": [1, 2]}}),
        ("['a']", {"b": {"c": 1, "d": [1, 2]}}),
    ],
)
def test_a_value_is_dropped_without_changing_what_was_given(path: str, result: Json) -> None:
    data: Json = {"a": 0, "b": {"c": 1, "d": [1, 2]}}
    before = deepcopy(data)
    assert paths.drop(data, path) == result
    assert data == before


@given(
    st.dictionaries(st.text("ab.", max_size=3), st.integers() | st.lists(st.integers()), max_size=3),
    st.text("ab.[]01\"'", max_size=8),
)
def test_what_was_put_is_found_there(data: Json, path: str) -> None:
    assert paths.get(paths.put(data, path, "here"), path) == "here"
