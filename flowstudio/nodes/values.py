"""Conversions between JSON types as JavaScript makes them, so that imported workflows give the same output.

Conversions raise `ValueError` where JavaScript would give NaN or the text is not of the type.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, TypeAlias

from flowstudio.engine.expression import number_to_text

Number: TypeAlias = int | float

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_RADIX = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)", re.ASCII)
_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
_SAFE = 2**53
_SPACE = " \t\n\v\f\r\u00a0\ufeff\u2028\u2029\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""What JavaScript trims."""


def type_name(value: Any) -> str:
    """The JSON type of a value, in the words of the form."""
    return _TYPE_NAMES.get(type(value), "object")


def is_number(value: Any) -> bool:
    """Whether it is a JSON number (booleans are not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def json_text(value: Any) -> str:
    """`JSON.stringify(value)` of JavaScript."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_to_text(value) if math.isfinite(value) else "null"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            return f"[{','.join(map(json_text, value))}]"
        case dict():
            pairs = (f"{json.dumps(str(k), ensure_ascii=False)}:{json_text(v)}" for k, v in value.items())
            return f"{{{','.join(pairs)}}}"
        case _:
            return json.dumps(str(value), ensure_ascii=False)


def to_text(value: Any) -> str:
    """A string; objects and arrays become JSON, null the empty string."""
    if type(value) is str:
        return value
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_to_text(value)
        case _:
            return json_text(value)


def to_number(value: Any) -> Number:
    """`Number(value)` of JavaScript, where that is a finite number."""
    if type(value) is int:
        return value
    match value:
        case bool():
            return int(value)
        case int():
            return value
        case float():
            if math.isfinite(value):
                return value
        case None | []:
            return 0
        case [only] if not isinstance(only, bool):
            return to_number(only)
        case str():
            text = value.strip(_SPACE)
            if not text:
                return 0
            if _DECIMAL.fullmatch(text):
                return _whole(float(text), text)
            if _RADIX.fullmatch(text):
                return int(text, 0)
    raise ValueError(value)


def _whole(number: float, text: str) -> Number:
    """The number as int where nothing is lost by it."""
    if text.lstrip("+-").isdigit():
        return int(text) if len(text) <= 40 else number
    if not math.isfinite(number):
        raise ValueError(text)
    return int(number) if number.is_integer() and abs(number) < _SAFE else number


def to_boolean(value: Any) -> bool:
    """True for `true`, "true" and 1, false for `false`, "false" and 0 (or an empty text)."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (text := value.lower()) in ("true", "false"):
        return text == "true"
    number = to_number(value)
    if number not in (0, 1):
        raise ValueError(value)
    return number == 1


def to_array(value: Any) -> list[Any]:
    """A list, or the list that a JSON text holds."""
    found = _parsed(value)
    if isinstance(found, list):
        return found
    raise ValueError(value)


def to_object(value: Any) -> dict[str, Any]:
    """An object, or the object that a JSON text holds."""
    found = _parsed(value)
    if isinstance(found, dict):
        return found
    raise ValueError(value)


def parse_json(text: str) -> Any:
    """Read JSON text. Raises `json.JSONDecodeError`; NaN and Infinity are refused, since they are not JSON."""
    return json.loads(text, parse_constant=_refuse)


_BARE_NAME = re.compile(r"""(['"])?([a-zA-Z0-9_]+)(['"])?:""")
_TRAILING_COMMA = re.compile(r",\s*([\]}])")


def parse_json_kindly(text: str) -> Any:
    """Read JSON text as people type it: with single quotes, names without quotes, commas after the last entry.

    Raises `json.JSONDecodeError`, that of the text as it is.
    """
    try:
        return parse_json(text)
    except json.JSONDecodeError:
        mended = _BARE_NAME.sub(r'"\2":', text.replace("'", '"'))
        mended = _TRAILING_COMMA.sub(r"\1", mended).rstrip(",")
        try:
            return parse_json(mended)
        except ValueError:
            pass
        raise


def _refuse(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is not JSON", name, 0)


def _parsed(value: Any) -> Any:
    """What a text holds as JSON, single quotes forgiven; anything but a text as it is."""
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value)
    except (ValueError, RecursionError):
        return parse_json(value.replace("'", '"'))


def same(left: Any, right: Any) -> bool:
    """Deep equality as JavaScript sees it: `1` is `1.0`, but not `true`."""
    match left, right:
        case (bool(), _) | (_, bool()):
            return left is right
        case list(), list():
            return len(left) == len(right) and all(map(same, left, right))
        case dict(), dict():
            return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
        case _:
            return bool(left == right)
