"""Expression templates: `=` and text with `{{ }}` in it.

Templates of plain paths (`{{ $json.a.b }}`, `{{ $json["a b"][0] }}`, `{{ $itemIndex }}`, and text mixed with them) are
resolved here, with the results that JavaScript gives; everything else, and every single case in which this module is not
sure, goes to the evaluator. One difference is on purpose: whole numbers beyond 2^53 stay exact here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from flowstudio.engine.item import Json

MARK: Final = "="
JSON_TEXT: Final = "\x01"
"""First in the text of a template that writes JSON: objects and lists among its text stand there as JSON."""

_IDENTIFIER = r"[A-Za-z_$][A-Za-z0-9_$]*"
_STEP = rf"""\s*\.\s*{_IDENTIFIER}|\s*\[\s*(?:\d{{1,9}}|"[^"\\\n]*"|'[^'\\\n]*')\s*\]"""
_PLAIN = re.compile(rf"\s*(?:(?P<index>\$itemIndex)|\$json(?P<steps>(?:{_STEP})*))\s*", re.ASCII)
_EACH_STEP = re.compile(
    rf"""\.\s*(?P<name>{_IDENTIFIER})|\[\s*(?:(?P<number>\d+)|"(?P<double>[^"]*)"|'(?P<single>[^']*)')\s*\]"""
)
_LINE_SEPARATORS = re.compile("[\u2028\u2029\r]")

_INHERITED = frozenset(
    "constructor toString toLocaleString valueOf hasOwnProperty isPrototypeOf propertyIsEnumerable "
    "__proto__ __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__".split()
)
"""Names that every JavaScript object has."""


class _Unsure:
    """The type of `UNSURE`."""

    def __repr__(self) -> str:
        return "UNSURE"


UNSURE: Final = _Unsure()
"""Stands for a value that only the evaluator can tell."""


@dataclass(frozen=True, slots=True)
class Path:
    """`$json` and the steps into it; without steps for `$itemIndex`, `steps` is None."""

    steps: tuple[str | int, ...] | None

    def of(self, json: Json, index: int) -> Any:
        """The value for one item, or `UNSURE`."""
        if self.steps is None:
            return index
        value: Any = json
        for step in self.steps:
            value = _property(value, step)
            if value is UNSURE:
                return UNSURE
        return value


@dataclass(frozen=True, slots=True)
class Template:
    """A template, with what is known about it without running it."""

    text: str
    """Without the leading `=`."""
    plain: tuple[str | Path, ...] | None
    """Text and paths, when there is nothing else in it."""
    nodes: frozenset[str]
    """Labels of the nodes that it names."""
    any_node: bool
    """Whether it computes the name of a node, so that it may mean any."""
    all_items: bool
    """Whether it may look at other items than its own."""
    writes_json: bool = False
    """Whether its text is to be JSON."""

    def resolve(self, json: Json, index: int) -> Any:
        """The value for one item if it is plain, else `UNSURE`."""
        if self.plain is None:
            return UNSURE
        if len(self.plain) == 1 and isinstance(self.plain[0], Path):
            return self.plain[0].of(json, index)
        text: list[str] = []
        for part in self.plain:
            if isinstance(part, str):
                text.append(part)
                continue
            value = part.of(json, index)
            unlike = self.writes_json and (value is None or isinstance(value, dict | list))
            written = UNSURE if value is UNSURE or unlike else to_text(value)
            if isinstance(written, _Unsure):
                return UNSURE
            text.append(written)
        return "".join(text)


def is_template(value: Any) -> bool:
    """Whether a parameter is a template."""
    return isinstance(value, str) and value.startswith(MARK)


@lru_cache(maxsize=4096)
def parse(text: str) -> Template:
    """Understand a template; `text` is without the leading `=`."""
    writes_json = text.startswith(JSON_TEXT) and "{{" in text
    plain = _plain(text[1:] if writes_json else text)
    if plain is not None:
        return Template(text, plain, frozenset(), False, False, writes_json)
    nodes, any_node = _references(text)
    return Template(text, None, nodes, any_node, "$input" in text or "$items" in text, writes_json)


def _plain(text: str) -> tuple[str | Path, ...] | None:
    parts: list[str | Path] = []
    position = 0
    while (opening := text.find("{{", position)) >= 0:
        closing = text.find("}}", opening)
        if closing < 0 or text[opening - 1 : opening] == "\\":
            return None
        # A path holds no brace, except in a quoted name, which this leaves to JavaScript.
        path = _path(text[opening + 2 : closing])
        if path is None:
            return None
        if opening > position:
            parts.append(text[position:opening])
        parts.append(path)
        position = closing + 2
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts)


