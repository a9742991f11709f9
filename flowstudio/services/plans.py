"""Compiled plans, kept for documents that run often."""

from __future__ import annotations

from collections import OrderedDict

from flowstudio.engine.plan import Plan, compile_plan
from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import WorkflowDocument

KEPT = 256


class Plans:
    """Plans by the identity of their document. Documents and plans are immutable, so they may be shared by executions."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._kept: OrderedDict[str, Plan] = OrderedDict()

    def of(self, document: WorkflowDocument, key: str | None = None) -> Plan:
        """The plan of a document; `key` names equal documents, such as a content hash. Raises `InvalidWorkflow`."""
        if key is None:
            return compile_plan(document, self.registry)
        plan = self._kept.get(key)
        if plan is None:
            plan = self._kept[key] = compile_plan(document, self.registry)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return plan
