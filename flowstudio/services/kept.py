"""Which outcomes of an earlier execution a new one may take over."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flowstudio.engine.graph import reachable
from flowstudio.engine.item import Item
from flowstudio.engine.outcome import Outcome
from flowstudio.engine.plan import Plan
from flowstudio.engine.workflow import EdgeDocument, NodeDocument, WorkflowDocument
from flowstudio.storage.records import StoredExecution


def kept_before(
    plan: Plan, outcomes: Sequence[Outcome], node: str | None, changed: Collection[str] = ()
) -> list[Outcome]:
    """The outcomes that stay when the execution goes on at `node`, or else at whatever failed.

    Dropped are the node, those that have `changed`, everything that can be reached from them, nodes that the plan no longer has, and all outcomes
    that are not a node run's last word. Of a loop nothing stays once one of its nodes is dropped: the edges of its body
    lead back to it.
    """
    succeeded = {o.key: o for o in outcomes if o.status == "success" and o.node in plan.nodes}
    unfinished = {o.node for o in outcomes if o.key not in succeeded and o.node in plan.nodes}
    starts = ({node} if node is not None else unfinished) | (set(changed) & set(plan.nodes))
    dropped = reachable(starts, plan.edges)
    return [outcome for outcome in succeeded.values() if outcome.node not in dropped]


def changed_nodes(before: WorkflowDocument, now: WorkflowDocument) -> set[str]:
    """The nodes of `now` that could give something else than they did in `before`: other settings or other inputs."""
    old = {node.id: _substance(node) for node in before.nodes}
    old_inputs, new_inputs = _inputs(before.edges), _inputs(now.edges)
    return {
        node.id
        for node in now.nodes
        if old.get(node.id) != _substance(node) or old_inputs.get(node.id) != new_inputs.get(node.id)
    }


def _substance(node: NodeDocument) -> NodeDocument:
    """A node without what does not matter to a run: its place, name and notes."""
    data = node.data.model_copy(update={"label": None, "notes": ""})
    return node.model_copy(update={"position": None, "data": data})


def _inputs(edges: Sequence[EdgeDocument]) -> dict[str, list[tuple[str, str | None, str | None]]]:
    """What leads to each node, in the order in which its items are put together."""
    found: dict[str, list[tuple[str, str | None, str | None]]] = {}
    for edge in edges:
        found.setdefault(edge.target, []).append((edge.source, edge.source_handle, edge.target_handle))
    return found


def brought(stored: StoredExecution, outcomes: Sequence[Outcome]) -> Sequence[Item] | None:
    """What an execution was started with, wherever it is kept: with it, or as the outcome of its trigger."""
    if stored.start_items:
        return stored.start_items
    first = next((o for o in outcomes if o.node == stored.start_node and not o.scope), None)
    return [item for items in first.outputs.values() for item in items] if first is not None else None
