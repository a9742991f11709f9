"""What expressions see: other nodes, the item's ancestors, the execution."""

from __future__ import annotations

from typing import Any

import pytest

from flowstudio.engine.context import Context
from flowstudio.engine.item import Binary, Item, Json, Ports
from flowstudio.engine.node import Inputs
from tests.engine.fakes import Behaviour, Failed, FakeEvaluator, World, plan_of


@pytest.fixture
def world() -> World:
    """A world whose evaluator answers a few templates from what it is given."""

    def item_of(label: str, field: str) -> Any:
        def answer(json: Json, shared: Json, per_item: Any, index: int) -> Any:
            at = per_item["paired"][label][index]
            return None if at is None else shared["nodes"][label]["items"][at][field]

        return answer

    return World(
        evaluator=FakeEvaluator(
            {
                "{{ $('t').item.json.n }}": item_of("t", "n"),
                "{{ $('a').item.json.n }}": item_of("a", "n"),
                "{{ $('l').item.json.n }}": item_of("l", "n"),
                "{{ $(x) }}": lambda json, shared, per_item, index: sorted(shared["nodes"]),
                "{{ $('s').isExecuted }}": lambda j, shared, p, i: shared["nodes"]["s"]["executed"],
                "{{ $('s').all() }}": lambda j, shared, p, i: shared["nodes"]["s"]["items"],
                "{{ $runIndex }}": lambda j, shared, p, i: shared["runIndex"],
                "{{ $prevNode }}": lambda j, shared, p, i: shared["prevNode"],
                "{{ $input.all().length }}": lambda j, s, p, i: i,
                "{{ fail() }}": lambda j, s, p, i: Failed("it broke") if i == 1 else i,
                "{{ $execution.id }}": lambda j, shared, p, i: shared["execution"]["id"],
            }
        )
    )


async def test_an_item_finds_its_ancestor_through_nodes_that_drop_and_reorder(world: World) -> None:
    # t ─ c (reverses, drops the first) ─ b ─ e
    async def act(inputs: Inputs, ctx: Context) -> Ports:
        return {"main": [item.with_json({}) for item in reversed(inputs["main"][1:])]}

    world.services[Behaviour] = Behaviour(act)
    plan = plan_of(
        {
            "t": "manual-trigger",
            "c": "custom",
            "b": ("echo", {"set": 1}),
            "e": ("echo", {"set": "={{ $('t').item.json.n }}"}),
        },
        "t > c > b > e",
    )
    await world.execute(plan, [{"n": 1}, {"n": 2}, {"n": 3}])
    assert [row["set"] for row in world.output("e")] == [3, 2]


async def test_ancestors_are_found_through_a_merge(world: World) -> None:
    #     ┌ a ┐
    # t ──┤   ├ j ─ e
    #     └ b ┘
    plan = plan_of(
        {
            "t": "manual-trigger",
            "a": "echo",
            "b": "echo",
            "j": "join",
            "e": ("echo", {"set": ["={{ $('t').item.json.n }}", "={{ $('a').item.json.n }}"]}),
        },
        "t > a",
        "t > b",
        "a > j.a",
        "b > j.b",
        "j > e",
    )
    await world.execute(plan, [{"n": 1}, {"n": 2}])
    assert [row["set"] for row in world.output("e")] == [[1, 1], [2, 2], [1, None], [2, None]]


async def test_an_iteration_sees_its_batch_and_what_ran_before_the_loop(world: World) -> None:
    # t ─ l ─ done ─ z ;  loop ─ e ─ back
    both = ["={{ $('t').item.json.n }}", "={{ $('l').item.json.n }}", "={{ $runIndex }}"]
    plan = plan_of(
        {
            "t": "manual-trigger",
            "l": "loop",
            "e": ("echo", {"set": both}),
            "z": ("echo", {"set": "={{ $('t').item.json.n }}"}),
        },
        "t > l",
        "l.loop > e > l",
        "l.done > z",
    )
    await world.execute(plan, [{"n": 7}, {"n": 8}])
    assert [world.output("e", (f"l:{i}",))[0]["set"] for i in range(2)] == [[7, 7, 0], [8, 8, 1]]
    assert [row["set"] for row in world.output("z")] == [7, 8]


async def test_what_ran_in_a_loop_is_seen_after_it(world: World) -> None:
    # t ─ l ─ done ─ z ;  loop ─ a ─ back
    plan = plan_of(
        {
            "t": "manual-trigger",
            "l": ("loop", {"size": 2}),
            "a": "echo",
            "z": ("echo", {"set": "={{ $('a').item.json.n }}"}),
        },
        "t > l",
        "l.loop > a > l",
        "l.done > z",
    )
    await world.execute(plan, [{"n": 7}, {"n": 8}])
    assert [row["set"] for row in world.output("z")] == [7, 8]


async def test_only_nodes_that_are_named_are_handed_over(world: World) -> None:
    plan = plan_of(
        {"t": "manual-trigger", "a": "echo", "e": ("echo", {"set": "={{ $('t').item.json.n }}"})}, "t > a > e"
    )
    await world.execute(plan, [{"n": 1}])
    assert list(world.evaluator.asked[0]["shared"]["nodes"]) == ["t"]


async def test_a_computed_name_may_mean_any_node_that_ran(world: World) -> None:
    plan = plan_of(
        {"t": "manual-trigger", "a": "echo", "e": ("echo", {"set": "={{ $(x) }}"}), "z": "echo"},
        "t > a > e > z",
    )
    await world.execute(plan, [{"n": 1}])
    assert world.output("e")[0]["set"] == ["a", "t"]


