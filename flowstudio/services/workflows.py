"""Workflows: drafts, what is published of them, and whether their triggers are armed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Any, Literal, TypeAlias
from weakref import WeakValueDictionary

from flowstudio.engine.item import Json
from flowstudio.engine.operations import Draft
from flowstudio.engine.plan import Earlier, Plan, check, compile_plan
from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import WorkflowDocument, dump_workflow, load_workflow
from flowstudio.errors import FlowStudioError, InvalidWorkflow, NotFound, Problem
from flowstudio.nodes.triggers.webhook import Webhook
from flowstudio.services.audit import Action, Audit
from flowstudio.services.callers import Caller, require
from flowstudio.services.live import timestamp
from flowstudio.services.plans import Plans
from flowstudio.services.sharing import Sharing, credentials_of
from flowstudio.services.webhook_routes import normalise
from flowstudio.storage import Storage
from flowstudio.storage.records import (
    ExecutionSummary,
    Snapshot,
    StoredExecution,
    WebhookRoute,
    WorkflowRecord,
    WorkflowSummary,
)
from flowstudio.storage.workflows import Order, WorkflowFilter

log = logging.getLogger(__name__)

CHECKED_KEPT = 32


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow ready to be run: a stored one, or the document of an earlier execution."""

    id: str | None
    document: WorkflowDocument
    snapshot: Snapshot
    active: bool = False
    saved: WorkflowRecord | None = None
    """What is stored; None for documents that only an execution holds."""
    version: int | None = None
    """The number of the document in the workflow's history."""

    @property
    def record(self) -> WorkflowRecord:
        """What is stored of the workflow. Raises `NotFound` for a document that only an execution holds."""
        if self.saved is None:
            raise NotFound("This document belongs to no stored workflow.")
        return self.saved

    @property
    def draft(self) -> Draft:
        """The document in both of its forms, for editing."""
        return Draft(self.record.document, self.document)


Change: TypeAlias = Literal["document", "state", "deleted"]
"""What changed of a workflow: the whole document, something beside it, or it was deleted. Edits are told by `editing`."""


def outline(document: WorkflowDocument, registry: Registry) -> Json:
    """What lists show of a document."""
    types = [node.type for node in document.nodes]
    triggers = [
        slug for slug in dict.fromkeys(types) if (cls := registry.get(slug)) is not None and cls.trigger
    ]
    credentials = sorted(credentials_of(document))
    return {
        "nodes": len(types),
        "triggers": triggers,
        "description": document.description[:300],
        "credentials": credentials,
    }


def summary_json(
    summary: WorkflowSummary, last: ExecutionSummary | None, next_run: datetime | None = None
) -> Json:
    """A workflow without its document, as the API gives it."""
    return {
        "id": summary.id,
        "name": summary.name,
        "active": summary.active,
        "version": summary.version,
        "published_version": summary.published_version,
        "has_unpublished": summary.has_unpublished,
        "deleted_at": timestamp(summary.deleted_at),
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
        "next_run_at": timestamp(next_run),
    }


