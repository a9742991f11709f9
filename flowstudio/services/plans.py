"""Compiled workflows that are kept."""

from __future__ import annotations

from collections import OrderedDict

from flowstudio.engine.plan import Plan, compile_plan
from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import WorkflowDocument

MOST = 50_000
"""Steps of all plans that are kept, together."""


class Plans:
    """Plans by the hash of their document, those used last. They are immutable, so executions share them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._kept: OrderedDict[str, Plan] = OrderedDict()
        self._steps = 0
        """Of all kept plans."""

    @property
    def full(self) -> bool:
        """Whether another plan takes the place of one that is kept."""
        return self._steps >= MOST

    def of(self, hash_: str, document: WorkflowDocument) -> Plan:
        """The plan of a document. Raises `InvalidWorkflow`."""
        plan = self._kept.get(hash_)
        if plan is None:
            plan = self._kept[hash_] = compile_plan(document, self._registry)
            self._steps += len(plan.nodes)
            while self._steps > MOST and len(self._kept) > 1:
                self._steps -= len(self._kept.popitem(last=False)[1].nodes)
        else:
            self._kept.move_to_end(hash_)
        return plan
