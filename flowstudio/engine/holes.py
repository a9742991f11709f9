"""Properties in which the templates are replaced by holes, and holes filled with values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.expression import JSON_TEXT, Template, is_template, parse
from flowstudio.engine.parameters import Location


@dataclass(frozen=True, slots=True)
class Place:
    """A template and where it stands."""

    location: Location
    template: Template


@dataclass(frozen=True, slots=True)
class Hole:
    """Stands where a template's value goes; `place` counts the templates of the node."""

    place: int


def dig(value: Any, location: Location, places: list[Place], *, json_text: bool = False) -> Any:
    """Copy a value with holes for its templates; note their places. `json_text`: the value itself, if a text, is to be JSON."""
    if is_template(value):
        places.append(Place(location, parse((JSON_TEXT if json_text and "{{" in value else "") + value[1:])))
        return Hole(len(places) - 1)
    if isinstance(value, dict):
        return {key: dig(child, (*location, key), places) for key, child in value.items()}
    if isinstance(value, list):
        return [dig(child, (*location, i), places) for i, child in enumerate(value)]
    return value


def fill(holed: Any, values: Sequence[Any]) -> Any:
    """Copy a value with the holes filled; `values` by place."""
    if isinstance(holed, Hole):
        return values[holed.place]
    if isinstance(holed, dict):
        return {key: fill(child, values) for key, child in holed.items()}
    if isinstance(holed, list):
        return [fill(child, values) for child in holed]
    return holed


def has_holes(value: Any) -> bool:
    """Whether there is a hole anywhere in a value."""
    if isinstance(value, dict):
        return any(map(has_holes, value.values()))
    return any(map(has_holes, value)) if isinstance(value, list) else isinstance(value, Hole)
