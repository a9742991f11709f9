"""The state of nodes, told from the log."""

from __future__ import annotations

from typing import Any

import pytest

from flowstudio.engine.plan import Plan
from flowstudio.engine.progress import NodeState, progress
from tests.engine.fakes import World, plan_of
from tests.engine.test_resume import outcome


def statuses(states: dict[str, NodeState]) -> dict[str, str]:
    return {node: state.status for node, state in states.items()}


async def ran(plan: Plan, *rows: dict[str, Any]) -> dict[str, NodeState]:
    world = World()
    await world.execute(plan, rows)
    return progress(plan, world.journal.outcomes)


async def test_dead_branches_are_skipped() -> None:
    # t ─ s ─ low ─ a ;  high ─ b ─ c        u (another trigger) ─ d
    plan = plan_of(
        {
            "t": "manual-trigger",
            "s": "split",
            "a": "echo",
            "b": "echo",
            "c": "echo",
            "u": "hook",
            "d": "echo",
        },
        "t > s",
        "s.low > a",
        "s.high > b",
        "b > c",
        "u > d",
    )
    states = await ran(plan, {"n": 1}, {"n": 2})
    assert statuses(states) == {
        "t": "success",
        "s": "success",
        "a": "success",
        "b": "skipped",
        "c": "skipped",
        "u": "skipped",
        "d": "skipped",
    }
    assert states["s"].items == {"low": 2}
    assert states["s"].runs == 1
    assert states["a"].finished_at is not None


async def test_a_loop_sums_up_its_iterations() -> None:
    # t ─ l ─ done ─ z ;  loop ─ p ─ low ─ back ;  p ─ high ─ x
    plan = plan_of(
        {"t": "manual-trigger", "l": "loop", "p": "split", "x": "echo", "z": "echo"},
        "t > l",
        "l.loop > p",
        "p.low > l",
        "p.high > x",
        "l.done > z",
    )
    states = await ran(plan, {"n": 1}, {"n": 2}, {"n": 3})
    assert statuses(states) == {
        "t": "success",
        "l": "success",
        "p": "success",
        "x": "skipped",
        "z": "success",
    }
    assert (states["p"].runs, states["p"].items) == (3, {"low": 3})
    assert (states["l"].runs, states["l"].items) == (1, {"loop": 3, "done": 3})


async def test_the_body_of_a_skipped_loop_is_skipped() -> None:
    # t ─ s ─ high ─ l ─ loop ─ e ─ back
    plan = plan_of(
        {"t": "manual-trigger", "s": "split", "l": "loop", "e": "echo"},
        "t > s",
        "s.high > l",
        "l.loop > e > l",
    )
    assert statuses(await ran(plan, {"n": 1})) == {
        "t": "success",
        "s": "success",
        "l": "skipped",
        "e": "skipped",
    }


@pytest.mark.parametrize(
    ("status", "shown"),
    [("started", "running"), ("retrying", "running"), ("waiting", "waiting"), ("error", "error")],
)
def test_the_last_try_decides_about_the_state(status: str, shown: str) -> None:
    # t ─ a ─ b
    plan = plan_of({"t": "manual-trigger", "a": "echo", "b": "echo"}, "t > a > b")
    states = progress(plan, [outcome("t", "success"), outcome("a", status)])
    assert states["a"].status == shown
    assert (states["a"].finished_at is None) == (status != "error")
    assert "b" not in states
    assert progress(plan, [outcome("t", "success")], final=True)["b"].status == "skipped"


def test_a_loop_that_iterates_is_running() -> None:
    plan = plan_of({"t": "manual-trigger", "l": "loop", "e": "echo"}, "t > l", "l.loop > e > l")
    states = progress(plan, [outcome("t", "success"), outcome("l", "success", scope=("l:0",))])
    assert statuses(states) == {"t": "success", "l": "running"}


def test_roots_of_a_workflow_without_trigger_all_run() -> None:
    plan = plan_of({"a": "echo", "b": "echo"})
    assert statuses(progress(plan, [outcome("a", "success")])) == {"a": "success"}
