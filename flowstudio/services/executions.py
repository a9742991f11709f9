"""Executions: start, wait, cancel, retry, delete, and what follows when one comes to rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from flowstudio.engine import clock
from flowstudio.engine.context import ExecutionInfo, Mode
from flowstudio.engine.events import EventsMissed, ExecutionFinished, ExecutionStatus
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import TriggerNode
from flowstudio.engine.outcome import Outcome, Rest
from flowstudio.engine.run import Start, first_outcome
from flowstudio.engine.store import Bus
from flowstudio.engine.workflow import WorkflowSettings, load_workflow
from flowstudio.errors import Conflict, FlowStudioError, InvalidRequest, NotFound
from flowstudio.nodes.flow.execute_workflow import ExecuteWorkflow
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.services.claimed import Claimed
from flowstudio.services.dispatcher import Dispatcher
from flowstudio.services.error_report import SILENT, error_report, not_started, watcher_of
from flowstudio.services.given import Given
from flowstudio.services.kept import brought, changed_nodes, kept_before
from flowstudio.services.live import LiveStates
from flowstudio.services.runner import LEASE, Runner
from flowstudio.services.starting import StartRequest, queue_of
from flowstudio.services.workflows import Workflow, WorkflowService
from flowstudio.storage import Storage
from flowstudio.storage.records import ExecutionFilter, ExecutionSummary, NewExecution, StoredExecution

log = logging.getLogger(__name__)

FINAL = frozenset({"success", "error", "cancelled"})
"""Statuses of executions that never run again."""
CAUGHT_UP = timedelta(days=1)
CAUGHT_UP_AT_MOST = 1000
LISTED = 200
"""Deleted executions that one entry of the audit log names."""
MAX_DEPTH = 20
"""Levels of workflows that call workflows."""


class ExecutionService:
    """What people and programs do with executions. Methods that act for somebody check the caller first."""

    def __init__(
        self,
        storage: Storage,
        workflows: WorkflowService,
        runner: Runner,
        dispatcher: Dispatcher,
        bus: Bus,
        *,
        timezone: str = "UTC",
        base_url: str = "",
    ) -> None:
        self._storage = storage
        self._audit = Audit(storage)
        self._workflows = workflows
        self._runner = runner
        self._dispatcher = dispatcher
        self._bus = bus
        self._timezone = timezone
        self._base_url = base_url
        self.given = Given(storage)

    @property
    def live(self) -> LiveStates:
        """The present state of what runs."""
        return self._runner.live

    async def start(self, request: StartRequest) -> str:
        """Accept an execution: it is durable when this returns, and runs as soon as it may. Gives its id.

        With a `call_key` that is taken, gives the id of the execution that has it. Raises `InvalidWorkflow` when the
        workflow cannot run, and `Conflict` for a moment of a schedule that has been dealt with.
        """
        workflow = request.workflow
        if request.depth > MAX_DEPTH:
            raise InvalidRequest(
                f"Workflows call each other more than {MAX_DEPTH} levels deep; break the circle."
            )
        plan = self._workflows.plan(workflow, until=request.until, only=request.only)
        now = clock.now()
        start = Start(
            plan.start_node(request.node, request.mode),
            list(request.items) if request.items is not None else [Item({})],
        )
        history = list(request.kept)
        first = first_outcome(plan, start, now) if not history else None
        if first is not None:
            history = [first]
        settings = workflow.document.settings
        new = NewExecution(
            id=request.id,
            workflow_id=workflow.id,
            workflow_name=workflow.document.name,
            workflow_version=workflow.version,
            document=workflow.snapshot,
            mode=request.mode,
            status="running" if self._runs_here(request) else "queued",
            owner=self._runner.owner,
            lease_seconds=LEASE,
            queue=queue_of(request),
            start_node=start.node,
            start_items=() if first is not None else start.items,
            outcomes=history,
            until_node=request.until,
            only_node=request.only,
            parent_id=request.parent,
            depth=request.depth,
            call_key=request.call_key,
            due=(request.node, request.due) if request.node is not None and request.due is not None else None,
            retry_of=request.retry_of,
            options=self._options(request),
            secrets=partial(self._storage.credentials.sealed, request.id, dict(request.secrets))
            if request.secrets
            else None,
            limit=1 if request.alone else settings.concurrency if request.depth == 0 else None,
        )
        created = await self._storage.executions.create(new)
        if created.is_new and created.fence:
            info = ExecutionInfo(
                id=created.id,
                mode=request.mode,
                workflow_id=workflow.id,
                workflow_name=workflow.document.name,
                started_at=now,
                timezone=settings.timezone or self._timezone,
                depth=request.depth,
                active=workflow.active,
            )
            self._runner.run(
                Claimed(
                    info,
                    workflow,
                    plan,
                    start,
                    created.fence,
                    history,
                    request.pinned,
                    secrets=request.secrets,
                )
            )
        elif created.status == "queued":
            self._dispatcher.submit(created.id, new.queue)
        return created.id

    def _runs_here(self, request: StartRequest) -> bool:
        """Whether this process runs it at once. Where several share the work, only what an execution here waits for."""
        return self._runner.works and (self._runner.dispatcher is None or request.awaited)

    def _options(self, request: StartRequest) -> Json:
        options: Json = {"pinned": True} if request.pinned else {"awaited": True} if request.awaited else {}
        return options

    async def execute(
        self,
        caller: Caller,
        workflow_id: str,
        data: Any = None,
        *,
        node: str | None = None,
        until: str | None = None,
        pinned: bool = False,
        mode: Mode = "manual",
        secrets: Mapping[str, Json] | None = None,
    ) -> str:
        """Start a stored workflow by hand, with data for its trigger; gives the execution's id.

        With `pinned` and without data, a trigger brings the items that are pinned to it.
        """
        require(caller, "run")
        workflow = await self._workflows.load(workflow_id)
        await self._workflows.sharing.demand(caller, workflow.document)
        plan = self._workflows.plan(workflow, until=until)
        start = plan.start_node(node)
        trigger = plan.nodes[start].type if start is not None else TriggerNode
        kept = plan.nodes[start].document.data.pinned if pinned and start is not None else None
        if kept is not None and data is None:
            items = [Item(row) for row in kept]
        else:
            items = (trigger if issubclass(trigger, TriggerNode) else TriggerNode).start_items(data)
        started = await self.start(
            StartRequest(
                workflow=workflow,
                mode=mode,
                node=start,
                items=items,
                until=until,
                pinned=pinned,
                secrets=secrets or {},
            )
        )
        await self._noted_start(caller, workflow, started)
        return started

    async def _noted_start(self, caller: Caller, workflow: Workflow, id_: str, **detail: Any) -> None:
        name = workflow.document.name
        await self._audit.record(
            caller, "execution.started", name, id_, workflow=workflow.id, version=workflow.version, **detail
        )

    async def wait(self, id_: str, timeout: float | None = None) -> Rest | None:
        """Wait until an execution comes to its final rest; None when that takes longer than `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                return await self.finish(id_)
        except TimeoutError:
            return None

    async def finish(self, id_: str, *, run: bool = False) -> Rest:
        """Wait until an execution comes to its final rest, however long that takes.

        With `run` this process runs it whenever nobody else does: whoever waits may hold the slot that it would need.
        """
        subscription = self._bus.subscribe(id_)
        try:
            while True:
                finished = self._runner.finished(id_)
                if finished is not None:
                    await asyncio.wait([finished])
                    if not finished.cancelled() and finished.result().status in FINAL:
                        return finished.result()
                summary = await self._storage.executions.get(id_)
                if summary is None:
                    raise NotFound(f"There is no execution '{id_}' any more.")
                if summary.status in FINAL:
                    return Rest(
                        status=summary.status,
                        error=summary.error,
                        finished_at=summary.finished_at or clock.now(),
                        last_node=summary.last_node,
                    )
                if run:
                    self._runner.submit(id_)
                async for event in subscription:
                    if isinstance(event, EventsMissed):
                        break
                    if isinstance(event, ExecutionFinished) and event.status in FINAL:
                        if self._runner.finished(id_) is not None:
                            break
                        return Rest(status=event.status, error=event.error, finished_at=event.at)
        finally:
            subscription.close()

    async def last_items(self, id_: str) -> list[Item]:
        """The items of the node that ran last, all its ports together; for a while also when they are not saved."""
        summary = await self._storage.executions.get(id_)
        if summary is None or summary.last_node is None:
            return []
        ports = await self._storage.executions.outputs(id_, summary.last_node)
        return [item for items in ports.values() for item in items] or self.given.of(id_)

    async def retry(
        self, caller: Caller, id_: str, *, from_node: str | None = None, current: bool = False
    ) -> str:
        """Run a finished execution again, from the node that failed or from `from_node`; gives the new execution's id.

        What was decided before that node is taken over; where nothing failed, all nodes run anew. With `current`, today's version of the workflow runs, else the
        document as it was.
        """
        require(caller, "run")
        stored = await self._load(id_)
        if stored.status not in FINAL:
            raise Conflict(f"Execution '{id_}' has not finished; only finished executions can be retried.")
        if stored.data_dropped:
            raise Conflict(f"The data of execution '{id_}' was not kept; run the workflow anew.")
        if not current:
            workflow = self._workflows.of_execution(stored)
        elif stored.workflow_id is not None:
            workflow = await self._workflows.load(stored.workflow_id)
        else:
            raise Conflict(f"Execution '{id_}' belongs to no stored workflow; retry it as it was.")
        await self._workflows.sharing.demand(caller, workflow.document)
        plan = self._workflows.plan(workflow)
        if from_node is not None and from_node not in plan.nodes:
            raise NotFound(f"The workflow has no node '{from_node}' to retry from.")
        outcomes = await self._storage.executions.outcomes(id_)
        anew = from_node is None and stored.status == "success"
        kept = [] if anew else kept_before(plan, outcomes, from_node)
        started = await self.start(
            StartRequest(
                workflow=workflow,
                mode="retry",
                node=stored.start_node,
                items=brought(stored, outcomes),
                kept=kept,
                until=stored.until_node,
                only=stored.only_node,
                pinned=bool(stored.options.get("pinned")),
                retry_of=id_,
            )
        )
        name = workflow.document.name
        await self._audit.record(
            caller, "execution.retried", name, started, workflow=workflow.id, retry_of=id_
        )
        return started

    async def run_node(
        self,
        caller: Caller,
        workflow_id: str,
        node: str,
        *,
        items: Ports | None = None,
        execution: str | None = None,
        onward: bool = False,
    ) -> str:
        """Run one node: on the given items, or on what led to it in an earlier execution.

        Nodes before it that were changed since that execution run again too; without an execution, all of them do.
        With `onward` the workflow goes on behind the node, and what an execution holds before it is taken over as it
        is. Gives the execution's id.
        """
        require(caller, "run")
        workflow = await self._workflows.load(workflow_id)
        await self._workflows.sharing.demand(caller, workflow.document)
        if all(drawn.id != node for drawn in workflow.document.nodes):
            raise NotFound(f"The workflow has no node '{node}'.")
        if items is not None:
            plan = self._workflows.plan(workflow, only=node)
            ports = plan.nodes[node].inputs
            given = [port for port in items if port != "main" and port not in ports[:1]]
            if given:
                raise Conflict(
                    f"'{plan.nodes[node].label}' can be run alone on items of its first input only, not of '{given[0]}'; "
                    "name an execution whose data it should run on."
                )
            start = [item for rows in items.values() for item in rows]
            alone = await self.start(
                StartRequest(workflow=workflow, mode="manual", node=node, only=node, items=start, pinned=True)
            )
            await self._noted_start(caller, workflow, alone, node=node)
            return alone
        plan = self._workflows.plan(workflow, until=None if onward else node)
        kept: Sequence[Outcome] = ()
        start_node, start_items = None, None
        if execution is not None:
            stored = await self._load(execution)
            if stored.workflow_id != workflow_id:
                raise Conflict(
                    f"Execution '{execution}' is one of another workflow; name one of this workflow."
                )
            if stored.data_dropped:
                raise Conflict(f"The data of execution '{execution}' was not kept; name another one.")
            outcomes = await self._storage.executions.outcomes(execution)
            changed = set() if onward else changed_nodes(load_workflow(stored.document), workflow.document)
            kept = kept_before(plan, outcomes, node, changed)
            start_node, start_items = stored.start_node, brought(stored, outcomes)
        started = await self.start(
            StartRequest(
                workflow=workflow,
                mode="manual",
                node=start_node,
                items=start_items,
                until=None if onward else node,
                kept=kept,
                pinned=True,
            )
        )
        await self._noted_start(caller, workflow, started, node=node)
        return started

    async def cancel(self, caller: Caller, id_: str) -> None:
        """Stop an execution for good, at once. Raises `Conflict` when it has finished."""
        require(caller, "run")
        stored = await self._load(id_)
        if stored.status in FINAL:
            raise Conflict(f"Execution '{id_}' has finished already: {stored.status}.")
        status = await self._cancel(id_)
        if status not in ("cancelled", "running"):
            raise Conflict(f"Execution '{id_}' has finished already: {status}.")
        workflow = stored.workflow_id
        await self._audit.record(caller, "execution.cancelled", stored.workflow_name, id_, workflow=workflow)

    async def stop(self, id_: str) -> None:
        """Stop an execution for whoever may; nothing when it has finished."""
        await self._cancel(id_)

    async def _cancel(self, id_: str) -> ExecutionStatus | None:
        """Cancel, and tell whoever has to know; the status afterwards, `running` when its runner was asked."""
        status = await self._storage.executions.request_cancel(id_)
        if status == "cancelled":
            self._bus.publish(ExecutionFinished(execution=id_, at=clock.now(), status="cancelled"))
        elif status == "running":
            self._dispatcher.cancel(id_)
        return status

    async def _cancel_called(self, claimed: Claimed) -> None:
        """Nobody waits any more for the workflows that an execution had called: cancel them."""
        if any(node.type.type == ExecuteWorkflow.type for node in claimed.plan.nodes.values()):
            for id_ in await self._storage.executions.awaited_by(claimed.info.id):
                await self._cancel(id_)

    async def delete(self, caller: Caller, ids: Sequence[str]) -> int:
        """Delete finished executions; gives how many. Raises `Conflict` for one that still runs."""
        require(caller, "edit")
        for id_ in ids:
            summary = await self._storage.executions.get(id_)
            if summary is not None and summary.status not in FINAL:
                raise Conflict(f"Execution '{id_}' has not finished; cancel it first.")
        deleted = await self._storage.executions.delete(ids)
        if deleted:
            await self._audit.record(caller, "execution.deleted", count=deleted, ids=list(ids)[:LISTED])
        return deleted

    async def after_rest(self, claimed: Claimed, rest: Rest) -> None:
        """What follows when an execution came to rest: the error workflow, the save policy, whoever waits for the slot."""
        settings = claimed.workflow.document.settings
        info = claimed.info
        if claimed.secrets and rest.status in FINAL:
            await self._storage.executions.forget_secrets(info.id)
        if rest.status in ("error", "cancelled"):
            await self._cancel_called(claimed)
        if rest.status == "error":
            await self._report(claimed.workflow, info, rest)
        drop = {"success": settings.save_success, "error": settings.save_error}.get(rest.status)
        if drop == "none" and not info.depth:  # what a sub-workflow gave is needed until its caller is done
            if self._runner.dispatcher is not None:
                self.given.drop_later(info.id)
            else:
                await self.given.drop(info.id, await self.last_items(info.id))
        limited = settings.concurrency is not None or claimed.in_line
        if limited and info.workflow_id is not None and info.depth == 0:
            for id_ in await self._storage.executions.admit(info.workflow_id, settings.concurrency):
                self._dispatcher.submit(id_)
        if self._storage.executions.most is not None and info.depth == 0:
            for id_, queue in await self._storage.executions.admit_any():
                self._dispatcher.submit(id_, queue)

    async def catch_up(self) -> None:
        """Do what should have followed executions that came to rest just before a server died.

        Looks at the newest ones of a day. What was done already is not done again.
        """
        since = clock.now() - CAUGHT_UP
        policies: dict[str, WorkflowSettings] = {}
        for status in ("error", "success"):
            wanted = ExecutionFilter(status=status, since=since, limit=CAUGHT_UP_AT_MOST)
            for summary in await self._storage.executions.page(wanted):
                settings = policies.get(summary.snapshot)
                if settings is None:
                    stored = await self._load(summary.id)
                    settings = policies[summary.snapshot] = load_workflow(stored.document).settings
                await self._catch_up(summary, settings)

    async def _catch_up(self, summary: ExecutionSummary, settings: WorkflowSettings) -> None:
        failed = summary.status == "error"
        if failed and summary.mode not in SILENT:
            stored = await self._load(summary.id)
            workflow = self._workflows.of_execution(stored)
            info = self._runner.info(stored, workflow)
            at = summary.finished_at or clock.now()
            rest = Rest(status="error", error=summary.error, finished_at=at, last_node=summary.last_node)
            await self._report(workflow, info, rest)
        dropped = (settings.save_error if failed else settings.save_success) == "none"
        if dropped and not summary.data_dropped and not summary.depth:
            await self._storage.executions.drop_data(summary.id)

    async def _report(self, failed: Workflow, info: ExecutionInfo, rest: Rest) -> None:
        """Start the error workflow of one that failed, if there is one."""
        if (id_ := watcher_of(failed.document, info)) is None:
            return
        try:
            workflow = await self._workflows.production(id_)
            await self.start(
                StartRequest(
                    workflow=workflow,
                    mode="error",
                    items=[Item(error_report(failed.document, info, rest, self._base_url))],
                    parent=info.id,
                    depth=info.depth,
                    call_key=f"error:{info.id}",
                )
            )
        except FlowStudioError as error:
            not_started(id_, info, error)

    async def _load(self, id_: str) -> StoredExecution:
        stored = await self._storage.executions.load(id_)
        if stored is None:
            raise NotFound(f"There is no execution '{id_}'.")
        return stored
