"""Whole workflows of n8n."""

from __future__ import annotations

import json
from typing import Any

import pytest

import flowstudio.nodes
from flowstudio.engine.registry import discover
from flowstudio.interop import Found, read_documents

REGISTRY = discover(flowstudio.nodes)


def read(*nodes: dict[str, Any], connections: dict[str, Any] | None = None, **more: Any) -> Found:
    """The one document in an n8n workflow of these nodes."""
    raw = {"name": "Imported", "nodes": list(nodes), "connections": connections or {}, **more}
    (found,) = read_documents(json.dumps(raw), REGISTRY)
    return found


def node(type_: str, name: str, version: float = 1, **more: Any) -> dict[str, Any]:
    """A node of n8n."""
    return {
        "id": f"id-{name}",
        "name": name,
        "type": f"n8n-nodes-base.{type_}",
        "typeVersion": version,
    } | more


def to(name: str, index: int = 0) -> dict[str, Any]:
    """The end of a connection."""
    return {"node": name, "type": "main", "index": index}


def edges(found: Found) -> list[tuple[str, str | None, str, str | None]]:
    """Edges by label, in order."""
    labels = {entry.id: str(entry.data.label) for entry in found.document.nodes}
    return [
        (labels[edge.source], edge.source_handle, labels[edge.target], edge.target_handle)
        for edge in found.document.edges
    ]


def test_a_whole_workflow_is_read() -> None:
    found = read(
        node("manualTrigger", "Start", position=[0, 0]),
        node("if", "Big?", 2, position=[200, 100], parameters={"conditions": {"conditions": []}}),
        node("merge", "Together", 3, position=[400, 100], notes="Both ways meet."),
        node("noOp", "Small", position=[400, 300], disabled=True),
        connections={
            "Start": {"main": [[to("Big?")]]},
            "Big?": {"main": [[to("Together")], [to("Small"), to("Together", 1)]]},
        },
        settings={"executionTimeout": 60, "timezone": "Europe/Berlin", "saveDataSuccessExecution": "none"},
        tags=[{"id": "1", "name": "sales"}, "later"],
        pinData={"Start": [{"json": {"total": 5}}, {"total": 6}]},
    )
    document = found.document
    assert found.format == "n8n"
    assert document.name == "Imported"
    assert [(entry.type, entry.data.label) for entry in document.nodes] == [
        ("manual-trigger", "Start"),
        ("if-else", "Big?"),
        ("merge", "Together"),
        ("no-op", "Small"),
    ]
    assert edges(found) == [
        ("Start", "main", "Big?", None),
        ("Big?", "true", "Together", "input1"),
        ("Big?", "false", "Small", None),
        ("Big?", "false", "Together", "input2"),
    ]
    assert document.nodes[0].data.pinned == [{"total": 5}, {"total": 6}]
    assert document.nodes[2].data.notes == "Both ways meet."
    assert document.nodes[3].data.disabled
    assert (document.settings.timeout, document.settings.timezone) == (60.0, "Europe/Berlin")
    assert document.settings.save_success == "none"
    assert document.tags == ["sales", "later"]


def test_cards_that_stand_side_by_side_there_do_not_overlap_here() -> None:
    found = read(node("noOp", "A", position=[0, 0]), node("noOp", "B", position=[208, 0]))
    first, second = found.document.nodes
    assert second.position.x - first.position.x >= 312  # the widest card


def test_a_type_that_is_not_here_is_kept_and_told() -> None:
    found = read(
        node("manualTrigger", "Start"),
        node("slack", "Tell the team", 2.2, parameters={"text": "={{ $json.text }}", "channel": "#sales"}),
        connections={"Start": {"main": [[to("Tell the team")]]}},
    )
    kept = found.document.nodes[1]
    assert kept.type == "not-available"
    assert kept.data.properties == {"original_type": "n8n-nodes-base.slack"}
    assert kept.data.origin is not None
    assert kept.data.origin["n8n"]["parameters"] == {"text": "={{ $json.text }}", "channel": "#sales"}
    assert [(verdict.label, verdict.fate) for verdict in found.report] == [
        ("Start", "imported"),
        ("Tell the team", "unavailable"),
    ]
    assert [(remark.node, remark.message) for remark in found.remarks] == [
        (
            "id-Tell the team",
            "Tell the team: There is no step of the type n8n-nodes-base.slack here. It is kept as it is; a run that "
            "gets there stops.",
        )
    ]
    assert edges(found) == [("Start", "main", "Tell the team", None)]


def test_settings_of_a_node_are_taken_over() -> None:
    found = read(
        node("noOp", "A", retryOnFail=True, maxTries=5, waitBetweenTries=2000, onError="continueErrorOutput"),
        node("noOp", "B", alwaysOutputData=True, executeOnce=True, continueOnFail=True),
        connections={"A": {"main": [[to("B")], [to("A")]]}},
    )
    first, second = (entry.data.settings for entry in found.document.nodes)
    assert (first.retry, first.max_tries, first.retry_wait, first.on_error) == (True, 5, 2.0, "error_output")
    assert (second.always_output, second.execute_once, second.on_error) == (True, True, "continue")
    assert edges(found)[1] == ("A", "error", "A", None)


def test_names_and_ids_that_come_twice_are_told_apart() -> None:
    twice = node("noOp", "Same")
    found = read(twice, twice, {"type": "n8n-nodes-base.noOp"})
    assert [entry.data.label for entry in found.document.nodes] == ["Same", "Same 2", "n8n-nodes-base.noOp"]
    assert len({entry.id for entry in found.document.nodes}) == 3


def test_connections_to_nowhere_are_left_out_and_told() -> None:
    found = read(
        node("noOp", "A"), connections={"A": {"main": [[to("Gone"), to("A")]]}, "Gone": {"main": [[to("A")]]}}
    )
    assert edges(found) == [("A", "main", "A", None)]
    assert "2 connections lead to steps that are not in the file" in found.remarks[0].message


def test_connections_of_sub_nodes_name_their_slot() -> None:
    agent = {"name": "Agent", "type": "@n8n/n8n-nodes-langchain.agent", "typeVersion": 2, "parameters": {}}
    model = {
        "name": "Model",
        "type": "@n8n/n8n-nodes-langchain.lmChatOpenAi",
        "typeVersion": 1,
        "parameters": {},
    }
    link = {"node": "Agent", "type": "ai_languageModel", "index": 0}
    found = read(agent, model, connections={"Model": {"ai_languageModel": [[link]]}})
    assert edges(found) == [("Model", None, "Agent", "model")]


@pytest.mark.parametrize(("version", "expected"), [(3, ["done", "loop"]), (1, ["loop", "done"])])
def test_the_outputs_of_a_loop_changed_places_with_its_version(version: float, expected: list[str]) -> None:
    found = read(
        node("splitInBatches", "Loop", version),
        node("noOp", "A"),
        node("noOp", "B"),
        connections={"Loop": {"main": [[to("A")], [to("B")]]}},
    )
    assert [port for _, port, _, _ in edges(found)] == expected


def test_text_that_cannot_be_stored_is_cleaned() -> None:
    found = read(node("stickyNote", "Note", parameters={"content": "a\0b"}, notes="x\0"))
    assert found.document.nodes[0].data.properties["text"] == "ab"
