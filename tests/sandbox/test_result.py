from __future__ import annotations

from typing import Any

import pytest

from flowstudio.errors import CodeOutput, SandboxError
from flowstudio.sandbox.payload import decode, encode
from flowstudio.sandbox.result import items_of_all, items_of_each


def test_extra_fields_of_an_item_are_kept() -> None:
    item = {"json": {"a": 1}, "pairedItem": 3, "binary": {"f": {}}, "error": "x", "index": 1}
    assert items_of_all([item]) == [{"json": {"a": 1}, "pairedItem": 3, "binary": {"f": {}}, "error": "x"}]


def test_an_item_of_one_run_pairs_with_its_input_unless_it_says_otherwise() -> None:
    assert items_of_each([{"a": 1}, None, {"json": {}, "pairedItem": 0}]) == [
        {"json": {"a": 1}, "pairedItem": 0},
        {"json": {}, "pairedItem": 0},
    ]


def test_an_item_without_json_but_with_files_has_no_data() -> None:
    assert items_of_all([{"binary": {"f": {}}}]) == [{"json": {}, "binary": {"f": {}}}]


@pytest.mark.parametrize("value", [None, 1, "x", True, [None], [[]], ["x"], [{"json": []}]])
def test_what_is_not_items_is_refused(value: Any) -> None:
    with pytest.raises(CodeOutput):
        items_of_all(value)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"{", b"\xff", b"[" * 500 + b"]" * 500, b"[" * 100000])
def test_untrusted_bytes_are_refused_politely(data: bytes) -> None:
    with pytest.raises(CodeOutput):
        decode(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a":[1,null,"x"]}', {"a": [1, None, "x"]}),
        (b'"a\\ud800"', "a\ufffd"),
        (b"[NaN,Infinity]", [None, None]),
        (b"1" + b"0" * 30, 1e30),
        (b"1" + b"0" * 400, None),
    ],
)
def test_odd_but_harmless_values_are_made_plain(data: bytes, expected: Any) -> None:
    assert decode(data) == expected


def test_what_goes_in_is_one_line() -> None:
    assert b"\n" not in encode({"a": "x\ny", "n": 2**80, "s": "\ud800"})


def test_data_that_is_nested_without_end_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(SandboxError, match="nested too deeply"):
        encode(value)
    while value:  # unwound by hand: freeing it at once would recurse
        value = value.pop()
