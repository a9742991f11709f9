"""The graph under a workflow: edges, loop bodies and cycles. Knows nothing of node types."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection between two ports. `index` is its place in the document, which orders what arrives at one port."""

    index: int
    source: str
    source_port: str
    target: str
    target_port: str


@dataclass(frozen=True, slots=True)
class Level:
    """The nodes that run in the same scope: those outside of loops, or those directly in the body of one loop.

    Invariants: an edge into a node of the level starts at a node of the level, or is one of `entries`; without the edges
    back to `loop` the level has no cycle.
    """

    loop: str | None
    nodes: tuple[str, ...]
    """In an order in which every node comes after its predecessors."""
    incoming: Mapping[str, tuple[Edge, ...]]
    outgoing: Mapping[str, tuple[Edge, ...]]
    """Edges that leave a node for a node of the level, or back to `loop`."""
    entries: tuple[Edge, ...] = ()
    """Edges from the loop's port of iterations."""


MAX_MEMBERS = 500_000
"""Nodes of all loop bodies together: a node counts once for each loop around it."""

MAX_NESTING = 50
"""Loops around one node."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a graph has no order of execution."""

    code: str
    nodes: tuple[str, ...]


@dataclass(slots=True)
class Layout:
    """A graph taken apart into levels."""

    levels: dict[str | None, Level] = field(default_factory=dict)
    loops: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Node -> the loops it is in, outermost first."""
    faults: list[Fault] = field(default_factory=list)


def lay_out(nodes: Sequence[str], edges: Sequence[Edge], loop_ports: Mapping[str, str]) -> Layout:
    """Find loop bodies and levels. `loop_ports` gives each loop node the port from which its iterations go out."""
    outgoing: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        outgoing[edge.source].append(edge)
    layout = Layout()
    bodies: dict[str, set[str]] = {}
    members = 0
    for loop, port in loop_ports.items():
        bodies[loop] = _body(loop, port, outgoing)
        members += len(bodies[loop])
        if members > MAX_MEMBERS:
            layout.faults.append(Fault("deep_loops", (loop,)))
            return layout
    layout.faults += _interleaved(bodies)
    if layout.faults:
        return layout
    layout.faults += _shared(edges, bodies, loop_ports)
    if layout.faults:
        return layout
    by_size = sorted(bodies, key=lambda loop: -len(bodies[loop]))
    around: dict[str, list[str]] = {node: [] for node in nodes}
    for loop in by_size:
        for node in bodies[loop]:
            around[node].append(loop)
    layout.loops = {node: tuple(loops) for node, loops in around.items()}
    deep = next((loops for loops in layout.loops.values() if len(loops) > MAX_NESTING), None)
    if deep is not None:
        layout.faults.append(Fault("deep_loops", (deep[-1],)))
        return layout
    back = {
        edge.index
        for edge in edges
        if edge.target in bodies
        and (
            edge.source in bodies[edge.target]
            or (edge.source == edge.target and edge.source_port == loop_ports[edge.source])
        )
    }
    order, cycle = _order(nodes, [edge for edge in edges if edge.index not in back])
    if cycle:
        layout.faults.append(Fault("cycle", cycle))
        return layout
    layout.levels = _levels(order, edges, back, layout.loops, loop_ports)
    return layout


def reachable(starts: Iterable[str], edges: Iterable[Edge], *, backwards: bool = False) -> set[str]:
    """The nodes that can be reached from some nodes, those included."""
    neighbours: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        if backwards:
            neighbours[edge.target].append(edge.source)
        else:
            neighbours[edge.source].append(edge.target)
    found = set(starts)
    todo = list(found)
    while todo:
        for neighbour in neighbours[todo.pop()]:
            if neighbour not in found:
                found.add(neighbour)
                todo.append(neighbour)
    return found


def _body(loop: str, port: str, outgoing: Mapping[str, list[Edge]]) -> set[str]:
    """What is reached from a loop's port of iterations without passing through the loop."""
    todo = [edge.target for edge in outgoing.get(loop, ()) if edge.source_port == port]
    body: set[str] = set()
    while todo:
        node = todo.pop()
        if node != loop and node not in body:
            body.add(node)
            todo.extend(edge.target for edge in outgoing.get(node, ()))
    return body


