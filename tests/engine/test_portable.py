"""What counts as JSON."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.engine.portable import MAX_DEPTH, require_json
from flowstudio.errors import NodeError

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(st.text(max_size=3), json_values, max_size=3), max_size=3))
def test_all_json_passes(values: list[Any]) -> None:
    require_json(values)


@given(
    st.dictionaries(st.text(max_size=3), json_values, max_size=3),
    st.sampled_from([float("nan"), float("inf"), {1}, b"", 2**64, object()]),
)
def test_anything_else_is_refused_wherever_it_stands(value: dict[str, Any], wrong: Any) -> None:
    with pytest.raises(NodeError):
        require_json([{}, {**value, "deep": [{"x": wrong}]}])


@pytest.mark.parametrize("value", [None, [], 1, "text"])
def test_the_data_of_an_item_is_an_object(value: Any) -> None:
    with pytest.raises(NodeError, match="must be an object"):
        require_json([value])


def test_half_of_a_surrogate_pair_is_text() -> None:
    require_json([{"half": "\ud83d"}])


def test_endless_nesting_is_refused() -> None:
    inside: dict[str, Any] = {}
    inside["self"] = inside
    with pytest.raises(NodeError, match=str(MAX_DEPTH)):
        require_json([inside])
