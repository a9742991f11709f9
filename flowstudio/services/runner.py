"""The runner: claims executions, runs them, keeps their leases, and picks up what a dead runner left.

Where several processes share the work, hints come from the queue, and the reconciler picks up (see `dispatcher`).

Invariants
1. An execution runs here only between a successful claim and the moment its rest is stored or its lease is lost.
2. A stopping runner records nothing for what it interrupts: it gives the leases back, and whoever claims next resumes.
3. Sub-workflow executions take no slot: their parent holds one while it waits for them.
4. An execution that cannot go on fails with the reason, so that it is not claimed again and again; only what may pass (a
   lost lease, a database that is away) leaves it for a later claim.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flowstudio.engine import clock
from flowstudio.engine.context import ExecutionInfo, Host
from flowstudio.engine.events import ErrorInfo, Event, ExecutionFinished, ExecutionStarted
from flowstudio.engine.outcome import Rest
from flowstudio.engine.run import Run, Start
from flowstudio.engine.store import Bus, Journal
from flowstudio.errors import ConfigurationError, FlowStudioError, InvalidWorkflow, LeaseLost, NewerVersion
from flowstudio.services.claimed import Active, Claimed
from flowstudio.services.dispatcher import Dispatcher
from flowstudio.services.figures import Figures
from flowstudio.services.live import LiveStates
from flowstudio.services.run_vault import RunVault
from flowstudio.services.slots import Slots
from flowstudio.services.standstill import BELIEVED, Standstill, Wary
from flowstudio.services.workflows import Workflow, WorkflowService
from flowstudio.storage import Storage
from flowstudio.storage.owners import new_owner
from flowstudio.storage.records import StoredExecution
from flowstudio.storage.taking import Taken
from flowstudio.storage.writer import may_pass

log = logging.getLogger(__name__)

LEASE = 30.0
"""Seconds that a claim holds without a heartbeat."""
RESUMED_AT_ONCE = 20
"""Executions of a backlog that are taken up together."""
SETTLE = 0.5
"""Seconds that they have to come to rest before the next ones are taken up too."""
RECOVERY = 5.0
"""Seconds between two looks for executions that nobody runs."""


AfterRest = Callable[[Claimed, Rest], Awaitable[None]]
"""What has to happen when an execution came to rest."""


class Runner:
    """Runs executions in this process."""

    def __init__(self, storage: Storage, workflows: WorkflowService, bus: Bus, *, limit: int) -> None:
        self.owner = new_owner()
        self.live = LiveStates()
        self.figures = Figures()
        self.standstill = Standstill()
        self.host: Host | None = None
        """Set before `start`."""
        self.after_rest: AfterRest | None = None
        """Set before `start`."""
        self.works = True
        """Whether executions run in this process at all."""
        self.dispatcher: Dispatcher | None = None
        """Who hints executions that this runner puts to sleep or leaves, beside a heart that keeps its leases; None: it
        looks for them itself, and keeps its leases."""
        self._storage = storage
        self._workflows = workflows
        self._bus = bus
        self._slots = Slots(limit)
        self._active: dict[str, Active] = {}
        self._claiming: set[str] = set()
        self._beyond: set[str] = set()
        """Written by a newer version."""
        self._unwanted: set[str] = set()
        """Of those being claimed: the ones to cancel."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._freed = asyncio.Event()
        self._look = asyncio.Event()
        self._wakes: list[asyncio.TimerHandle] = []

    # Life

    async def start(self) -> None:
        """Begin to look for executions that nobody runs, those of a server that died first of all."""
        if not self.works:
            return
        await self._storage.executions.release_dead(self.owner)
        if self.dispatcher is None:
            self._spawn(self._recover())
            self._spawn(self._keep_leases())

    async def drain(self, seconds: float) -> None:
        """Claim nothing more, and let what runs come to rest for a while."""
        self._stopping = True
        self._freed.set()
        resting = [active.task for active in self._active.values() if active.task is not None]
        if resting:
            await asyncio.wait(resting, timeout=seconds if seconds < math.inf else None)

    async def stop(self) -> None:
        """Stop all executions where they are; the next start, or another process, resumes them."""
        self._stopping = True
        left = list(self._active)
        for handle in self._wakes:
            handle.cancel()
        for active in self._active.values():
            if active.run is not None:
                active.run.detach()
        for task in (tasks := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.works:
            await self._storage.executions.release(self.owner)
        if self.dispatcher is not None:
            for execution in left:
                self.dispatcher.submit(execution)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def limit(self) -> int:
        """How many executions run at the same time."""
        return self._slots.limit

    async def allow(self, limit: int) -> None:
        """Run so many at the same time from now on."""
        await self._slots.resize(limit)
        self._freed.set()

    # Hints

    def submit(self, execution: str) -> None:
        """An execution waits for a runner: try to claim and run it."""
        self._submit(execution)

    def _submit(self, execution: str) -> asyncio.Task[None] | None:
        """The task that claims the execution, unless it runs or is being claimed already."""
        active = self._active.get(execution)
        if active is not None:
            active.hinted = True
        elif not self._stopping and execution not in self._claiming and execution not in self._beyond:
            self._claiming.add(execution)
            return self._spawn(self._claim_and_run(execution))
        return None

    async def carry(self, execution: str) -> None:
        """Claim an execution when there is room, and run it to rest; nothing when somebody else has it."""
        while self.room <= 0 and not self._stopping and execution not in self._active:
            self._freed.clear()
            await self._freed.wait()
        claiming = self._submit(execution)
        if claiming is not None:
            await asyncio.wait([claiming])
        resting = self.finished(execution)
        if resting is not None:
            await asyncio.wait([resting])

    def run(self, claimed: Claimed) -> None:
        """Run an execution that this runner owns."""
        active = Active(asyncio.get_running_loop().create_future())
        self._active[claimed.info.id] = active
        self.live.begin(claimed.info.id)
        active.task = self._spawn(self._run(claimed, active))

    def cancel(self, execution: str) -> None:
        """Stop an execution for good if it runs here."""
        active = self._active.get(execution)
        if active is None:
            if execution in self._claiming:
                self._unwanted.add(execution)
            else:
                self.submit(execution)  # it may have fallen asleep since the wish was stored
        elif active.rested:
            active.hinted = True
        elif not active.cancelled:
            active.cancelled = True
            if (active.run is not None or active.queued) and active.task is not None:
                active.task.cancel()

    def finished(self, execution: str) -> asyncio.Future[Rest] | None:
        """Resolves when an execution that runs here comes to rest; None when it does not run here."""
        active = self._active.get(execution)
        return active.finished if active is not None else None

    @property
    def room(self) -> int:
        """How many more may run here now."""
        return 0 if self._stopping else self.limit - len(self._active) - len(self._claiming)

    @property
    def running(self) -> list[str]:
        """The executions that run here. May be asked by other threads."""
        return list(self._active)

    @property
    def active(self) -> int:
        """How many executions run here."""
        return len(self._active)

    # Work

    async def _claim_and_run(self, execution: str) -> None:
        try:
            taken = await self._storage.executions.take(execution, self.owner, LEASE)
            if taken is None:
                return
            try:
                claimed = await self._read(taken)
            except NewerVersion as error:
                await self._leave(execution, taken.claim.fence, error)
                return
            except Exception as error:
                known = isinstance(error, FlowStudioError) or may_pass(error)
                if not known and await self._beside_newer():
                    unread = NewerVersion(f"The log of execution '{execution}' cannot be read: {error!r}.")
                    await self._leave(execution, taken.claim.fence, unread)
                    return
                rest = await self._give_up(execution, taken.claim.fence, error)
                if rest is not None:
                    self._emit_rest(execution, rest)
                return
            if execution in self._unwanted:
                claimed = replace(claimed, cancel_requested=True)
        except Exception:
            log.exception("claiming an execution failed; it is tried again", extra={"execution": execution})
            return
        finally:
            self._claiming.discard(execution)
            self._freed.set()
            self._unwanted.discard(execution)
        self.run(claimed)

    async def _read(self, taken: Taken) -> Claimed:
        """Everything about an execution that was claimed."""
        id_ = taken.id
        stored = taken.stored or await self._storage.executions.load(id_)
        if stored is None:
            raise LeaseLost(f"Execution '{id_}' was deleted.")
        try:
            workflow = self._workflows.of_execution(stored)
            plan = self._workflows.plan(workflow, until=stored.until_node, only=stored.only_node)
        except InvalidWorkflow as error:
            if await self._is_newer(error):
                raise NewerVersion(f"The document of execution '{id_}' needs a newer FlowStudio.") from error
            raise
        history = taken.history
        if history is None:
            history = await self._storage.executions.outcomes(id_)
        return Claimed(
            info=self.info(stored, workflow),
            workflow=workflow,
            plan=plan,
            start=Start(stored.start_node, list(stored.start_items)),
            fence=taken.claim.fence,
            history=history,
            use_pinned=bool(stored.options.get("pinned")),
            cancel_requested=taken.claim.cancel_requested,
            resumed=taken.claim.fence > 1,
            secrets=self._storage.credentials.unseal(id_, sealed)
            if (sealed := stored.options.get("secrets"))
            else {},
        )

    async def _is_newer(self, error: InvalidWorkflow) -> bool:
        """Whether a document is wrong here only because this version is old: whoever accepted it compiled it."""
        if any(problem.code == "newer_schema" for problem in error.problems):
            return True
        return await self._beside_newer()

    async def _beside_newer(self) -> bool:
        """Whether a process of a newer version shares the work."""
        return self.dispatcher is not None and await self._storage.processes.any_newer()

    def info(self, stored: StoredExecution, workflow: Workflow) -> ExecutionInfo:
        """What nodes learn of their execution."""
        return ExecutionInfo(
            id=stored.id,
            mode=stored.mode,
            workflow_id=stored.workflow_id,
            workflow_name=stored.workflow_name,
            started_at=stored.started_at or stored.created_at,
            timezone=workflow.document.settings.timezone or self._demand_host().timezone,
            depth=stored.depth,
            active=workflow.active,
        )

    def _demand_host(self) -> Host:
        if self.host is None:
            raise AssertionError("the runner has no host yet")
        return self.host

    def _host_of(self, claimed: Claimed) -> Host:
        host = self._demand_host()
        return replace(host, vault=RunVault(host.vault, claimed.secrets)) if claimed.secrets else host

    async def _run(self, claimed: Claimed, active: Active) -> None:
        """Run one execution to rest. Nothing but a cancelled runner comes out of here."""
        id_ = claimed.info.id
        try:
            rest: Rest | None
            try:
                rest = await self._admitted(claimed, active)
            except Exception as error:
                rest = await self._give_up(id_, claimed.fence, error)
            if rest is not None:
                active.rested = True
                await self._rested(claimed, active, rest)
        except Exception:
            log.exception("what follows an execution's rest failed", extra={"execution": id_})
        finally:
            self._active.pop(id_, None)
            self._freed.set()
            self.live.end(id_)
            if not active.finished.done():
                active.finished.cancel()
            if active.hinted:
                (self.dispatcher if self._stopping and self.dispatcher else self).submit(id_)

    async def _admitted(self, claimed: Claimed, active: Active) -> Rest:
        """Run once there is a slot; cancelling does not wait for one."""
        if claimed.info.depth:
            return await self._execute(claimed, active)
        try:
            active.queued = True
            await self._slots.acquire()
        except asyncio.CancelledError:
            if not active.cancelled or self._stopping or active.task is None:
                raise
            active.task.uncancel()
            active.queued = False
            return await self._execute(claimed, active)
        active.queued = False
        try:
            return await self._execute(claimed, active)
        finally:
            self._slots.release()

    async def _leave(self, id_: str, fence: int, error: NewerVersion) -> None:
        """Let a newer process have an execution, and do not try again."""
        log.warning("execution left for a newer version", extra={"execution": id_, "reason": error.message})
        self._beyond.add(id_)
        await self._storage.executions.release_one(id_, self.owner, fence)
        if self.dispatcher is not None:
            self.dispatcher.submit(id_)

    async def _give_up(self, id_: str, fence: int, error: Exception) -> Rest | None:
        """Record that an execution cannot go on; None when it is left for a later claim, which may have more luck."""
        if isinstance(error, LeaseLost):
            log.warning("execution taken over by another runner, or left to one", extra={"execution": id_})
            await self._storage.executions.release_one(id_, self.owner, fence)
            return None
        if isinstance(error, ConfigurationError) or may_pass(error):
            log.error("execution left for later", extra={"execution": id_, "reason": str(error)})
            return None
        if isinstance(error, FlowStudioError):
            told = ErrorInfo(error.code, error.message)
            log.error("execution cannot go on", extra={"execution": id_, "reason": error.message})
        else:
            told = ErrorInfo("internal", "Something went wrong in FlowStudio itself; its log tells more.")
            log.error("execution cannot go on: this is a bug", exc_info=error, extra={"execution": id_})
        rest = Rest(status="error", error=told, finished_at=clock.now())
        try:
            await self._storage.executions.journal(id_, self.owner, fence).append((), rest)
        except Exception:
            log.exception("execution left for later", extra={"execution": id_})
            return None
        return rest

    async def _execute(self, claimed: Claimed, active: Active) -> Rest:
        id_ = claimed.info.id
        journal: Journal = self._storage.executions.journal(id_, self.owner, claimed.fence)
        if self.dispatcher is not None and claimed.fence < BELIEVED:
            journal = Wary(journal, self.standstill)
        self._emit(
            ExecutionStarted(
                execution=id_,
                at=clock.now(),
                workflow=claimed.info.workflow_id,
                resumed=claimed.resumed,
            )
        )
        calls = await self._storage.executions.resumptions(id_) if claimed.resumed else []
        run = active.run = Run(
            claimed.plan,
            claimed.info,
            self._host_of(claimed),
            journal,
            self._emit,
            start=claimed.start,
            history=claimed.history,
            resumed={(call.node, call.scope): call.data for call in calls},
            use_pinned=claimed.use_pinned,
        )
        if active.cancelled or claimed.cancel_requested:
            rest = Rest(status="cancelled", finished_at=clock.now())
            await journal.append((), rest)
            return rest
        rest = await run.execute()
        active.told = True
        return rest

    async def _rested(self, claimed: Claimed, active: Active, rest: Rest) -> None:
        """The rest is durable: do what follows from it, and tell everybody."""
        if rest.status == "waiting":
            self._wake_at(rest.wake_at, claimed.info.id)
        if self.after_rest is not None:
            await self.after_rest(claimed, rest)
        self._active.pop(claimed.info.id, None)
        if not active.finished.done():
            active.finished.set_result(rest)
        if not active.told:
            self._emit_rest(claimed.info.id, rest)

    def _emit_rest(self, execution: str, rest: Rest) -> None:
        self._emit(
            ExecutionFinished(
                execution=execution,
                at=rest.finished_at,
                status=rest.status,
                error=rest.error,
                wake_at=rest.wake_at,
            )
        )

    def _emit(self, event: Event) -> None:
        self.live.note(event)
        self.figures.hear(event)
        self._bus.publish(event)

    # Looking after

    def _wake_at(self, at: datetime | None, execution: str | None = None) -> None:
        """Look when the time has come, if that is soon; what sleeps for longer is found by looking again and again."""
        if at is None:
            return
        delay = max(0.0, (at - clock.now()).total_seconds())
        if delay < RECOVERY * 2:
            loop = asyncio.get_running_loop()
            self._wakes = [h for h in self._wakes if not h.cancelled() and h.when() > loop.time()]
            if self.dispatcher is not None and execution is not None:
                self._wakes.append(loop.call_later(delay + 0.01, self.dispatcher.submit, execution))
            else:
                self._wakes.append(loop.call_later(delay + 0.001, self._look.set))

    async def _recover(self) -> None:
        """Find executions that nobody runs: accepted ones, sleepers whose time has come, and what a dead runner left."""
        while True:
            self._look.clear()
            try:
                await self._resume(await self._storage.executions.recoverable())
                self._wake_at(await self._storage.executions.next_wake())
            except Exception:
                log.exception("looking for executions failed; it is tried again")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), RECOVERY)

    async def _resume(self, executions: Sequence[str]) -> None:
        """Take up executions, oldest first and a few at a time.

        A long backlog would else advance in step, and a server that is killed again and again would finish nothing. Those
        that take long do not keep the next ones waiting.
        """
        for at in range(0, len(executions), RESUMED_AT_ONCE):
            few = executions[at : at + RESUMED_AT_ONCE]
            claims = [task for execution in few if (task := self._submit(execution)) is not None]
            if claims and at + RESUMED_AT_ONCE < len(executions):
                await asyncio.wait(claims, timeout=SETTLE)
                resting = [rest for execution in few if (rest := self.finished(execution)) is not None]
                if resting:
                    await asyncio.wait(resting, timeout=SETTLE)

    async def _keep_leases(self) -> None:
        """Renew the leases of what runs here, and pass on wishes to cancel that came through the database."""
        while True:
            await asyncio.sleep(LEASE / 3)
            try:
                ids = list(self._active)
                beat = await self._storage.executions.heartbeat(self.owner, ids, LEASE)
                for id_ in beat.cancel_requested:
                    self.cancel(id_)
            except Exception:
                log.exception("renewing leases failed; it is tried again")
