"""Instances for many items, made after the first of them.

The items of a node run differ in the values of a few templates, yet validating all parameters anew is most of what a run
over many items costs. So the first instance is validated as a whole, and the others are copies of it: the values of the
templates are replaced, each validated by its own part of the class's schema. Whatever does not fit is left to the full
validation, which also words the errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaError, SchemaValidator

from flowstudio.engine.holes import Hole, fill, has_holes

Schema = Mapping[str, Any]
"""A part of a core schema, which is a union of too many typed dicts to be told apart by reading."""

M = TypeVar("M", bound=BaseModel)


class Part(Protocol):
    """A part of the parameters that differs between items."""

    def after(self, first: Any, values: Sequence[Any]) -> Any:
        """This part for other values, after that of the first instance. Raises `ValidationError` or `SchemaError`."""


@dataclass(frozen=True, slots=True)
class _AnyValue:
    """A value that may be anything."""

    place: int

    def after(self, first: Any, values: Sequence[Any]) -> Any:
        return values[self.place]


@dataclass(frozen=True, slots=True)
class _Value:
    """A value that is validated by itself."""

    holed: Any
    validator: SchemaValidator

    def after(self, first: Any, values: Sequence[Any]) -> Any:
        return self.validator.validate_python(fill(self.holed, values))


@dataclass(frozen=True, slots=True)
class _Entries:
    """A list of which some entries differ."""

    parts: tuple[tuple[int, Part], ...]

    def after(self, first: Any, values: Sequence[Any]) -> Any:
        entries = first.copy()
        for index, part in self.parts:
            entries[index] = part.after(first[index], values)
        return entries


@dataclass(frozen=True, slots=True)
class _Model:
    """A model of which some fields differ."""

    parts: tuple[tuple[str, Part], ...]

    def after(self, first: Any, values: Sequence[Any]) -> Any:
        fields = first.__dict__.copy()
        for name, part in self.parts:
            fields[name] = part.after(fields[name], values)
        return _copy(first, fields)


def _copy(model: M, fields: dict[str, Any]) -> M:
    """A model like another, with other values; as `model_copy` makes it, without looking at what cannot be there."""
    made = model.__class__.__new__(model.__class__)
    _set(made, "__dict__", fields)
    _set(made, "__pydantic_fields_set__", model.__pydantic_fields_set__)
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made


_set = object.__setattr__


class Mould:
    """Makes instances of a class after a first one.

    Invariant: `after(first, values)` equals the full validation of the same properties with `values` in their holes, or
    it is None. Instances share what does not differ; `first` must be as validation left it.
    """

    def __init__(self, cls: type[BaseModel], holed: Mapping[str, Any]) -> None:
        """`holed` are the properties that contain holes, under the names that they have in documents."""
        self._cls, self._holed = cls, holed
        self._part: _Model | None = None
        self._understood = False

    def after(self, first: M, values: Sequence[Any]) -> M | None:
        """An instance with other values in the holes, or None: validate it as a whole."""
        if not self._understood:  # late, since many node runs have one item only
            self._part, self._understood = _Reading(self._cls).whole(self._holed), True
        if self._part is None:
            return None
        try:
            return cast(M, self._part.after(first, values))
        except (ValidationError, SchemaError):
            return None


class _Reading:
    """Reads the schema of a class along the holes in its properties."""

    def __init__(self, cls: type[BaseModel]) -> None:
        schema: Schema = cls.__pydantic_core_schema__
        self._definitions: list[Schema] = []
        if schema["type"] == "definitions":
            self._definitions = schema["definitions"]
            schema = schema["schema"]
        self._by_ref = {part["ref"]: part for part in self._definitions}
        self._schema = self._resolved(schema)

    def whole(self, holed: Mapping[str, Any]) -> _Model | None:
        """The class with holes in its properties; None if its fields are not independent of each other."""
        return None if _looks_around([self._schema, self._definitions]) else self._model(self._schema, holed)

    def _resolved(self, schema: Schema) -> Schema:
        while schema["type"] == "definition-ref":
            schema = self._by_ref[schema["schema_ref"]]
        return schema

    def _part(self, schema: Schema, holed: Any, config: Any) -> Part:
        inner = self._given(schema, holed)
        if isinstance(holed, Hole) and inner["type"] == "any":
            return _AnyValue(holed.place)
        if isinstance(holed, dict) and inner["type"] == "model":
            model = self._model(inner, holed)
            if model is not None:
                return model
        if isinstance(holed, list) and inner["type"] == "list" and "items_schema" in inner:
            items = self._resolved(inner["items_schema"])
            if items["type"] == "model":
                return _Entries(
                    tuple((i, self._part(items, entry, config)) for i, entry in _holed_of(enumerate(holed)))
                )
        whole = schema
        if self._definitions:
            whole = {"type": "definitions", "schema": schema, "definitions": self._definitions}
        return _Value(holed, SchemaValidator(whole, config))

    def _given(self, schema: Schema, holed: Any) -> Schema:
        """The schema that a value which is given, and not null, comes to."""
        schema = self._resolved(schema)
        while True:
            plain_default = schema["type"] == "default" and schema.get("on_error", "raise") == "raise"
            nullable = schema["type"] == "nullable" and not isinstance(holed, Hole)
            if not (plain_default or nullable):
                return schema
            schema = self._resolved(schema["schema"])

    def _model(self, schema: Schema, holed: Mapping[str, Any]) -> _Model | None:
        """The parts of a model that has nothing but fields, else None."""
        plain = schema["type"] == "model" and schema["schema"]["type"] == "model-fields"
        if not plain or _has_more_than_fields(schema):
            return None
        named = {
            field.get("validation_alias", name): (name, field["schema"])
            for name, field in schema["schema"]["fields"].items()
        }
        parts: list[tuple[str, Part]] = []
        for key, value in _holed_of(holed.items()):
            if key in named:
                name, inner = named[key]
                parts.append((name, self._part(inner, value, schema.get("config"))))
        return _Model(tuple(parts))


def _holed_of(entries: Any) -> list[tuple[Any, Any]]:
    return [(key, value) for key, value in entries if has_holes(value)]


def _has_more_than_fields(schema: Schema) -> bool:
    cls: type[BaseModel] = schema["cls"]
    config = schema.get("config", {})
    return bool(
        schema.get("custom_init")
        or schema.get("root_model")
        or schema.get("post_init")
        or cls.__private_attributes__
        or config.get("extra_fields_behavior", "ignore") != "ignore"
        or config.get("validate_by_name")
        or config.get("populate_by_name")
        or any(
            not isinstance(field.get("validation_alias", ""), str)
            for field in schema["schema"]["fields"].values()
        )
    )


def _looks_around(schema: Any) -> bool:
    """Whether validators or defaults anywhere in a schema may look at other fields than their own."""
    if isinstance(schema, list):
        return any(map(_looks_around, schema))
    if not isinstance(schema, dict):
        return False
    if schema.get("default_factory_takes_data") or schema.get("type") == "with-info":
        return True
    return any(_looks_around(value) for key, value in schema.items() if key not in ("metadata", "default"))
