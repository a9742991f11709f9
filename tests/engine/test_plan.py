"""Documents that can run, and what is said about those that cannot."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import ItemNode, Node, Slot
from flowstudio.engine.plan import check, compile_plan
from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import load_workflow
from flowstudio.errors import InvalidRequest, InvalidWorkflow, Problem
from tests.engine.fakes import REGISTRY, draw, plan_of


class Model(Node):
    """Fills slots."""

    type = "model"
    label = "Model"
    embedder: Annotated[Any, Slot("Embedder")] = None


class Agent(ItemNode):
    """Has slots."""

    type = "agent"
    label = "Agent"
    model: Annotated[Any, Slot("Chat model")]
    tools: Annotated[list[Any], Slot("Tools", many=True)] = Field(default_factory=list)
    prompt: Annotated[str, Field(title="What to say", min_length=1)] = "Hello"

    async def run(self, item: Item, ctx: Context) -> Ports:
        return {"main": [item]}


class Remark(Node):
    """Says something to people."""

    type = "remark"
    label = "Remark"
    annotation = True


SLOTS = Registry([*REGISTRY, Model, Agent, Remark])


def problems(document: Json, severity: str = "error") -> list[Problem]:
    return [p for p in check(load_workflow(document), SLOTS) if p.severity == severity]


def only_problem(document: Json, severity: str = "error") -> Problem:
    (problem,) = problems(document, severity)
    return problem


def test_the_bare_document_of_the_canvas_compiles() -> None:
    plan = compile_plan(
        load_workflow(
            {
                "nodes": [{"id": 1, "type": "manual-trigger"}, {"id": "2", "type": "echo"}],
                "edges": [{"source": 1, "target": 2}],
            }
        ),
        REGISTRY,
    )
    assert plan.triggers == ("1",)
    assert plan.nodes["2"].connected == frozenset()
    assert plan.nodes["1"].connected == {"main"}


def test_labels_that_are_missing_come_from_the_type_numbered_where_taken() -> None:
    document = draw({"a": "echo"})
    document["nodes"] += [{"id": str(i), "type": "echo"} for i in range(3)]
    document["nodes"][0]["data"]["label"] = "Echo1"
    plan = compile_plan(load_workflow(document), REGISTRY)
    assert list(plan.labels) == ["Echo1", "Echo", "Echo2", "Echo3"]


def test_all_problems_are_told_at_once() -> None:
    document = draw({"a": "nonsense", "b": ("split", {"limit": "x"}), "c": "echo"}, "b.middle > c", "c > z")
    with pytest.raises(InvalidWorkflow) as caught:
        compile_plan(load_workflow(document), REGISTRY)
    assert sorted(p.code for p in caught.value.problems) == [
        "invalid_parameter",
        "unknown_node",
        "unknown_port",
        "unknown_type",
    ]


def test_an_unknown_type_is_named() -> None:
    problem = only_problem(draw({"a": "nonsense"}))
    assert (problem.node, problem.path) == ("a", "nodes[0].type")
    assert "'nonsense'" in problem.message


def test_a_missing_port_is_named_with_those_that_there_are() -> None:
    problem = only_problem(draw({"s": "split", "e": "echo"}, "s.middle > e"))
    assert problem.message == "'s' has no output 'middle', only 'low', 'high'; connect it anew."
    assert (problem.node, problem.path) == ("s", "edges[0]")


def test_nothing_leads_into_a_trigger() -> None:
    assert "'t' has no input" in only_problem(draw({"t": "manual-trigger", "e": "echo"}, "e > t")).message


def test_a_wrong_parameter_is_named_in_the_words_of_the_form() -> None:
    problem = only_problem(draw({"s": ("split", {"limit": "many"})}))
    assert problem.message == "'s': Limit must be a whole number, but is 'many'."
    assert problem.path == "nodes[0].data.properties.limit"


def test_a_parameter_with_an_expression_is_not_judged_before_it_runs() -> None:
    assert problems(draw({"s": ("split", {"limit": "={{ $json.many }}"})})) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"label": "s", "disabled": True, "properties": {"limit": "x"}},
        {"label": "s", "properties": {"limit": "x"}},
    ],
)
def test_what_cannot_run_does_not_keep_others_from_running(broken: Json) -> None:
    # t ─ e    s (disabled, or connected to nothing)
    nodes: Json = {"t": "manual-trigger", "e": "echo", "s": {"id": "s", "type": "split", "data": broken}}
    assert problems(draw(nodes, "t > e")) == []
    assert "invalid_parameter" in {p.code for p in problems(draw(nodes, "t > e"), "warning")}


def test_two_nodes_of_one_name_are_refused() -> None:
    document = draw({"a": "echo", "b": "echo"})
    document["nodes"][1]["data"]["label"] = "a"
    assert {p.node for p in problems(document) if p.code == "duplicate_label"} == {"a", "b"}


def test_a_cycle_is_named_by_its_closing_edge() -> None:
    # a ─ b ─ back to a
    problem = only_problem(draw({"a": "echo", "b": "echo"}, "a > b > a"))
    assert (problem.code, problem.message) == ("cycle", "'b → a' is a cycle; only a Loop may close one.")


def test_a_cycle_through_the_done_output_is_a_cycle() -> None:
    assert only_problem(draw({"l": "loop", "e": "echo"}, "l.done > e > l")).code == "cycle"


def test_a_node_both_inside_and_outside_of_a_loop_is_named() -> None:
    #  l ─ loop ─ e ─ back
    #  x ─────────┘
    problem = only_problem(draw({"l": "loop", "e": "echo", "x": "echo"}, "l.loop > e > l", "x > e"))
    assert problem.code == "shared_with_loop"
    assert "'e' is inside the loop of 'l' and is also reached from 'x'" in problem.message


def test_a_node_that_both_outputs_of_a_loop_reach_is_named() -> None:
    problem = only_problem(
        draw({"l": "loop", "e": "echo", "x": "echo"}, "l.loop > e > l", "l.done > x", "e > x")
    )
    assert problem.code == "shared_with_loop"


def test_loops_that_interleave_are_named() -> None:
    problem = only_problem(draw({"a": "loop", "b": "loop"}, "a.loop > b", "b.loop > a", "b.done > a"))
    assert problem.code == "interleaved_loops"


def test_loops_nest() -> None:
    plan = plan_of(
        {"o": "loop", "i": "loop", "e": "echo", "z": "echo"},
        "o.loop > i",
        "i.loop > e > i",
        "i.done > o",
        "o.done > z",
    )
    assert {id_: node.loops for id_, node in plan.nodes.items()} == {
        "o": (),
        "i": ("o",),
        "e": ("o", "i"),
        "z": (),
    }


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (draw({"t": "manual-trigger", "e": "echo"}), "unreachable"),
        (draw({"e": ("echo", {"sett": 1})}), "unknown_property"),
        (draw({"e": ("echo", {"set": "={{ $('gone').item.json.x }}"})}), "unknown_reference"),
        (draw({"l": "loop", "e": "echo"}, "l.loop > e"), "open_loop"),
        (draw({"a": "echo", "b": "echo"}, "a > b", "a > b"), "duplicate_connection"),
        (draw({"a": "echo", "b": "echo"}, "a.error > b"), "unknown_port"),
    ],
)
def test_what_only_looks_wrong_is_a_warning(document: Json, code: str) -> None:
    assert [p.code for p in problems(document)] == []
    assert [p.code for p in problems(document, "warning")] == [code]


def test_an_error_output_adds_a_port() -> None:
    data = {"label": "a", "settings": {"on_error": "error_output"}}
    document = draw({"a": {"id": "a", "type": "echo", "data": data}, "b": "echo"}, "a.error > b")
    plan = compile_plan(load_workflow(document), REGISTRY)
    assert plan.nodes["a"].outputs == ("main", "error")


# Slots


def slotted(*edges: str) -> Json:
    return draw({"a": "agent", "m": "model", "n": "model", "e": "echo"}, *edges)


def test_a_sub_node_is_kept_out_of_the_flow() -> None:
    document = draw({"t": "manual-trigger", "a": "agent", "m": "model"}, "t > a", "m > a.model")
    plan = compile_plan(load_workflow(document), SLOTS)
    assert plan.levels[None].nodes == ("t", "a")
    assert plan.nodes["a"].binding.slots == {"model": ("m",)}


def test_an_empty_slot_is_named() -> None:
    problem = only_problem(draw({"a": "agent"}))
    assert (problem.code, problem.message) == ("empty_slot", "'a' needs a Chat model; connect one to it.")


def test_a_slot_for_one_takes_one() -> None:
    assert only_problem(slotted("m > a.model", "n > a.model")).code == "slot_taken"


def test_a_slot_for_many_takes_many() -> None:
    document = slotted("m > a.model", "m > a.tools", "n > a.tools")
    plan = compile_plan(load_workflow(document), SLOTS)
    assert plan.nodes["a"].binding.slots["tools"] == ("m", "n")


def test_a_sub_node_gives_no_items() -> None:
    assert {p.code for p in problems(slotted("m > a.model", "n > e"))} == {"not_a_slot"}


def test_a_sub_node_may_not_be_part_of_itself() -> None:
    assert {p.code for p in problems(slotted("m > a.model", "m > n.embedder", "n > m.embedder"))} == {
        "slot_cycle"
    }


# Parts


def test_executions_start_at_the_manual_trigger_else_at_the_first() -> None:
    assert plan_of({"h": "hook", "t": "manual-trigger"}).start_node() == "t"
    assert plan_of({"h": "hook", "e": "echo"}).start_node() == "h"
    assert plan_of({"e": "echo"}).start_node() is None
    assert plan_of({"h": "hook", "t": "manual-trigger"}).start_node("h") == "h"
    disabled = {"id": "h", "type": "hook", "data": {"disabled": True}}
    assert plan_of({"h": disabled}).start_node() is None


def test_a_node_that_is_not_there_is_named() -> None:
    plan = plan_of({"a": "echo"})
    for ask in (plan.find, plan.only, plan.upto, plan.start_node):
        with pytest.raises(InvalidRequest, match="'b'"):
            ask("b")


def test_the_plan_of_one_node_has_its_sub_nodes_and_nothing_else() -> None:
    document = draw(
        {"t": "manual-trigger", "a": "agent", "m": "model", "e": "echo"}, "t > a > e", "m > a.model"
    )
    plan = compile_plan(load_workflow(document), SLOTS).only("a")
    assert set(plan.nodes) == {"a", "m"}
    assert plan.levels[None].nodes == ("a",)
    assert plan.start_node() is None


def test_the_plan_up_to_a_node_has_what_comes_before_it() -> None:
    # t ─ l ─ done ─ y ─ z ;  loop ─ e ─ back, loop ─ x
    plan = plan_of(
        {"t": "manual-trigger", "l": "loop", "e": "echo", "x": "echo", "y": "echo", "z": "echo"},
        "t > l",
        "l.loop > e > l",
        "l.loop > x",
        "l.done > y > z",
    )
    assert set(plan.upto("y").nodes) == {"t", "l", "e", "y"}
    assert set(plan.upto("x").nodes) == {"t", "l", "e", "x"}


def test_a_part_keeps_the_labels_of_the_whole() -> None:
    document = {"nodes": [{"id": str(i), "type": "echo"} for i in range(3)]}
    assert compile_plan(load_workflow(document), REGISTRY).only("2").nodes["2"].label == "Echo2"


def test_a_part_runs_although_another_part_is_wrong() -> None:
    document = load_workflow(draw({"s": ("split", {"limit": "x"}), "e": "echo"}))
    with pytest.raises(InvalidWorkflow):
        compile_plan(document, REGISTRY)
    assert set(compile_plan(document, REGISTRY, only="e").nodes) == {"e"}


def test_the_output_that_leads_to_a_node_is_found() -> None:
    # s ─ high ─ a ─ b
    plan = plan_of({"s": "split", "a": "echo", "b": "echo", "c": "echo"}, "s.high > a > b", "s.low > c")
    assert plan.port_toward("s", "b") == "high"
    assert plan.port_toward("s", "c") == "low"
    assert plan.port_toward("s", "s") is None
    assert plan.port_toward("a", "c") == "main"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "Europe", "", "UTC\x01"])
def test_an_unknown_time_zone_is_named(zone: str) -> None:
    problem = only_problem(
        {"nodes": [{"id": "1", "type": "manual-trigger"}], "edges": [], "settings": {"timezone": zone}}
    )
    assert (problem.code, problem.path) == ("unknown_timezone", "settings.timezone")
    assert f"'{zone}'" in problem.message


def test_a_known_time_zone_is_fine() -> None:
    assert not problems(
        {"nodes": [{"id": "1", "type": "manual-trigger"}], "settings": {"timezone": "Europe/Berlin"}}
    )


def test_an_annotation_is_no_part_of_the_plan_whatever_it_says_and_is_called() -> None:
    document = {
        "nodes": [
            {"id": "1", "type": "manual-trigger", "data": {"label": "Start"}},
            {"id": "n1", "type": "remark", "data": {"label": "Start", "properties": {"text": "={{ broken("}}},
            {"id": "n2", "type": "remark"},
            {"id": "n3", "type": "remark"},
            {"id": "2", "type": "echo"},
        ],
        "edges": [{"source": "1", "target": "2"}, {"source": "n2", "target": "2"}],
    }
    loaded = load_workflow(document)
    assert check(loaded, SLOTS) == []
    plan = compile_plan(loaded, SLOTS)
    assert set(plan.nodes) == {"1", "2"}
    assert plan.labels == {"Start": "1", "Echo": "2"}
    assert set(plan.upto("2").nodes) == {"1", "2"}


def test_an_annotation_cannot_be_run() -> None:
    loaded = load_workflow({"nodes": [{"id": "n1", "type": "remark"}], "edges": []})
    with pytest.raises(InvalidRequest, match="is a note"):
        compile_plan(loaded, SLOTS, only="n1")
