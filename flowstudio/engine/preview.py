"""What the expressions of a node would see if it ran now, from what has run before. Runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from flowstudio.engine.context import ExecutionInfo, Host
from flowstudio.engine.events import Scope
from flowstudio.engine.graph import Edge, reachable
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.lineage import Trace, placed
from flowstudio.engine.outcome import InputReference, Outcome
from flowstudio.engine.plan import Plan, PlanNode
from flowstudio.engine.view import View

Origin: TypeAlias = Literal["execution", "pinned", "none"]
"""Where the items come from."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A view, and where its items come from."""

    view: View
    origin: Origin
    leads: bool
    """Whether any connection leads to the node."""


def preview(
    plan: Plan,
    node: PlanNode,
    outcomes: Sequence[Outcome],
    info: ExecutionInfo,
    host: Host,
    now: datetime,
    scope: Scope | None = None,
) -> Preview:
    """The view of a node as a run after `outcomes` would give it; pinned items stand in for what their nodes gave.

    `outcomes` are the log of an execution, in its order. `scope` is the loop iteration; None is the last one.
    """
    node = _owner(plan, node)
    arriving = [e for e in plan.edges if e.target == node.id and node.id not in plan.nodes[e.source].loops]
    decided = [outcome for outcome in outcomes if outcome.decided]
    if scope is None:
        scope = _last_scope(node, {edge.source for edge in arriving}, decided)
    trace, pinned = Trace(), set()
    for outcome in decided:
        if outcome.key == (node.id, scope):
            break
        trace.add(outcome)
    for id_ in reachable([node.id], list(plan.edges), backwards=True) - {node.id}:
        stand_in = _pinned(plan.nodes[id_], scope, trace, now)
        if stand_in is not None:
            trace.add(stand_in)
            pinned.add(id_)
    inputs, references = _inputs(node, arriving, trace, scope)
    if node.settings.execute_once:
        inputs = {port: items[:1] for port, items in inputs.items()}
    port = next(iter(inputs), "main")
    origin: Origin = "none"
    if inputs:
        origin = "pinned" if all(ref.node in pinned for ref in references) else "execution"
    view = View(plan, trace, info, host, node, scope, references, port, inputs.get(port, []), now)
    return Preview(view, origin, bool(arriving))


def _owner(plan: Plan, node: PlanNode) -> PlanNode:
    """The node in whose run the parameters of a node are resolved: its own, unless it fills a slot of another."""
    seen = {node.id}
    while True:
        owner = next(
            (
                other
                for other in plan.nodes.values()
                if any(node.id in ids for ids in other.binding.slots.values())
            ),
            None,
        )
        if owner is None or owner.id in seen:
            return node
        seen.add(owner.id)
        node = owner


def _last_scope(node: PlanNode, sources: set[str], decided: Sequence[Outcome]) -> Scope:
    """Where the node ran last, else where something that leads to it did."""
    depth = len(node.loops)
    fitting = [outcome for outcome in decided if len(outcome.scope) == depth]
    for wanted in ({node.id}, sources):
        for outcome in reversed(fitting):
            if outcome.node in wanted:
                return outcome.scope
    return ()


def _pinned(node: PlanNode, scope: Scope, trace: Trace, now: datetime) -> Outcome | None:
    """The outcome that a node with pinned items comes to."""
    pinned = node.document.data.pinned
    if pinned is None:
        return None
    scope = scope[: len(node.loops)]
    items = [Item(row) for row in pinned]
    outputs = {node.outputs[0]: items} if node.outputs and items else {}
    ran = trace.run(node.id, scope)
    if ran is not None:
        return replace(ran, status="success", outputs=outputs, error=None)
    return Outcome(
        node=node.id, scope=scope, status="success", outputs=outputs, started_at=now, finished_at=now
    )


def _inputs(
    node: PlanNode, arriving: Sequence[Edge], trace: Trace, scope: Scope
) -> tuple[Ports, tuple[InputReference, ...]]:
    """What would arrive: by port, in edge order, each item paired with its place; and where it comes from."""
    gathered: dict[str, list[Item]] = {port: [] for port in node.inputs}
    references: list[InputReference] = []
    for edge in arriving:
        run = trace.run(edge.source, scope)
        items = run.outputs.get(edge.source_port, []) if run is not None else []
        if items and edge.target_port in gathered:
            gathered[edge.target_port].extend(items)
            references.append(
                InputReference(edge.target_port, edge.source, scope, edge.source_port, len(items))
            )
    return {port: placed(items, port) for port, items in gathered.items() if items}, tuple(references)
