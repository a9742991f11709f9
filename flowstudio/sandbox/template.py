"""Templates: text with `{{ }}` in it. Finds the expressions by reading JavaScript's tokens, so that `}}` inside of them does no harm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from flowstudio.sandbox.extension import rewrite
from flowstudio.sandbox.tokens import UnreadableCode, tokens

JSON_TEXT: Final = "\x01"
"""First in a template that writes JSON: objects and lists among its text stand there as JSON."""
Piece: TypeAlias = "str | list[str]"
"""Text, or the code of one expression in a list."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a template."""

    kind: Literal["text", "expression", "unclosed"]
    text: str
    """For an expression what stands between the braces."""
    start: int
    end: int


def parts(template: str) -> Iterator[Part]:
    """Split a template. `\\{{` is text."""
    text = ""
    text_start = position = 0
    while (opening := template.find("{{", position)) >= 0:
        if opening and template[opening - 1] == "\\":
            text += template[position : opening - 1] + "{{"
            position = opening + 2
            continue
        text += template[position:opening]
        if text:
            yield Part("text", text, text_start, opening)
        text = ""
        closing = _closing(template, opening + 2)
        if closing < 0:
            yield Part("unclosed", template[opening:], opening, len(template))
            return
        position = text_start = closing + 2
        yield Part("expression", template[opening + 2 : closing], opening, position)
    text += template[position:]
    if text:
        yield Part("text", text, text_start, len(template))


def _closing(template: str, start: int) -> int:
    """Where the `}}` of an expression is, or -1."""
    depth = 0
    try:
        for token in tokens(template, start):
            if token.kind == "template" or token.text not in ("{", "}"):
                continue
            if token.text == "{":
                depth += 1
            elif depth:
                depth -= 1
            elif template.startswith("}}", token.start):
                return token.start
            else:
                break
    except UnreadableCode:
        pass
    return template.find("}}", start)  # not JavaScript; its own error will say so


_ONLY_COMMENT = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*\Z", re.DOTALL)
_ESCAPED = re.compile(r"\\.", re.DOTALL)
"""What is escaped in a text of JSON."""


def _as_json(code: str, *, quoted: bool) -> str:
    """Code whose objects and lists become JSON, and whose nothing becomes null, unless it stands within quotes."""
    nothing = "''" if quoted else "'null'"
    written = f"v === null || v === undefined ? {nothing} : typeof v === 'object' ? JSON.stringify(v) : v"
    return f"((v) => {written})({code}\n)"


@lru_cache(maxsize=4096)
def pieces(template: str) -> tuple[Piece, ...]:
    """What the child evaluates. An unclosed `{{` becomes code that cannot be compiled, and so its cell's error."""
    found: list[Piece] = []
    writes_json = template.startswith(JSON_TEXT) and "{{" in template
    given = list(parts(template[1:] if writes_json else template))
    writes_json = writes_json and len(given) > 1
    quoted = False
    for part in given:
        if part.kind == "text":
            found.append(part.text)
            quoted ^= _ESCAPED.sub("", part.text).count('"') % 2 == 1
        elif part.kind == "unclosed":
            found.append(["(() => { throw new Error(\"'{{' is never closed with '}}'\") })()"])
        else:
            code = part.text.strip().removesuffix(";")
            code = rewrite(code) if not _ONLY_COMMENT.match(code) else "undefined"
            found.append([_as_json(code, quoted=quoted) if writes_json else code])
    return tuple(found) or ("",)
