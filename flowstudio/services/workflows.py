"""Workflows: stored documents, their versions, and whether their triggers are armed."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.item import Json
from flowstudio.engine.plan import Plan, check, compile_plan
from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import WorkflowDocument, dump_workflow, load_workflow
from flowstudio.errors import InvalidWorkflow, NotFound, Problem
from flowstudio.nodes.triggers.webhook import Webhook
from flowstudio.services.callers import Caller, require
from flowstudio.services.live import timestamp
from flowstudio.services.webhook_routes import normalise
from flowstudio.storage import Storage
from flowstudio.storage.records import (
    ExecutionSummary,
    Snapshot,
    StoredExecution,
    WebhookRoute,
    WorkflowRecord,
    WorkflowSummary,
    WorkflowVersion,
)
from flowstudio.storage.workflows import WorkflowFilter

log = logging.getLogger(__name__)

PLANS_KEPT = 256


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow ready to be run: a stored one, or the document of an earlier execution."""

    id: str | None
    document: WorkflowDocument
    snapshot: Snapshot
    active: bool = False
    saved: WorkflowRecord | None = None
    """What is stored; None for documents that only an execution holds."""

    @property
    def record(self) -> WorkflowRecord:
        """What is stored of the workflow. Raises `NotFound` for a document that only an execution holds."""
        if self.saved is None:
            raise NotFound("This document belongs to no stored workflow.")
        return self.saved


def outline(document: WorkflowDocument, registry: Registry) -> Json:
    """What lists show of a document."""
    types = [node.type for node in document.nodes]
    triggers = [
        slug for slug in dict.fromkeys(types) if (cls := registry.get(slug)) is not None and cls.trigger
    ]
    return {"nodes": len(types), "triggers": triggers, "description": document.description[:300]}


def summary_json(summary: WorkflowSummary, last: ExecutionSummary | None) -> Json:
    """A workflow without its document, as the API gives it."""
    return {
        "id": summary.id,
        "name": summary.name,
        "active": summary.active,
        "version": summary.version,
        "tags": list(summary.tags),
        "created_at": timestamp(summary.created_at),
        "updated_at": timestamp(summary.updated_at),
        "nodes": summary.outline.get("nodes", 0),
        "triggers": summary.outline.get("triggers", []),
        "description": summary.outline.get("description", ""),
        "last_execution": None
        if last is None
        else {
            "id": last.id,
            "status": last.status,
            "started_at": timestamp(last.started_at or last.created_at),
        },
    }


