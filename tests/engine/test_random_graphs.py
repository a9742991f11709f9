"""Any graph, any timing, a crash at any point: always the same outcome."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowstudio.engine.item import Json
from flowstudio.engine.plan import Plan, compile_plan
from flowstudio.engine.workflow import load_workflow
from tests.engine.graphs import GRAPHS, Timing, documents, results, to_the_end, world_of


def plan_for(document: Json) -> Plan:
    return compile_plan(load_workflow(document), GRAPHS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.integers(0, 2**32), st.integers(0, 2**32))
def test_timing_does_not_change_the_outcome(document: Json, one: int, other: int) -> None:
    plan, first, second = plan_for(document), world_of(one), world_of(other)
    rests = [asyncio.run(to_the_end(world, plan)) for world in (first, second)]
    assert [rest.status for rest in rests] == ["success", "success"]
    assert results(first.journal.outcomes) == results(second.journal.outcomes)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(depth=2), st.integers(0, 2**32))
def test_a_crash_at_any_append_does_not_change_the_outcome(document: Json, seed: int) -> None:
    plan, whole = plan_for(document), world_of(seed)
    asyncio.run(to_the_end(whole, plan))
    expected = results(whole.journal.outcomes)
    for durable in (False, True):
        at = 0
        while True:
            world = world_of(seed)
            world.journal.crash_at, world.journal.crash_durable = at, durable
            crashing, timing = world.journal, world.services[Timing]
            assert isinstance(timing, Timing)
            rest = asyncio.run(to_the_end(world, plan))
            assert rest.status == "success"
            assert results(world.journal.outcomes) == expected
            if len(crashing.appends) <= at:
                break  # it ended, or fell asleep, before that append
            at += 1


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(depth=2), st.integers(0, 2**32), st.integers(0, 20), st.booleans())
def test_a_node_that_is_in_the_log_does_not_run_again(
    document: Json, seed: int, at: int, durable: bool
) -> None:
    plan, world = plan_for(document), world_of(seed)
    world.journal.crash_at, world.journal.crash_durable = at, durable
    first = world.journal
    timing = Timing(seed)

    async def until_the_crash() -> None:
        from tests.engine.fakes import Crash
        from tests.engine.graphs import ROWS

        try:
            await world.run(plan, ROWS).execute()
        except Crash:
            world.services[Timing] = timing

    asyncio.run(until_the_crash())
    if world.services[Timing] is not timing:
        return
    logged = {outcome.key for outcome in first.outcomes if outcome.decided}
    world.journal = type(first)(list(first.outcomes))
    asyncio.run(to_the_end(world, plan))
    assert not logged & timing.ran.keys()
