"""Instances made after a first one, for every node type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import flowstudio.nodes
from flowstudio.engine.binding import Binding, bind
from flowstudio.engine.expression import MARK
from flowstudio.engine.item import Json
from flowstudio.engine.node import Node
from flowstudio.engine.parameters import Location, fields_of
from flowstudio.engine.registry import discover
from flowstudio.errors import ParameterError

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 300)
    | st.floats(-2, 2)
    | st.sampled_from(["", "a", "7", "true"])
)
VALUES = st.recursive(
    SCALARS, lambda deeper: st.lists(deeper, max_size=2) | st.dictionaries(st.sampled_from(["name", "value"]), deeper)
)  # fmt: skip


def places(value: Any, location: Location = ()) -> list[Location]:
    """Where a template may stand."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    below = [place for key, child in inner for place in places(child, (*location, key))]
    return [location, *below] if location else below


def bases(cls: type[Node]) -> list[Json]:
    """Properties to put templates into: the defaults, and those of the examples."""
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in fields_of(cls).parameters.items()
        if not field.is_required() and isinstance(field.default, bool | int | str | None)
    }
    every = [defaults, *({**defaults, **example.properties} for example in cls.examples)]
    return [properties for properties in every if open_places(cls, properties)]


def open_places(cls: type[Node], properties: Json) -> list[Location]:
    """Where a template may stand in a node's properties."""
    return [place for place in places(properties) if place[0] not in fields_of(cls).code]


def at(value: Any, location: Location) -> Any:
    """The value that stands at a place."""
    for step in location:
        value = value[step]
    return value


def with_templates(value: Any, chosen: set[Location], location: Location = ()) -> Any:
    """The value with templates at the places."""
    if location in chosen:
        return f"{MARK}{{{{ $json }}}}"
    if isinstance(value, dict):
        return {key: with_templates(child, chosen, (*location, key)) for key, child in value.items()}
    if isinstance(value, list):
        return [with_templates(child, chosen, (*location, i)) for i, child in enumerate(value)]
    return value


def attempt(binding: Binding, values: list[Any], first: Node | None) -> Node | str:
    """The instance, or what is wrong."""
    try:
        return binding.make(values, {}, first)
    except ParameterError as error:
        return f"{error.parameter}: {error.message}"


TYPES = [pytest.param(cls, id=cls.type) for cls in discover(flowstudio.nodes) if bases(cls)]


@pytest.mark.parametrize("cls", TYPES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_an_instance_made_after_the_first_is_the_one_that_full_validation_gives(
    cls: type[Node], data: st.DataObject
) -> None:
    properties = data.draw(st.sampled_from(bases(cls)))
    possible = open_places(cls, properties)
    chosen = set(data.draw(st.lists(st.sampled_from(possible), min_size=1, max_size=3, unique=True)))
    binding, _ = bind(cls, with_templates(properties, chosen), {}, {})
    originals = [at(properties, place.location) for place in binding.places]
    first = attempt(binding, originals, None)
    for _ in range(3):
        values = [data.draw(st.just(original) | VALUES) for original in originals]
        whole = attempt(binding, values, None)
        made = attempt(binding, values, first if isinstance(first, Node) else None)
        assert made == whole
        if isinstance(made, Node) and isinstance(whole, Node):
            assert made.model_fields_set == whole.model_fields_set
            assert repr(made) == repr(whole)  # `1 == True`, but it is not the same value
