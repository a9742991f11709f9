"""What a person is told of two versions."""

from __future__ import annotations

from typing import Any

import pytest

import flowstudio.nodes
from flowstudio.engine.item import Json
from flowstudio.engine.registry import discover
from flowstudio.engine.workflow import load_workflow
from flowstudio.services.differences import differences

REGISTRY = discover(flowstudio.nodes)


def step(id_: str, type_: str = "edit-fields", x: float = 0, **data: Any) -> Json:
    return {"id": id_, "type": type_, "position": {"x": x, "y": 0}, "data": data}


def document(*nodes: Json, edges: list[Json] | None = None, **more: Any) -> Json:
    return {"name": "Orders", "nodes": list(nodes), "edges": edges or [], **more}


def compared(before: Json, after: Json) -> Json:
    return differences(load_workflow(before), load_workflow(after), REGISTRY)


def changes(before: Json, after: Json) -> list[tuple[str, Any, Any]]:
    """Of the data of one node."""
    found = compared(document(step("a", **before)), document(step("a", **after)))
    return [
        (c["path"], c["before"], c["after"]) for node in found["nodes"]["changed"] for c in node["changes"]
    ]


def test_equal_documents_have_no_differences() -> None:
    one = document(step("a"), edges=[{"id": "x", "source": "a", "target": "a"}])
    two = document(step("a"), edges=[{"id": "y", "source": "a", "target": "a"}])
    assert compared(one, two) == {
        "nodes": {"added": [], "removed": [], "changed": []},
        "edges": {"added": [], "removed": []},
        "document": [],
        "moved": 0,
    }


def test_nodes_are_told_by_their_labels() -> None:
    found = compared(
        document(step("a", label="Old"), step("b", "manual-trigger")),
        document(step("b"), step("c", "if-else")),
    )
    assert found["nodes"]["removed"] == [{"id": "a", "label": "Old", "type": "edit-fields"}]
    assert found["nodes"]["added"] == [{"id": "c", "label": "If", "type": "if-else"}]
    [changed] = found["nodes"]["changed"]
    assert changed["changes"] == [{"path": "type", "before": "manual-trigger", "after": "edit-fields"}]


def test_moved_nodes_are_only_counted() -> None:
    found = compared(document(step("a"), step("b")), document(step("a", x=1), step("b")))
    assert (found["moved"], found["nodes"]["changed"]) == (1, [])


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"label": "A"}, {"label": "B"}, [("label", "A", "B")]),
        ({}, {"disabled": True}, [("disabled", None, True)]),
        ({}, {"properties": {"url": "x"}}, [("properties.url", None, "x")]),
        ({"properties": {"url": "x"}}, {}, [("properties.url", "x", None)]),
        ({"properties": {"n": 1}}, {"properties": {"n": True}}, [("properties.n", 1, True)]),
        ({"properties": {"n": [1]}}, {"properties": {"n": [True]}}, [("properties.n[0]", 1, True)]),
        (
            {"properties": {"rows": [{"name": "a", "value": 1}, {"name": "b"}]}},
            {"properties": {"rows": [{"name": "a", "value": 2}, {"name": "b"}]}},
            [("properties.rows[0].value", 1, 2)],
        ),
        (
            {"properties": {"rows": [1]}},
            {"properties": {"rows": [1, 2]}},
            [("properties.rows", [1], [1, 2])],
        ),
        (
            {"properties": {"o": {"a": 1}}},
            {"properties": {"o": "text"}},
            [("properties.o", {"a": 1}, "text")],
        ),
        ({"properties": {}}, {"properties": {"o": {"a": 1}}}, [("properties.o", None, {"a": 1})]),
        (
            {"settings": {"retry": True, "max_tries": 5}},
            {"settings": {"max_tries": 6}},
            [("settings.retry", True, None), ("settings.max_tries", 5, 6)],
        ),
        ({"pinned": [{"a": 1}]}, {"pinned": [{"a": 2}]}, [("pinned", [{"a": 1}], [{"a": 2}])]),
        ({"credentials": {"account": "1"}}, {}, [("credentials.account", "1", None)]),
    ],
)
def test_a_changed_value_is_told_by_its_path(before: Json, after: Json, told: list[Any]) -> None:
    assert changes(before, after) == told


def test_connections_are_told_by_labels_on_both_ends() -> None:
    nodes = step("a", label="Start"), step("b", label="End")
    found = compared(
        document(*nodes, edges=[{"source": "a", "target": "b"}]),
        document(*nodes, edges=[{"source": "a", "sourceHandle": "error", "target": "b"}]),
    )
    ends = {
        "source": "a",
        "source_label": "Start",
        "target": "b",
        "target_label": "End",
        "target_handle": None,
    }
    assert found["edges"] == {
        "added": [ends | {"source_handle": "error"}],
        "removed": [ends | {"source_handle": None}],
    }


def test_name_tags_and_settings_of_the_workflow_are_told() -> None:
    found = compared(
        document(tags=["a"]), document(tags=["a", "b"], settings={"timeout": 60}) | {"name": "Invoices"}
    )
    assert found["document"] == [
        {"path": "name", "before": "Orders", "after": "Invoices"},
        {"path": "tags", "before": ["a"], "after": ["a", "b"]},
        {"path": "settings.timeout", "before": None, "after": 60},
    ]
