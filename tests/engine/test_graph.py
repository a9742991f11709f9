"""Levels and orders of graphs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.engine.graph import Edge, lay_out, reachable


def edges_of(*pairs: tuple[int, int]) -> list[Edge]:
    return [Edge(i, str(a), "main", str(b), "main") for i, (a, b) in enumerate(pairs)]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_a_graph_has_an_order_or_a_cycle_that_is_really_there(pairs: list[tuple[int, int]]) -> None:
    nodes, edges = [str(i) for i in range(10)], edges_of(*pairs)
    layout = lay_out(nodes, edges, {})
    arrows = {(edge.source, edge.target) for edge in edges}
    if layout.faults:
        (fault,) = layout.faults
        ring = fault.nodes
        assert all((a, b) in arrows for a, b in zip(ring, (*ring[1:], ring[0]), strict=True))
        return
    order = layout.levels[None].nodes
    assert sorted(order) == nodes
    assert all(order.index(a) < order.index(b) for a, b in arrows)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25), st.integers(0, 9))
def test_reaching_backwards_is_the_reverse_of_reaching(pairs: list[tuple[int, int]], start: int) -> None:
    edges = edges_of(*pairs)
    for node in reachable([str(start)], edges):
        assert str(start) in reachable([node], edges, backwards=True)


def test_a_loop_may_lead_straight_back_to_itself() -> None:
    edges = [Edge(0, "l", "loop", "l", "main")]
    layout = lay_out(["l"], edges, {"l": "loop"})
    assert not layout.faults
    assert layout.levels["l"].entries == tuple(edges)
    assert layout.levels[None].outgoing["l"] == ()


@pytest.mark.parametrize("count", [50, 51])
def test_loops_nest_fifty_deep(count: int) -> None:
    # l0 ═ l1 ═ l2 ═ … ═ x
    nodes = [*(f"l{i}" for i in range(count)), "x"]
    inwards = [Edge(i, nodes[i], "loop", nodes[i + 1], "main") for i in range(count)]
    back = [Edge(count + i, nodes[i + 1], "done", nodes[i], "main") for i in range(count)]
    layout = lay_out(nodes, [*inwards, *back], dict.fromkeys(nodes[:-1], "loop"))
    assert [fault.code for fault in layout.faults] == ["deep_loops"] * (count > 50)


def test_loops_that_hold_too_many_nodes_together_are_refused_before_memory_is_full() -> None:
    # l0 ═ l1 ═ l2 ═ …, each inside the one before
    count = 20_000
    nodes = [f"l{i}" for i in range(count)]
    inwards = [Edge(i, f"l{i}", "loop", f"l{i + 1}", "main") for i in range(count - 1)]
    back = [Edge(count + i, f"l{i + 1}", "done", f"l{i}", "main") for i in range(count - 1)]
    layout = lay_out(nodes, [*inwards, *back], dict.fromkeys(nodes, "loop"))
    assert [fault.code for fault in layout.faults] == ["deep_loops"]


def test_many_loops_in_a_row_are_laid_out_in_a_time_that_grows_with_them() -> None:
    # l0 ─ l1 ─ l2 ─ …, each with a body of one node
    count = 10_000
    loops, bodies = [f"l{i}" for i in range(count)], [f"b{i}" for i in range(count)]
    edges = [Edge(i, f"l{i}", "loop", f"b{i}", "main") for i in range(count)]
    edges += [Edge(count + i, f"b{i}", "main", f"l{i}", "main") for i in range(count)]
    edges += [Edge(2 * count + i, f"l{i}", "done", f"l{i + 1}", "main") for i in range(count - 1)]
    layout = lay_out([*loops, *bodies], edges, dict.fromkeys(loops, "loop"))
    assert not layout.faults
    assert layout.loops["b7"] == ("l7",)
    assert layout.loops["l7"] == ()
