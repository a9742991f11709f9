"""The loop, on small graphs."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from flowstudio.engine.context import Context
from flowstudio.engine.events import (
    ExecutionFinished,
    NodeFinished,
    NodeLogged,
    NodeStarted,
    Responded,
)
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Inputs
from flowstudio.engine.run import Start, first_outcome
from flowstudio.errors import LeaseLost
from tests.engine.fakes import NOW, Behaviour, World, plan_of


@pytest.fixture
def world() -> World:
    return World()


async def test_a_chain_runs_in_order_and_rests_with_its_last_outcome(world: World) -> None:
    # t ─ a ─ b
    plan = plan_of({"t": "manual-trigger", "a": ("echo", {"set": 1}), "b": "sum"}, "t > a > b")
    rest = await world.execute(plan, [{"n": 2}, {"n": 3}])
    assert rest.status == "success"
    assert rest.last_node == "b"
    assert world.output("a") == [{"n": 2, "set": 1}, {"n": 3, "set": 1}]
    assert world.output("b") == [{"n": 5, "seen": [2, 3]}]
    assert [[o.node for o in append] for append in world.journal.appends] == [["t"], ["a"], ["b"]]
    assert world.journal.rest == rest


async def test_an_outcome_of_the_trigger_that_is_stored_already_is_not_written_again(world: World) -> None:
    # t ─ a
    plan = plan_of({"t": "manual-trigger", "a": "echo"}, "t > a")
    first = first_outcome(plan, Start("t", [Item({"n": 1})]), NOW)
    assert first is not None
    await world.execute(plan, [{"n": 1}], history=[first])
    assert [[o.node for o in append] for append in world.journal.appends] == [["a"]]
    assert first_outcome(plan, Start(None, []), NOW) is None


async def test_a_dead_branch_is_skipped_and_the_merge_runs_once(world: World) -> None:
    #         ┌ low ─ a ─┐
    # t ─ s ──┤          j
    #         └ high ─ b ┘
    plan = plan_of(
        {"t": "manual-trigger", "s": "split", "a": "echo", "b": "echo", "j": "join"},
        "t > s",
        "s.low > a",
        "s.high > b",
        "a > j.a",
        "b > j.b",
    )
    rest = await world.execute(plan, [{"n": 1}])
    assert rest.status == "success"
    assert world.ran() == {"t", "s", "a", "j"}
    assert world.output("j") == [{"n": 1, "via": "a"}]


async def test_a_merge_is_skipped_when_every_branch_into_it_is_dead(world: World) -> None:
    # t ─ s ─ high ─ a ─ j ─ e
    plan = plan_of(
        {"t": "manual-trigger", "s": "split", "a": "echo", "j": "join", "e": "echo"},
        "t > s",
        "s.high > a",
        "s.high > j.b",
        "a > j.a",
        "j > e",
    )
    rest = await world.execute(plan, [{"n": 1}])
    assert rest.status == "success"
    assert world.ran() == {"t", "s"}


@pytest.mark.parametrize("order", ["ab", "ba"])
async def test_items_merge_in_edge_order_whatever_arrives_first(world: World, order: str) -> None:
    #     ┌ a ┐
    # t ──┤   ├─ s
    #     └ b ┘
    plan = plan_of(
        {"t": "manual-trigger", "a": "gate", "b": "gate", "s": "sum"}, "t > a", "t > b", "a > s", "b > s"
    )
    task = asyncio.create_task(world.execute(plan, [{"n": 1}]))
    await world.gates.reached("a", "b")
    for name in order:
        await world.gates.release(name)
    await task
    assert [reference.node for reference in world.outcome("s").inputs] == ["a", "b"]


async def test_outcomes_that_come_together_are_written_together(world: World) -> None:
    #     ┌ a
    # t ──┼ b
    #     └ c
    plan = plan_of({"t": "manual-trigger", "a": "echo", "b": "echo", "c": "echo"}, "t > a", "t > b", "t > c")
    await world.execute(plan)
    assert [[o.node for o in append] for append in world.journal.appends] == [["t"], ["a", "b", "c"]]


async def test_nothing_starts_before_its_predecessor_is_durable(world: World) -> None:
    # t ─ a ─ b
    plan = plan_of({"t": "manual-trigger", "a": "gate", "b": "gate"}, "t > a > b")
    task = asyncio.create_task(world.execute(plan))
    await world.gates.reached("a")
    world.journal.held = asyncio.Event()
    await world.gates.release("a")
    for _ in range(20):
        await asyncio.sleep(0)
    assert not world.gates.waiting.get("b")
    assert not any(isinstance(e, NodeFinished) and e.node == "a" for e in world.events)
    world.journal.held.set()
    await world.gates.release("b")
    assert (await task).status == "success"


async def test_a_node_without_trigger_gets_the_start_items(world: World) -> None:
    # a ─ s ─ b
    plan = plan_of({"a": "echo", "b": "echo", "s": "sum"}, "a > s", "b > s")
    await world.execute(plan, [{"n": 1}, {"n": 2}])
    assert world.output("s") == [{"n": 6, "seen": [1, 2, 1, 2]}]


async def test_only_the_trigger_that_fired_runs(world: World) -> None:
    # t ─ a
    # h ─ b
    plan = plan_of({"t": "manual-trigger", "h": "hook", "a": "echo", "b": "echo"}, "t > a", "h > b")
    await world.execute(plan, [{"n": 1}], start="h")
    assert world.ran() == {"h", "b"}


async def test_an_execution_can_start_in_the_middle(world: World) -> None:
    # t ─ a ─ b ─ c
    plan = plan_of({"t": "manual-trigger", "a": "echo", "b": "echo", "c": "echo"}, "t > a > b > c")
    rest = await world.execute(plan, [{"n": 1}], start="b")
    assert rest.status == "success"
    assert world.ran() == {"b", "c"}


async def test_an_empty_workflow_succeeds(world: World) -> None:
    rest = await world.execute(plan_of({}))
    assert rest.status == "success"
    assert world.journal.rest == rest


# Loops


async def test_a_loop_runs_its_body_once_for_each_batch(world: World) -> None:
    # t ─ l ─ done ─ s
    #     └ loop ─ e ┐
    #     └──────────┘
    plan = plan_of(
        {"t": "manual-trigger", "l": ("loop", {"size": 2}), "e": ("echo", {"set": True}), "s": "sum"},
        "t > l",
        "l.loop > e > l",
        "l.done > s",
    )
    rest = await world.execute(plan, [{"n": 1}, {"n": 2}, {"n": 3}])
    assert rest.status == "success"
    assert world.output("e", ("l:0",)) == [{"n": 1, "set": True}, {"n": 2, "set": True}]
    assert world.output("e", ("l:1",)) == [{"n": 3, "set": True}]
    assert world.output("s") == [{"n": 6, "seen": [1, 2, 3]}]
    assert [[(o.node, o.scope) for o in append] for append in world.journal.appends] == [
        [("t", ())],
        [("l", ("l:0",)), ("e", ("l:0",))],
        [("l", ("l:1",)), ("e", ("l:1",))],
        [("l", ())],
        [("s", ())],
    ]


async def test_loops_nest(world: World) -> None:
    # t ─ o ─ done ─ s
    #     └ loop ─ i ─ done ─┐
    #     │        └ loop ─ e│ (back to i)
    #     └──────────────────┘
    plan = plan_of(
        {"t": "manual-trigger", "o": ("loop", {"size": 2}), "i": "loop", "e": "echo", "s": "sum"},
        "t > o",
        "o.loop > i",
        "i.loop > e > i",
        "i.done > o",
        "o.done > s",
    )
    await world.execute(plan, [{"n": 1}, {"n": 2}, {"n": 3}])
    assert {o.scope for o in world.journal.outcomes if o.node == "e"} == {
        ("o:0", "i:0"),
        ("o:0", "i:1"),
        ("o:1", "i:0"),
    }
    assert world.output("s") == [{"n": 6, "seen": [1, 2, 3]}]


async def test_an_iteration_from_which_nothing_comes_back_does_not_end_the_loop(world: World) -> None:
    # t ─ l ─ done ─ s
    #     └ loop ─ p ─ low ┐
    #     └────────────────┘
    plan = plan_of(
        {"t": "manual-trigger", "l": "loop", "p": ("split", {"limit": 2}), "s": "sum"},
        "t > l",
        "l.loop > p",
        "p.low > l",
        "l.done > s",
    )
    await world.execute(plan, [{"n": 1}, {"n": 5}, {"n": 0}])
    assert world.output("s") == [{"n": 1, "seen": [1, 0]}]


async def test_a_side_branch_of_a_body_runs_in_each_iteration(world: World) -> None:
    # t ─ l
    #     ├ loop ─ e ┐
    #     ├──────────┘
    #     └ loop ─ x
    plan = plan_of(
        {"t": "manual-trigger", "l": "loop", "e": "echo", "x": "echo"},
        "t > l",
        "l.loop > e > l",
        "l.loop > x",
    )
    await world.execute(plan, [{"n": 1}, {"n": 2}])
    assert [o.scope for o in world.journal.outcomes if o.node == "x"] == [("l:0",), ("l:1",)]


async def test_several_ways_back_merge_in_edge_order(world: World) -> None:
    # t ─ l ─ done ─ s ;  loop ─ a ─ back, loop ─ b ─ back
    plan = plan_of(
        {"t": "manual-trigger", "l": "loop", "a": "gate", "b": "gate", "s": "sum"},
        "t > l",
        "l.loop > a > l",
        "l.loop > b > l",
        "l.done > s",
    )
    task = asyncio.create_task(world.execute(plan, [{"n": 1}]))
    await world.gates.reached("a", "b")
    await world.gates.release("b")
    await world.gates.release("a")
    await task
    done = world.outcome("l")
    assert [r.node for r in done.inputs if r.port == "back"] == ["a", "b"]


async def test_a_failure_in_a_body_stops_the_execution(world: World) -> None:
    # t ─ l ─ loop ─ f ─ back
    plan = plan_of(
        {"t": "manual-trigger", "l": "loop", "f": ("fail", {"only": [2]})}, "t > l", "l.loop > f > l"
    )
    rest = await world.execute(plan, [{"n": 1}, {"n": 2}, {"n": 3}])
    assert rest.status == "error"
    assert rest.error is not None
    assert (rest.error.node, rest.error.message) == ("f", "no luck")
    assert world.outcome("l").status == "error"
    assert [o.scope for o in world.journal.outcomes if o.node == "f"] == [("l:0",), ("l:1",)]


# Failures of the whole execution


async def test_a_failing_node_stops_everything_and_the_rest_says_why(world: World) -> None:
    #     ┌ f
    # t ──┤
    #     └ g ─ e
    plan = plan_of(
        {"t": "manual-trigger", "f": "gate", "x": "fail", "g": "gate", "e": "echo"}, "t > f > x", "t > g > e"
    )
    task = asyncio.create_task(world.execute(plan))
    await world.gates.reached("g")
    await world.gates.release("f")
    rest = await task
    assert rest.status == "error"
    assert rest.error is not None
    assert rest.error.message == "no luck"
    assert world.ran() == {"t", "f", "x"}
    assert [o.node for o in world.journal.appends[-1]] == ["x"]
    assert not world.gates.waiting["g"]


async def test_the_workflow_has_a_time_limit(world: World) -> None:
    plan = plan_of({"t": "manual-trigger", "g": "gate"}, "t > g", timeout=0.02)
    rest = await world.execute(plan)
    assert rest.status == "error"
    assert rest.error is not None
    assert rest.error.code == "execution_timeout"
    assert "0.02 s" in rest.error.message


async def test_cancelling_the_task_cancels_the_execution_for_good(world: World) -> None:
    plan = plan_of({"t": "manual-trigger", "l": "loop", "g": "gate"}, "t > l", "l.loop > g > l")
    task = asyncio.create_task(world.execute(plan))
    await world.gates.reached("g")
    task.cancel()
    rest = await task
    assert rest.status == "cancelled"
    assert world.journal.rest == rest
    assert not world.gates.waiting["g"]
    assert [e.status for e in world.events if isinstance(e, ExecutionFinished)] == ["cancelled"]


async def test_cancelling_while_the_rest_is_written_keeps_that_rest(world: World) -> None:
    plan = plan_of({"t": "manual-trigger", "g": "gate"}, "t > g")
    task = asyncio.create_task(world.execute(plan))
    await world.gates.reached("g")
    world.journal.held = asyncio.Event()
    await world.gates.release("g")
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    for _ in range(10):
        await asyncio.sleep(0)
    world.journal.held.set()
    assert (await task).status == "success"
    assert world.journal.rest is not None
    assert world.journal.rest.status == "success"


async def test_cancelling_twice_still_records_the_rest(world: World) -> None:
    plan = plan_of({"t": "manual-trigger", "g": "gate"}, "t > g")
    task = asyncio.create_task(world.execute(plan))
    await world.gates.reached("g")
    world.journal.held = asyncio.Event()
    for _ in range(3):
        task.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
    world.journal.held.set()
    assert (await task).status == "cancelled"


async def test_a_detached_run_leaves_no_rest(world: World) -> None:
    plan = plan_of({"t": "manual-trigger", "g": "gate"}, "t > g")
    run = world.run(plan)
    task = asyncio.create_task(run.execute())
    await world.gates.reached("g")
    run.detach()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.journal.rest is None


async def test_a_lost_lease_comes_out_as_itself(world: World) -> None:
    #     ┌ a
    # t ──┤
    #     └ b
    plan = plan_of({"t": "manual-trigger", "a": "gate", "b": "gate"}, "t > a", "t > b")
    task = asyncio.create_task(world.execute(plan))
    await world.gates.reached("a", "b")
    world.journal.lost = True
    await world.gates.release("a")
    with pytest.raises(LeaseLost):
        await task
    assert not world.gates.waiting["b"]


# Nodes that do not really run


async def test_a_disabled_node_lets_its_first_input_through(world: World) -> None:
    document = {"id": "x", "type": "fail", "data": {"label": "x", "disabled": True}}
    plan = plan_of({"t": "manual-trigger", "x": document, "s": "sum"}, "t > x > s")
    await world.execute(plan, [{"n": 4}])
    assert world.output("s") == [{"n": 4, "seen": [4]}]


async def test_pinned_items_stand_in_for_a_node_when_asked(world: World) -> None:
    document = {"id": "x", "type": "fail", "data": {"label": "x", "pinned": [{"n": 9}]}}
    plan = plan_of({"t": "manual-trigger", "x": document, "s": "sum"}, "t > x > s")
    await world.execute(plan, use_pinned=True)
    assert world.output("s") == [{"n": 9, "seen": [9]}]
    other = World()
    assert (await other.execute(plan)).status == "error"


# What is told


async def test_events_tell_the_whole_story(world: World) -> None:
    async def act(inputs: Inputs, ctx: Context) -> Ports:
        ctx.print("one ")
        ctx.print("two")
        ctx.spend({"tokens": 2})
        ctx.spend({"tokens": 3})
        ctx.respond({"status": 201})
        ctx.respond({"status": 500})
        return {"main": list(inputs["main"])}

    world.services[Behaviour] = Behaviour(act)
    plan = plan_of({"t": "manual-trigger", "c": "custom", "d": "custom"}, "t > c > d")
    await world.execute(plan, [{"n": 1}])
    told = [(type(e).__name__, getattr(e, "node", None)) for e in world.events]
    assert told == [
        ("NodeFinished", "t"),
        ("NodeStarted", "c"),
        ("Responded", None),
        ("NodeLogged", "c"),
        ("NodeFinished", "c"),
        ("NodeStarted", "d"),
        ("NodeLogged", "d"),
        ("NodeFinished", "d"),
        ("ExecutionFinished", None),
    ]
    assert [e.text for e in world.events if isinstance(e, NodeLogged)] == ["one two", "one two"]
    assert [e.response for e in world.events if isinstance(e, Responded)] == [{"status": 201}]
    assert world.outcome("c").stdout == "one two"
    assert world.outcome("c").usage == {"tokens": 5}
    assert world.outcome("c").response == {"status": 201}
    assert world.outcome("d").response is None
    assert [e.items for e in world.events if isinstance(e, NodeFinished)] == [{"main": 1}] * 3
    assert {e.execution for e in world.events} == {"x1"}
    assert [e.attempt for e in world.events if isinstance(e, NodeStarted)] == [1, 1]


async def test_a_run_that_is_over_is_freed_without_the_garbage_collector(world: World) -> None:
    # t ─ a ─ b
    plan = plan_of({"t": "manual-trigger", "a": "echo", "b": "sum"}, "t > a > b")
    run = world.run(plan, [{"n": 1}])
    gone = weakref.ref(run)
    gc.disable()
    try:
        await run.execute()
        del run
        assert gone() is None
    finally:
        gc.enable()
