"""JSON values as bytes."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.engine.events import ErrorInfo
from flowstudio.errors import InvalidRequest, NewerVersion
from flowstudio.storage.codec import (
    COMPRESS_FROM,
    decode,
    encode,
    pack_error,
    pack_response,
    pack_scope,
    unpack_error,
    unpack_response,
    unpack_scope,
)
from tests.storage.samples import FILE

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=[])),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(json_values)
def test_json_comes_back_as_it_went_in(value: Any) -> None:
    back = decode(encode(value))
    assert back == value
    assert repr(back) == repr(value)


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**400])
def test_integers_over_64_bits_come_back_exactly(number: int) -> None:
    assert decode(encode({"n": [number]})) == {"n": [number]}


def test_large_values_are_compressed_and_small_ones_are_not() -> None:
    large, small = {"text": "abc" * COMPRESS_FROM}, {"text": "abc"}
    assert len(encode(large)) < COMPRESS_FROM / 10
    assert decode(encode(large)) == large
    assert encode(small) == b'o{"text":"abc"}'


def test_large_values_with_huge_integers_are_compressed_too() -> None:
    value = [2**70] * 2000
    assert len(encode(value)) < 1000
    assert decode(encode(value)) == value


def test_deep_nesting_comes_back_until_a_limit_that_is_told() -> None:
    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value]
        return value

    assert decode(encode(nested(400))) == nested(400)
    with pytest.raises(InvalidRequest, match="nested too deeply"):
        encode(nested(100_000))


@pytest.mark.parametrize(
    "value",
    [
        {1: "a"},
        {"a": {1, 2}},
        {"a": datetime.now(UTC)},
        {"a": b"bytes"},
        {"a": object()},
        {2**70: 1, "b": 2**70},
    ],
)
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="cannot be stored as JSON"):
        encode(value)


def test_not_a_number_beside_a_huge_integer_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="cannot be stored as JSON"):
        encode([2**70, math.nan])


def test_an_unknown_form_is_an_error() -> None:
    with pytest.raises(NewerVersion, match="unknown form"):
        decode(b"x{}")


@given(st.lists(st.text()))
def test_scopes_come_back(scope: list[str]) -> None:
    assert unpack_scope(pack_scope(tuple(scope))) == tuple(scope)


def test_answers_may_hold_bytes_and_files() -> None:
    answer = {"body": b"\x00", "binary": FILE, "json": {"$bytes": "text"}, "odd": {"$json": {"$json": 1}}}
    assert unpack_response(decode(encode(pack_response(answer)))) == answer
    assert unpack_response(pack_response(None)) is None


def test_an_error_with_details_that_are_no_json_is_still_recorded() -> None:
    error = ErrorInfo("node", "bad", detail={"when": {1}})
    assert unpack_error(pack_error(error)) == ErrorInfo("node", "bad", detail="{'when': {1}}")
