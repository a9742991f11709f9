"""A small tokenizer for JavaScript: enough to know where strings, templates, regular expressions and comments end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["space", "name", "number", "string", "template", "regex", "mark"]


class UnreadableCode(ValueError):
    """The text ends in the middle of a token."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it stands."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """Position behind the token."""
        return self.start + len(self.text)


OPERATORS = frozenset(
    "typeof instanceof in of new delete void return await yield case do else throw extends default".split()
)
"""Words after which an operand comes."""

_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NAME = re.compile(r"[\w$\u200c\u200d]+|#\w+|\\u\w+")
_NUMBER = re.compile(r"0[xXbBoO][\da-fA-F_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?")
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.DOTALL)
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
_MARK = re.compile(r"=>|\?\.(?!\d)|\.\.\.|\+\+|--|[<>=!]==?|&&|\|\||\?\?|\*\*|.", re.DOTALL)


def ends_operand(token: Token | None) -> bool:
    """Whether a value has just ended, so that `(`, `[`, `.` or `/` continue it."""
    if token is None:
        return False
    if token.kind == "name":
        return token.text not in OPERATORS
    return token.kind in ("number", "string", "template", "regex") or token.text in (
        ")",
        "]",
        "}",
        "++",
        "--",
    )


def tokens(source: str, start: int = 0) -> Iterator[Token]:
    """Read tokens from a position to the end. Raises `UnreadableCode`."""
    before: Token | None = None
    position = start
    while position < len(source):
        token = _next(source, position, before)
        yield token
        position = token.end
        if token.kind != "space":
            before = token


def _next(source: str, position: int, before: Token | None) -> Token:
    character = source[position]
    if found := _SPACE.match(source, position):
        return Token("space", found.group(), position)
    if character == "`":
        return Token("template", source[position : template_end(source, position)], position)
    if character in "\"'":
        if found := _STRING.match(source, position):
            return Token("string", found.group(), position)
        raise UnreadableCode("a text is not closed")
    if character.isdigit() or (character == "." and source[position + 1 : position + 2].isdigit()):
        found = _NUMBER.match(source, position)
        if found and found.group():
            return Token("number", found.group(), position)
    if found := _NAME.match(source, position):
        return Token("name", found.group(), position)
    if character == "/" and not ends_operand(before) and (found := _REGEX.match(source, position)):
        return Token("regex", found.group(), position)
    found = _MARK.match(source, position)
    return Token("mark", found.group() if found else character, position)


def template_end(source: str, start: int) -> int:
    """Position behind a template literal that starts at `start`. Raises `UnreadableCode`."""
    for part in template_parts(source, start):
        if part[0] == "end":
            return part[2]
    raise UnreadableCode("a template literal is not closed")


def template_parts(source: str, start: int) -> Iterator[tuple[Literal["text", "code", "end"], int, int]]:
    """The texts and `${}` codes of a template literal as (kind, start, end), without the marks; last comes `end`."""
    position = text = start + 1
    while position < len(source):
        character = source[position]
        if character == "\\":
            position += 2
        elif character == "`":
            yield "text", text, position
            yield "end", position, position + 1
            return
        elif source.startswith("${", position):
            yield "text", text, position
            closing = _brace_end(source, position + 2)
            yield "code", position + 2, closing
            position = text = closing + 1
        else:
            position += 1
    raise UnreadableCode("a template literal is not closed")


def _brace_end(source: str, start: int) -> int:
    depth = 0
    for token in tokens(source, start):
        if token.kind == "mark" and token.text == "{":
            depth += 1
        elif token.kind == "mark" and token.text == "}":
            if not depth:
                return token.start
            depth -= 1
    raise UnreadableCode("'${' is not closed")
