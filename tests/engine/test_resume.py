"""Executions that go on after a crash or a sleep."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flowstudio.engine.context import Context
from flowstudio.engine.events import NodeStarted, Responded
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Inputs
from flowstudio.engine.outcome import Outcome
from flowstudio.errors import LeaseLost
from tests.engine.fakes import NOW, Behaviour, Crash, MemoryJournal, World, plan_of


@pytest.fixture
def world() -> World:
    return World()


def outcome(node: str, status: str, attempt: int = 1, **more: object) -> Outcome:
    """An entry of an earlier log."""
    fields = {"started_at": NOW, "finished_at": NOW, **more}
    return Outcome(node=node, status=status, attempt=attempt, **fields)  # type: ignore[arg-type]  # short tests


async def test_a_node_that_must_not_run_twice_says_so_before_it_runs(world: World) -> None:
    plan = plan_of({"t": "manual-trigger", "o": "once"}, "t > o")
    await world.execute(plan)
    assert [[(o.node, o.status) for o in a] for a in world.journal.appends] == [
        [("t", "success")],
        [("o", "started")],
        [("o", "success")],
    ]


async def test_whether_a_node_may_run_twice_can_depend_on_its_parameters(world: World) -> None:
    drawn = {"id": "o", "type": "sometimes", "data": {"properties": {"safe": True}}}
    plan = plan_of({"t": "manual-trigger", "o": drawn, "p": "sometimes"}, "t > o > p")
    await world.execute(plan)
    told = [(o.node, o.status) for appended in world.journal.appends for o in appended]
    assert told == [("t", "success"), ("o", "success"), ("p", "started"), ("p", "success")]


@pytest.mark.parametrize("on_error", ["stop", "continue"])
async def test_a_node_that_must_not_run_twice_waits_for_a_decision(world: World, on_error: str) -> None:
    # t ─ o, the server dies when o has run and its outcome is not written
    data = {"label": "o", "settings": {"on_error": on_error, "retry": True}}
    plan = plan_of({"t": "manual-trigger", "o": {"id": "o", "type": "once", "data": data}}, "t > o")
    world.journal.crash_at = 2
    with pytest.raises(Crash):
        await world.execute(plan)
    history = world.journal.outcomes
    world.journal = MemoryJournal(list(history))
    rest = await world.execute(plan, history=history)
    assert rest.status == "error"
    assert rest.error is not None
    assert rest.error.code == "interrupted"
    assert "'o' was running when the server stopped" in rest.error.message
    assert world.calls.counts == {"x1/o": 1}


async def test_failed_tries_of_an_earlier_stretch_count(world: World) -> None:
    data = {"label": "f", "settings": {"retry": True, "max_tries": 3, "retry_wait": 8}}
    plan = plan_of({"t": "manual-trigger", "f": {"id": "f", "type": "fail-all", "data": data}}, "t > f")
    history = [
        outcome("f", "retrying", 1, finished_at=NOW - timedelta(seconds=30)),
        outcome("f", "retrying", 2, finished_at=NOW - timedelta(seconds=6)),
    ]
    rest = await world.execute(plan, history=history)
    assert rest.status == "error"
    assert world.clock.slept == [10.0]  # 16 s from the second failure, 6 of them are over
    assert [e.attempt for e in world.events if isinstance(e, NodeStarted)] == [3]


async def test_a_sleeping_node_puts_the_execution_to_sleep_and_others_go_on(world: World) -> None:
    #     ┌ p ─ e
    # t ──┤
    #     └ a
    later = NOW + timedelta(hours=2)
    plan = plan_of(
        {"t": "manual-trigger", "p": ("sleep", {"until": later.isoformat()}), "e": "echo", "a": "echo"},
        "t > p > e",
        "t > a",
    )
    rest = await world.execute(plan, [{"n": 1}])
    assert (rest.status, rest.wake_at) == ("waiting", later)
    assert world.ran() == {"t", "a"}
    assert [o.status for o in world.journal.outcomes if o.node == "p"] == ["waiting"]


async def test_a_sleeper_wakes_when_its_time_has_come(world: World) -> None:
    # t ─ p ─ e
    later = NOW + timedelta(hours=2)
    plan = plan_of(
        {"t": "manual-trigger", "p": ("sleep", {"until": later.isoformat()}), "e": "echo"}, "t > p > e"
    )
    await world.execute(plan, [{"n": 1}])
    history = world.journal.outcomes
    world.journal = MemoryJournal(list(history))
    early = await world.execute(plan, [{"n": 1}], history=history)
    assert (early.status, early.wake_at) == ("waiting", later)
    assert world.journal.outcomes == history
    world.clock.at = later
    world.journal = MemoryJournal(list(history))
    rest = await world.execute(plan, [{"n": 1}], history=history)
    assert rest.status == "success"
    assert world.output("e") == [{"n": 1}]
    assert [(o.attempt, o.status) for o in world.journal.outcomes if o.node == "p"] == [
        (1, "waiting"),
        (2, "success"),
    ]


async def test_a_call_wakes_the_sleeper_that_it_is_for(world: World) -> None:
    #     ┌ p ┐
    # t ──┤   ├ s
    #     └ q ┘
    plan = plan_of({"t": "manual-trigger", "p": "sleep", "q": "sleep", "s": "sum"}, "t > p > s", "t > q > s")
    first = await world.execute(plan, [{"n": 1}])
    assert (first.status, first.wake_at) == ("waiting", None)
    history = world.journal.outcomes
    world.journal = MemoryJournal(list(history))
    second = await world.execute(plan, [{"n": 1}], history=history, resumed={("q", ()): {"n": 5}})
    assert second.status == "waiting"
    history = world.journal.outcomes
    world.journal = MemoryJournal(list(history))
    last = await world.execute(
        plan, [{"n": 1}], history=history, resumed={("p", ()): {"n": 3}, ("q", ()): {"n": 5}}
    )
    assert last.status == "success"
    assert world.output("s") == [{"n": 8, "seen": [3, 5]}]


async def test_a_sleeper_in_a_loop_wakes_in_its_iteration(world: World) -> None:
    # t ─ l ─ done ─ s ;  loop ─ p ─ back
    plan = plan_of(
        {"t": "manual-trigger", "l": "loop", "p": "sleep", "s": "sum"},
        "t > l",
        "l.loop > p > l",
        "l.done > s",
    )
    history: list[Outcome] = []
    for iteration in range(3):
        resumed = {("p", (f"l:{i}",)): {"n": 10 + i} for i in range(iteration)}
        world.journal = MemoryJournal(list(history))
        rest = await world.execute(plan, [{"n": 1}, {"n": 2}], history=history, resumed=resumed)
        history = world.journal.outcomes
        assert rest.status == ("success" if iteration == 2 else "waiting")
    assert world.output("s") == [{"n": 21, "seen": [10, 11]}]


async def test_the_time_limit_counts_earlier_stretches_but_no_sleep(world: World) -> None:
    plan = plan_of({"t": "manual-trigger", "g": "gate"}, "t > g", timeout=60)
    hour = timedelta(hours=1)
    asleep = outcome("g", "waiting", 1, wake_at=NOW, started_at=NOW - hour, finished_at=NOW - hour)
    world.gates.open = True
    assert (await world.execute(plan, history=[asleep])).status == "success"
    world = World()
    busy = outcome("g", "retrying", 1, started_at=NOW - timedelta(minutes=1))
    rest = await world.execute(plan, history=[busy])
    assert rest.error is not None
    assert rest.error.code == "execution_timeout"


async def test_a_logged_failure_fails_again_without_running(world: World) -> None:
    # t ─ f, the server died between a failure in a loop and the end of the execution
    plan = plan_of({"t": "manual-trigger", "l": "loop", "f": "fail"}, "t > l", "l.loop > f > l")
    await world.execute(plan, [{"n": 1}])
    history = [o for o in world.journal.outcomes if o.key != ("l", ())]
    counts = dict(world.calls.counts)
    world.journal = MemoryJournal(list(history))
    rest = await world.execute(plan, [{"n": 1}], history=history)
    assert rest.status == "error"
    assert world.calls.counts == counts
    assert [[o.key for o in append] for append in world.journal.appends] == [[("l", ())]]


async def test_everything_in_the_log_leaves_only_the_rest_to_write(world: World) -> None:
    plan = plan_of({"t": "manual-trigger", "a": "echo"}, "t > a")
    await world.execute(plan)
    history = world.journal.outcomes
    world.journal = MemoryJournal(list(history))
    rest = await world.execute(plan, history=history)
    assert rest.status == "success"
    assert world.journal.appends == [[]]


async def test_only_the_first_answer_counts_over_stretches(world: World) -> None:
    async def answer(inputs: Inputs, ctx: Context) -> Ports:
        ctx.respond({"status": 201})
        return {}

    world.services[Behaviour] = Behaviour(answer)
    plan = plan_of({"t": "manual-trigger", "a": "echo", "b": "custom"}, "t > a > b")
    given = {"main": [Item({})]}
    await world.execute(plan, history=[outcome("a", "success", response={"status": 200}, outputs=given)])
    assert world.outcome("b").response is None
    assert not any(isinstance(event, Responded) for event in world.events)


async def test_a_lost_lease_stops_before_the_next_node(world: World) -> None:
    plan = plan_of({"t": "manual-trigger", "o": "once"}, "t > o")
    world.journal.lost = True
    with pytest.raises(LeaseLost):
        await world.execute(plan)
    assert world.calls.counts == {}
