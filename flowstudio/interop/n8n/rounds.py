"""What n8n does by running a step several times: circles, and several connections into one input.

Here a step runs once in its scope, and only loops make scopes. So a circle without a loop step gets a Repeat at its
beginning, and where several connections into one input make a difference, a For Each Connection stands before the step.
Both are made for their step, belong to it, and vanish when the workflow is given back.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowstudio.engine.graph import Edge, Layout, lay_out, reachable
from flowstudio.engine.node import BatchNode, LoopNode
from flowstudio.engine.registry import Registry

MAX_CIRCLES = 20
MAX_JOINS = 100
MAX_NODES, MAX_EDGES = 1_000, 5_000
"""Larger workflows are not looked through, since every circle and every join is tried out."""
_REPEAT, _EACH = "repeat", "each-connection"
_ALIKE = frozenset({"no-op", "wait", "respond-to-webhook", "respond-to-chat", "stop-and-error"})
"""Types that take all items at once, but do the same with each."""
_WHOLE = re.compile(r"\$runIndex|\$items\(|\$node\b|\.(?:all|first|last)\(")
"""Expressions that see more than an item."""


@dataclass(slots=True)
class Rounds:
    """Finds circles and joins, and puts steps before them."""

    registry: Registry
    nodes: Sequence[Mapping[str, Any]]
    edges: list[dict[str, Any]]
    order: Mapping[tuple[str, str | None, str], int]
    """When n8n gets to a connection, by source, port and target."""
    made: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """Owner, type and properties of the steps that were made; their id is `id_of` the owner."""
    merged: list[str] = field(default_factory=list)
    """Steps that run once here and, with a difference, several times in n8n."""
    _types: dict[str, str] = field(default_factory=dict)
    _slots: set[str] = field(default_factory=set)
    _by_id: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def close(self) -> None:
        """Close the circles, then part the joins."""
        if len(self.nodes) > MAX_NODES or len(self.edges) > MAX_EDGES:
            return
        self._types = {node["id"]: node["type"] for node in self.nodes}
        self._by_id = {node["id"]: node for node in self.nodes}
        self._slots = {
            edge["source"]
            for edge in self.edges
            if edge["targetHandle"] is not None and edge["targetHandle"] not in self._ports(edge["target"])
        }
        for _ in range(MAX_CIRCLES):
            cycle = next((fault.nodes for fault in self._layout().faults if fault.code == "cycle"), None)
            if cycle is None or not any(self._repeat(head) for head in self._heads(cycle)):
                break
        layout = self._layout()
        if layout.faults:
            return
        for target, edges in list(self._joins(layout)):
            if len(self.made) >= MAX_JOINS or not self._matters(target):
                continue
            if not self._each(target, edges):
                self.merged.append(target)

    def _ports(self, id_: str) -> list[str]:
        cls = self.registry.get(self._types.get(id_, ""))
        node = self._by_id.get(id_)
        if cls is None or node is None:
            return ["main"]
        return [port.id for port in cls.input_ports(node["data"]["properties"])]

    def _loops(self, extra: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
        found = {}
        for id_, type_ in (*self._types.items(), *extra):
            cls = self.registry.get(type_)
            if cls is not None and issubclass(cls, LoopNode):
                found[id_] = cls.loop_port
        return found

    def _main(self) -> list[Edge]:
        return [
            Edge(
                place,
                edge["source"],
                edge["sourceHandle"] or self._first_output(edge["source"]),
                edge["target"],
                edge["targetHandle"] or "main",
            )
            for place, edge in enumerate(self.edges)
            if edge["source"] not in self._slots
        ]

    def _first_output(self, id_: str) -> str:
        cls = self.registry.get(self._types.get(id_, ""))
        return cls.outputs[0].id if cls is not None and cls.outputs else "main"

    def _layout(self) -> Layout:
        ids = [id_ for id_ in self._types if id_ not in self._slots]
        return lay_out(ids, self._main(), self._loops())

    # Circles

    def _heads(self, cycle: Sequence[str]) -> Iterator[str]:
        """Steps at which a circle is entered: those that something outside leads to."""
        members = set(cycle)
        edges = self._main()
        entered = {edge.target for edge in edges if edge.source not in members}
        single = [node for node in cycle if len(self._ports(node)) == 1]
        yield from (node for node in single if node in entered)

    def _repeat(self, head: str) -> bool:
        return self._insert(head, _REPEAT, {}, [edge for edge in self.edges if edge["target"] == head], None)

    # Joins

    def _joins(self, layout: Layout) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        into: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for edge in self.edges:
            target, source = edge["target"], edge["source"]
            back = target in layout.loops.get(source, ())
            if source not in self._slots and not back and len(self._ports(target)) == 1:
                into[target].append(edge)
        for target, edges in into.items():
            if self._types[target] not in (_REPEAT, _EACH) and self._together(edges):
                yield target, sorted(edges, key=self._when)

    def _together(self, edges: list[dict[str, Any]]) -> bool:
        """Whether several of them may bring something in the same execution: one trigger leads to them."""
        main = self._main()
        sources = [edge["source"] for edge in edges]
        starts = [id_ for id_, type_ in self._types.items() if begins(self.registry, type_)]
        return len(edges) > 1 and any(
            sum(source in reached for source in sources) > 1
            for reached in (reachable([start], main) for start in starts)
        )

    def _when(self, edge: dict[str, Any]) -> int:
        return self.order.get((edge["source"], edge["sourceHandle"], edge["target"]), 1 << 30)

    def _matters(self, target: str) -> bool:
        """Whether a step, or one behind it, gives something else when it gets all items at once."""
        for id_ in reachable([target], self._main()):
            node = self._by_id.get(id_)
            if node is None:
                continue
            cls = self.registry.get(node["type"])
            properties = node["data"]["properties"]
            each = node["type"] == "code" and properties.get("mode") == "each-item"
            if node["type"] in _ALIKE or each:
                continue
            if (
                cls is None
                or issubclass(cls, BatchNode | LoopNode)
                or node["data"].get("settings", {}).get("execute_once")
            ):
                return True
            if _WHOLE.search(json.dumps(properties, default=str)):
                return True
        return False

    def _each(self, target: str, edges: list[dict[str, Any]]) -> bool:
        ports = {id(edge): f"input{place}" for place, edge in enumerate(edges, 1)}
        properties = {"inputs_count": len(edges)} if len(edges) != 2 else {}
        return self._insert(target, _EACH, properties, edges, ports)

    def _insert(
        self,
        owner: str,
        type_: str,
        properties: dict[str, Any],
        edges: list[dict[str, Any]],
        ports: dict[int, str] | None,
    ) -> bool:
        """Lead edges to a new step before their end. Taken back when the graph has no order of execution then."""
        new = id_of(owner, type_)
        before = [(edge, edge["target"], edge["targetHandle"]) for edge in edges]
        codes = {fault.code for fault in self._layout().faults} - {"cycle"}
        for edge in edges:
            edge |= {"target": new, "targetHandle": ports[id(edge)] if ports else None}
        way = {"id": f"e{len(self.edges) + 1}", "source": new, "target": owner}
        self.edges.append({**way, "sourceHandle": "loop", "targetHandle": None})
        self._types[new] = type_
        faults = self._layout().faults
        if {fault.code for fault in faults} - {"cycle"} - codes or (type_ == _EACH and faults):
            self.edges.pop()
            del self._types[new]
            for edge, target, handle in before:
                edge |= {"target": target, "targetHandle": handle}
            return False
        self.made.append((owner, type_, properties))
        return True


def begins(registry: Registry, type_: str) -> bool:
    """Whether executions begin at steps of a type."""
    cls = registry.get(type_)
    return cls is not None and cls.trigger


def id_of(owner: str, type_: str) -> str:
    """The id of the step that was made for another one."""
    return f"{owner[:180]}-{type_}"


def running_order(
    starts: Iterable[str],
    ways: Mapping[str, Sequence[Sequence[tuple[str, Any]]]],
) -> Iterator[tuple[str, int, str]]:
    """Connections in the order in which n8n gets to them: branch after branch, each to its end.

    `ways` gives a node's targets and their places, output by output.
    """
    seen: set[str] = set()
    todo: list[tuple[str, int, str]] = [("", 0, start) for start in reversed(list(starts))]
    while todo:
        source, output, node = todo.pop()
        if source:
            yield source, output, node
        if node in seen:
            continue
        seen.add(node)
        onward = [
            (node, number, target)
            for number, targets in enumerate(ways.get(node, ()))
            for target, _ in sorted(targets, key=lambda end: end[1])
        ]
        todo += reversed(onward)
