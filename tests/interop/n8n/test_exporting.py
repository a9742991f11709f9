"""From n8n, to FlowStudio, and back: nothing changes that n8n would notice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flowstudio.nodes
from flowstudio.engine.operations import apply
from flowstudio.engine.plan import compile_plan
from flowstudio.engine.registry import discover
from flowstudio.engine.workflow import dump_workflow, load_workflow
from flowstudio.errors import FlowStudioError, InvalidWorkflow
from flowstudio.interop import export_document, read_documents, write_n8n
from flowstudio.interop.n8n.document import convert_entry
from flowstudio.interop.n8n.langchain import AI_CONVERTERS, PACKAGE
from flowstudio.interop.n8n.steps import CONVERTERS, PREFIX
from flowstudio.interop.n8n.writing import write

REGISTRY = discover(flowstudio.nodes)
PARAMETERS = (
    "mode operation conditions options values string number rules rule output fields assignments include includeFields value1 "
    "value2 dataType combineBy fieldsToMatchString mergeByFields query keys key sortFieldsUi sortField fieldToSplitOut amount unit "
    "resource text messages model modelId schemaType attributes categories parameters method url sendBody contentType interval "
    "triggerTimes item field triggerAtDay action magnitude units jsCode language extractionValues workflowId json content color width "
    "height batchSize fallbackOutput rowsToDelete additionalOptions regexReplacement replacements date format timeUnit duration"
).split()
FOLDER = Path(__file__).parent.parent
FILES = {
    f"{file.parent.name}/{file.stem}": file.read_text()
    for kind in ("cases", "realistic")
    for file in sorted((FOLDER / kind).glob("*.json"))
}
REALISTIC = {name: text for name, text in FILES.items() if name.startswith("realistic/")}


def read(raw: Any) -> Any:
    (found,) = read_documents(raw if isinstance(raw, str) else json.dumps(raw), REGISTRY)
    return found


def noticed(raw: dict[str, Any]) -> dict[str, Any]:
    """What n8n looks at; the order of nodes means nothing to it."""
    nodes = {node["name"]: node for node in raw["nodes"]}
    rest = {key: value for key, value in raw.items() if key != "pinData" or value}
    return {**rest, "nodes": dict(sorted(nodes.items()))}


def back(document: Any) -> dict[str, Any]:
    """In n8n's form, by way of our own file, as a person would bring it to another installation."""
    again = load_workflow(json.loads(export_document(document)))
    found: dict[str, Any] = json.loads(write_n8n(again, REGISTRY).text)
    return found


def test_there_are_enough_files() -> None:
    assert len(FILES) - len(REALISTIC) >= 100
    assert len(REALISTIC) >= 20


def test_a_round_trip_changes_nothing() -> None:
    changed = [
        name
        for name, text in FILES.items()
        if noticed(back(read(text).document)) != noticed(json.loads(text))
    ]
    assert changed == []


@pytest.mark.parametrize("name", REALISTIC)
def test_a_realistic_workflow_has_no_unexplained_difference(name: str) -> None:
    found = read(REALISTIC[name])
    assert 10 <= len(found.document.nodes) <= 60
    assert [verdict for verdict in found.report if verdict.fate == "unavailable"] == []
    told = [difference for verdict in found.report for difference in verdict.differences]
    assert [difference for difference in told if "no counterpart" in difference] == []


def test_a_change_made_here_is_the_only_one_there() -> None:
    raw = json.loads(FILES["realistic/sort-tickets"])
    document = read(raw).document
    marked = next(node for node in document.nodes if node.data.label == "Mark Bug")
    fields = [{**marked.data.properties["fields"][0], "value": "defect"}]
    changed = apply(
        dump_workflow(document),
        [{"kind": "set", "node": marked.id, "path": ["properties", "fields"], "value": fields}],
    )
    expected = noticed(raw)
    expected["nodes"]["Mark Bug"]["parameters"]["assignments"]["assignments"][0]["value"] = "defect"
    assert noticed(back(load_workflow(changed))) == expected


def test_a_step_that_is_missing_here_is_given_back_unharmed() -> None:
    node = {
        "id": "s",
        "name": "Tell the team",
        "type": "n8n-nodes-base.slack",
        "typeVersion": 2.2,
        "position": [13, 7],
        "parameters": {"text": "={{ $json.text }}", "odd": {"constructor": [1, None, {"x": True}]}},
        "credentials": {"slackApi": {"id": "1", "name": "Team"}},
        "webhookId": "w",
        "onError": "continueRegularOutput",
    }
    raw = {"name": "Missing", "nodes": [node], "connections": {}}
    found = read(raw)
    assert [verdict.fate for verdict in found.report] == ["unavailable"]
    assert back(found.document) == raw


