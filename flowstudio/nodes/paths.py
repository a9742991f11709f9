"""Paths such as `customer.address.city` or `lines[0].price` within items' data.

A name that exists as it is written wins over the same name read as a path.
"""

from __future__ import annotations

import re
from typing import Any, Final

from flowstudio.engine.item import Json
from flowstudio.errors import NodeError

MISSING: Final = object()
"""What `get` gives where there is nothing; JavaScript's undefined."""

MAX_INDEX = 100_000
"""Positions above this are refused: a list would be filled up with nothing to reach them."""

_PART = re.compile(r"""\[(?:"([^"]*)"|'([^']*)'|([^\[\]]+))\]|\.?([^.\[\]]+)|(\.)(?=\.|$)|([\[\]])""")


def split(path: str) -> list[str]:
    """The keys of a path: `a.b[0]["c d"]` is `a`, `b`, `0`, `c d`."""
    if "." not in path and "[" not in path:
        return [path]
    return [
        next(group for group in match.groups() if group is not None) if match.group(5) is None else ""
        for match in _PART.finditer(path)
    ] or [path]


def get(data: Json, path: str, *, dots: bool = True) -> Any:
    """The value at a path, or `MISSING`."""
    if not dots or path in data:
        return data.get(path, MISSING)
    value: Any = data
    for key in split(path):
        value = _step(value, key)
        if value is MISSING:
            break
    return value


def _step(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key, MISSING)
    if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    return MISSING


def put(data: Json, path: str, value: Any, *, dots: bool = True) -> Json:
    """The data with a value at a path; objects and lists on the way are made (or copied), nothing given is changed."""
    keys = [path] if not dots or path in data else split(path)
    result: Json = _put(data, keys, value)
    return result


def _put(container: Any, keys: list[str], value: Any) -> Any:
    key, rest = keys[0], keys[1:]
    if isinstance(container, list) and key.isdecimal():
        index = _index(key)
        copy = container + [None] * (index + 1 - len(container))
        copy[index] = _put(copy[index], rest, value) if rest else value
        return copy
    if not isinstance(container, dict | list) and key.isdecimal():
        return _put([], keys, value)
    inner = container if isinstance(container, dict) else {}
    return {**inner, key: _put(inner.get(key), rest, value) if rest else value}


def put_all(data: Json, values: Json, *, dots: bool = True) -> Json:
    """The data with several values at their paths."""
    names = "".join(values)
    if not dots or not ("." in names or "[" in names):
        return {**data, **values}
    for path, value in values.items():
        data = put(data, path, value)
    return data


def drop(data: Json, path: str, *, dots: bool = True) -> Json:
    """The data without what is at a path."""
    keys = [path] if not dots or path in data else split(path)
    if len(keys) == 1:
        return {key: value for key, value in data.items() if key != keys[0]}
    if get(data, path) is MISSING:
        return data
    parent: Any = data
    for key in keys[:-1]:
        parent = _step(parent, key)
    if isinstance(parent, list):
        left: Any = list(parent)
        left[int(keys[-1])] = None
    else:
        left = {key: value for key, value in parent.items() if key != keys[-1]}
    result: Json = _put(data, keys[:-1], left)
    return result


def _index(key: str) -> int:
    if len(key) > 6 or int(key) > MAX_INDEX:
        raise NodeError(f"The position {key} in a field's name is too large; lists go up to {MAX_INDEX}.")
    return int(key)
