"""Formats that are text: read as they are, or put into words."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final

from flowstudio.ai.documents import Document

_HIDDEN: Final = frozenset(("script", "style", "noscript", "template", "svg", "math", "head", "nav"))
_BLOCKS: Final = frozenset(
    "address article aside blockquote dd div dl dt fieldset figcaption figure footer form header hr li main ol p pre section "
    "table tbody td th tfoot thead tr ul".split()
)
_HEADING: Final = re.compile(r"h[1-6]")


def decode(data: bytes) -> str:
    """Bytes as text: by their mark, as UTF-8, or as Windows writes Western languages. Raises `ValueError` for binary data."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(name, "replace")
    if b"\0" in data:
        raise ValueError("it holds no text but binary data")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read_text(data: bytes) -> list[Document]:
    """One document."""
    return [Document(decode(data).replace("\r\n", "\n").replace("\r", "\n"))]


def read_csv(data: bytes) -> list[Document]:
    """A document for each row: its cells with the names of their columns."""
    text = decode(data)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:8192], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), dialect))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if not rows:
        return []
    names = [name.strip() or f"column {number}" for number, name in enumerate(rows[0], start=1)]
    return [
        Document("\n".join(_cells(names, row)), metadata={"row": number})
        for number, row in enumerate(rows[1:], start=2)
    ]


def _cells(names: list[str], row: list[str]) -> Iterator[str]:
    for index, value in enumerate(row):
        if value.strip():
            yield f"{names[index] if index < len(names) else f'column {index + 1}'}: {value.strip()}"


def read_json(data: bytes) -> list[Document]:
    """A document for each entry of a list (or line of a JSONL file), else one."""
    text = decode(data)
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise ValueError(f"{error}") from error
    if isinstance(found, list):
        return [
            Document(_words(entry), metadata={"entry": number}) for number, entry in enumerate(found, start=1)
        ]
    return [Document(_words(found))]


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def read_html(data: bytes) -> list[Document]:
    """What a page says, without its scripts and menus."""
    parser = _Page()
    parser.feed(decode(data))
    parser.close()
    text = re.sub(r"[^\S\n]+", " ", "".join(parser.parts))
    text = re.sub(r" ?\n ?", "\n", text)
    title = " ".join("".join(parser.title).split())
    return [Document(re.sub(r"\n{3,}", "\n\n", text).strip(), metadata={"title": title} if title else {})]


class _Page(HTMLParser):
    """Collects text; headings get `#`, entries of lists `-`."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.title: list[str] = []
        self._hidden: list[str] = []
        self._titled = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._titled = tag == "title"
        if tag == "body":
            self._hidden.clear()  # a head that was never closed
        elif tag in _HIDDEN:
            self._hidden.append(tag)
        elif _HEADING.fullmatch(tag):
            self.parts.append("\n\n" + "#" * int(tag[1]) + " ")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "br":
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        self._titled = False
        if tag in self._hidden:
            while self._hidden.pop() != tag:
                pass
        elif _HEADING.fullmatch(tag) or (tag in _BLOCKS and tag not in ("td", "th", "li")):
            self.parts.append("\n\n" if tag != "tr" else "\n")

    def handle_data(self, data: str) -> None:
        if self._titled:
            self.title.append(data)
        elif not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))