def _path(code: str) -> Path | None:
    if _LINE_SEPARATORS.search(code) or "{" in code:
        return None
    found = _PLAIN.fullmatch(code)
    if found is None:
        return None
    if found["index"]:
        return Path(None)
    steps: list[str | int] = []
    for step in _EACH_STEP.finditer(found["steps"]):
        if step["number"] is not None:
            if len(step["number"]) > 1 and step["number"].startswith("0"):
                return None  # octal in JavaScript
            steps.append(int(step["number"]))
        else:
            steps.append(next(t for t in (step["name"], step["double"], step["single"]) if t is not None))
    return Path(tuple(steps))


def _property(value: Any, step: str | int) -> Any:
    """What JavaScript's `value[step]` gives."""
    if isinstance(value, dict):
        key = str(step)
        if key in value:
            return value[key] if key != "__proto__" else UNSURE
        return UNSURE if key in _INHERITED else None
    if isinstance(value, list):
        if isinstance(step, int):
            return value[step] if step < len(value) else None
        return len(value) if step == "length" else UNSURE
    if isinstance(value, str):
        if step == "length":
            return utf16_length(value)
        if isinstance(step, int) and value.isascii():
            return value[step] if step < len(value) else None
    return UNSURE


def utf16_length(text: str) -> int:
    """The length of a text as JavaScript counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def to_text(value: Any, depth: int = 0) -> str | _Unsure:
    """A value as JavaScript writes it into text; nothing becomes empty text."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_to_text(value)
        case dict():
            # An object may bring its own way of being written.
            return UNSURE if not _INHERITED.isdisjoint(value) else "[object Object]"
        case list() if depth < 50:
            texts = [to_text(child, depth + 1) for child in value]
            known = [text for text in texts if isinstance(text, str)]
            return ",".join(known) if len(known) == len(texts) else UNSURE
        case _:
            return UNSURE


def number_to_text(number: int | float) -> str:
    """A number as JavaScript writes it: the shortest digits that read back the same."""
    if isinstance(number, int) and abs(number) < 10**21:
        return str(number)
    try:
        number = float(number)
    except OverflowError:
        return "Infinity" if number > 0 else "-Infinity"
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _place(digits, point)


def _place(digits: str, point: int) -> str:
    """Digits with the decimal point after `point` of them, by the rules of ECMA-262, Number::toString."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"


_QUOTED = (
    r"""(?:"(?P<{0}d>(?:[^"\\]|\\.)*)"|'(?P<{0}s>(?:[^'\\]|\\.)*)'|`(?P<{0}t>(?:[^`\\$]|\\.|\$(?!\{{))*)`)"""
)
_NAMED = re.compile(
    rf"""(?<![\w$])(?:\$\(\s*{_QUOTED.format("a")}\s*[,)]|\$node\s*(?:\?\.)?\s*\[\s*{_QUOTED.format("b")}\s*\]"""
    rf"""|\$items\s*\(\s*{_QUOTED.format("c")}|\$node\s*\??\.\s*(?P<name>{_IDENTIFIER}))""",
    re.DOTALL,
)
_UNNAMED = re.compile(r"(?<![\w$])(?:\$\s*\(|\$node(?![\w$])|\$items\s*\((?!\s*\))|\$items(?!\s*\(|[\w$]))")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _references(text: str) -> tuple[frozenset[str], bool]:
    """The nodes that a template names, and whether it may mean others too."""
    names: set[str] = set()

    def note(found: re.Match[str]) -> str:
        quoted = next((value for value in found.groups() if value is not None), "")
        names.add(_ESCAPE.sub(r"\1", quoted))
        return " "

    rest = _NAMED.sub(note, text)
    return frozenset(names), _UNNAMED.search(rest) is not None


_JSON_TYPES = (str, int, float, dict, list, type(None))


def failed_cell(value: Any) -> bool:
    """Whether an evaluator's value is no JSON value, and so a failure with a `message`."""
    return not isinstance(value, _JSON_TYPES)


def labels_of(templates: Sequence[Template]) -> tuple[frozenset[str], bool]:
    """The nodes that templates name, and whether they may mean any other."""
    return frozenset().union(*(t.nodes for t in templates)), any(t.any_node for t in templates)
