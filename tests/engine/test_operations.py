"""Operations: the cases shared with the browser's twin, then properties of any sequence."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flowstudio.nodes
from flowstudio.engine.operations import Batch, Draft, apply, identified, read_batches
from flowstudio.engine.plan import Earlier, check
from flowstudio.engine.registry import discover
from flowstudio.engine.workflow import dump_workflow, load_workflow
from flowstudio.errors import InvalidWorkflow

CASES = json.loads((Path(__file__).parents[1] / "components" / "operations.json").read_text("utf-8"))

REGISTRY = discover(flowstudio.nodes)

IDS = st.sampled_from(["a", "b", "c", "d", "10", "9", "constructor"])
NAMES = st.sampled_from(["url", "mode", "rows", "__proto__"])
LABELS = st.sampled_from(["A", "B", ""])
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=3)
PLACES = st.fixed_dictionaries({"x": st.integers(-500, 500), "y": st.floats(-500, 500)})
HANDLES = st.sampled_from([None, "main", "error"])
NODES = st.fixed_dictionaries(
    {"id": IDS, "type": st.sampled_from(["edit-fields", "if-else", "loop-over-items", "nonsense"])},
    optional={
        "position": PLACES,
        "data": st.fixed_dictionaries({}, optional={"label": TEXTS, "properties": OBJECTS}),
    },
)
EDGES = st.fixed_dictionaries(
    {"id": IDS, "source": IDS, "target": IDS}, optional={"sourceHandle": HANDLES, "targetHandle": HANDLES}
)


def set_values() -> st.SearchStrategy[dict[str, Any]]:
    """Every path that can be set, with a value that fits it, or without one."""
    of_node: list[tuple[st.SearchStrategy[list[str]], st.SearchStrategy[Any]]] = [
        (st.just(["label"]), LABELS | st.none()),
        (st.just(["disabled"]), st.booleans()),
        (st.just(["notes"]), TEXTS),
        (st.just(["pinned"]), st.lists(OBJECTS, max_size=2) | st.none()),
        (st.just(["properties"]), OBJECTS),
        (st.builds(lambda n: ["properties", n], NAMES), VALUES),
        (st.just(["properties", "fields"]), st.just([{"name": "a", "value": "={{ $('B').item.json.x }}"}])),
        (st.just(["settings", "on_error"]), st.sampled_from(["stop", "error_output"])),
        (st.just(["settings", "retry"]), st.booleans()),
        (st.just(["settings", "max_tries"]), st.integers(2, 10)),
        (st.builds(lambda n: ["credentials", n], NAMES), TEXTS),
    ]
    of_document: list[tuple[st.SearchStrategy[list[str]], st.SearchStrategy[Any]]] = [
        (st.just(["name"]), TEXTS),
        (st.just(["description"]), TEXTS),
        (st.just(["tags"]), st.lists(TEXTS, max_size=2)),
        (st.just(["settings", "timeout"]), st.integers(1, 100) | st.none()),
    ]
    found = []
    for node, table in ((IDS, of_node), (st.none(), of_document)):
        for path, value in table:
            fixed = {"kind": st.just("set"), "node": node, "path": path}
            found.append(st.fixed_dictionaries(fixed, optional={"value": value}))
    return st.one_of(found)


def several(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, min_size=1, max_size=3)


OPERATIONS = st.one_of(
    st.fixed_dictionaries({"kind": st.just("add_nodes"), "nodes": several(NODES)}),
    st.fixed_dictionaries({"kind": st.just("del_nodes"), "ids": several(IDS)}),
    st.fixed_dictionaries(
        {"kind": st.just("move"), "to": st.dictionaries(IDS, PLACES, min_size=1, max_size=3)}
    ),
    st.fixed_dictionaries(
        {"kind": st.just("add_edges"), "edges": several(EDGES)}, optional={"before": IDS | st.none()}
    ),
    st.fixed_dictionaries({"kind": st.just("del_edges"), "ids": several(IDS)}),
    set_values(),
)
BATCHES = st.lists(
    st.builds(lambda operations: {"id": "b", "operations": operations}, several(OPERATIONS)),
    min_size=1,
    max_size=8,
)
START = load_workflow(
    {
        "name": "Orders",
        "nodes": [{"id": "a", "type": "manual-trigger"}, {"id": "b", "type": "edit-fields"}],
        "edges": [{"source": "a", "target": "b"}],
    }
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_shared_case(case: dict[str, Any]) -> None:
    before = copy.deepcopy(case["document"])
    assert apply(case["document"], case["operations"]) == case["result"]
    assert case["document"] == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_shared_case_is_well_formed(case: dict[str, Any]) -> None:
    if case["operations"]:
        read_batches([{"id": "b", "operations": case["operations"]}])
    load_workflow(case["result"])


@given(BATCHES)
def test_any_sequence_applies_and_gives_a_document_that_loads(raw: list[dict[str, Any]]) -> None:
    draft = Draft.of(START)
    for batch in read_batches(raw):
        draft = draft.after(batch.packed())
        ids = {node["id"] for node in draft.json["nodes"]}
        assert all(edge["source"] in ids and edge["target"] in ids for edge in draft.json["edges"])
    assert dump_workflow(load_workflow(draft.json)) == draft.json


@given(BATCHES)
def test_a_draft_is_followed_as_if_the_whole_document_was_read_each_time(raw: list[dict[str, Any]]) -> None:
    """What is checked of the changed parts alone gives the same as loading all, in both forms."""
    draft = Draft.of(START)
    literal = draft.json
    for batch in raw:
        literal = apply(literal, batch["operations"])
        [read] = read_batches([batch])
        draft = draft.after(read.packed())
        assert draft.document == load_workflow(draft.json)
        assert draft.document == load_workflow(literal)


@given(BATCHES)
def test_the_same_batches_give_the_same_document_in_one_go_or_one_by_one(raw: list[dict[str, Any]]) -> None:
    start = Draft.of(START).json
    one_by_one = start
    for batch in raw:
        one_by_one = apply(one_by_one, batch["operations"])
    assert apply(start, [operation for batch in raw for operation in batch["operations"]]) == one_by_one


@given(set_values(), set_values())
def test_the_order_of_two_edits_matters_only_where_they_meet(
    one: dict[str, Any], two: dict[str, Any]
) -> None:
    start = Draft.of(START).json
    short = min(len(one["path"]), len(two["path"]))
    apart = one["node"] != two["node"] or one["path"][:short] != two["path"][:short]
    if apart:
        forwards, backwards = apply(start, [one, two]), apply(start, [two, one])
        assert Draft.of(load_workflow(forwards)) == Draft.of(load_workflow(backwards))


@given(BATCHES)
def test_a_draft_that_is_checked_after_each_edit_has_the_problems_of_its_document(
    raw: list[dict[str, Any]],
) -> None:
    """What is remembered of the document before never shows."""
    draft, earlier = Draft.of(START), Earlier()
    for batch in read_batches(raw):
        draft = draft.after(batch.packed())
        assert check(draft.document, REGISTRY, earlier) == check(draft.document, REGISTRY)


def wrong(**operation: Any) -> list[dict[str, Any]]:
    fine = {"kind": "set", "node": "a", "path": ["label"], "value": "Fine"}
    return [{"id": "b", "operations": [fine, operation]}]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (None, "batches"),
        ([], "batches"),
        ([{"id": "b", "operations": []}], "batches[0].operations"),
        ([{"operations": [{"kind": "del_nodes", "ids": ["a"]}]}], "batches[0].id"),
        (wrong(kind="explode"), "batches[0].operations[1]"),
        (wrong(kind="del_nodes", ids="a"), "batches[0].operations[1].ids"),
        (wrong(kind="del_nodes", ids=["a"], more=1), "batches[0].operations[1].more"),
        (
            wrong(kind="add_edges", edges=[{"source": "a", "target": "b"}]),
            "batches[0].operations[1].edges[0].id",
        ),
        (wrong(kind="add_nodes", nodes=[{"id": "x"}]), "batches[0].operations[1].nodes[0].type"),
        (wrong(kind="move", to={"a": {"x": "left"}}), "batches[0].operations[1].to.a.x"),
        (wrong(kind="set", node="a", path=["position"], value={}), "batches[0].operations[1]"),
        (wrong(kind="set", node="a", path=["label", "x"], value={}), "batches[0].operations[1]"),
        (wrong(kind="set", node="a", path=["settings", "colour"], value=1), "batches[0].operations[1]"),
        (wrong(kind="set", node="a", path=["settings", "max_tries"], value=99), "batches[0].operations[1]"),
        (wrong(kind="set", node="a", path=["disabled"], value="yes"), "batches[0].operations[1]"),
        (wrong(kind="set", node=None, path=["nodes"], value=[]), "batches[0].operations[1]"),
        (wrong(kind="set", node=None, path=["tags"], value="a"), "batches[0].operations[1]"),
    ],
)
def test_what_is_malformed_is_named_by_path(raw: Any, path: str) -> None:
    with pytest.raises(InvalidWorkflow) as refused:
        read_batches(raw)
    assert path in [problem.path for problem in refused.value.problems]


def test_a_text_that_cannot_be_stored_is_refused() -> None:
    operation = {"kind": "set", "node": "a", "path": ["properties", "x"], "value": "a\0b"}
    with pytest.raises(InvalidWorkflow, match="NUL") as refused:
        read_batches([{"id": "b", "operations": [operation]}])
    assert refused.value.problems[0].path == "batches[0].operations[0].value"


def test_a_workflow_does_not_outgrow_its_limits() -> None:
    nodes = [{"id": f"n{i}", "type": "edit-fields"} for i in range(19_999)]
    [batch] = read_batches([{"id": "b", "operations": [{"kind": "add_nodes", "nodes": nodes}]}])
    with pytest.raises(InvalidWorkflow, match="at most 20,000 nodes"):
        Draft.of(START).after(batch.packed())


def test_what_did_not_change_is_not_read_again() -> None:
    draft = Draft.of(START)
    changed = draft.after([{"kind": "set", "node": "a", "path": ["label"], "value": "Start"}])
    assert changed.document.nodes[1] is draft.document.nodes[1]
    assert changed.json["nodes"][1] is draft.json["nodes"][1]
    assert draft.document.nodes[0].data.label is None


def test_one_and_true_are_different_values() -> None:
    [one, true] = [
        Draft.of(START).after([{"kind": "set", "node": "a", "path": ["properties", "x"], "value": value}])
        for value in (1, True)
    ]
    again = one.after([{"kind": "set", "node": "a", "path": ["properties", "x"], "value": True}])
    assert again.json["nodes"][0]["data"]["properties"]["x"] is True
    assert again == true


def test_defaults_in_new_nodes_are_not_kept() -> None:
    node = {"id": "n", "type": "if", "position": {"x": 1, "y": 2}, "data": {"label": None, "disabled": False}}
    batch = Batch.model_validate({"id": "b", "operations": [{"kind": "add_nodes", "nodes": [node]}]})
    assert batch.packed() == [
        {"kind": "add_nodes", "nodes": [{"id": "n", "type": "if", "position": {"x": 1.0, "y": 2.0}}]}
    ]


def test_edges_without_an_id_get_the_same_ones_each_time() -> None:
    edges = [{"source": "a", "target": "b"}, {"id": "e1", "source": "b", "target": "a"}]
    edges += [{"id": "e1", "source": "a", "target": "a"}, {"source": "b", "target": "b"}]
    document = load_workflow({"nodes": [{"id": i, "type": "x"} for i in "ab"], "edges": edges})
    assert [edge.id for edge in identified(document).edges] == ["e2", "e1", "e3", "e4"]
    assert identified(identified(document)) == identified(document)


def test_a_whole_number_may_be_spelt_with_a_point() -> None:
    raw: list[dict[str, Any]] = [
        {"kind": "set", "node": "a", "path": ["settings", "max_tries"], "value": 5.0},
        {"kind": "set", "node": None, "path": ["settings", "concurrency"], "value": 2.0},
    ]
    [batch] = read_batches([{"id": "b", "operations": raw}])
    draft = Draft.of(START).after(batch.packed())
    assert draft.document.nodes[0].data.settings.max_tries == 5
    assert draft.json["settings"] == {"concurrency": 2}
    assert dump_workflow(load_workflow({"schema_version": 1.0, "nodes": []}))["schema_version"] == 1
    with pytest.raises(InvalidWorkflow):
        read_batches([{"id": "b", "operations": [raw[0] | {"value": 5.5}]}])
