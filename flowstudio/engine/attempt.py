"""One node run: its tries, one after the other, until there is an outcome.

A failure is a value (invariant 5): whatever a node raises ends up in the outcome of the try. Only cancellation, a lost
lease and errors of the engine itself pass through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flowstudio.engine.context import Context
from flowstudio.engine.events import (
    ErrorInfo,
    NodeFinished,
    NodeLogged,
    NodeStarted,
    NodeStatus,
    NodeStreamed,
    Scope,
    StepChanged,
    StreamKind,
)
from flowstudio.engine.failure import FINAL, failure_of
from flowstudio.engine.history import Past
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.masking import Told, masked_error, masked_ports
from flowstudio.engine.node import Suspend
from flowstudio.engine.outcome import InputReference, Outcome, OutcomeStatus
from flowstudio.engine.plan import PlanNode
from flowstudio.engine.printing import Printout
from flowstudio.engine.step import Step, Steps
from flowstudio.engine.surroundings import Surroundings
from flowstudio.engine.view import View
from flowstudio.engine.work import Work
from flowstudio.errors import FlowStudioError, Interrupted, NodeError, NodeTimeout, message_of


@dataclass(slots=True)
class _Try:
    """What one try gathers besides its items."""

    number: int
    started_at: datetime
    printout: Printout
    steps: Steps
    told: Told
    usage: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] | None = None

    def end(self) -> None:
        """Tell the rest of what was printed and streamed."""
        self.printout.flush()
        self.told.end()


class Attempts:
    """The tries of one node in one scope."""

    def __init__(
        self,
        around: Surroundings,
        node: PlanNode,
        scope: Scope,
        inputs: Ports,
        references: tuple[InputReference, ...],
        past: Past,
    ) -> None:
        """`inputs` are paired with their own places."""
        self._around, self._node, self._scope = around, node, scope
        self._references, self._past = references, past
        if node.settings.execute_once:
            inputs = {port: items[:1] for port, items in inputs.items()}
        self._work = Work(node, inputs, around.clock)

    async def run(self) -> Outcome:
        """Try until there is an outcome: decided, or `waiting`."""
        if self._past.interrupted:
            return self._interrupted()
        settings = self._node.settings
        tries = settings.max_tries if settings.retry else 1
        failed, number = self._past.failed, self._past.attempts
        if failed:
            await self._back_off(failed, self._past.failed_at)
        while True:
            number += 1
            this = await self._begin(number)
            try:
                failure = await self._try(this)
            except Suspend as suspension:
                return self._outcome(this, "waiting", wake_at=suspension.until)
            finally:
                this.end()
            if failure is None or isinstance(failure, FINAL) or failed + 1 >= tries:
                return self._close(this, failure)
            failed += 1
            retrying = self._outcome(this, "retrying", error=failure)
            await self._around.journal.append([retrying])
            self._around.emit(finished(self._around.info.id, retrying))
            await self._back_off(failed, self._around.clock.now())

    # Loops: the run of their body is not a try of theirs

    async def loop_batches(self) -> list[list[Item]] | Outcome:
        """Split the input of a loop; or the outcome, when that failed."""
        this = await self._begin(self._past.attempts + 1)
        failure = await self._try(this)
        this.end()
        return self._work.batches if failure is None else self._close(this, failure)

    def loop_done(self, began: datetime, outputs: Ports, returned: Sequence[InputReference]) -> Outcome:
        """The outcome of a loop whose iterations are over."""
        self._references = (*self._references, *returned)
        self._work.outputs = outputs
        return self._close(self._loop_try(began), None)

    def loop_failed(self, began: datetime, failure: ErrorInfo, returned: Sequence[InputReference]) -> Outcome:
        """The outcome of a loop in whose body a node stopped the execution."""
        self._references = (*self._references, *returned)
        return replace(self._outcome(self._loop_try(began), "error"), error=failure)

    def _loop_try(self, began: datetime) -> _Try:
        return self._new_try(self._past.attempts + 1, began)

    # A try

    async def _begin(self, number: int) -> _Try:
        around, node = self._around, self._node
        now = around.clock.now()
        around.emit(
            NodeStarted(execution=around.info.id, at=now, node=node.id, scope=self._scope, attempt=number)
        )
        this = self._new_try(number, now)
        if not around.plan.repeats(node):
            await around.journal.append([self._outcome(this, "started")])
        return this

    async def _try(self, this: _Try) -> Exception | None:
        """Run the node once; gives the failure that decides about another try."""
        limit = self._node.settings.timeout
        deadline = asyncio.timeout(limit)
        view = self._view(this.started_at)
        try:
            async with deadline:
                work = self._work.do(view, self._context(this, view))
                failure = await failure_of(work, self._node.label, self._node.type.type)
        except TimeoutError:
            failure = NodeTimeout(
                f"'{self._node.label}' took longer than its timeout of {limit:g} s.", retryable=True
            )
        if failure is not None:
            self._work.fail_rest(failure)
        return failure or self._work.deciding_failure()

    async def _back_off(self, failed: int, since: datetime | None) -> None:
        """Wait before the next try, twice as long after each failure."""
        clock = self._around.clock
        wait = timedelta(seconds=self._node.settings.retry_wait * 2 ** (failed - 1))
        seconds = ((since or clock.now()) + wait - clock.now()).total_seconds()
        if seconds > 0:
            await clock.sleep(seconds)

    def _tell(self, text: str) -> None:
        around = self._around
        around.emit(
            NodeLogged(
                execution=around.info.id,
                at=around.clock.now(),
                node=self._node.id,
                scope=self._scope,
                text=text,
            )
        )

    def _new_try(self, number: int, began: datetime) -> _Try:
        def tell(step: Step) -> None:
            around = self._around
            around.emit(
                StepChanged(
                    execution=around.info.id,
                    at=around.clock.now(),
                    node=self._node.id,
                    scope=self._scope,
                    attempt=number,
                    step=step.told(),
                )
            )

        told = Told(self._around.host.secrets, self._tell, self._stream)
        steps = Steps(self._around.clock, tell, self._node.id, self._around.host.secrets.clean)
        return _Try(number, began, Printout(told.print), steps, told)

    def _stream(self, text: str, kind: StreamKind, item: int) -> None:
        around = self._around
        around.emit(
            NodeStreamed(
                execution=around.info.id,
                at=around.clock.now(),
                node=self._node.id,
                scope=self._scope,
                item=item,
                kind=kind,
                text=text,
            )
        )

    def _view(self, now: datetime) -> View:
        around, work = self._around, self._work
        return View(
            around.plan,
            around.trace,
            around.info,
            around.host,
            self._node,
            self._scope,
            self._references,
            work.port,
            work.items,
            now,
        )

    def _context(self, this: _Try, view: View) -> Context:
        around = self._around

        def respond(response: dict[str, Any]) -> None:
            masked = around.host.secrets.clean(response)
            if around.respond(masked):
                this.response = masked

        def spend(usage: Mapping[str, float]) -> None:
            for name, amount in usage.items():
                this.usage[name] = this.usage.get(name, 0) + amount

        return Context(
            execution=around.info,
            host=around.host,
            node=self._node.id,
            label=self._node.label,
            scope=self._scope,
            attempt=this.number,
            resumed=self._past.resumed,
            suspended_until=self._past.suspended_until,
            outputs=self._node.connected,
            print=this.printout.add,
            respond=respond,
            scope_data=view.shared,
            item_data=view.per_item,
            items=lambda: self._work.items,
            spend=spend,
            steps=this.steps,
            stream=this.told.stream,
            kept=around.trace.kept,
            notes=around.trace.notes,
        )

    # Outcomes

    def _interrupted(self) -> Outcome:
        """A try that must not be repeated was under way when the server stopped."""
        return self.stopped(
            Interrupted(
                f"'{self._node.label}' was running when the server stopped, and it must not run twice. Check what it "
                "did, then retry the execution or start it anew."
            )
        )

    def stopped(self, error: NodeError) -> Outcome:
        """The outcome of a node that must not run. Stops the execution, whatever `on_error` says."""
        this = self._new_try(max(1, self._past.attempts), self._around.clock.now())
        return self._outcome(this, "error", error=error)

    def _close(self, this: _Try, failure: Exception | None) -> Outcome:
        """The decided outcome: what `on_error` makes of failures is settled here."""
        if failure is not None and self._node.settings.on_error == "stop":
            return self._outcome(this, "error", error=failure)
        return self._outcome(this, "success", outputs=self._work.result(failure), error=failure)

    def _outcome(
        self,
        this: _Try,
        status: OutcomeStatus,
        *,
        outputs: Ports | None = None,
        error: Exception | None = None,
        wake_at: datetime | None = None,
    ) -> Outcome:
        secrets = self._around.host.secrets
        return Outcome(
            node=self._node.id,
            scope=self._scope,
            attempt=this.number,
            status=status,
            outputs=masked_ports(outputs or {}, secrets),
            inputs=self._references,
            error=masked_error(self._error_info(error), secrets) if error is not None else None,
            started_at=this.started_at,
            finished_at=self._around.clock.now(),
            stdout=secrets.mask(this.printout.text),
            usage=this.usage,
            steps=this.steps.record(),
            response=this.response,
            wake_at=wake_at,
        )

    def _error_info(self, error: Exception) -> ErrorInfo:
        failed = self._work.failed
        item = next((index for index in sorted(failed) if failed[index] is error), None)
        if isinstance(error, NodeError) and error.item is not None:
            item = error.item
        if isinstance(error, FlowStudioError):
            return ErrorInfo(error.code, error.message, self._node.id, item, error.detail)
        return ErrorInfo("unexpected", message_of(error), self._node.id, item)


_TOLD: Mapping[OutcomeStatus, NodeStatus] = {
    "started": "running",
    "retrying": "error",
    "waiting": "waiting",
    "success": "success",
    "error": "error",
}


def finished(execution: str, outcome: Outcome) -> NodeFinished:
    """The event that tells of an outcome."""
    return NodeFinished(
        execution=execution,
        at=outcome.finished_at,
        node=outcome.node,
        scope=outcome.scope,
        attempt=outcome.attempt,
        status=_TOLD[outcome.status],
        items={port: len(items) for port, items in outcome.outputs.items()},
        milliseconds=(outcome.finished_at - outcome.started_at).total_seconds() * 1000,
        error=outcome.error,
        will_retry=outcome.status == "retrying",
    )
