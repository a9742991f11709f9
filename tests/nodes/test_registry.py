from __future__ import annotations

import re
from itertools import groupby

import pytest

import flowstudio.nodes
from flowstudio.engine.groups import GROUPS
from flowstudio.engine.node import Node
from flowstudio.engine.registry import discover
from flowstudio.engine.wiring import kind_of

TYPES = sorted(discover(flowstudio.nodes), key=lambda cls: cls.type)
EVERY_TYPE = pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.type)

BUILT_IN = """code edit-fields execute-workflow filter http-request if-else loop-over-items manual-trigger merge no-op
respond-to-webhook sticky-note stop-and-error switch wait webhook""".split()


def test_the_built_in_types_are_found() -> None:
    assert set(BUILT_IN) <= {cls.type for cls in TYPES}


def test_one_file_holds_one_node_type() -> None:
    modules = sorted(cls.__module__ for cls in TYPES if cls.__module__.startswith("flowstudio."))
    assert [module for module, found in groupby(modules) if len(list(found)) > 1] == []


@EVERY_TYPE
def test_a_type_has_a_slug_a_label_and_a_known_group(cls: type[Node]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", cls.type)
    assert cls.label
    assert cls.group in GROUPS


@EVERY_TYPE
def test_a_type_has_an_icon_of_its_own(cls: type[Node]) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cls.icon)
    assert cls.icon != Node.icon


@EVERY_TYPE
def test_the_help_of_a_type_begins_with_a_sentence(cls: type[Node]) -> None:
    first = (cls.__doc__ or "").strip().split("\n\n")[0]
    assert len(first) > 30
    assert first.rstrip().endswith((".", ":"))


@pytest.mark.parametrize(
    "cls", [cls for cls in TYPES if not cls.annotation and kind_of(cls) != "sub"], ids=lambda cls: cls.type
)
def test_a_type_that_runs_has_two_examples(cls: type[Node]) -> None:
    assert len(cls.examples) >= 2
    assert len({example.title for example in cls.examples}) == len(cls.examples)


@EVERY_TYPE
def test_ports_survive_properties_of_any_shape(cls: type[Node]) -> None:
    for wild in (None, "", "={{ $json.x }}", -1, 10**9, True, [], [None, 3, "x"], {}, {"label": 7}):
        properties = dict.fromkeys(cls.model_fields, wild)
        for ports in (cls.input_ports(properties), cls.output_ports(properties)):
            assert len({port.id for port in ports}) == len(ports) <= 101
