"""What expressions would see is what they see: previews against the inputs of real runs."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowstudio.engine.item import Json
from flowstudio.engine.plan import Plan, compile_plan, sketch
from flowstudio.engine.preview import Preview, preview
from flowstudio.engine.workflow import load_workflow
from tests.engine.fakes import NOW, REGISTRY, World, draw, plan_of
from tests.engine.graphs import GRAPHS, documents, to_the_end, world_of


def look(world: World, plan: Plan, node: str, **more: Any) -> Preview:
    return preview(plan, plan.nodes[node], world.journal.outcomes, world.info(), world.host(), NOW, **more)


def rows(seen: Preview) -> list[Json]:
    return [item.json for item in seen.view.items]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.integers(0, 2**32))
def test_any_node_of_any_graph_is_shown_what_it_got(document: Json, seed: int) -> None:
    plan, world = compile_plan(load_workflow(document), GRAPHS), world_of(seed)
    asyncio.run(to_the_end(world, plan))
    compared = 0
    for outcome in world.journal.outcomes:
        node = plan.nodes[outcome.node]
        if not outcome.decided or node.kind in ("trigger", "loop"):
            continue
        seen = look(world, plan, outcome.node, scope=outcome.scope)
        got = tuple(reference for reference in outcome.inputs if reference.count)
        assert seen.view.references == got
        assert seen.origin == ("execution" if got else "none")
        compared += 1
    assert compared or not plan.edges


async def test_a_node_that_has_not_run_is_shown_what_would_arrive() -> None:
    # t ─ a ─ b      and later also  a ─ n
    world = World()
    nodes = {"t": "manual-trigger", "a": ("echo", {"set": 1}), "b": "echo"}
    await world.execute(plan_of(nodes, "t > a > b"), [{"n": 1}, {"n": 2}])
    later = plan_of(nodes | {"n": "echo"}, "t > a > b", "a > n")
    assert rows(look(world, later, "n")) == rows(look(world, later, "b")) != []


async def test_pinned_items_come_before_those_of_the_run() -> None:
    world = World()
    pinned: Json = {"id": "a", "type": "echo", "data": {"label": "a", "pinned": [{"n": 9}]}}
    await world.execute(plan_of({"t": "manual-trigger", "a": "echo", "b": "echo"}, "t > a > b"), [{"n": 1}])
    plan = plan_of({"t": "manual-trigger", "a": pinned, "b": "echo"}, "t > a > b")
    seen = look(world, plan, "b")
    assert (rows(seen), seen.origin) == ([{"n": 9}], "pinned")
    assert rows(look(World(), plan, "b")) == [{"n": 9}]


async def test_a_node_that_runs_once_is_shown_its_first_item() -> None:
    once: Json = {"id": "a", "type": "echo", "data": {"label": "a", "settings": {"execute_once": True}}}
    plan = plan_of({"t": "manual-trigger", "a": once}, "t > a")
    world = World()
    await world.execute(plan, [{"n": 1}, {"n": 2}])
    assert rows(look(world, plan, "a")) == [{"n": 1}]


def test_a_document_full_of_faults_can_be_looked_at() -> None:
    # t ─ a ⇄ b, and a node of a type that nobody has
    document = draw(
        {"t": "manual-trigger", "a": "echo", "b": "echo", "?": "unheard-of"}, "t > a > b", "b > a"
    )
    plan = sketch(load_workflow(document), REGISTRY)
    seen = look(World(), plan, "a")
    assert (rows(seen), seen.origin, seen.leads) == ([], "none", True)
    assert "?" not in plan.nodes
