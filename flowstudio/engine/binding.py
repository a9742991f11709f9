"""From the properties of a node in a document to validated instances of its class.

At compile time: where the templates are, and the one instance that serves all items when there are none. At run time:
the values of the templates for each item, credentials from the vault, sub-nodes.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from flowstudio.engine.credential import CredentialType
from flowstudio.engine.expression import Template
from flowstudio.engine.holes import Place, dig, fill
from flowstudio.engine.item import Json
from flowstudio.engine.mould import Mould
from flowstudio.engine.node import Node
from flowstudio.engine.parameters import Location, faults, fields_of, parameter_error
from flowstudio.engine.store import Vault
from flowstudio.errors import CredentialError, NodeError


@dataclass(frozen=True, slots=True)
class Binding:
    """A node's class with its properties, prepared."""

    cls: type[Node]
    properties: Json
    """Those that the class has a parameter for."""
    places: tuple[Place, ...]
    _holed: Mapping[str, Any]
    """The top-level properties that contain templates, with holes in their stead."""
    _mould: Mould
    credentials: Mapping[str, str]
    """Field -> credential id."""
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Field -> ids of the sub-nodes that fill it."""
    instance: Node | None = None
    """Serves all items, when nothing depends on the item or on the run."""

    @property
    def templates(self) -> list[Template]:
        """The templates, in the order of their places."""
        return [place.template for place in self.places]

    def make(self, values: Sequence[Any], injected: Mapping[str, Any], first: Node | None = None) -> Node:
        """An instance, with a value for each place. Raises `ParameterError`.

        Quicker after a `first` one, which was made with the same `injected` and not used yet.
        """
        if self.instance is not None:
            return self.instance
        if first is not None and (made := self._mould.after(first, values)) is not None:
            return made
        properties = dict(self.properties)
        for name, holed in self._holed.items():
            properties[name] = fill(holed, values)
        try:
            return self.cls.model_validate({**properties, **injected})
        except ValidationError as error:
            raise parameter_error(self.cls, error, properties) from error


def bind(
    cls: type[Node],
    properties: Json,
    credentials: Mapping[str, str],
    slots: Mapping[str, tuple[str, ...]],
) -> tuple[Binding, list[tuple[Location, str]]]:
    """Prepare a node; also gives what is wrong with the parameters that hold no template."""
    fields = fields_of(cls)
    known = {name: value for name, value in properties.items() if name in fields.parameters}
    places: list[Place] = []
    holed = {}
    for name, value in known.items():
        if name not in fields.code:
            before = len(places)
            structure = dig(value, (name,), places, json_text=name in fields.json_texts)
            if len(places) > before:
                holed[name] = structure
    given = {name: id_ for name, id_ in credentials.items() if name in fields.credentials and id_}
    filled = {name: ids for name, ids in slots.items() if ids}
    instance = None
    wrong: list[tuple[Location, str]] = []
    injected = {*fields.credentials, *fields.slots}
    try:
        made = cls.model_validate(known)
    except ValidationError as error:
        wrong = [
            (location, words)
            for location, words in faults(error, known)
            if not location or (location[0] not in injected and location[0] not in holed)
        ]
        if holed or injected:  # a rule about several fields may hold once all of them are there
            wrong = [fault for fault in wrong if fault[0]]
    else:
        needed = any(cls.model_fields[name].is_required() for name in injected) or any(
            mark.ambient for mark in fields.credentials.values()
        )
        if not (holed or given or filled or needed):
            instance = made
    return Binding(cls, known, tuple(places), holed, Mould(cls, holed), given, filled, instance), wrong


async def open_credentials(binding: Binding, vault: Vault, node: str) -> dict[str, Any]:
    """The credentials of the node that is labelled so, by field. Raises `CredentialError`."""
    opened: dict[str, Any] = {}
    for name, mark in fields_of(binding.cls).credentials.items():
        info = binding.cls.model_fields[name]
        chosen = binding.credentials.get(name, "")
        if not chosen and not info.is_required() and not mark.ambient:
            continue
        try:
            data = await vault.open(chosen, mark.types)
        except CredentialError as error:
            if chosen:
                raise
            if info.is_required():
                raise CredentialError(f"'{node}' needs a credential: {mark.label}; choose one.") from error
            continue
        except NodeError as error:
            raise CredentialError(f"{mark.label}: {error.message}") from error
        opened[name] = _credential(mark.label, _models(info.annotation), data)
    return opened


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The classes of an annotation that may be a union."""
    if get_origin(annotation) is Annotated:
        return _models(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [model for part in get_args(annotation) for model in _models(part)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []


def _credential(label: str, models: Sequence[type[BaseModel]], data: Json) -> Any:
    slug = data.get("type")
    model = next((m for m in models if getattr(m, "type", None) == slug and slug), None)
    if model is None and len(models) == 1 and slug is None:
        model = models[0]
    if model is None:
        raise CredentialError(f"{label}: a credential of type '{slug}' does not fit here; choose another.")
    content = {k: v for k, v in data.items() if k in model.model_fields or k not in ("type", "id")}
    try:
        made = model.model_validate(content)
    except ValidationError as error:
        # Never the input: it is secret. The cause is dropped because it quotes the input.
        names = ", ".join(sorted({str(d["loc"][0]) for d in error.errors(include_input=False) if d["loc"]}))
    else:
        return made.stored_as(str(data.get("id", ""))) if isinstance(made, CredentialType) else made
    raise CredentialError(
        f"{label}: the credential does not have the fields it needs ({names or 'all'}); open it and fill it in again."
    )
