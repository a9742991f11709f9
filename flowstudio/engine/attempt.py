"""One node run: its tries, one after the other, until there is an outcome.

A failure is a value (invariant 5): whatever a node raises ends up in the outcome of the try. Only cancellation, a lost
lease and errors of the engine itself pass through. This is the one place that catches broadly.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from flowstudio.engine.binding import open_credentials
from flowstudio.engine.clock import Clock
from flowstudio.engine.context import Context, ExecutionInfo, Host
from flowstudio.engine.events import ErrorInfo, NodeFinished, NodeLogged, NodeStarted, Scope
from flowstudio.engine.history import Past
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.lineage import Trace, paired
from flowstudio.engine.node import (
    ERROR_PORT,
    BatchNode,
    ItemNode,
    LoopNode,
    Node,
    Suspend,
)
from flowstudio.engine.outcome import InputReference, Outcome
from flowstudio.engine.parameters import fields_of
from flowstudio.engine.plan import Plan, PlanNode
from flowstudio.engine.portable import require_json
from flowstudio.engine.printing import Printout
from flowstudio.engine.store import Emit, Journal
from flowstudio.engine.view import View, resolve
from flowstudio.errors import (
    CredentialError,
    ExpressionError,
    FlowStudioError,
    Interrupted,
    LeaseLost,
    NodeError,
    NodeTimeout,
    OutboundRefused,
    ParameterError,
)

log = logging.getLogger(__name__)

FINAL = (CredentialError, ExpressionError, Interrupted, OutboundRefused, ParameterError)
"""Failures that another try would only repeat."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all node runs of an execution share."""

    plan: Plan
    info: ExecutionInfo
    host: Host
    journal: Journal
    emit: Emit
    trace: Trace
    clock: Clock
    respond: Callable[[dict[str, Any]], bool]
    """Answers the caller; False when somebody had answered before."""


