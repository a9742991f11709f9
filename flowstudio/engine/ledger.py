"""Which edges of one scope are decided, and which nodes may therefore start. No asyncio, no input or output.

Invariants
1. An edge is decided exactly once per scope: live (it carries items) or dead.
2. A node is released when its last incoming edge is decided. It runs if any of them is live; else it is skipped and its
   own edges die.
3. Items merge in edge order, never in order of arrival. Several edges into one port give one run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flowstudio.engine.graph import Edge, Level
from flowstudio.engine.item import Item, Ports


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came over a live edge."""

    edge: Edge
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Release:
    """A node that may start now, with what arrived, in edge order."""

    node: str
    arrivals: tuple[Arrival, ...]


class Ledger:
    """The bookkeeping of one level in one scope."""

    def __init__(self, level: Level) -> None:
        self._level = level
        self._undecided = {node: len(edges) for node, edges in level.incoming.items()}
        self._live: dict[int, Arrival] = {}
        """Edge index -> what it carries. Edges that are neither here nor undecided are dead."""
        self._decided: set[int] = set()
        self._begun: frozenset[str] = frozenset()
        """Nodes that were started from outside; what leads to them releases nothing."""
        self.returned: list[Arrival] = []
        """What came back to the loop. Complete, and in edge order, when every node is done."""

    def begin(self, starts: Sequence[str]) -> list[Release]:
        """Run `starts`, whatever leads to them, and skip all other nodes without incoming edges."""
        self._begun = chosen = frozenset(starts)
        released = [Release(node, ()) for node in starts]
        for node in self._level.nodes:
            if not self._level.incoming[node] and node not in chosen:
                self._spread(node, {}, released)
        return released

    def enter(self, items: Sequence[Item]) -> list[Release]:
        """Begin an iteration: the edges from the loop carry its batch."""
        released: list[Release] = []
        dead: list[str] = []
        for edge in self._level.entries:
            self._decide(edge, items, released, dead)
        self._skip(dead, released)
        return released

    def finish(self, node: str, outputs: Ports) -> list[Release]:
        """A node run is over: decide its edges. Gives the nodes that this releases to run."""
        released: list[Release] = []
        self._spread(node, outputs, released)
        return released

    def _spread(self, node: str, outputs: Mapping[str, Sequence[Item]], released: list[Release]) -> None:
        dead: list[str] = []
        for edge in self._level.outgoing[node]:
            self._decide(edge, outputs.get(edge.source_port, ()), released, dead)
        self._skip(dead, released)

    def _skip(self, dead: list[str], released: list[Release]) -> None:
        """Kill the edges of nodes that nothing live leads to; a list of work, so that long dead branches need no stack."""
        while dead:
            for edge in self._level.outgoing[dead.pop()]:
                self._decide(edge, (), released, dead)

    def _decide(self, edge: Edge, items: Sequence[Item], released: list[Release], dead: list[str]) -> None:
        if edge.index in self._decided:
            raise AssertionError(f"the edge {edge} was decided twice")
        self._decided.add(edge.index)
        if items:
            self._live[edge.index] = Arrival(edge, items)
        target = edge.target
        if target == self._level.loop:
            if items:
                self.returned.append(self._live[edge.index])
                self.returned.sort(key=lambda arrival: arrival.edge.index)
            return
        self._undecided[target] -= 1
        if self._undecided[target] or target in self._begun:
            return
        arrivals = tuple(
            self._live[incoming.index]
            for incoming in self._level.incoming[target]
            if incoming.index in self._live
        )
        if arrivals:
            released.append(Release(target, arrivals))
        else:
            dead.append(target)