UNSAYABLE = {
    "schedule",  # a time zone of its own, and what happens when runs overlap
    "html",  # texts of several elements put together as they are seen
    "webhook",  # the id of the execution in what is answered at once
    "split-out",  # the fields of an entry beside other fields
}
"""Types of which an example holds something that n8n has no words for."""
NATIVE = [
    pytest.param(cls.type, example.properties, id=f"{cls.type}: {example.title}")
    for cls in REGISTRY
    for example in cls.examples
    if write(cls.type, example.properties) is not None
]


@pytest.mark.parametrize(("type_", "properties"), NATIVE)
def test_a_step_made_here_means_the_same_there(type_: str, properties: dict[str, Any]) -> None:
    document = load_workflow({"nodes": [{"id": "1", "type": type_, "data": {"properties": properties}}]})
    exported = write_n8n(document, REGISTRY)
    (entry,) = exported.document["nodes"]
    assert entry["type"].startswith(PREFIX)
    converted = convert_entry(entry, (1, 1))
    assert converted.type == type_
    assert converted.remarks == []
    assert converted.outputs is None
    if type_ not in UNSAYABLE:
        assert [remark.message for remark in exported.remarks] == []


def test_what_n8n_does_not_have_is_told() -> None:
    document = load_workflow({"nodes": [{"id": "1", "type": "tool-web-search", "data": {"label": "Search"}}]})
    exported = write_n8n(document, REGISTRY)
    assert [remark.message for remark in exported.remarks] == [
        "Search: n8n has no step like this one. It is marked as missing there."
    ]


def chained(count: int) -> dict[str, Any]:
    nodes = [
        {"name": f"n{i}", "type": "n8n-nodes-base.noOp", "typeVersion": 1, "parameters": {}}
        for i in range(count)
    ]
    links = {
        f"n{i}": {"main": [[{"node": f"n{(i + 1) % count}", "type": "main", "index": 0}]]}
        for i in range(count)
    }
    return {"nodes": nodes, "connections": links}


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = {"a": [value]}
    return value


HOSTILE: dict[str, Callable[[], Any]] = {
    "many nodes": lambda: {"nodes": [{"type": "x.y", "name": "a"}] * 100_000, "connections": {}},
    "nested deeply": lambda: {
        "nodes": [{"name": "a", "type": "n8n-nodes-base.set", "parameters": nested(120)}],
        "connections": {},
    },
    "many connections": lambda: {
        "nodes": chained(300)["nodes"],
        "connections": {
            f"n{i}": {"main": [[{"node": f"n{j}", "type": "main", "index": 0} for j in range(300)]]}
            for i in range(300)
        },
    },
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_at_once(kind: str) -> None:
    text = json.dumps(HOSTILE[kind]())
    started = time.monotonic()
    with pytest.raises(FlowStudioError) as refused:
        read_documents(text, REGISTRY)
    assert time.monotonic() - started < 10
    assert len(refused.value.message) < 2000


def test_a_circle_is_read_and_told_when_it_is_to_run() -> None:
    found = read(chained(3))
    assert len(found.document.edges) == 3
    with pytest.raises(InvalidWorkflow, match="is a cycle"):
        compile_plan(found.document, REGISTRY)


def test_names_of_prototypes_survive_the_way_there_and_back() -> None:
    names = ["__proto__", "constructor", "toString", "hasOwnProperty"]
    raw = {
        "name": "__proto__",
        "nodes": [
            {
                "id": name,
                "name": name,
                "type": "n8n-nodes-base.set",
                "typeVersion": 3.4,
                "position": [0, 0],
                "parameters": {"__proto__": {"polluted": True}, "constructor": {"prototype": 1}},
            }
            for name in names
        ],
        "connections": {"__proto__": {"main": [[{"node": "constructor", "type": "main", "index": 0}]]}},
    }
    assert noticed(back(read(raw).document)) == noticed(raw)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text("ab={}$.é", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(PARAMETERS) | st.text("ab_", max_size=4), inner, max_size=5)
    ),
    max_leaves=25,
)
entries = st.fixed_dictionaries(
    {
        "id": st.uuids().map(str),
        "name": st.just("Step"),
        "type": st.sampled_from(
            sorted([PREFIX + name for name in CONVERTERS] + [PACKAGE + name for name in AI_CONVERTERS])
        ),
        "typeVersion": st.sampled_from([1, 1.1, 2, 2.2, 3, 3.4, 4.2]),
        "position": st.tuples(st.integers(-500, 500), st.integers(-500, 500)).map(list),
        "parameters": st.dictionaries(st.sampled_from(PARAMETERS), anything, max_size=6),
    }
)


@given(entries)
def test_whatever_a_step_holds_it_is_read_and_given_back_as_it_was(entry: dict[str, Any]) -> None:
    raw = {"name": "Any", "nodes": [entry], "connections": {}}
    assert back(read(raw).document) == raw
