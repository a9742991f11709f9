"""Which outcomes of an earlier execution a new one may take over."""

from __future__ import annotations

from collections.abc import Sequence

from flowstudio.engine.graph import reachable
from flowstudio.engine.outcome import Outcome
from flowstudio.engine.plan import Plan


def kept_before(plan: Plan, outcomes: Sequence[Outcome], node: str | None) -> list[Outcome]:
    """The outcomes that stay when the execution goes on at `node`, or else at whatever failed.

    Dropped are the node, everything that can be reached from it, nodes that the plan no longer has, and all outcomes
    that are not a node run's last word. Of a loop nothing stays once one of its nodes is dropped: the edges of its body
    lead back to it.
    """
    succeeded = {o.key: o for o in outcomes if o.status == "success" and o.node in plan.nodes}
    unfinished = {o.node for o in outcomes if o.key not in succeeded and o.node in plan.nodes}
    dropped = reachable({node} if node is not None else unfinished, plan.edges)
    return [outcome for outcome in succeeded.values() if outcome.node not in dropped]
