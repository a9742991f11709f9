"""The loop, on small graphs."""

from __future__ import annotations

import pytest

from tests.engine.fakes import World, plan_of


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


async def test_items_merge_in_edge_order_whatever_arrives_first(world: World) -> None:
    #     ┌ a ┐
    # t ──┤   ├─ s
    #     └ b ┘
    plan = plan_of(
        {"t": "manual-trigger", "a": "gate", "b": "gate", "s": "sum"}, "t > a", "t > b", "a > s", "b > s"
    )
    import asyncio

    task = asyncio.create_task(world.execute(plan, [{"n": 1}]))
    await world.gates.reached("a", "b")
    await world.gates.release("b")
    await world.gates.release("a")
    rest = await task
    assert rest.status == "success"
    assert [reference.node for reference in world.outcome("s").inputs] == ["a", "b"]


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