@dataclass(slots=True)
class _Try:
    """What one try gathers besides its items."""

    number: int
    started_at: datetime
    printout: Printout
    usage: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] | None = None


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
        self._inputs = (
            {port: items[:1] for port, items in inputs.items()} if node.settings.execute_once else inputs
        )
        self._references = references
        self._past = past
        self._port, self._items = next(iter(self._inputs.items()), ("main", []))
        self._instances: list[Node | Exception] | None = None
        self._done: dict[int, Ports] = {}
        """Item index -> what an `ItemNode` made of it; kept over the tries, so that only failed items are tried again."""
        self._failed: dict[int, Exception] = {}
        self._ports: Ports = {}
        """What a `BatchNode` made."""
        self._batches: list[list[Item]] = []
        self._loop_try = _Try(1, around.clock.now(), Printout(lambda text: None))

    async def run(self) -> Outcome:
        """Try until there is an outcome: decided, or `waiting`."""
        if self._past.interrupted:
            now = self._around.clock.now()
            this = _Try(self._past.attempts, now, Printout(lambda text: None))
            return self._outcome(
                this,
                "error",
                error=Interrupted(
                    f"'{self._node.label}' was running when the server stopped, and it must not run twice. Check what it "
                    "did, then retry the execution or start it anew."
                ),
            )
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
                this.printout.flush()
                return self._outcome(this, "waiting", wake_at=suspension.until)
            this.printout.flush()
            if failure is None or isinstance(failure, FINAL) or failed + 1 >= tries:
                return self._close(this, failure)
            failed += 1
            await self._give_up_try(this, failure)
            await self._back_off(failed, self._around.clock.now())

    async def loop_batches(self) -> list[list[Item]] | Outcome:
        """Split the input of a loop; or the outcome, when that failed."""
        self._loop_try = this = await self._begin(self._past.attempts + 1)
        failure = await self._guard(self._split(this))
        this.printout.flush()
        return self._close(this, failure) if failure is not None else self._batches

    def loop_done(self, outputs: Ports, returned: Sequence[InputReference]) -> Outcome:
        """The outcome of a loop whose iterations are over."""
        self._ports, self._references = outputs, (*self._references, *returned)
        return self._close(self._loop_try, None)

    def loop_failed(self, failure: ErrorInfo, returned: Sequence[InputReference]) -> Outcome:
        """The outcome of a loop in whose body a node stopped the execution."""
        self._references = (*self._references, *returned)
        return replace(self._outcome(self._loop_try, "error"), error=failure)

    async def _begin(self, number: int) -> _Try:
        around, node = self._around, self._node
        now = around.clock.now()
        around.emit(
            NodeStarted(execution=around.info.id, at=now, node=node.id, scope=self._scope, attempt=number)
        )
        this = _Try(number, now, Printout(self._tell))
        if not node.type.repeatable:
            await around.journal.append([self._outcome(this, "started")])
        return this

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

    async def _give_up_try(self, this: _Try, failure: Exception) -> None:
        """Log a failed try that will be repeated."""
        outcome = self._outcome(this, "retrying", error=failure)
        await self._around.journal.append([outcome])
        self._around.emit(finished(self._around.info.id, outcome))

    async def _back_off(self, failed: int, since: datetime | None) -> None:
        """Wait before the next try, twice as long after each failure."""
        clock = self._around.clock
        due = (since or clock.now()) + timedelta(seconds=self._node.settings.retry_wait * 2 ** (failed - 1))
        if (seconds := (due - clock.now()).total_seconds()) > 0:
            await clock.sleep(seconds)

    async def _try(self, this: _Try) -> Exception | None:
        """Run the node once; gives the failure that decides about another try."""
        cls = self._node.type
        limit = self._node.settings.timeout
        work = self._each(this) if issubclass(cls, ItemNode) else self._batch(this)
        deadline = asyncio.timeout(limit)
        try:
            async with deadline:
                failure = await self._guard(work)
        except TimeoutError:
            failure = NodeTimeout(
                f"'{self._node.label}' took longer than its timeout of {limit:g} s.", retryable=True
            )
        if failure is not None and issubclass(cls, ItemNode):
            for index in range(len(self._items)):
                if index not in self._done:
                    self._failed.setdefault(index, failure)
        if failure is None and self._failed:
            failure = self._deciding_failure()
        return failure

    def _deciding_failure(self) -> Exception:
        """Of the items' failures: one that another try may mend, when the others do not stop the execution anyway."""
        ordered = [self._failed[index] for index in sorted(self._failed)]
        if self._node.settings.on_error == "stop":
            return ordered[0]
        return next((failure for failure in ordered if not isinstance(failure, FINAL)), ordered[0])

    async def _guard(self, work: Any) -> Exception | None:
        """Await work of a node; its failure becomes a value."""
        try:
            await work
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return NodeError(f"'{self._node.label}' was cancelled from within.")
        except (Suspend, LeaseLost):
            raise
        except Exception as error:
            return self._understood(error)
        return None

    def _understood(self, error: Exception) -> Exception:
        """The failure itself, out of its groups; surprises are logged, without their texts, which may hold data."""
        while isinstance(error, ExceptionGroup) and error.exceptions:
            error = error.exceptions[0]
        if isinstance(error, (Suspend, LeaseLost)):
            raise error
        if not isinstance(error, FlowStudioError):
            log.error(
                "a node failed unexpectedly",
                extra={
                    "execution": self._around.info.id,
                    "node_type": self._node.type.type,
                    "error": type(error).__name__,
                    "trace": "".join(traceback.format_tb(error.__traceback__)),
                },
            )
        return error

    # Instances

    async def _bind(self, this: _Try, *, first_only: bool) -> list[Node | Exception]:
        """An instance for each item, or why there is none. Made once; later tries use them again."""
        if self._instances is None:
            binding = self._node.binding
            if binding.instance is not None:
                self._instances = [binding.instance] * (1 if first_only else len(self._items))
            else:
                view = self._view(this.started_at)
                injected: dict[str, Any] = dict(await open_credentials(binding, self._around.host.vault))
                injected.update(await self._fill_slots(self._node, view))
                rows = await resolve(binding, view, first_only=first_only)
                self._instances = [
                    row if isinstance(row, Exception) else self._make(self._node, row, injected)
                    for row in rows
                ]
        return self._instances

    @staticmethod
    def _make(node: PlanNode, values: Sequence[Any], injected: Mapping[str, Any]) -> Node | Exception:
        try:
            return node.binding.make(values, injected)
        except ParameterError as error:
            return error

    async def _fill_slots(self, owner: PlanNode, view: View) -> dict[str, Any]:
        """The sub-nodes of a node, by field; their parameters are resolved for the first item."""
        filled: dict[str, Any] = {}
        for name, ids in owner.binding.slots.items():
            instances = [await self._sub_node(self._around.plan.nodes[id_], view) for id_ in ids]
            many = fields_of(owner.type).slots[name].many
            filled[name] = instances if many else instances[0]
        return filled

    async def _sub_node(self, node: PlanNode, view: View) -> Node:
        if node.disabled:
            raise NodeError(f"'{node.label}', which '{view.node.label}' needs, is disabled; enable it.")
        if node.binding.instance is not None:
            return node.binding.instance
        injected: dict[str, Any] = dict(await open_credentials(node.binding, self._around.host.vault))
        injected.update(await self._fill_slots(node, view))
        row = (await resolve(node.binding, view, first_only=True))[0]
        made = row if isinstance(row, Exception) else self._make(node, row, injected)
        if isinstance(made, ParameterError | ExpressionError):
            raise type(made)(f"'{node.label}': {made.message}", parameter=made.parameter)
        if isinstance(made, Exception):
            raise made
        return made

    def _view(self, now: datetime) -> View:
        around = self._around
        return View(
            around.plan,
            around.trace,
            around.info,
            around.host,
            self._node,
            self._scope,
            self._references,
            self._port,
            self._items,
            now,
        )

    def _context(self, this: _Try) -> Context:
        around = self._around
        view = self._view(this.started_at)

        def respond(response: dict[str, Any]) -> None:
            if around.respond(response):
                this.response = response

        def spend(usage: Mapping[str, float]) -> None:
            for name, amount in usage.items():
                this.usage[name] = this.usage.get(name, 0) + amount

        return Context(
            around.info,
            around.host,
            self._node.id,
            self._node.label,
            self._scope,
            this.number,
            self._past.resumed,
            self._past.suspended_until,
            self._node.connected,
            this.printout.add,
            respond,
            view.shared,
            view.per_item,
            spend,
        )

    # Running

    async def _first(self, this: _Try) -> Node:
        first = (await self._bind(this, first_only=True))[0]
        if isinstance(first, Exception):
            raise first
        return first

    async def _split(self, this: _Try) -> None:
        loop = await self._first(this)
        if not isinstance(loop, LoopNode):
            raise TypeError(f"{type(loop).__qualname__} is no loop")
        self._batches = [list(batch) for batch in loop.batches(self._items) if batch]

    async def _batch(self, this: _Try) -> None:
        node = await self._first(this)
        if not isinstance(node, BatchNode):
            raise TypeError(f"{type(node).__qualname__} cannot run by itself")
        outputs = await node.run(self._inputs, self._context(this))
        known = {id(item.json) for items in self._inputs.values() for item in items}
        self._ports = paired(self._accept(outputs, known), self._inputs)

    async def _each(self, this: _Try) -> None:
        instances = await self._bind(this, first_only=False)
        context = self._context(this)
        first = next((i for i in instances if isinstance(i, ItemNode)), None)
        pace = type(first).pace(first) if first is not None else None
        at_once, pause = (max(1, pace.at_once), pace.pause) if pace is not None else (1, 0.0)
        self._failed = {i: failure for i, failure in self._failed.items() if isinstance(failure, FINAL)}
        todo = [i for i in range(len(self._items)) if i not in self._done and i not in self._failed]
        for begin in range(0, len(todo), at_once):
            if begin and pause:
                await self._around.clock.sleep(pause)
            indexes = todo[begin : begin + at_once]
            if len(indexes) == 1:
                await self._one(indexes[0], instances, context)
            else:
                async with asyncio.TaskGroup() as group:
                    for index in indexes:
                        group.create_task(self._one(index, instances, context))
            if self._failed and self._node.settings.on_error == "stop":
                return

    async def _one(self, index: int, instances: Sequence[Node | Exception], context: Context) -> None:
        instance, item = instances[index], self._items[index]
        if isinstance(instance, ItemNode):
            failure = await self._guard(self._treat(index, instance, item, context))
            if failure is not None:
                self._failed[index] = failure
        elif isinstance(instance, Exception):
            self._failed[index] = instance

    async def _treat(self, index: int, instance: ItemNode, item: Item, context: Context) -> None:
        outputs = self._accept(await instance.run(item, context), {id(item.json)})
        self._done[index] = {
            port: [
                made
                if made.paired_item == item.paired_item
                else Item(made.json, made.binary, item.paired_item)
                for made in items
            ]
            for port, items in outputs.items()
        }

    def _accept(self, outputs: Ports, known: set[int]) -> Ports:
        """Check what a node gave out; data that came in (`known`, by identity) is known to be right."""
        for port, items in outputs.items():
            if port not in self._node.outputs:
                raise NodeError(
                    f"'{self._node.label}' gave items to an output '{port}', which it does not have."
                )
            if new := [item.json for item in items if id(item.json) not in known]:
                require_json(new)
        return outputs

    # Outcomes

    def _close(self, this: _Try, failure: Exception | None) -> Outcome:
        """The decided outcome: what `on_error` makes of failures is settled here."""
        settings = self._node.settings
        if failure is not None and settings.on_error == "stop":
            return self._outcome(this, "error", error=failure)
        each = issubclass(self._node.type, ItemNode)
        outputs: Ports = self._gathered() if each else {}
        if failure is None and not each:
            outputs = self._ports
        elif failure is not None and not each:
            port = self._failure_port()
            items = [self._as_failed(item, failure) for item in self._items or [Item({})]]
            outputs = {port: items} if port is not None else {}
        if settings.always_output and self._node.outputs and not any(outputs.values()):
            outputs = {self._node.outputs[0]: [Item({})]}
        return self._outcome(this, "success", outputs=outputs, error=failure)

    def _gathered(self) -> Ports:
        """What became of all items, in their order, failed ones among the others."""
        outputs: Ports = {}
        port_of_failures = self._failure_port()
        for index in range(len(self._items)):
            if index in self._done:
                for port, items in self._done[index].items():
                    outputs.setdefault(port, []).extend(items)
            elif index in self._failed and port_of_failures is not None:
                item = self._as_failed(self._items[index], self._failed[index])
                outputs.setdefault(port_of_failures, []).append(item)
        return outputs

    def _failure_port(self) -> str | None:
        if self._node.settings.on_error == "error_output":
            return ERROR_PORT
        return self._node.outputs[0] if self._node.outputs else None

    def _as_failed(self, item: Item, failure: Exception) -> Item:
        """An item that failed, as data."""
        message = message_of(failure)
        if self._node.settings.on_error == "error_output":
            return item.with_json({**item.json, "error": message})
        return Item({"error": message}, None, item.paired_item)

    def _outcome(
        self,
        this: _Try,
        status: Literal["started", "retrying", "waiting", "success", "error"],
        *,
        outputs: Ports | None = None,
        error: Exception | None = None,
        wake_at: datetime | None = None,
    ) -> Outcome:
        return Outcome(
            node=self._node.id,
            scope=self._scope,
            attempt=this.number,
            status=status,
            outputs=outputs or {},
            inputs=self._references,
            error=self._error_info(error) if error is not None else None,
            started_at=this.started_at,
            finished_at=self._around.clock.now(),
            stdout=this.printout.text,
            usage=this.usage,
            response=this.response,
            wake_at=wake_at,
        )

    def _error_info(self, error: Exception) -> ErrorInfo:
        item = next((i for i in sorted(self._failed) if self._failed[i] is error), None)
        if isinstance(error, NodeError) and error.item is not None:
            item = error.item
        code = error.code if isinstance(error, FlowStudioError) else "unexpected"
        detail = error.detail if isinstance(error, FlowStudioError) else None
        return ErrorInfo(code, message_of(error), self._node.id, item, detail)


def message_of(error: Exception) -> str:
    """What to tell people about a failure."""
    if isinstance(error, FlowStudioError):
        return error.message
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def finished(execution: str, outcome: Outcome) -> NodeFinished:
    """The event that tells of an outcome."""
    status = {"retrying": "error", "started": "running"}.get(outcome.status, outcome.status)
    return NodeFinished(
        execution=execution,
        at=outcome.finished_at,
        node=outcome.node,
        scope=outcome.scope,
        attempt=outcome.attempt,
        status=status,  # type: ignore[arg-type]  # mypy widens the literals of the mapping
        items={port: len(items) for port, items in outcome.outputs.items()},
        milliseconds=(outcome.finished_at - outcome.started_at).total_seconds() * 1000,
        error=outcome.error,
        will_retry=outcome.status == "retrying",
    )