class WorkflowService:
    """What people do with workflows. Methods that act for somebody check the caller first."""

    def __init__(self, storage: Storage, registry: Registry) -> None:
        self._storage = storage
        self.registry = registry
        self._loaded: dict[str, Workflow] = {}
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self.on_routes_changed: list[Callable[[], None]] = []
        """Called after the set of armed triggers changed."""

    # Running

    async def load(self, id_: str) -> Workflow:
        """A workflow for running it; kept in memory until it changes here. Raises `NotFound`."""
        workflow = self._loaded.get(id_)
        if workflow is None:
            record = await self._storage.workflows.get(id_)
            if record is None:
                raise NotFound(f"There is no workflow '{id_}'.")
            workflow = self._keep(record)
        return workflow

    def of_execution(self, stored: StoredExecution) -> Workflow:
        """The document that an execution ran with."""
        snapshot = Snapshot.of(stored.document)
        return Workflow(stored.workflow_id, load_workflow(stored.document), snapshot)

    def unstored(self, raw: Any) -> Workflow:
        """A document that is not stored, for running it once. Raises `InvalidWorkflow` when its form is wrong."""
        document = load_workflow(raw)
        return Workflow(None, document, Snapshot.of(dump_workflow(document)))

    def plan(self, workflow: Workflow) -> Plan:
        """The compiled plan; plans are immutable, so executions share them. Raises `InvalidWorkflow`."""
        key = workflow.snapshot.hash
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = compile_plan(workflow.document, self.registry)
            if len(self._plans) > PLANS_KEPT:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(key)
        return plan

    def check(self, raw: Any) -> list[Problem]:
        """Everything that is wrong with a document, of form and of meaning. Executes and stores nothing."""
        try:
            document = load_workflow(raw)
        except InvalidWorkflow as error:
            return error.problems
        return check(document, self.registry)

    def problems(self, workflow: Workflow) -> list[Problem]:
        """What is wrong with the meaning of a workflow's document."""
        return check(workflow.document, self.registry)

    # Reading

    async def page(
        self,
        caller: Caller,
        *,
        search: str | None = None,
        tag: str | None = None,
        active: bool | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> tuple[list[Json], str | None]:
        """Workflows with their last executions, newest first, and the cursor of the next page."""
        require(caller, "read")
        wanted = WorkflowFilter(search=search, tag=tag, active=active, cursor=cursor, limit=limit)
        found = await self._storage.workflows.list(wanted)
        last = await self._storage.executions.last_of([summary.id for summary in found])
        following = found[-1].id if len(found) == limit else None
        return [summary_json(summary, last.get(summary.id)) for summary in found], following

    async def get(self, caller: Caller, id_: str) -> Workflow:
        """A workflow to look at. Raises `NotFound`."""
        require(caller, "read")
        return await self.load(id_)

    async def versions(self, caller: Caller, id_: str) -> Sequence[WorkflowVersion]:
        """The history, newest first."""
        require(caller, "read")
        await self.load(id_)
        return await self._storage.workflows.versions(id_)

    async def version(self, caller: Caller, id_: str, number: int) -> tuple[WorkflowVersion, Json]:
        """An earlier version and its document. Raises `NotFound`."""
        require(caller, "read")
        found = await self._storage.workflows.version(id_, number)
        if found is None:
            raise NotFound(f"Workflow '{id_}' has no version {number}.")
        return found

    # Changing

    async def create(self, caller: Caller, raw: Any, *, id_: str | None = None) -> Workflow:
        """Store a new draft. Raises `InvalidWorkflow` when its form is wrong; what forbids running it is allowed."""
        require(caller, "edit")
        document = load_workflow(raw)
        record = await self._storage.workflows.create(
            name=document.name,
            document=dump_workflow(document),
            tags=document.tags,
            outline=outline(document, self.registry),
            by=caller.user_id or None,
            id=id_,
        )
        return self._keep(record)

    async def update(
        self, caller: Caller, id_: str, raw: Any, *, expected_version: int | None = None, note: str = ""
    ) -> Workflow:
        """Store a new version; an active workflow is armed anew. Raises `Conflict` when somebody else was quicker."""
        require(caller, "edit")
        document = load_workflow(raw)
        before = (await self.load(id_)).record
        if before.active:
            self._demand_armed(document)
        record = await self._storage.workflows.update(
            id_,
            name=document.name,
            document=dump_workflow(document),
            tags=document.tags,
            outline=outline(document, self.registry),
            by=caller.user_id or None,
            note=note,
            expected_version=expected_version,
            webhooks=webhooks_of(id_, document) if before.active else None,
        )
        workflow = self._keep(record)
        if before.active:
            self._routes_changed()
        return workflow

    async def restore(self, caller: Caller, id_: str, number: int) -> Workflow:
        """Make an earlier version the present one, as a new version."""
        _, document = await self.version(caller, id_, number)
        return await self.update(caller, id_, document, note=f"Restored version {number}")

    async def delete(self, caller: Caller, id_: str) -> None:
        """Delete a workflow with its versions; its executions keep their own snapshots. Raises `NotFound`."""
        require(caller, "edit")
        workflow = await self.load(id_)
        await self._storage.workflows.delete(id_)
        self._loaded.pop(id_, None)
        if workflow.active:
            self._routes_changed()

    async def activate(self, caller: Caller, id_: str) -> Workflow:
        """Arm the triggers. Raises `InvalidWorkflow` when it could not run, `Conflict` when another has its webhook."""
        require(caller, "edit")
        workflow = await self.load(id_)
        self._demand_armed(workflow.document)
        return await self._set_active(workflow, True)

    async def deactivate(self, caller: Caller, id_: str) -> Workflow:
        """Disarm the triggers. Executions that run go on."""
        require(caller, "edit")
        return await self._set_active(await self.load(id_), False)

    async def _set_active(self, workflow: Workflow, active: bool) -> Workflow:
        id_ = workflow.record.id
        routes = webhooks_of(id_, workflow.document) if active else ()
        changed = self._keep(await self._storage.workflows.set_active(id_, active, webhooks=routes))
        self._routes_changed()
        return changed

    def _demand_armed(self, document: WorkflowDocument) -> None:
        plan = compile_plan(document, self.registry)
        if not any(plan.nodes[id_].type.arms for id_ in plan.triggers):
            raise InvalidWorkflow(
                [
                    Problem(
                        "no_trigger", "Nothing would start this workflow: add a Webhook, then switch it on."
                    )
                ]
            )

    def _keep(self, record: WorkflowRecord) -> Workflow:
        known = self._loaded.get(record.id)
        if known is not None and known.record.snapshot == record.snapshot:
            document, snapshot = known.document, known.snapshot
        else:
            document, snapshot = load_workflow(record.document), Snapshot.of(record.document)
        workflow = Workflow(record.id, document, snapshot, record.active, record)
        self._loaded[record.id] = workflow
        return workflow

    def _routes_changed(self) -> None:
        for listener in self.on_routes_changed:
            listener()


def webhooks_of(id_: str, document: WorkflowDocument) -> list[WebhookRoute]:
    """The addresses that the webhooks of a document listen to."""
    return [
        WebhookRoute(method, normalise(path), id_, node.id)
        for node in document.nodes
        if node.type == Webhook.type and not node.data.disabled
        for method, path in Webhook.addresses(node.id, node.data.properties)
    ]


def changed_ports(document: WorkflowDocument, registry: Registry) -> Json:
    """The ports of nodes whose parameters give them others than their type says: `{node id: {inputs, outputs}}`."""
    found: Json = {}
    for node in document.nodes:
        cls = registry.get(node.type)
        if cls is None:
            continue
        inputs, outputs = cls.input_ports(node.data.properties), cls.output_ports(node.data.properties)
        if (inputs, outputs) != (cls.inputs, cls.outputs):
            found[node.id] = {
                "inputs": [{"id": port.id, "label": port.label} for port in inputs],
                "outputs": [{"id": port.id, "label": port.label} for port in outputs],
            }
    return found
