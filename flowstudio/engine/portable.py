"""Whether what a node gave out is JSON, which everything after it relies on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import orjson

from flowstudio.engine.volume import require_bytes
from flowstudio.errors import NodeError

_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
MAX_DEPTH = 200
CHUNK = 200
"""Values that are written at once, so that too much is noticed before it is all in memory."""
_LARGEST = 2**64


def require_json(values: Sequence[Any]) -> None:
    """Raise `NodeError`, naming the culprit by its path, unless all values are JSON objects, and not too many bytes.

    Cheap for what is right: one pass of a fast encoder. It writes null for numbers that JSON does not have, so only
    values with a null in them are walked through.
    """
    size = 0
    for first in range(0, len(values), CHUNK):
        chunk = values[first : first + CHUNK] if len(values) > CHUNK else values
        size += _require(chunk, first)
        require_bytes("The result has", size)


def _require(values: Sequence[Any], first: int) -> int:
    """The same for some of the values, the first of which has that index; gives their bytes, nearly."""
    size = 0
    try:
        written = orjson.dumps(values, option=_STRICT)
        size = len(written)
        if b"null" not in written and all(isinstance(value, dict) for value in values):
            return size
    except TypeError:
        pass
    for index, value in enumerate(values, first):
        if not isinstance(value, dict):
            raise NodeError(f"Item {index} holds {_name(value)}; an item's data must be an object.")
        _walk(value, f"item {index}", 0)
    return size


def _walk(value: Any, path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NodeError(
            f"The result is nested more than {MAX_DEPTH} levels deep, or contains itself; flatten it."
        )
    match value:
        case None | bool() | str():
            return
        case int():
            if not -(_LARGEST // 2) <= value < _LARGEST:
                raise NodeError(
                    f"{path} is a whole number beyond 64 bits, which JSON cannot carry; make it text."
                )
        case float():
            if not math.isfinite(value):
                raise NodeError(f"{path} is {value}, which JSON does not have; use null or text instead.")
        case list():
            for index, child in enumerate(value):
                _walk(child, f"{path}[{index}]", depth + 1)
        case dict():
            for key, child in value.items():
                if not isinstance(key, str):
                    raise NodeError(f"{path} has the key {key!r}; keys must be text.")
                _walk(child, f"{path}.{key}", depth + 1)
        case _:
            raise NodeError(
                f"{path} is {_name(value)}, which JSON cannot carry; make it text, a list or an object."
            )


def _name(value: Any) -> str:
    return f"a value of type {type(value).__name__}"
