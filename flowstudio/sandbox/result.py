"""What a Code node may return, by n8n's rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowstudio.errors import CodeOutput

ITEM_KEYS = frozenset({"json", "binary", "pairedItem", "error", "index"})
"""Keys that an item may have beside its data."""


def items_of_all(value: Any, *, stdout: str = "", missing: bool = False) -> list[dict[str, Any]]:
    """Items of a run for all items: a list of objects, or a single object. Raises `CodeOutput`."""
    if missing or not isinstance(value, list | dict):
        raise CodeOutput(
            'The code does not return items. Return a list of objects, one for each item, such as [{"json": {"name": 1}}].'
            + ("" if missing or value is None else f" It returned {_name(value)}."),
            stdout=stdout,
        )
    entries = value if isinstance(value, list) else [value]
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise CodeOutput(
                f"Item {index} of the result is {_name(entry)}; every item must be an object.",
                stdout=stdout,
                item=index,
            )
    wrapped = any(not ITEM_KEYS.isdisjoint(entry) for entry in entries)
    return [_item(entry, index, wrapped=wrapped, stdout=stdout) for index, entry in enumerate(entries)]


def items_of_each(values: Sequence[Any], *, stdout: str = "") -> list[dict[str, Any]]:
    """Items of runs for each item: an object each; None drops the item. Raises `CodeOutput`."""
    items = []
    for index, value in enumerate(values):
        if value is None:
            continue
        if not isinstance(value, dict):
            several = (
                " Return one object, or run the code once for all items." if isinstance(value, list) else ""
            )
            raise CodeOutput(
                f"The code returned {_name(value)} for item {index}; it must return an object.{several}",
                stdout=stdout,
                item=index,
            )
        item = _item(value, index, wrapped=not ITEM_KEYS.isdisjoint(value), stdout=stdout)
        items.append({"pairedItem": index, **item})
    return items


def left_behind(result: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Static data and notes that code left, checked for their shape."""
    left = result.get("left") if isinstance(result, dict) else None
    if not isinstance(left, dict):
        return {}, {}
    kept, notes = left.get("kept"), left.get("notes")
    return (
        {name: value for name, value in kept.items() if isinstance(value, dict)}
        if isinstance(kept, dict)
        else {},
        {name: value for name, value in notes.items() if isinstance(value, str)}
        if isinstance(notes, dict)
        else {},
    )


def _item(entry: Mapping[str, Any], index: int, *, wrapped: bool, stdout: str) -> dict[str, Any]:
    if not wrapped:
        return {"json": dict(entry)}
    unknown = [key for key in entry if key not in ITEM_KEYS]
    if unknown:
        raise CodeOutput(
            f"Item {index} has the unknown key '{unknown[0]}' beside 'json'; put the data of an item inside of 'json'.",
            stdout=stdout,
            item=index,
        )
    json = entry.get("json", {})
    if not isinstance(json, dict):
        raise CodeOutput(
            f"'json' of item {index} is {_name(json)}; it must be an object.", stdout=stdout, item=index
        )
    item: dict[str, Any] = {
        key: entry[key] for key in ("binary", "pairedItem", "error") if entry.get(key) is not None
    }
    return {"json": json, **item}


def _name(value: Any) -> str:
    """A value in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text '{value[:40]}'"
    return "a list" if isinstance(value, list) else "an object"