def _interleaved(bodies: Mapping[str, set[str]]) -> list[Fault]:
    place = {loop: i for i, loop in enumerate(bodies)}
    return [
        Fault("interleaved_loops", (a, b))
        for a, body in bodies.items()
        for b in sorted(body & place.keys(), key=place.__getitem__)
        if place[a] < place[b] and a in bodies[b]
    ]


def _shared(
    edges: Sequence[Edge], bodies: Mapping[str, set[str]], loop_ports: Mapping[str, str]
) -> list[Fault]:
    """Nodes of a body that are entered from outside of it; of each loop and node the first such edge."""
    faults: dict[tuple[str, str], Fault] = {}
    incoming: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        incoming[edge.target].append(edge)
    for loop, body in bodies.items():
        for edge in sorted((e for node in body for e in incoming[node]), key=lambda e: e.index):
            if edge.source in body:
                continue
            if edge.source == loop and edge.source_port == loop_ports[loop]:
                continue
            faults.setdefault(
                (loop, edge.target), Fault("shared_with_loop", (loop, edge.target, edge.source))
            )
    return list(faults.values())


def _order(nodes: Sequence[str], edges: Sequence[Edge]) -> tuple[list[str], tuple[str, ...]]:
    """A topological order; or the nodes of a cycle, the closing edge from the last to the first."""
    outgoing: dict[str, list[str]] = {node: [] for node in nodes}
    missing = dict.fromkeys(nodes, 0)
    for edge in edges:
        outgoing[edge.source].append(edge.target)
        missing[edge.target] += 1
    ready = deque(node for node in nodes if not missing[node])
    order: list[str] = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for target in outgoing[node]:
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    left = {node for node in nodes if missing[node]}
    if not left:
        return order, ()
    # Whoever still waits has a predecessor that waits too: walking back must meet a node again.
    before = {edge.target: edge.source for edge in reversed(edges) if edge.source in left}
    path = [next(node for node in nodes if node in left)]
    seen = {path[0]: 0}
    while (node := before[path[-1]]) not in seen:
        seen[node] = len(path)
        path.append(node)
    cycle = path[seen[node] :][::-1]
    place = {node: i for i, node in enumerate(nodes)}
    first = min(range(len(cycle)), key=lambda i: place[cycle[i]])
    return [], tuple(cycle[first:] + cycle[:first])


def _levels(
    order: Sequence[str],
    edges: Sequence[Edge],
    back: set[int],
    loops: Mapping[str, tuple[str, ...]],
    loop_ports: Mapping[str, str],
) -> dict[str | None, Level]:
    home: dict[str, str | None] = {node: chain[-1] if chain else None for node, chain in loops.items()}
    members: dict[str | None, list[str]] = {None: [], **{loop: [] for loop in loop_ports}}
    for node in order:
        members[home[node]].append(node)
    incoming: dict[str, list[Edge]] = defaultdict(list)
    outgoing: dict[str, list[Edge]] = defaultdict(list)
    entries: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        enters = edge.source in loop_ports and edge.source_port == loop_ports[edge.source]
        if enters:
            entries[edge.source].append(edge)
        else:
            outgoing[edge.source].append(edge)
        if edge.index not in back:
            incoming[edge.target].append(edge)
    return {
        loop: Level(
            loop,
            tuple(nodes),
            {node: tuple(incoming[node]) for node in nodes},
            {node: tuple(outgoing[node]) for node in nodes},
            tuple(entries[loop]) if loop is not None else (),
        )
        for loop, nodes in members.items()
    }
