"""Describes node types as data: what the palette, the parameter form, the help pages and the API show of them.

Everything comes from the class: names and kinds from its fields, help from the strings under them, the rest from the
marks of `engine.node`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from enum import Enum
from inspect import cleandoc
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from flowstudio.engine.groups import group_of
from flowstudio.engine.item import Json
from flowstudio.engine.late import LateNode
from flowstudio.engine.node import Choice, Code, Example, LoopNode, Node, Port, ShowIf, Widget
from flowstudio.engine.parameters import fields_of
from flowstudio.engine.wiring import kind_of

M = TypeVar("M")

_ENGINE = frozenset({Node.__module__, BaseModel.__module__, "abc", "typing"})
_ANYTHING = (object, Any, Node, BaseModel)


def describe(cls: type[Node]) -> Json:
    """A node type as JSON data.

    `fields` are the parameters: `{name, title, help, kind, default, required, options, show_if, fields, item, language,
    minimum, maximum, integer}`, keys without meaning for a field left out. `kind` is one of text, multiline, secret, number, boolean,
    choice, choices, list, object, keyvalue, json, code, date-time, or what a `Widget` names. `show_if` is a list
    of `{field, values}` that must all hold. A list has the `fields` of its entries, or one `item` field.
    A node type fits a slot when the slot's `takes` is empty or shares a name with the type's `fills`: its classes.
    """
    fields = fields_of(cls)
    return {
        "type": cls.type,
        "label": cls.label,
        "group": group_of(cls.group).label,
        "color": group_of(cls.group).color,
        "icon": cls.icon,
        "subtitle": cls.subtitle,
        "trigger": cls.trigger,
        "loop": issubclass(cls, LoopNode),
        "sub": not cls.annotation and kind_of(cls) == "sub",
        "annotation": cls.annotation,
        "offered": cls.offered,
        "fills": _roles(cls),
        "help": cleandoc(cls.__doc__ or ""),
        "inputs": ports(cls.inputs),
        "outputs": ports(cls.outputs),
        "fields": [_field(name, fields.parameters[name]) for name in _in_order(cls, fields.parameters)],
        "credentials": [
            {
                "name": name,
                "title": mark.label,
                "types": list(mark.types),
                "help": cls.model_fields[name].description or "",
                "required": cls.model_fields[name].is_required(),
                "ambient": mark.ambient,
                "show_if": _conditions(cls.model_fields[name]),
            }
            for name, mark in fields.credentials.items()
        ],
        "slots": [
            {
                "name": name,
                "title": mark.label,
                "many": mark.many,
                "takes": _classes(cls.model_fields[name].annotation),
                "help": cls.model_fields[name].description or "",
                "required": cls.model_fields[name].is_required(),
            }
            for name, mark in fields.slots.items()
        ],
        "examples": [_example(example, cls) for example in cls.examples],
    }


def describe_model(model: type[BaseModel]) -> list[Json]:
    """The fields of any form that is a pydantic model, such as a credential type."""
    return [_field(info.alias or name, info) for name, info in model.model_fields.items()]


def ports(found: Sequence[Port]) -> list[Json]:
    """Ports as JSON data."""
    return [asdict(port) for port in found]


def _in_order(cls: type[Node], names: Iterable[str]) -> list[str]:
    """The parameters as the form shows them: bases' before a class's own, but for those that it wants first."""
    first = [name for name in cls.shown_first if name in names]
    return first + [name for name in names if name not in first]


def _roles(cls: type[Node]) -> list[str]:
    """The names of a type's classes, its own first, without those that belong to the engine itself."""
    roles = [base.__name__ for base in cls.__mro__ if base is not object and base.__module__ not in _ENGINE]
    return [*roles, LateNode.__name__] if kind_of(cls) in ("item", "batch") else roles


