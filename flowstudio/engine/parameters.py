"""The parameters of node types: what their fields are for, and what to say about values that do not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from flowstudio.engine.item import Json
from flowstudio.engine.node import Code, Credential, Node, Slot, Widget
from flowstudio.errors import ParameterError

Location = tuple[str | int, ...]
"""A place within a node's properties."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a node type, by what fills them."""

    parameters: Mapping[str, FieldInfo]
    """Filled by the form; `code` ones too."""
    code: frozenset[str]
    """Parameters whose text is never a template."""
    json_texts: frozenset[str]
    """Parameters whose text is JSON."""
    credentials: Mapping[str, Credential]
    slots: Mapping[str, Slot]


@cache
def fields_of(cls: type[Node]) -> Fields:
    """Sort the fields of a node type. Their names are those of documents: a field's alias, where it has one."""
    spelled = {field.alias or name: field for name, field in cls.model_fields.items()}
    marks = {name: field.metadata for name, field in spelled.items()}
    credentials = {n: m for n, found in marks.items() for m in found if isinstance(m, Credential)}
    slots = {n: m for n, found in marks.items() for m in found if isinstance(m, Slot)}
    return Fields(
        {n: f for n, f in spelled.items() if n not in credentials and n not in slots},
        frozenset(n for n, found in marks.items() if any(isinstance(m, Code) for m in found)),
        frozenset(n for n, found in marks.items() if Widget("json") in found),
        credentials,
        slots,
    )


def path_text(location: Sequence[str | int]) -> str:
    """A location as JSON path: `fields[0].value`."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in location).lstrip(".")


def title_of(cls: type[Node], location: Sequence[str | int]) -> str:
    """A location in the words of the form: `Fields 1, Value`."""
    words: list[str] = []
    for depth, part in enumerate(location):
        if isinstance(part, int):
            words[-1:] = [f"{words[-1]} {part + 1}" if words else f"entry {part + 1}"]
            continue
        field = fields_of(cls).parameters.get(part) if depth == 0 else None
        words.append(
            field.title if field is not None and field.title else part.replace("_", " ").strip().capitalize()
        )
    return ", ".join(words) or cls.label or cls.type


def faults(error: ValidationError, properties: Json) -> list[tuple[Location, str]]:
    """What does not fit, and where, in plain words. Of several complaints about one place only the first."""
    found: dict[Location, str] = {}
    for detail in error.errors(include_url=False):
        found.setdefault(_location(detail, properties), _words(detail))
    return list(found.items())


def parameter_error(cls: type[Node], error: ValidationError, properties: Json) -> ParameterError:
    """The first fault as an error of the node."""
    location, words = faults(error, properties)[0]
    return ParameterError(f"{title_of(cls, location)} {words}", parameter=path_text(location))


def _location(detail: ErrorDetails, properties: Json) -> Location:
    """Where the value stands, without the branches of unions that the validator mentions."""
    location: list[str | int] = []
    value: Any = properties
    parts = detail["loc"]
    for depth, part in enumerate(parts):
        child = _child(value, part)
        if child is not _ABSENT:
            location.append(part)
            value = child
        elif detail["type"] == "missing" and depth == len(parts) - 1:
            location.append(part)
    if not location and parts:
        location.append(parts[0])
    return tuple(location)


_ABSENT = object()


def _child(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part, _ABSENT)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return _ABSENT


_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "an object",
    "model": "an object",
    "datetime": "a date and time",
    "date": "a date",
    "time": "a time",
}


def _words(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "is required."
    if kind == "literal_error":
        return f"must be {context.get('expected')}, but is {shown(detail['input'])}."
    family, _, rest = kind.partition("_")
    if family in _KINDS and rest in {
        "type",
        "parsing",
        "attributes_type",
        "from_float",
        "from_number",
        "from_date_parsing",
    }:
        return f"must be {_KINDS[family]}, but is {shown(detail['input'])}."
    if kind in {"too_short", "string_too_short"} and context.get("min_length") == 1:
        return "must not be empty."
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ").rstrip(".")
    return f"does not fit: {message[:1].lower()}{message[1:]}."


def shown(value: Any) -> str:
    """A value for an error text, shortened."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}'" if len(value) <= 60 else f"'{value[:57]}…'"
        case int() | float():
            return str(value)
        case list() | tuple():
            return "a list"
        case _:
            return "an object"
