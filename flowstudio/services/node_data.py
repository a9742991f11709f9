"""The items of a node run as people look at them: page by page, searched, with their files and where they came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flowstudio.engine.item import Binary, Item, Json


def item_json(item: Item, *, pairs: bool = False) -> Json:
    """An item as the API gives it: its json, what is known of its files, and with `pairs` the inputs it came from."""
    shown: Json = {"json": item.json}
    if item.binary:
        shown["binary"] = {
            name: {"file_name": b.file_name, "mime_type": b.mime_type, "size": b.size}
            for name, b in item.binary.items()
        }
    if pairs and item.paired_item:
        shown["paired"] = [{"port": pair.port, "index": pair.index} for pair in item.paired_item]
    return shown


def items_page(
    items: Sequence[Item], offset: int, limit: int, *, search: str | None = None, pairs: bool = False
) -> Json:
    """Part of the items of a port: `{items, total}`; of a search also how many are `found`, and each item's `index`."""
    if search is None:
        page = items[offset : offset + limit]
        return {"items": [item_json(item, pairs=pairs) for item in page], "total": len(items)}
    wanted = search.casefold()
    found = [index for index, item in enumerate(items) if contains(item, wanted)]
    return {
        "items": [
            item_json(items[index], pairs=pairs) | {"index": index}
            for index in found[offset : offset + limit]
        ],
        "total": len(items),
        "found": len(found),
    }


def contains(item: Item, wanted: str) -> bool:
    """Whether a key, a value or a file name of an item holds a text. `wanted` is case-folded."""
    files: Iterable[Binary] = (item.binary or {}).values()
    return _holds(item.json, wanted) or any(wanted in file.file_name.casefold() for file in files)


def _holds(value: Any, wanted: str) -> bool:
    todo = [value]
    while todo:
        match todo.pop():
            case dict() as table:
                if any(wanted in str(key).casefold() for key in table):
                    return True
                todo.extend(table.values())
            case list() as entries:
                todo.extend(entries)
            case str() as text:
                if wanted in text.casefold():
                    return True
            case None:
                if wanted == "null":
                    return True
            case bool() as flag:
                if wanted == str(flag).casefold():
                    return True
            case other:
                if wanted in str(other):
                    return True
    return False