def _classes(annotation: Any) -> list[str]:
    """The names of the classes that a slot's annotation admits; none when it admits everything."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        members = [_classes(member) for member in arguments if member is not type(None)]
        return [name for names in members for name in names] if all(members) else []
    if origin in (Annotated, list, tuple, set, frozenset, Sequence):
        return _classes(arguments[0])
    return [annotation.__name__] if isinstance(annotation, type) and annotation not in _ANYTHING else []


def _example(example: Example, cls: type[Node]) -> Json:
    def by_port(rows: list[Json] | Mapping[str, list[Json]], known: Sequence[Port]) -> Json:
        if not isinstance(rows, list):
            return dict(rows)
        return {known[0].id if known else "main": rows}

    return {
        "title": example.title,
        "properties": example.properties,
        "given": by_port(example.given, cls.input_ports(example.properties)),
        "gives": by_port(example.gives, cls.output_ports(example.properties)),
        "fails": example.fails,
        "model": list(example.model),
    }


def _field(name: str, info: FieldInfo) -> Json:
    """One parameter."""
    shape = _shape(info.annotation, info.metadata)
    required = info.is_required() or _least(info.metadata) > 0
    described: Json = {
        "name": name,
        "title": info.title or _words(name),
        "help": info.description or "",
        "required": required,
        **shape,
    }
    if not info.is_required():
        described["default"] = _plain(info.get_default(call_default_factory=True, validated_data={}))
    if conditions := _conditions(info):
        described["show_if"] = conditions
    for mark in info.metadata:
        match mark:
            case annotated_types.Ge(ge=bound):
                described["minimum"] = bound
            case annotated_types.Gt(gt=bound):
                described["above"] = bound
            case annotated_types.Le(le=bound):
                described["maximum"] = bound
            case annotated_types.Lt(lt=bound):
                described["below"] = bound
    return described


def _conditions(info: FieldInfo) -> list[Json]:
    return [
        {"field": mark.field, "values": list(mark.values)}
        for mark in info.metadata
        if isinstance(mark, ShowIf)
    ]


def _shape(annotation: Any, metadata: Sequence[Any]) -> Json:
    """The kind of a type and what belongs to it. Marks win over types."""
    annotation, metadata = _unwrapped(annotation, metadata)
    shape = _typed(annotation, _mark(metadata, Choice))
    if (code := _mark(metadata, Code)) is not None:
        return {"kind": "code", "language": code.language} if shape["kind"] == "text" else shape
    if (widget := _mark(metadata, Widget)) is not None:
        return {**shape, "kind": widget.name}
    return shape


def _typed(annotation: Any, choice: Choice | None) -> Json:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return {"kind": "choice", "options": _options(arguments, choice)}
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return {"kind": "choice", "options": _options([member.value for member in annotation], choice)}
    if origin in (list, tuple, set, frozenset, Sequence):
        return _list(arguments[0] if arguments else Any, choice)
    if origin is dict and arguments[1] is str:
        return {"kind": "keyvalue"}
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            return {"kind": "object", "fields": describe_model(annotation)}
        for base, kind in _KINDS.items():
            if issubclass(annotation, base):
                return {"kind": "number", "integer": True} if base is int else {"kind": kind}
    return {"kind": "json"}


_KINDS: Mapping[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    SecretStr: "secret",
    str: "text",
    datetime: "date-time",
    date: "date-time",
}


def _list(entry: Any, choice: Choice | None) -> Json:
    inner = _shape(entry, ())
    if inner["kind"] == "choice":
        _, marks = _unwrapped(entry, ())
        return {
            "kind": "choices",
            "options": _options(get_args(_unwrapped(entry, ())[0]), choice or _mark(marks, Choice)),
        }
    if inner["kind"] == "object":
        return {"kind": "list", "fields": inner["fields"]}
    return {"kind": "list", "item": inner}


def _options(found: Sequence[Any], choice: Choice | None) -> list[Json]:
    labels: Mapping[str, str] = choice.labels if choice is not None else {}
    return [{"value": value, "label": labels.get(value) or _words(str(value))} for value in found]


def _unwrapped(annotation: Any, metadata: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
    """A type without `Annotated` and `| None`. Of other unions, the first member that is a model or a choice."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return _unwrapped(inner, [*metadata, *marks])
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        for member in members:
            inner, merged = _unwrapped(member, metadata)
            model = isinstance(inner, type) and issubclass(inner, BaseModel)
            if len(members) == 1 or model or get_origin(inner) is Literal:
                return inner, merged
    return annotation, metadata


def _mark(metadata: Sequence[Any], kind: type[M]) -> M | None:
    return next((mark for mark in metadata if isinstance(mark, kind)), None)


def _least(metadata: Sequence[Any]) -> int:
    return max((mark.min_length for mark in metadata if isinstance(mark, annotated_types.MinLen)), default=0)


def _words(name: str) -> str:
    """`include_other_fields` as `Include other fields`."""
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _plain(value: Any) -> Any:
    """A default as JSON data."""
    if value is PydanticUndefined:
        return None
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
