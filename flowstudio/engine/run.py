"""The loop: run a plan to rest, starting nodes, recording what they come to, and telling about it.

Invariants (those of the ledger are written there)
4. One task owns a scope; only it touches the scope's ledger and records decided outcomes. An iteration of a loop is a scope
   of its own, owned by the task of the loop node, which waits for it.
5. A node's failure is a value; an exception out of the loop is an engine bug (or a lost lease).
6. An outcome is durable before any successor starts.
7. No concurrency slot is held while waiting for another node: the engine has no slots, so that a node which waits for a
   sub-workflow or for its loop's body keeps nothing from running.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from flowstudio.engine.attempt import Attempts, finished
from flowstudio.engine.clock import Clock
from flowstudio.engine.context import ExecutionInfo, Host
from flowstudio.engine.events import ErrorInfo, ExecutionFinished, ExecutionStatus, Scope
from flowstudio.engine.graph import Level
from flowstudio.engine.history import History
from flowstudio.engine.item import Item, Json, Pair, Ports
from flowstudio.engine.ledger import Ledger, Release
from flowstudio.engine.lineage import Trace, placed
from flowstudio.engine.masking import MaskedBinaries
from flowstudio.engine.node import LoopNode
from flowstudio.engine.outcome import InputReference, Outcome, Rest
from flowstudio.engine.plan import Plan, PlanNode
from flowstudio.engine.start import Start, bypass, first_outcome
from flowstudio.engine.store import Emit, Journal
from flowstudio.engine.surroundings import Answers, Surroundings
from flowstudio.engine.volume import require_number, require_room
from flowstudio.errors import ExecutionTimeout, NodeError
from flowstudio.redaction import Secrets, in_use

MAX_ROUNDS = 10_000
"""Iterations of a loop whose batches come from its own body."""

__all__ = ["Run", "Start", "first_outcome"]


@dataclass(slots=True)
class _Frame:
    """One scope while it runs."""

    level: Level
    scope: Scope
    ledger: Ledger
    ready: deque[Release] = field(default_factory=deque)
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """Until their outcome is taken, not until their task ends: else outcomes get lost."""
    arrived: list[tuple[str, Outcome | None]] = field(default_factory=list)
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    asleep: bool = False
    """Some node of the scope waits for a time or a call."""
    failure: ErrorInfo | None = None

    def busy(self) -> bool:
        """Whether anything runs or may start."""
        return bool(self.ready or self.running)

    def failed(self) -> bool:
        """Whether a node stopped the execution."""
        return self.failure is not None


class Run:
    """One execution of a plan."""

    def __init__(
        self,
        plan: Plan,
        info: ExecutionInfo,
        host: Host,
        journal: Journal,
        emit: Emit,
        *,
        start: Start,
        history: Sequence[Outcome] = (),
        resumed: Mapping[tuple[str, Scope], Json] | None = None,
        use_pinned: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """`history` is the log so far; a node run found decided there is not run again.

        `resumed` holds what woke nodes that had suspended the execution.
        """
        self._plan, self._start, self._use_pinned = plan, start, use_pinned
        self._journal, self._emit, self._execution = journal, emit, info.id
        self._clock = clock or Clock()
        self._trace = Trace()
        self._history = History(history, resumed or {}, self._clock.now())
        answers = Answers(info.id, emit, self._clock, answered=self._history.responded)
        secrets = Secrets(in_use)
        host = replace(host, secrets=secrets, binaries=MaskedBinaries(host.binaries, secrets))
        self._around = Surroundings(plan, info, host, journal, emit, self._trace, self._clock, answers.give)
        self._unwritten: list[Outcome] = []
        """Iterations that began; they can be told again from the log, so they need no write of their own."""
        self._wakes: list[datetime] = []
        self._last: str | None = None
        self._at_rest: Rest | None = None
        """Set when it is durable."""
        self._detached = False

    async def execute(self) -> Rest:
        """Run to rest. The rest is durable when this returns.

        Cancel the awaiting task to cancel the execution: running nodes are cancelled, the rest `cancelled` is recorded and
        returned, and the task is not cancelled any more. After `detach`, cancelling records nothing and `CancelledError`
        comes out. Raises `LeaseLost` when another runner owns the execution.
        """
        try:
            return await self._execute()
        except BaseExceptionGroup as group:
            error: BaseException = group
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            raise error from error.__cause__

    def detach(self) -> None:
        """From now on cancelling means: stop here and record nothing, so that another start resumes the execution."""
        self._detached = True

    async def _execute(self) -> Rest:
        limit = self._plan.document.settings.timeout
        left = None if limit is None else max(0.0, limit - self._history.busy_seconds)
        deadline = asyncio.timeout(left)
        try:
            async with deadline:
                return await self._run_all()
        except TimeoutError:
            if not deadline.expired():
                raise
            if self._at_rest is not None:
                return self._at_rest
            overtime = ExecutionTimeout(
                f"The execution took longer than the {limit:g} s that the workflow allows."
            )
            return await self._save(self._rest("error", ErrorInfo(overtime.code, overtime.message)))
        except asyncio.CancelledError:
            rest = self._at_rest
            if rest is None:
                if self._detached:
                    raise
                rest = await self._save(self._rest("cancelled", None))
            if (task := asyncio.current_task()) is not None:
                while task.uncancel():
                    pass
            return rest

    async def _save(self, rest: Rest) -> Rest:
        """Record a rest whatever happened; cancelling does not stop that any more."""
        with contextlib.suppress(asyncio.CancelledError):
            await self._record([], rest)
        return rest

    async def _run_all(self) -> Rest:
        level = self._plan.levels[None]
        frame = _Frame(level, (), Ledger(level))
        roots = [node for node in level.nodes if not level.incoming[node]]
        frame.ready.extend(frame.ledger.begin(roots if self._start.node is None else [self._start.node]))
        rest = await self._drive(frame)
        if rest is None:  # nothing to run, or everything was in the log already
            rest = self._rest_of(frame)
            await self._record([], rest)
        return rest

    async def _drive(self, frame: _Frame) -> Rest | None:
        """Run a scope until nothing in it can go on; gives the rest if it was recorded with the last outcome."""
        rest: Rest | None = None
        async with asyncio.TaskGroup() as group:
            while frame.busy() and not frame.failed():
                outcomes = self._take(frame, await self._next(frame, group))
                if frame.failed():
                    outcomes += self._take(frame, await self._halt(frame))
                if not frame.scope and (frame.failed() or not frame.busy()):
                    rest = self._rest_of(frame)
                await self._record(outcomes, rest)
        return rest

    async def _next(self, frame: _Frame, group: asyncio.TaskGroup) -> list[tuple[str, Outcome | None]]:
        """Start what may start and wait for outcomes: all that are there, at least one."""
        if len(frame.ready) == 1 and not frame.running:
            release = frame.ready.popleft()
            return [(release.node, await self._run_node(release, frame.scope))]
        while frame.ready:
            release = frame.ready.popleft()
            frame.running[release.node] = group.create_task(self._run_aside(release, frame))
        await frame.bell.wait()
        return self._arrivals(frame)

    async def _run_aside(self, release: Release, frame: _Frame) -> None:
        outcome = await self._run_node(release, frame.scope)
        frame.arrived.append((release.node, outcome))
        frame.bell.set()

    def _arrivals(self, frame: _Frame) -> list[tuple[str, Outcome | None]]:
        frame.bell.clear()
        arrived, frame.arrived = frame.arrived, []
        for node, _ in arrived:
            del frame.running[node]
        return arrived

    async def _halt(self, frame: _Frame) -> list[tuple[str, Outcome | None]]:
        """Cancel what still runs; outcomes that were there already count."""
        for task in frame.running.values():
            task.cancel()
        if frame.running:
            await asyncio.wait(frame.running.values())
        arrived = self._arrivals(frame)
        frame.running.clear()
        return arrived

    def _take(self, frame: _Frame, arrived: Iterable[tuple[str, Outcome | None]]) -> list[Outcome]:
        """Enter outcomes into the ledger. Gives those that the log does not have yet.

        What this releases starts only after they are recorded.
        """
        new: list[Outcome] = []
        for node, outcome in arrived:
            if outcome is None:  # a loop with a sleeper inside
                frame.asleep = True
                continue
            if not self._history.knows(outcome):
                new.append(outcome)
            if outcome.status == "waiting":
                frame.asleep = True
                if outcome.wake_at is not None:
                    self._wakes.append(outcome.wake_at)
                continue
            self._trace.add(outcome)
            self._last = node
            if outcome.status == "error":
                frame.failure = frame.failure or outcome.error or ErrorInfo("error", "The node failed.", node)
            else:
                frame.ready.extend(frame.ledger.finish(node, outcome.outputs))
        return new

    async def _record(self, outcomes: list[Outcome], rest: Rest | None) -> None:
        """Make outcomes durable, then tell about them."""
        if not outcomes and rest is None:
            return
        entries = [*self._unwritten, *outcomes]
        self._unwritten.clear()
        if rest is None:
            await self._journal.append(entries)
            self._tell(outcomes)
        else:
            await self._append_rest(entries, rest, outcomes)

    def _tell(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self._emit(finished(self._execution, outcome))

    async def _append_rest(self, entries: list[Outcome], rest: Rest, told: list[Outcome]) -> None:
        """Append what ends the run. Under shield: a rest that is on its way to the log must not be followed by another."""
        saving = asyncio.ensure_future(self._journal.append(entries, rest))
        cancelled: asyncio.CancelledError | None = None
        while not saving.done():
            try:
                await asyncio.shield(saving)
            except asyncio.CancelledError as error:
                cancelled = error
        saving.result()
        self._at_rest = rest
        self._tell(told)
        self._emit(
            ExecutionFinished(
                execution=self._execution,
                at=rest.finished_at,
                status=rest.status,
                error=rest.error,
                wake_at=rest.wake_at,
            )
        )
        if cancelled is not None:
            raise cancelled

    def _rest_of(self, frame: _Frame) -> Rest:
        if frame.failure is not None:
            return self._rest("error", frame.failure)
        return self._rest("waiting" if frame.asleep else "success", None)

    def _rest(self, status: ExecutionStatus, error: ErrorInfo | None) -> Rest:
        return Rest(
            status=status,
            error=error,
            finished_at=self._clock.now(),
            wake_at=min(self._wakes, default=None) if status == "waiting" else None,
            last_node=self._last,
        )

    # Nodes

    async def _run_node(self, release: Release, scope: Scope) -> Outcome | None:
        """One node run: its outcome, from the log if it is there; None for a loop in which something sleeps."""
        node = self._plan.nodes[release.node]
        known = self._history.decided(node.id, scope)
        if known is not None:
            return known
        past = self._history.past(node.id, scope)
        try:
            inputs, references = self._inputs(node, release, scope)
        except NodeError as error:
            return Attempts(self._around, node, scope, {}, (), past).stopped(error)
        now = self._clock.now()
        if (
            not scope
            and node.id == self._start.node
            and (first := first_outcome(self._plan, self._start, now))
        ):
            return first
        passed = bypass(node, scope, inputs, references, now, use_pinned=self._use_pinned)
        if passed is not None:
            return passed
        sleeping = self._history.asleep(node.id, scope)
        if sleeping is not None:
            return sleeping
        attempts = Attempts(self._around, node, scope, inputs, references, past)
        if issubclass(node.type, LoopNode):
            return await self._loop(node, node.type, scope, attempts, references)
        return await attempts.run()

    def _inputs(
        self, node: PlanNode, release: Release, scope: Scope
    ) -> tuple[Ports, tuple[InputReference, ...]]:
        """What a node gets: by port, in edge order, each item paired with its place; and where it came from.

        Raises `NodeError` when that is too much.
        """
        if not release.arrivals:
            items = self._start.items or [Item({})]
            return ({node.inputs[0]: placed(items, node.inputs[0])} if node.inputs else {}), ()
        require_number(node.label, (len(arrival.items) for arrival in release.arrivals))
        gathered: dict[str, list[Item]] = {port: [] for port in node.inputs}
        references: list[InputReference] = []
        for arrival in release.arrivals:
            edge = arrival.edge
            gathered[edge.target_port].extend(arrival.items)
            # A loop that is entered here has a log entry in the scope of the iteration, so that all sources share it.
            references.append(
                InputReference(edge.target_port, edge.source, scope, edge.source_port, len(arrival.items))
            )
        if len(release.arrivals) > 1:
            require_room(node.label, [item for items in gathered.values() for item in items])
        return {port: placed(items, port) for port, items in gathered.items() if items}, tuple(references)

    async def _loop(
        self,
        node: PlanNode,
        cls: type[LoopNode],
        scope: Scope,
        attempts: Attempts,
        references: tuple[InputReference, ...],
    ) -> Outcome | None:
        """Run the body once for each batch, one after the other, and gather what comes back, or go on with it."""
        began = self._clock.now()
        batches = await attempts.loop_batches()
        if isinstance(batches, Outcome):
            return batches
        level = self._plan.levels[node.id]
        gathered: list[Item] = []
        returned: list[InputReference] = []
        todo = deque((batch, references) for batch in batches)
        number = -1
        while todo:
            number += 1
            if number >= MAX_ROUNDS and cls.feeds_back:
                message = f"'{node.label}' has gone round {MAX_ROUNDS} times and still something comes back."
                return attempts.stopped(NodeError(f"{message} Check what ends the circle."))
            batch, origin = todo.popleft()
            inner = (*scope, f"{node.id}:{number}")
            self._begin_iteration(node.id, inner, {cls.loop_port: batch}, origin)
            if not todo:
                self._trace.final.add((node.id, inner))
            frame = _Frame(level, inner, Ledger(level))
            frame.ready.extend(frame.ledger.enter(batch))
            await self._drive(frame)
            if frame.failure is not None:
                return attempts.loop_failed(began, frame.failure, returned)
            if frame.asleep:
                return None
            back = (len(arrival.items) for arrival in frame.ledger.returned)
            try:
                require_number(node.label, (len(gathered), *back))
            except NodeError as error:
                return attempts.stopped(error)
            if cls.feeds_back:
                gathered, returned = [], []
            for arrival in frame.ledger.returned:
                edge = arrival.edge
                returned.append(
                    InputReference(cls.back_port, edge.source, inner, edge.source_port, len(arrival.items))
                )
                first = len(gathered)
                gathered.extend(
                    Item(item.json, item.binary, (Pair(first + i, cls.back_port),))
                    for i, item in enumerate(arrival.items)
                )
            if cls.feeds_back and gathered:
                todo.append((gathered, tuple(returned)))
        return attempts.loop_done(began, {cls.done_port: gathered} if gathered else {}, returned)

    def _begin_iteration(
        self, node: str, scope: Scope, outputs: Ports, references: tuple[InputReference, ...]
    ) -> None:
        now = self._clock.now()
        iteration = self._history.decided(node, scope)
        if iteration is None:
            iteration = Outcome(
                node=node,
                scope=scope,
                status="success",
                outputs=outputs,
                inputs=references,
                started_at=now,
                finished_at=now,
            )
            self._unwritten.append(iteration)
        self._trace.add(iteration)
