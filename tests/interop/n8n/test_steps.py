"""The everyday nodes of n8n, each in the versions that are in use, become nodes with the same meaning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import flowstudio.nodes
from flowstudio.engine.plan import check
from flowstudio.engine.registry import discover
from flowstudio.interop import Found, read_documents
from flowstudio.interop.n8n.steps import CONVERTERS, PREFIX
from tests.interop.n8n.cases import CASES

REGISTRY = discover(flowstudio.nodes)


def read(type_: str, version: float, parameters: dict[str, Any], **more: Any) -> Found:
    """The document of one node."""
    node = {
        "name": "Step",
        "type": f"n8n-nodes-base.{type_}",
        "typeVersion": version,
        "parameters": parameters,
        **more,
    }
    (found,) = read_documents(json.dumps({"nodes": [node], "connections": {}}), REGISTRY)
    return found


@pytest.mark.parametrize(
    ("type_", "version", "parameters", "ours", "properties"),
    CASES,
    ids=[f"{case[0]} {case[1]}" for case in CASES],
)
def test_a_node_keeps_its_meaning(
    type_: str, version: float, parameters: dict[str, Any], ours: str, properties: dict[str, Any]
) -> None:
    found = read(type_, version, parameters)
    node = found.document.nodes[0]
    assert (node.type, node.data.properties) == (ours, properties)
    assert found.remarks == ()
    if REGISTRY.get(ours) is not None and ours != "loop-over-items":  # a loop alone does not run
        assert check(found.document, REGISTRY) == []


def test_every_node_that_is_read_is_tested() -> None:
    tested = {case[0] for case in CASES} | {
        "start",
        "function",
        "functionItem",
        "executeWorkflow",
        "executionData",
        "scheduleTrigger",
        "cron",
        "interval",
        "graphql",  # test_services.py
        "googleSheets",  # test_sheets.py
        "postgres",  # test_postgres.py
    }
    for file in (Path(__file__).parent.parent / "cases").glob("*.json"):
        tested |= {node["type"].removeprefix(PREFIX) for node in json.loads(file.read_text())["nodes"]}
    assert set(CONVERTERS) - tested == set()


def test_rules_of_the_first_switch_name_the_output_that_they_lead_to() -> None:
    rules = {
        "rules": [{"value2": "a", "output": 2}, {"value2": "b", "output": 0}, {"value2": "c", "output": 2}]
    }
    switch = {
        "name": "Switch",
        "type": "n8n-nodes-base.switch",
        "typeVersion": 1,
        "parameters": {"dataType": "string", "value1": "={{ $json.x }}", "rules": rules, "fallbackOutput": 3},
    }
    ends = [{"name": name, "type": "n8n-nodes-base.noOp", "typeVersion": 1} for name in ("A", "B", "C", "D")]
    ways = [[{"node": name, "type": "main", "index": 0}] for name in ("A", "B", "C", "D")]
    raw = {"nodes": [switch, *ends], "connections": {"Switch": {"main": ways}}}
    (found,) = read_documents(json.dumps(raw), REGISTRY)
    labels = {node.id: node.data.label for node in found.document.nodes}
    assert [(edge.source_handle, labels[edge.target]) for edge in found.document.edges] == [
        ("1", "A"),
        ("0", "C"),
        ("2", "C"),
        ("fallback", "D"),
    ]


def test_a_credential_is_asked_for_by_the_name_that_it_had() -> None:
    parameters = {
        "url": "https://x.example",
        "authentication": "genericCredentialType",
        "genericAuthType": "httpHeaderAuth",
    }
    found = read(
        "httpRequest", 4.2, parameters, credentials={"httpHeaderAuth": {"id": "9", "name": "My key"}}
    )
    node = found.document.nodes[0]
    assert node.data.properties["authentication"] == "credential"
    assert node.data.credentials == {}
    assert [remark.message for remark in found.remarks] == [
        "Step: Choose a credential of the type Header auth. In n8n it was 'My key'."
    ]


def test_the_workflow_to_run_is_asked_for_by_the_name_that_it_had() -> None:
    locator = {"__rl": True, "value": "abc", "mode": "list", "cachedResultName": "Invoices"}
    found = read(
        "executeWorkflow",
        1.2,
        {"workflowId": locator, "mode": "each", "options": {"waitForSubWorkflow": False}},
    )
    assert found.document.nodes[0].data.properties == {"mode": "each", "wait": False}
    assert "In n8n it was 'Invoices'." in found.remarks[0].message


def test_settings_without_a_counterpart_are_told() -> None:
    found = read("httpRequest", 4.2, {"url": "https://x.example", "options": {"proxy": "http://p.example"}})
    assert "options.proxy" in found.remarks[0].message


def test_what_only_notes_something_lets_items_through_and_says_so() -> None:
    found = read("executionData", 1, {"dataToSave": {"values": [{"key": "a", "value": "b"}]}})
    assert found.document.nodes[0].type == "no-op"
    assert [verdict.fate for verdict in found.report] == ["different"]


def test_old_function_nodes_become_code() -> None:
    whole = read("function", 1, {"functionCode": "return items;"}).document.nodes[0].data.properties
    assert whole == {"language": "javascript", "mode": "all-items", "code": "return items;"}
    each = (
        read("functionItem", 1, {"functionCode": "item.x = 1;\nreturn item;"})
        .document.nodes[0]
        .data.properties
    )
    assert each["code"] == "let item = $json;\nitem.x = 1;\nreturn item;"
