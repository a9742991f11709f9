"""Steps within a try: kept, nested, told live, cut to size."""

from __future__ import annotations

import asyncio

import pytest

from flowstudio.engine.context import Context
from flowstudio.engine.events import NodeStreamed, StepChanged
from flowstudio.engine.item import Ports
from flowstudio.engine.node import Inputs
from flowstudio.engine.step import BRIEF, TRY_LIMIT, VALUE_LIMIT, Step, Steps
from flowstudio.errors import NodeError
from tests.engine.fakes import Behaviour, FakeClock, World, plan_of


async def test_steps_are_stored_with_the_outcome_and_told_while_they_go_on() -> None:
    world = World()

    async def act(inputs: Inputs, ctx: Context) -> Ports:
        with ctx.steps.open("model", "gpt", node="m", input=["hi"]) as step:
            await world.clock.sleep(2)
            step.usage["input_tokens"] = 3
            step.output = "hello"
        ctx.stream("hel", "text", 0)
        ctx.stream("lo", "text", 0)
        return {"main": list(inputs["main"])}

    world.services[Behaviour] = Behaviour(act)
    await world.execute(plan_of({"t": "manual-trigger", "c": "custom"}, "t > c"))
    (step,) = world.outcome("c").steps
    assert step == {
        "number": 1,
        "parent": None,
        "kind": "model",
        "name": "gpt",
        "node": "m",
        "started_at": "2026-01-02T03:04:05.000Z",
        "milliseconds": 2000,
        "usage": {"input_tokens": 3},
        "error": None,
        "input": ["hi"],
        "output": "hello",
    }
    told = [event.step for event in world.events if isinstance(event, StepChanged)]
    assert [(step["milliseconds"], step["output"]) for step in told] == [(None, ""), (2000, "hello")]
    assert [event.text for event in world.events if isinstance(event, NodeStreamed)] == ["hel", "lo"]


async def test_a_failed_node_keeps_its_steps_with_the_reason() -> None:
    world = World()

    async def act(inputs: Inputs, ctx: Context) -> Ports:
        with ctx.steps.open("tool", "search"):
            raise NodeError("The search engine is away.")

    world.services[Behaviour] = Behaviour(act)
    await world.execute(plan_of({"t": "manual-trigger", "c": "custom"}, "t > c"))
    (step,) = world.outcome("c").steps
    assert (step["node"], step["error"]) == ("c", "The search engine is away.")


async def test_steps_of_tasks_belong_to_the_step_that_made_the_tasks() -> None:
    steps = Steps(FakeClock())

    async def inner(name: str) -> None:
        with steps.open("model", name):
            await asyncio.sleep(0)

    with steps.open("tool", "agent"):
        await asyncio.gather(inner("a"), inner("b"))
    await inner("c")
    assert [(step["name"], step["parent"]) for step in steps.record()] == [
        ("agent", None),
        ("a", 1),
        ("b", 1),
        ("c", None),
    ]


def test_long_values_are_cut_and_all_of_them_together_too() -> None:
    told: list[str] = []

    def tell(step: Step) -> None:
        told.append(step.told()["input"])

    steps = Steps(FakeClock(), tell)
    for _ in range(TRY_LIMIT // VALUE_LIMIT + 5):
        with steps.open("tool", "big", input={"text": "x" * 2 * VALUE_LIMIT}):
            pass
    kept = [step["input"] for step in steps.record()]
    assert len(kept[0]) == VALUE_LIMIT + 1
    assert kept[-1] == "…"
    assert sum(map(len, kept)) < TRY_LIMIT + 1000
    assert max(map(len, told)) == BRIEF + 1


def test_cancelling_closes_a_step() -> None:
    steps = Steps(FakeClock())
    with pytest.raises(asyncio.CancelledError), steps.open("model", "m"):
        raise asyncio.CancelledError
    (step,) = steps.record()
    assert (step["error"], step["milliseconds"]) == ("Cancelled.", 0)
