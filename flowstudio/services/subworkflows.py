"""Workflows that run as a step of another workflow."""

from __future__ import annotations

from collections.abc import Sequence

from flowstudio.engine.item import Item
from flowstudio.engine.node import TriggerNode
from flowstudio.errors import NodeError, NotFound
from flowstudio.services.executions import ExecutionService
from flowstudio.services.starting import StartRequest
from flowstudio.services.workflows import WorkflowService
from flowstudio.storage import Storage


class SubWorkflows:
    """Implements `engine.store.Workflows`."""

    def __init__(self, storage: Storage, workflows: WorkflowService, executions: ExecutionService) -> None:
        self._storage = storage
        self._workflows = workflows
        self._executions = executions

    async def call(
        self, workflow: str, items: Sequence[Item], *, parent: str, key: str, wait: bool
    ) -> Sequence[Item]:
        """Run a workflow on items; gives the items of its last node, or none when not waiting for it."""
        try:
            called = await self._workflows.production(workflow)
        except NotFound as error:
            raise NodeError(
                f"There is no workflow '{workflow}' to execute; choose another in the node's settings."
            ) from error
        plan = self._workflows.plan(called)
        start = plan.start_node(mode="sub-workflow")
        if start is not None and issubclass(trigger := plan.nodes[start].type, TriggerNode):
            items = trigger.receive(plan.nodes[start].document.data.properties, items)
        caller = await self._storage.executions.get(parent)
        id_ = await self._executions.start(
            StartRequest(
                workflow=called,
                mode="sub-workflow",
                items=items,
                parent=parent,
                depth=(caller.depth if caller is not None else 0) + 1,
                call_key=f"call:{key}",
                awaited=wait,
            )
        )
        if not wait:
            return []
        rest = await self._executions.finish(id_, run=True)
        if rest.status == "success":
            return await self._executions.last_items(id_)
        reason = rest.error.message if rest.error is not None else f"it was {rest.status}"
        raise NodeError(f"The workflow '{called.document.name}' failed: {reason}", detail={"execution": id_})
