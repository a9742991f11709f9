"""Texts and documents that a node works on, wherever the item has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from flowstudio.ai.documents import Document
from flowstudio.engine.item import Item, Json

TEXTS: Final = ("text", "content", "body", "description", "chatInput", "message", "summary", "output")
"""Fields of an item that hold a text to work on, best first."""
_SOURCES: Final = ("source", "title", "name", "url")
MANY: Final = ("documents", "docs", "texts", "passages", "pages", "chunks")
"""Fields of an item that hold several texts."""


def text_of(item: Item) -> str:
    """The text of an item: the usual field; else all of the item as JSON."""
    for name in TEXTS:
        value = item.json.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return json.dumps(item.json, ensure_ascii=False) if item.json else ""


def documents_of(value: Any, name: str = "document") -> list[Document]:
    """Documents from a text, an object with one, or a list of these; what has no source is called `document 1` and so on."""
    rows = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    found = [document for row in rows if (document := _document(row)) is not None]
    return [
        Document(d.text, d.source or f"{name} {number}", d.metadata)
        for number, d in enumerate(found, 1)
        if d.text.strip()
    ]


def documents_in(item: Item) -> list[Document]:
    """The documents of an item: a list in one of the usual fields, else the item itself."""
    for name in MANY:
        if isinstance(item.json.get(name), list | str | dict) and item.json[name]:
            return documents_of(item.json[name])
    return documents_of([item.json]) if item.json else []


def documents_among(items: Iterable[Item]) -> list[Document]:
    """The documents of all items together."""
    return documents_of([row for item in items for row in _rows(item)])


def _rows(item: Item) -> list[Any]:
    for name in MANY:
        if isinstance(item.json.get(name), list):
            return list(item.json[name])
    return [item.json]


def _document(row: Any) -> Document | None:
    if isinstance(row, str):
        return Document(row)
    if not isinstance(row, dict):
        return Document(str(row)) if row is not None else None
    inner = _object(row.get("json")) if len(row) <= 3 else {}
    inner = inner or row
    metadata = _object(inner.get("metadata"))
    named = (str(place[key]) for place in (inner, metadata) for key in _SOURCES if place.get(key))
    for name in (*TEXTS, "pageContent", "page_content"):
        text = inner.get(name)
        if isinstance(text, str) and text.strip():
            return Document(text, next(named, ""), metadata)
    return Document(json.dumps(inner, ensure_ascii=False)) if inner else None


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}