class WorkflowService:
    """What people do with workflows. Methods that act for somebody check the caller first."""

    def __init__(self, storage: Storage, registry: Registry) -> None:
        self._storage = storage
        self._audit = Audit(storage)
        self.registry = registry
        self.sharing = Sharing(storage.credentials)
        self._loaded: dict[str, Workflow] = {}
        self._published: dict[str, Workflow] = {}
        self._plans = Plans(registry)
        self._checked: OrderedDict[str, Earlier] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.next_runs: Callable[[Collection[str]], Awaitable[Mapping[str, datetime]]] | None = None
        """When workflows are due next by the clock; told by whoever fires schedules."""
        self.on_routes_changed: list[Callable[[], None]] = []
        """Called after the set of armed triggers changed."""
        self.on_changed: list[Callable[[Workflow, Change], None]] = []
        """Called after a workflow changed other than by edits."""
        self.on_touched: list[Callable[[str], None]] = []
        """Called with the id of each workflow that was stored by this process, also by edits."""

    # Running

    async def load(self, id_: str) -> Workflow:
        """The draft, as runs by hand take it; kept in memory until it changes here. Raises `NotFound`."""
        workflow = self._loaded.get(id_)
        if workflow is not None:
            return workflow
        async with self.changing(id_):
            return await self.present(id_)

    async def production(self, id_: str) -> Workflow:
        """What triggers and other workflows run: the published version, or the draft when there is none.

        Raises `NotFound`.
        """
        workflow = self._published.get(id_)
        if workflow is not None:
            return workflow
        async with self.changing(id_):
            return await self._production(id_)

    async def _production(self, id_: str) -> Workflow:
        draft = await self.present(id_)
        number = draft.record.published_version
        if number is None:
            return draft
        workflow = await self._past(draft, number)
        self._published[id_] = workflow
        return workflow

    async def warm(self, ids: Iterable[str]) -> None:
        """Read and compile what triggers run, in this order, so that nobody waits for it; as far as there is room."""
        for id_ in takewhile(lambda _: not self._plans.full, ids):
            with contextlib.suppress(FlowStudioError):  # whoever runs it is told why it cannot
                self.plan(await self.production(id_))

    async def _past(self, draft: Workflow, number: int) -> Workflow:
        """A workflow as a version of its history has it. Raises `NotFound`."""
        found = await self._storage.versions.get(draft.record.id, number)
        if found is None:
            raise NotFound(
                f"Workflow '{draft.record.id}' has no version {number} in its history; edits that follow each other quickly "
                "are one entry there."
            )
        made = Draft.of(load_workflow(found[1]))
        return replace(draft, document=made.document, snapshot=Snapshot.of(made.json), version=number)

    def changing(self, id_: str) -> asyncio.Lock:
        """Whoever changes a workflow holds this lock, from reading what it is to remembering what it became."""
        lock = self._locks.get(id_)
        if lock is None:
            lock = self._locks[id_] = asyncio.Lock()
        return lock

    async def present(self, id_: str, *, fresh: bool = False) -> Workflow:
        """The draft, for holders of its lock; `fresh` when another process has changed it. Raises `NotFound`."""
        workflow = None if fresh else self._loaded.get(id_)
        if workflow is None:
            record = await self._storage.workflows.get(id_)
            if record is None:
                self._forget(id_)
                raise NotFound(f"There is no workflow '{id_}'.")
            workflow = self.keep(record)
        return workflow

    def of_execution(self, stored: StoredExecution) -> Workflow:
        """The document that an execution ran with."""
        snapshot = Snapshot.of(stored.document)
        document = load_workflow(stored.document)
        return Workflow(stored.workflow_id, document, snapshot, version=stored.workflow_version)

    def unstored(self, raw: Any) -> Workflow:
        """A document that is not stored, for running it once. Raises `InvalidWorkflow` when its form is wrong."""
        document = load_workflow(raw)
        return Workflow(None, document, Snapshot.of(dump_workflow(document)))

    def plan(self, workflow: Workflow, *, until: str | None = None, only: str | None = None) -> Plan:
        """The compiled plan. Raises `InvalidWorkflow`.

        With the id of a node: of that node and everything before it, or of that node `only`; what else is there may be unfinished.
        """
        if until is not None or only is not None:
            return compile_plan(workflow.document, self.registry, upto=until, only=only)
        return self._plans.of(workflow.snapshot.hash, workflow.document)

    def check(self, raw: Any) -> list[Problem]:
        """Everything that is wrong with a document, of form and of meaning. Executes and stores nothing."""
        try:
            document = load_workflow(raw)
        except InvalidWorkflow as error:
            return error.problems
        return check(document, self.registry)

    def problems(self, workflow: Workflow) -> list[Problem]:
        """What is wrong with the meaning of a workflow's document. Edits of a stored one are looked at alone."""
        earlier = self._checked.pop(workflow.id, None) if workflow.id is not None else None
        earlier = earlier or Earlier()
        problems = check(workflow.document, self.registry, earlier)
        if workflow.id is not None:
            self._checked[workflow.id] = earlier
            if len(self._checked) > CHECKED_KEPT:
                self._checked.popitem(last=False)
        return problems

    # Reading

    async def page(
        self,
        caller: Caller,
        *,
        search: str | None = None,
        tag: str | None = None,
        active: bool | None = None,
        deleted: bool = False,
        order: Order = "created",
        cursor: str | None = None,
        limit: int = 50,
    ) -> tuple[list[Json], str | None]:
        """Workflows with their last executions in the wanted order, and the cursor of the next page."""
        require(caller, "read")
        wanted = WorkflowFilter(
            search=search, tag=tag, active=active, deleted=deleted, order=order, cursor=cursor, limit=limit
        )
        found = await self._storage.workflows.list(wanted)
        last = await self._storage.executions.last_of([summary.id for summary in found])
        following = found[-1].id if len(found) == limit else None
        due = await self.next_runs([one.id for one in found if one.active]) if self.next_runs else {}
        return [
            summary_json(summary, last.get(summary.id), due.get(summary.id)) for summary in found
        ], following

    async def get(self, caller: Caller, id_: str) -> Workflow:
        """A workflow to look at. Raises `NotFound`."""
        require(caller, "read")
        return await self.load(id_)

    async def tags(self, caller: Caller) -> list[tuple[str, int]]:
        """The tags in use and how many workflows have each, by name."""
        require(caller, "read")
        return list(await self._storage.workflows.tags())

    # Changing

    async def create(self, caller: Caller, raw: Any, *, id_: str | None = None) -> Workflow:
        """Store a new workflow as a draft. Raises `InvalidWorkflow` when its form is wrong, `Forbidden` for credentials."""
        require(caller, "edit")
        draft = Draft.of(load_workflow(raw))
        await self.sharing.demand(caller, draft.document)
        record = await self._storage.workflows.create(
            name=draft.document.name,
            document=draft.json,
            tags=draft.document.tags,
            outline=outline(draft.document, self.registry),
            by=caller.user_id or None,
            id=id_,
        )
        return await self._noted(caller, "workflow.created", self.keep(record))

    async def update(
        self, caller: Caller, id_: str, raw: Any, *, expected_version: int | None = None, note: str = ""
    ) -> Workflow:
        """Store a whole new draft. Raises `Conflict` when somebody else was quicker."""
        require(caller, "edit")
        draft = Draft.of(load_workflow(raw))
        await self.sharing.demand(caller, draft.document)
        async with self.changing(id_):
            record = await self._storage.workflows.update(
                id_,
                name=draft.document.name,
                document=draft.json,
                tags=draft.document.tags,
                outline=outline(draft.document, self.registry),
                by=caller.user_id or None,
                note=note,
                expected_version=expected_version,
            )
            workflow = self._changed(self.keep(record), "document")
        return await self._noted(caller, "workflow.changed", workflow)

    async def delete(self, caller: Caller, id_: str) -> None:
        """Switch a workflow off and hide it; it can be brought back until it is purged. Raises `NotFound`."""
        require(caller, "edit")
        async with self.changing(id_):
            workflow = await self.present(id_)
            record = await self._storage.workflows.hide(id_)
            self._forget(id_)
            if workflow.active:
                self.routes_changed()
            self._changed(replace(workflow, active=False, saved=record), "deleted")
        await self._audit.record(caller, "workflow.deleted", workflow.document.name, id_)

    async def bring_back(self, caller: Caller, id_: str) -> Workflow:
        """Undo a deletion; the workflow comes back switched off. Raises `NotFound`, and `Conflict` for one that is there."""
        require(caller, "edit")
        async with self.changing(id_):
            workflow = self.keep(await self._storage.workflows.bring_back(id_))
            self.touched(id_)
        return await self._noted(caller, "workflow.restored", workflow)

    # Production

    async def publish(
        self, caller: Caller, id_: str, *, note: str = "", version: int | None = None
    ) -> Workflow:
        """Make the draft, or a version of the history, what triggers run; an active workflow is armed anew.

        Raises `InvalidWorkflow` when it could not run, `Conflict` when another has its webhook, and `NotFound` for a version
        that the history does not have.
        """
        require(caller, "edit")
        async with self.changing(id_):
            workflow = await self.present(id_)
            if version is not None and version != workflow.version:
                workflow = await self._past(workflow, version)
            await self.sharing.demand(caller, workflow.document)
            if workflow.active:
                self._demand_armed(workflow.document)
            else:
                self.plan(workflow)
            published = await self._publish(workflow, note=note, armed=workflow.active)
        return await self._noted(caller, "workflow.published", published)

    async def unpublish(self, caller: Caller, id_: str) -> Workflow:
        """Disarm the triggers, and let nothing be published."""
        require(caller, "edit")
        async with self.changing(id_):
            await self.present(id_)
            workflow = self._switched(await self._storage.workflows.unpublish(id_))
        return await self._noted(caller, "workflow.unpublished", workflow)

    async def activate(self, caller: Caller, id_: str) -> Workflow:
        """Arm the triggers of the published version; publishes the draft first when there is none.

        Raises `InvalidWorkflow` when it could not run, `Conflict` when another has its webhook.
        """
        require(caller, "edit")
        async with self.changing(id_):
            workflow = await self._production(id_)
            await self.sharing.demand(caller, workflow.document)
            self._demand_armed(workflow.document)
            if workflow.record.published_version is None:
                workflow = await self._publish(workflow, armed=True)
            else:
                routes = webhooks_of(id_, workflow.document)
                workflow = self._switched(await self._storage.workflows.activate(id_, webhooks=routes))
        return await self._noted(caller, "workflow.activated", workflow)

    async def deactivate(self, caller: Caller, id_: str) -> Workflow:
        """Disarm the triggers. Executions that run go on."""
        require(caller, "edit")
        async with self.changing(id_):
            await self.present(id_)
            workflow = self._switched(await self._storage.workflows.deactivate(id_))
        return await self._noted(caller, "workflow.deactivated", workflow)

    async def _noted(self, caller: Caller, action: Action, workflow: Workflow) -> Workflow:
        """Write down who changed what is in production, and which version that is."""
        version = workflow.record.published_version
        await self._audit.record(caller, action, workflow.record.name, workflow.id, version=version)
        return workflow

    async def _publish(self, workflow: Workflow, *, note: str = "", armed: bool) -> Workflow:
        id_ = workflow.record.id
        record = await self._storage.workflows.publish(
            id_,
            expected_version=workflow.record.version,
            version=workflow.version,
            note=note or None,
            webhooks=webhooks_of(id_, workflow.document) if armed else None,
        )
        return self._switched(record)

    def _switched(self, record: WorkflowRecord) -> Workflow:
        self._published.pop(record.id, None)
        workflow = self.keep(record)
        self.routes_changed()
        return self._changed(workflow, "state")

    def _demand_armed(self, document: WorkflowDocument) -> None:
        plan = compile_plan(document, self.registry)
        if not any(plan.nodes[id_].type.arms for id_ in plan.triggers):
            raise InvalidWorkflow(
                [
                    Problem(
                        "no_trigger",
                        "Nothing would start this workflow: add a Webhook or a Schedule, then switch it on.",
                    )
                ]
            )
        open_doors = [
            Problem(
                "credential_missing",
                f"'{node.data.label or node.id}' asks callers for a credential, but none is chosen: choose one, or let anybody call.",
                node=node.id,
            )
            for node in document.nodes
            if node.type == Webhook.type and not node.data.disabled and Webhook.lacks_account(node.data)
        ]
        if open_doors:
            raise InvalidWorkflow(open_doors)

    def keep(
        self, record: WorkflowRecord, draft: Draft | None = None, snapshot: Snapshot | None = None
    ) -> Workflow:
        """Remember a draft, for holders of its lock; spares reading the document when it is known or given."""
        known = self._loaded.get(record.id)
        if draft is None and known is not None and known.record.snapshot == record.snapshot:
            draft, snapshot = known.draft, known.snapshot
        else:
            draft = draft or Draft.of(load_workflow(record.document))
            snapshot = snapshot or Snapshot.of(draft.json)
        saved = replace(record, document=draft.json)
        workflow = Workflow(record.id, draft.document, snapshot, record.active, saved, record.version)
        self._loaded[record.id] = workflow
        return workflow

    async def follow(self, armed: Mapping[str, int | None]) -> None:
        """Another process may have published workflows or switched them: `armed` are those that are on now, by version."""
        for id_, known in list(self._loaded.items()):
            saved = known.record
            if saved.active != (id_ in armed) or (saved.active and saved.published_version != armed[id_]):
                async with self.changing(id_):
                    self._forget(id_)
        self.routes_changed()

    async def changed_elsewhere(self, id_: str | None = None) -> None:
        """Another process has stored a workflow, or perhaps any of them."""
        for each in [id_] if id_ is not None else list(self._loaded):
            async with self.changing(each):
                self._forget(each)

    def touched(self, id_: str) -> None:
        """This process has stored a workflow."""
        for listener in self.on_touched:
            listener(id_)

    def _forget(self, id_: str) -> None:
        self._loaded.pop(id_, None)
        self._published.pop(id_, None)

    def _changed(self, workflow: Workflow, change: Change) -> Workflow:
        self.touched(workflow.record.id)
        for listener in self.on_changed:
            listener(workflow, change)
        return workflow

    def routes_changed(self) -> None:
        """The set of armed triggers changed, here or in another process."""
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
