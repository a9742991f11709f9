"""How far an execution is, node by node, told from its log alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flowstudio.engine.events import ErrorInfo, NodeStatus
from flowstudio.engine.outcome import Outcome
from flowstudio.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class NodeState:
    """What became of a node."""

    status: NodeStatus
    items: Mapping[str, int] = field(default_factory=dict)
    """Items by output port, over all its runs."""
    error: ErrorInfo | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    runs: int = 0
    """How often it ran to an outcome: once for each iteration of the loops around it."""


def progress(plan: Plan, outcomes: Sequence[Outcome], *, final: bool = False) -> dict[str, NodeState]:
    """The state of every node that is known; nodes that may still come are left out.

    Skipped nodes are not in the log: they follow from dead edges. `final` says that nothing more will come, so that every
    node without an outcome was skipped.
    """
    by_node: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_node.setdefault(outcome.node, []).append(outcome)
    subs = plan.nodes.keys() - {node for level in plan.levels.values() for node in level.nodes}
    states: dict[str, NodeState] = {}
    dead: set[str] = set()
    for level_of in _outermost_first(plan):
        level = plan.levels[level_of]
        for node in level.nodes:
            known = by_node.get(node)
            if known:
                states[node] = _state(node, known)
                continue
            if level_of is None:
                skipped = all(
                    _is_dead(edge.source, edge.source_port, by_node, dead) for edge in level.incoming[node]
                )
                if not level.incoming[node]:  # other roots do not run when a trigger started the execution
                    skipped = any(trigger in by_node for trigger in plan.triggers)
            else:
                skipped = level_of in dead or _is_decided(by_node.get(level_of, ()))
            if skipped or final:
                dead.add(node)
                states[node] = NodeState("skipped")
    return {node: state for node, state in states.items() if node not in subs}


def _outermost_first(plan: Plan) -> list[str | None]:
    return sorted(plan.levels, key=lambda loop: -1 if loop is None else len(plan.nodes[loop].loops))


def _is_decided(outcomes: Sequence[Outcome]) -> bool:
    """Whether a loop is over: its own outcome is there, not only those of its iterations."""
    return any(outcome.decided and not is_iteration(outcome) for outcome in outcomes)


def _is_dead(node: str, port: str, by_node: Mapping[str, Sequence[Outcome]], dead: set[str]) -> bool:
    if node in dead:
        return True
    for outcome in by_node.get(node, ()):
        if outcome.status == "success" and not is_iteration(outcome):
            return not outcome.outputs.get(port)
    return False


def is_iteration(outcome: Outcome) -> bool:
    """Whether this is the log's entry for a loop's iteration that began, rather than the outcome of the loop."""
    return bool(outcome.scope) and outcome.scope[-1].rpartition(":")[0] == outcome.node


def _state(node: str, outcomes: Sequence[Outcome]) -> NodeState:
    own = [outcome for outcome in outcomes if not is_iteration(outcome)]
    items: dict[str, int] = {}
    for outcome in outcomes:
        if outcome.decided:
            for port, made in outcome.outputs.items():
                items[port] = items.get(port, 0) + len(made)
    begun = min(outcome.started_at for outcome in outcomes)
    if not own:
        return NodeState("running", items, started_at=begun)
    last = own[-1]
    status: NodeStatus = "running"
    if last.status in ("success", "error", "waiting"):
        status = last.status
    return NodeState(
        status,
        items,
        last.error,
        begun,
        last.finished_at if last.decided else None,
        sum(outcome.decided for outcome in own),
    )
