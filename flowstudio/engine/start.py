"""Where executions start, and the outcomes of nodes that do not really run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flowstudio.engine.events import Scope
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.outcome import InputReference, Outcome
from flowstudio.engine.plan import Plan, PlanNode


@dataclass(frozen=True, slots=True)
class Start:
    """Where an execution starts (None: at all nodes without predecessors) and with what."""

    node: str | None
    items: list[Item]


def first_outcome(plan: Plan, start: Start, now: datetime) -> Outcome | None:
    """The outcome of the trigger, so that it can be stored together with the execution; None without a trigger."""
    node = plan.nodes.get(start.node) if start.node is not None else None
    if node is None or node.kind != "trigger":
        return None
    outputs = {node.outputs[0]: start.items} if node.outputs and start.items else {}
    return Outcome(node=node.id, status="success", outputs=outputs, started_at=now, finished_at=now)


def bypass(
    node: PlanNode,
    scope: Scope,
    inputs: Ports,
    references: tuple[InputReference, ...],
    now: datetime,
    *,
    use_pinned: bool,
) -> Outcome | None:
    """The outcome of a node that is pinned or disabled; None for one that has to run."""
    pinned = node.document.data.pinned if use_pinned else None
    if pinned is not None:
        items = [Item(row) for row in pinned]
    elif node.disabled:
        items = inputs.get(node.inputs[0], []) if node.inputs else []
    else:
        return None
    return Outcome(
        node=node.id,
        scope=scope,
        status="success",
        outputs={node.outputs[0]: items} if node.outputs and items else {},
        inputs=references,
        started_at=now,
        finished_at=now,
    )
