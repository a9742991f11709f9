"""Workflows that run as a step of another workflow."""

from __future__ import annotations

import json
from collections.abc import Sequence

from flowstudio.engine.item import Item
from flowstudio.engine.node import TriggerNode
from flowstudio.engine.workflow import dump_workflow, load_workflow
from flowstudio.errors import InvalidWorkflow, NodeError, NotFound
from flowstudio.interop import is_foreign, read_foreign
from flowstudio.services.executions import ExecutionService
from flowstudio.services.starting import StartRequest
from flowstudio.services.workflows import Workflow, WorkflowService
from flowstudio.storage import Storage
from flowstudio.storage.records import Snapshot


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
        called = self._embedded(workflow) if workflow.startswith("{") else await self._stored(workflow)
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

    async def _stored(self, id_: str) -> Workflow:
        try:
            return await self._workflows.production(id_)
        except NotFound as error:
            raise NodeError(
                f"There is no workflow '{id_}' to execute; choose another in the node's settings."
            ) from error

    def _embedded(self, text: str) -> Workflow:
        """A workflow that stands in a step. Nobody looked at what it may use, so it uses no credentials."""
        try:
            raw = json.loads(text)
            if is_foreign(raw):
                raw = dump_workflow(read_foreign(raw, self._workflows.registry).document)
            for node in raw.get("nodes") or ():
                if isinstance(node, dict) and isinstance(node.get("data"), dict):
                    node["data"].pop("credentials", None)
            document = load_workflow(raw)
            workflow = Workflow(None, document, Snapshot.of(dump_workflow(document)))
            self._workflows.plan(workflow)
        except (ValueError, InvalidWorkflow, RecursionError) as error:
            reason = error.message if isinstance(error, InvalidWorkflow) else "it is not JSON"
            raise NodeError(f"The workflow in this step cannot run: {reason}") from error
        return workflow
