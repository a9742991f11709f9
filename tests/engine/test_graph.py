"""Levels and orders of graphs."""

from __future__ import annotations

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
