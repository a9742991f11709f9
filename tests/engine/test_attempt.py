"""Tries of one node: failures, retries, timeouts, and what `on_error` makes of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowstudio.engine.context import Context
from flowstudio.engine.events import NodeFinished
from flowstudio.engine.item import Item, Json, Pair, Ports
from flowstudio.engine.node import Inputs
from flowstudio.engine.plan import Plan
from flowstudio.errors import NodeError
from tests.engine.fakes import Behaviour, World, plan_of

# Most tests here run t ─ x ─ s, with what matters in x.


@pytest.fixture
def world() -> World:
    return World()


def around(node: str, properties: Json | None = None, /, **settings: Any) -> Plan:
    """t ─ x ─ s, and x.error ─ e if x has an error output."""
    data = {"label": "x", "properties": properties or {}, "settings": settings}
    nodes: dict[str, Any] = {"t": "manual-trigger", "x": {"id": "x", "type": node, "data": data}, "s": "sum"}
    edges = ["t > x > s"]
    if settings.get("on_error") == "error_output":
        nodes["e"] = "echo"
        edges.append("x.error > e")
    return plan_of(nodes, *edges)


def behave(world: World, act: Any) -> None:
    world.services[Behaviour] = Behaviour(act)


ROWS = [{"n": 1}, {"n": 2}, {"n": 3}]


async def test_a_failure_stops_the_execution(world: World) -> None:
    rest = await world.execute(around("fail", {"only": [2]}), ROWS)
    assert rest.status == "error"
    assert rest.error is not None
    assert (rest.error.code, rest.error.node, rest.error.item) == ("node", "x", 1)
    assert world.outcome("x").outputs == {}


async def test_continue_puts_the_error_among_the_items(world: World) -> None:
    rest = await world.execute(around("fail", {"only": [2]}, on_error="continue"), ROWS)
    assert rest.status == "success"
    assert world.output("x") == [{"n": 1}, {"error": "no luck"}, {"n": 3}]
    outcome = world.outcome("x")
    assert outcome.status == "success"
    assert outcome.error is not None
    assert outcome.error.item == 1
    assert [item.paired_item for item in outcome.outputs["main"]] == [(Pair(0),), (Pair(1),), (Pair(2),)]


async def test_error_output_sends_failed_items_their_own_way(world: World) -> None:
    rest = await world.execute(around("fail", {"only": [2]}, on_error="error_output"), ROWS)
    assert rest.status == "success"
    assert world.output("x") == [{"n": 1}, {"n": 3}]
    assert world.output("e") == [{"n": 2, "error": "no luck"}]


@pytest.mark.parametrize(
    ("on_error", "port", "rows"),
    [
        ("continue", "main", [{"error": "no luck at all"}, {"error": "no luck at all"}]),
        ("error_output", "error", [{"n": 1, "error": "no luck at all"}, {"n": 2, "error": "no luck at all"}]),
    ],
)
async def test_a_node_for_all_items_fails_for_all_items(
    world: World, on_error: str, port: str, rows: list[Json]
) -> None:
    await world.execute(around("fail-all", on_error=on_error), ROWS[:2])
    assert world.output("x", port=port) == rows


async def test_a_failed_node_is_tried_again_with_doubled_waits(world: World) -> None:
    plan = around("fail-all", {"times": 3}, retry=True, max_tries=4, retry_wait=0.5)
    rest = await world.execute(plan, ROWS)
    assert rest.status == "success"
    assert world.clock.slept == [0.5, 1.0, 2.0]
    tries = [(o.attempt, o.status) for o in world.journal.outcomes if o.node == "x"]
    assert tries == [(1, "retrying"), (2, "retrying"), (3, "retrying"), (4, "success")]
    told = [(e.status, e.will_retry) for e in world.events if isinstance(e, NodeFinished) and e.node == "x"]
    assert told == [("error", True)] * 3 + [("success", False)]


async def test_the_last_try_decides(world: World) -> None:
    rest = await world.execute(around("fail-all", retry=True, max_tries=2, retry_wait=0), ROWS)
    assert rest.status == "error"
    assert [(o.attempt, o.status) for o in world.journal.outcomes if o.node == "x"] == [
        (1, "retrying"),
        (2, "error"),
    ]


async def test_without_retry_there_is_one_try(world: World) -> None:
    await world.execute(around("fail-all", {"times": 1}), ROWS)
    assert world.calls.counts == {"x1/x": 1}


@pytest.mark.parametrize("on_error", ["stop", "continue", "error_output"])
async def test_only_failed_items_are_tried_again(world: World, on_error: str) -> None:
    seen: list[Any] = []

    def note(name: str) -> int:
        seen.append(name)
        return seen.count(name)

    world.calls.note = note  # type: ignore[method-assign]  # watch the calls of the node
    plan = around("fail", {"times": 1}, retry=True, retry_wait=0, max_tries=5, on_error=on_error)
    await world.execute(plan, ROWS)
    assert sorted(seen) == sorted(f"x1/x#{n}" for n in (1, 2, 3) for _ in range(2))
    assert world.output("x") == ROWS


async def test_wrong_parameters_are_not_tried_again(world: World) -> None:
    world.evaluator.answers = {"{{ f() }}": lambda json, shared, per_item, index: "no number"}
    rest = await world.execute(around("split", {"limit": "={{ f() }}"}, retry=True), ROWS)
    assert rest.error is not None
    assert rest.error.code == "parameter"
    assert rest.error.message == "Limit must be a whole number, but is 'no number'."
    assert rest.error.detail == {"parameter": "limit"}
    assert len(world.evaluator.asked) == 1
    assert [o.status for o in world.journal.outcomes if o.node == "x"] == ["error"]


async def test_a_wrong_parameter_of_one_item_concerns_that_item(world: World) -> None:
    plan = around("split", {"limit": "={{ $json.limit }}"}, on_error="continue")
    await world.execute(plan, [{"n": 1, "limit": 5}, {"n": 1, "limit": "x"}])
    assert world.output("x", port="low") == [
        {"n": 1, "limit": 5},
        {"error": "Limit must be a whole number, but is 'x'."},
    ]


async def test_a_try_has_a_time_limit(world: World) -> None:
    rest = await world.execute(around("gate", timeout=0.02), ROWS)
    assert rest.error is not None
    assert rest.error.code == "node_timeout"
    assert "0.02 s" in rest.error.message


async def test_a_timeout_counts_for_the_items_that_were_not_done(world: World) -> None:
    plan = around("gate", {"name": "={{ $json.gate }}"}, timeout=2, on_error="error_output")
    task = asyncio.create_task(world.execute(plan, [{"gate": "a"}, {"gate": "b"}]))
    await world.gates.release("a")
    await task
    assert world.output("x") == [{"gate": "a"}]
    assert [row["gate"] for row in world.output("e")] == ["b"]


async def test_items_run_abreast_at_the_pace_of_the_type(world: World) -> None:
    plan = around("gate", {"name": "={{ $json.gate }}", "abreast": 2})
    task = asyncio.create_task(world.execute(plan, [{"gate": name} for name in "abc"]))
    await world.gates.reached("a", "b")
    assert "c" not in world.gates.waiting
    for name in "bac":
        await world.gates.release(name)
    await task
    assert [row["gate"] for row in world.output("x")] == ["a", "b", "c"]


async def test_a_surprise_in_a_node_is_a_failure_of_that_node(world: World) -> None:
    async def act(inputs: Inputs, ctx: Context) -> Ports:
        raise KeyError("surprise")

    behave(world, act)
    rest = await world.execute(around("custom"))
    assert rest.error is not None
    assert (rest.error.code, rest.error.message) == ("unexpected", "KeyError: 'surprise'")


async def test_a_failure_in_a_task_group_is_told_as_itself(world: World) -> None:
    async def fail() -> None:
        raise NodeError("from inside")

    async def act(inputs: Inputs, ctx: Context) -> Ports:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
        return {}

    behave(world, act)
    rest = await world.execute(around("custom"))
    assert rest.error is not None
    assert rest.error.message == "from inside"


async def test_a_node_that_cancels_itself_fails(world: World) -> None:
    async def act(inputs: Inputs, ctx: Context) -> Ports:
        raise asyncio.CancelledError

    behave(world, act)
    rest = await world.execute(around("custom"))
    assert rest.status == "error"
    assert rest.error is not None
    assert "cancelled from within" in rest.error.message


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "item 0.deep[0] is nan"),
        ({1}, "a value of type set"),
        (10**30, "beyond 64 bits"),
        ({1: 2}, "the key 1; keys must be text"),
        (b"", "a value of type bytes"),
    ],
)
async def test_what_is_not_json_is_a_failure_of_the_node(world: World, value: Any, words: str) -> None:
    async def act(inputs: Inputs, ctx: Context) -> Ports:
        return {"main": [Item({"fine": None, "deep": [value]})]}

    behave(world, act)
    rest = await world.execute(around("custom"))
    assert rest.error is not None
    assert rest.error.code == "node"
    assert words in rest.error.message


async def test_items_for_an_unknown_output_are_a_failure_of_the_node(world: World) -> None:
    async def act(inputs: Inputs, ctx: Context) -> Ports:
        return {"elsewhere": [Item({})]}

    behave(world, act)
    rest = await world.execute(around("custom"))
    assert rest.error is not None
    assert "'elsewhere'" in rest.error.message


async def test_always_output_gives_one_empty_item(world: World) -> None:
    async def act(inputs: Inputs, ctx: Context) -> Ports:
        return {"main": []}

    behave(world, act)
    await world.execute(around("custom", always_output=True))
    assert world.output("x") == [{}]
    assert "s" in world.ran()


async def test_execute_once_takes_the_first_item(world: World) -> None:
    await world.execute(around("echo", execute_once=True), ROWS)
    assert world.output("x") == [{"n": 1}]


@pytest.mark.parametrize(
    ("make", "pairs"),
    [
        (lambda items: items[::-1], [(Pair(1),), (Pair(0),)]),
        (lambda items: [item.with_json({}) for item in items[1:]], [(Pair(1),)]),
        (lambda items: [Item({}), Item({})], [(Pair(0),), (Pair(1),)]),
        (lambda items: [Item({})], [()]),
        (lambda items: [Item({}).paired_with(1)], [(Pair(1),)]),
    ],
)
async def test_outputs_are_paired_where_that_is_certain(world: World, make: Any, pairs: list[Any]) -> None:
    async def act(inputs: Inputs, ctx: Context) -> Ports:
        return {"main": make(list(inputs["main"]))}

    behave(world, act)
    await world.execute(around("custom"), ROWS[:2])
    assert [item.paired_item for item in world.outcome("x").outputs["main"]] == pairs


async def test_all_outputs_belong_to_the_only_input_item(world: World) -> None:
    async def act(inputs: Inputs, ctx: Context) -> Ports:
        return {"main": [Item({}), Item({})], "other": [Item({})]}

    behave(world, act)
    await world.execute(around("custom"))
    outputs = world.outcome("x").outputs
    assert [item.paired_item for port in ("main", "other") for item in outputs[port]] == [(Pair(0),)] * 3