async def test_a_node_that_did_not_run_is_handed_over_as_such(world: World) -> None:
    # t ─ p ─ low ─ e ;  high ─ s
    plan = plan_of(
        {
            "t": "manual-trigger",
            "p": "split",
            "s": "echo",
            "e": ("echo", {"set": "={{ $('s').isExecuted }}"}),
        },
        "t > p",
        "p.low > e",
        "p.high > s",
    )
    await world.execute(plan, [{"n": 1}])
    assert world.output("e")[0]["set"] is False


async def test_the_output_that_leads_here_is_the_one_that_is_meant(world: World) -> None:
    # t ─ s ─ low ─ x ;  high ─ e
    plan = plan_of(
        {"t": "manual-trigger", "s": "split", "x": "echo", "e": ("echo", {"set": "={{ $('s').all() }}"})},
        "t > s",
        "s.low > x",
        "s.high > e",
    )
    await world.execute(plan, [{"n": 1}, {"n": 20}])
    assert world.output("e")[0]["set"] == [{"n": 20}]


async def test_the_previous_node_is_named_with_its_output(world: World) -> None:
    plan = plan_of(
        {"t": "manual-trigger", "s": "split", "e": ("echo", {"set": "={{ $prevNode }}"})},
        "t > s",
        "s.high > e",
    )
    await world.execute(plan, [{"n": 20}])
    assert world.output("e")[0]["set"] == {"name": "s", "outputIndex": 1, "runIndex": 0}


async def test_all_expressions_of_a_node_go_in_one_batch(world: World) -> None:
    plan = plan_of(
        {
            "t": "manual-trigger",
            "e": (
                "echo",
                {"set": {"a": "={{ $execution.id }}", "b": ["={{ $runIndex }}", "={{ $json.n }}", "text"]}},
            ),
        },
        "t > e",
    )
    await world.execute(plan, [{"n": 1}, {"n": 2}])
    (asked,) = world.evaluator.asked
    assert asked["templates"] == ["{{ $execution.id }}", "{{ $runIndex }}"]
    assert asked["items"] == [{"n": 1}, {"n": 2}]
    assert [row["set"] for row in world.output("e")] == [
        {"a": "x1", "b": [0, 1, "text"]},
        {"a": "x1", "b": [0, 2, "text"]},
    ]


async def test_plain_paths_ask_nobody(world: World) -> None:
    plan = plan_of({"t": "manual-trigger", "e": ("echo", {"set": "=n is {{ $json.n }}"})}, "t > e")
    await world.execute(plan, [{"n": 1}])
    assert world.output("e")[0]["set"] == "n is 1"
    assert world.evaluator.asked == []


async def test_a_failed_expression_concerns_its_item_and_names_its_place(world: World) -> None:
    data = {
        "label": "e",
        "properties": {"set": {"deep": ["={{ fail() }}"]}},
        "settings": {"on_error": "continue"},
    }
    plan = plan_of({"t": "manual-trigger", "e": {"id": "e", "type": "echo", "data": data}}, "t > e")
    await world.execute(plan, [{"n": 1}, {"n": 2}])
    assert world.output("e") == [{"n": 1, "set": {"deep": [0]}}, {"error": "Set, Deep 1: it broke"}]
    error = world.outcome("e").error
    assert error is not None
    assert (error.code, error.item, error.detail) == ("expression", 1, {"parameter": "set.deep[0]"})


async def test_a_node_for_all_items_resolves_for_the_first(world: World) -> None:
    # t ─ p, a sleeper whose time is an expression of the first item
    plan = plan_of(
        {"t": "manual-trigger", "p": ("sleep", {"until": "={{ $execution.id && null }}"})}, "t > p"
    )
    world.evaluator.answers = {"{{ $execution.id && null }}": lambda j, s, p, i: None}
    await world.execute(plan, [{"n": 1}, {"n": 2}])
    assert world.evaluator.asked[0]["items"] == [{"n": 1}]


async def test_the_whole_input_is_there_for_expressions_that_look_at_it(world: World) -> None:
    plan = plan_of({"t": "manual-trigger", "l": ("loop", {"size": "={{ $input.all().length }}"})}, "t > l")
    world.evaluator.answers = {"{{ $input.all().length }}": lambda j, s, p, i: 2}
    await world.execute(plan, [{"n": 1}, {"n": 2}])
    assert world.evaluator.asked[0]["items"] == [{"n": 1}, {"n": 2}]


async def test_user_code_gets_the_same_view(world: World) -> None:
    seen: list[Json] = []

    async def act(inputs: Inputs, ctx: Context) -> Ports:
        seen.append({"shared": ctx.scope_data(), "per_item": ctx.item_data()})
        return {"main": [Item({}, {"data": Binary("d" * 64, "text/csv", "a.b.csv", 3)}).paired_with(0)]}

    world.services[Behaviour] = Behaviour(act)
    plan = plan_of({"t": "manual-trigger", "c": "custom", "d": "custom"}, "t > c > d")
    await world.execute(plan, [{"n": 1}, {"n": 2}])
    assert seen[0]["shared"]["nodes"]["t"]["items"] == [{"n": 1}, {"n": 2}]
    assert seen[0]["per_item"] == {"paired": {"t": [0, 1]}}
    assert seen[1]["per_item"]["binary"][0]["data"] == {
        "mimeType": "text/csv",
        "fileName": "a.b.csv",
        "fileExtension": "csv",
        "fileSize": 3,
        "id": "d" * 64,
    }
