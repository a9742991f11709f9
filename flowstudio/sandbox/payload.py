"""JSON to and from a cage. What comes out is not trusted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import orjson

from flowstudio.errors import CodeOutput, SandboxError

MAX_RESULT = 64 << 20
"""Bytes of a result."""


def encode(value: Any) -> bytes:
    """JSON in one line. Raises `SandboxError` when the data is nested too deeply."""
    try:
        return orjson.dumps(value)
    except TypeError:
        pass  # an integer over 64 bits, half a surrogate pair
    try:
        return json.dumps(_plain(value, float), default=str).encode()
    except RecursionError as error:
        raise SandboxError("The data is nested too deeply for expressions and code.") from error


def decode(data: bytes) -> Any:
    """The value of untrusted JSON. Raises `CodeOutput` when it is not JSON, or is nested deeper than can be stored."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = _decode_odd(data)
    try:
        orjson.dumps(value)
    except TypeError as error:
        raise CodeOutput("The result is nested too deeply; flatten it to at most 200 levels.") from error
    return value


def _decode_odd(data: bytes) -> Any:
    try:
        return _plain(json.loads(data), _short)
    except (ValueError, RecursionError) as error:
        raise CodeOutput("The result is not JSON, or is nested too deeply.") from error


def _short(number: int) -> float | int:
    return number if -(2**63) <= number < 2**64 else float(number)


def _plain(value: Any, wide: Callable[[int], float | int]) -> Any:
    """Without halves of surrogate pairs, infinite numbers and integers that few can read."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        try:
            return value if abs(value) < 2**53 else wide(value)
        except OverflowError:
            return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_plain(str(key), wide): _plain(part, wide) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, wide) for part in value]
    return value
