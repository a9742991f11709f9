"""The saved document: what it refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest

from flowstudio.engine.workflow import dump_workflow, load_workflow
from flowstudio.errors import InvalidWorkflow


def document(**changes: Any) -> dict[str, Any]:
    """A document of one node, with changes."""
    return {"nodes": [{"id": "a", "type": "no-op"}], "edges": []} | changes


def with_property(value: Any) -> dict[str, Any]:
    """A document whose node has a parameter."""
    return document(nodes=[{"id": "a", "type": "no-op", "data": {"properties": {"x": value}}}])


def nested(levels: int) -> Any:
    """Lists in lists."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


REFUSED: dict[str, tuple[Any, str]] = {
    "NUL in the name": (document(name="a\0b"), "name: the text holds a NUL character"),
    "NUL in a tag": (document(tags=["a", "\0"]), "tags[1]"),
    "NUL in a node's id": (document(nodes=[{"id": "\0", "type": "no-op"}]), "nodes[0].id"),
    "NUL in a parameter": (with_property(["\0"]), "Node 'a', nodes[0].data.properties.x[0]"),
    "NUL in a key": (with_property({"b\0": 1}), "nodes[0].data.properties.x"),
    "half a character": (with_property("\ud800"), "half of a character"),
    "nested too deeply": (with_property(nested(250)), "nested more than 200 levels"),
    "nested beyond the encoder": (with_property(nested(800)), "nested more than 200 levels"),
    "schema version below the first": (document(schema_version=0), "schema_version"),
    "endless timeout": (document(settings={"timeout": "inf"}), "settings.timeout"),
    "long tag": (document(tags=["x" * 201]), "tags[0]"),
    "many tags": (document(tags=[f"t{n}" for n in range(201)]), "tags"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_kept_is_refused_by_name(case: str) -> None:
    raw, culprit = REFUSED[case]
    with pytest.raises(InvalidWorkflow) as caught:
        load_workflow(raw)
    assert culprit in caught.value.message


def test_what_can_be_kept_comes_back() -> None:
    raw = with_property({"deep": nested(150), "big": 2**80, "text": "a\n\t\U0001f600"})
    loaded = load_workflow(raw)
    assert dump_workflow(loaded)["nodes"] == raw["nodes"]
    assert (
        load_workflow(document(settings={"timezone": "Europe/Berlin"})).settings.timezone == "Europe/Berlin"
    )
