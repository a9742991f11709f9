"""XML as JSON and back, by the rules that JavaScript programs commonly use (xml2js)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from flowstudio.nodes import values

MAX_DEPTH = 150
_NAME = re.compile(r"[A-Za-z_:][\w:.\-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """How XML becomes JSON."""

    attribute_key: str = "$"
    text_key: str = "_"
    always_lists: bool = False
    with_root: bool = True
    skip_attributes: bool = False
    merge_attributes: bool = True
    normalize: bool = False
    lower_names: bool = False
    trim: bool = False


def read_xml(text: str, how: Reading) -> dict[str, Any]:
    """The elements of an XML text as objects. Raises `ValueError` in words."""
    reader = _Reader(how)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = reader.refuse
    try:
        parser.Parse(text.strip().encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        raise ValueError(
            f"{expat.ErrorString(error.code)}, in line {error.lineno}, column {error.offset + 1}"
        ) from error
    name, root = reader.root
    if how.with_root:
        return {name: root}
    return root if isinstance(root, dict) else {name: root}


class _Reader:
    """Builds the tree."""

    def __init__(self, how: Reading) -> None:
        self._how = how
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self.root: tuple[str, Any] = ("", {})

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
        data: dict[str, Any] = {}
        if attributes and not self._how.skip_attributes:
            if self._how.merge_attributes:
                for key, value in attributes.items():
                    self._add(data, key, value)
            else:
                data[self._how.attribute_key] = dict(attributes)
        self._open.append((name.lower() if self._how.lower_names else name, data, []))

    def text(self, text: str) -> None:
        if self._open:
            self._open[-1][2].append(text)

    def end(self, _: str) -> None:
        name, data, texts = self._open.pop()
        text = "".join(texts)
        if not text.strip():
            text = ""
        if self._how.trim:
            text = text.strip()
        if self._how.normalize:
            text = " ".join(text.split())
        value: Any = data
        if not data:
            value = text
        elif text:
            data[self._how.text_key] = text
        if self._open:
            self._add(self._open[-1][1], name, value)
        else:
            self.root = (name, value)

    def refuse(self, *_: object) -> None:
        raise ValueError("it defines entities of its own, which are refused because they can blow up")

    def _add(self, data: dict[str, Any], name: str, value: Any) -> None:
        if name not in data:
            data[name] = [value] if self._how.always_lists else value
        elif isinstance(data[name], list):
            data[name].append(value)
        else:
            data[name] = [data[name], value]


@dataclass(frozen=True, slots=True)
class Writing:
    """How JSON becomes XML."""

    attribute_key: str = "$"
    text_key: str = "_"
    root_name: str = "root"
    headless: bool = False
    cdata: bool = False


def write_xml(data: dict[str, Any], how: Writing) -> str:
    """An XML text of an object. An object with one field only has that field as its root. Raises `ValueError`."""
    name, value = how.root_name, data
    if len(data) == 1 and how.root_name == "root":
        name, value = next(iter(data.items()))
    lines = [] if how.headless else ['<?xml version="1.0" encoding="UTF-8" standalone="yes"?>']
    if isinstance(value, list):
        lines.append(f"<{_named(name)}>")
        for entry in value:
            _write(lines, name, entry, 1, how)
        lines.append(f"</{name}>")
    else:
        _write(lines, name, value, 0, how)
    return "\n".join(lines)


def _write(lines: list[str], name: str, value: Any, depth: int, how: Writing) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
    space, name = "  " * depth, _named(name)
    attributes, children, text = "", [], None
    if isinstance(value, dict):
        given = value.get(how.attribute_key)
        if isinstance(given, dict):
            attributes = "".join(f" {_named(key)}={quoteattr(values.to_text(v))}" for key, v in given.items())
        if how.text_key in value:
            text = value[how.text_key]
        children = [
            (key, entry)
            for key, content in value.items()
            if key not in (how.attribute_key, how.text_key)
            for entry in (content if isinstance(content, list) else [content])
        ]
    else:
        text = value
    shown = "" if text is None else _text(values.to_text(text), how)
    if children:
        lines.append(f"{space}<{name}{attributes}>")
        if shown:
            lines.append(f"{space}  {shown}")
        for key, entry in children:
            _write(lines, key, entry, depth + 1, how)
        lines.append(f"{space}</{name}>")
    else:
        lines.append(
            f"{space}<{name}{attributes}>{shown}</{name}>" if shown else f"{space}<{name}{attributes}/>"
        )


def _text(text: str, how: Writing) -> str:
    if how.cdata and any(character in text for character in "<>&"):
        return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
    return escape(text, {"\r": "&#xD;"})


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"'{name}' cannot be the name of an element; names begin with a letter and have no spaces"
        )
    return name
