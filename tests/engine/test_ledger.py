"""The invariants of the ledger."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.engine.graph import Edge, Level, lay_out
from flowstudio.engine.item import Item
from flowstudio.engine.ledger import Ledger, Release

ITEMS = [Item({})]


def level_of(size: int, pairs: list[tuple[int, int]]) -> Level:
    edges = [Edge(i, str(a), "main", str(b), "main") for i, (a, b) in enumerate(pairs)]
    return lay_out([str(i) for i in range(size)], edges, {}).levels[None]


acyclic = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]), max_size=20
)


@given(acyclic, st.sets(st.integers(0, 7)), st.integers(0, 2**32))
def test_every_node_runs_once_or_is_skipped_for_good_reason(
    pairs: list[tuple[int, int]], mute: set[int], seed: int
) -> None:
    level, order = level_of(8, pairs), random.Random(seed)
    ledger = Ledger(level)
    roots = [node for node in level.nodes if not level.incoming[node]]
    ready, ran = ledger.begin(roots), list[Release]()
    while ready:
        release = ready.pop(order.randrange(len(ready)))
        ran.append(release)
        ready += ledger.finish(release.node, {} if int(release.node) in mute else {"main": ITEMS})
    names = [release.node for release in ran]
    assert len(set(names)) == len(names)
    alive = {name for name in names if int(name) not in mute}
    for node in level.nodes:
        live = [edge for edge in level.incoming[node] if edge.source in alive]
        assert (node in names) == (bool(live) or node in roots)
        for release in ran:
            if release.node == node:  # in edge order, whatever came first
                assert [arrival.edge for arrival in release.arrivals] == sorted(live, key=lambda e: e.index)


def test_deciding_an_edge_twice_is_refused() -> None:
    ledger = Ledger(level_of(2, [(0, 1)]))
    ledger.begin(["0"])
    ledger.finish("0", {"main": ITEMS})
    with pytest.raises(AssertionError, match="decided twice"):
        ledger.finish("0", {"main": ITEMS})


def test_a_long_dead_branch_needs_no_deep_stack() -> None:
    size = 20_000
    ledger = Ledger(level_of(size, [(i, i + 1) for i in range(size - 1)]))
    ledger.begin(["0"])
    assert ledger.finish("0", {}) == []


def test_what_comes_back_is_in_edge_order() -> None:
    edges = [
        Edge(0, "l", "loop", "a", "main"),
        Edge(1, "l", "loop", "b", "main"),
        Edge(2, "a", "main", "l", "main"),
        Edge(3, "b", "main", "l", "main"),
    ]
    level = lay_out(["l", "a", "b"], edges, {"l": "loop"}).levels["l"]
    ledger = Ledger(level)
    assert {release.node for release in ledger.enter(ITEMS)} == {"a", "b"}
    ledger.finish("b", {"main": ITEMS})
    ledger.finish("a", {"main": ITEMS})
    assert [arrival.edge.source for arrival in ledger.returned] == ["a", "b"]
