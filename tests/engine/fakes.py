"""Tiny node types, and stand-ins for what the engine needs from outside."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from flowstudio.engine.clock import Clock
from flowstudio.engine.context import Context, ExecutionInfo, Host
from flowstudio.engine.events import Event, Scope
from flowstudio.engine.item import Binary, Item, Json, Ports
from flowstudio.engine.node import (
    BatchNode,
    Inputs,
    ItemNode,
    LoopNode,
    Pace,
    Port,
    Suspend,
    TriggerNode,
)
from flowstudio.engine.outcome import Outcome, Rest
from flowstudio.engine.plan import Plan, compile_plan
from flowstudio.engine.registry import Registry
from flowstudio.engine.run import Run, Start
from flowstudio.engine.workflow import load_workflow
from flowstudio.errors import CredentialError, LeaseLost, NodeError, NotFound

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


# Nodes


class Begin(TriggerNode):
    """Starts by hand."""

    type = "manual-trigger"
    label = "Begin"


class Hook(TriggerNode):
    """Starts from outside."""

    type = "hook"
    label = "Hook"
    arms = True


class Echo(ItemNode):
    """Adds a value to each item."""

    type = "echo"
    label = "Echo"
    set: Any = None

    async def run(self, item: Item, ctx: Context) -> Ports:
        return {"main": [item if self.set is None else item.with_json({**item.json, "set": self.set})]}


class Sum(BatchNode):
    """Adds all numbers up, and notes the order in which items came."""

    type = "sum"
    label = "Sum"

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        items = [item for items in inputs.values() for item in items]
        total = sum(item.json.get("n", 0) for item in items)
        return {"main": [Item({"n": total, "seen": [item.json.get("n") for item in items]})]}


class Split(ItemNode):
    """Sends small numbers to one side, the others to the other."""

    type = "split"
    label = "Split"
    outputs = (Port("low"), Port("high"))
    limit: int = 10

    async def run(self, item: Item, ctx: Context) -> Ports:
        return {"low" if item.json.get("n", 0) < self.limit else "high": [item]}


class Join(BatchNode):
    """Joins two inputs."""

    type = "join"
    label = "Join"
    inputs = (Port("a"), Port("b"))

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        return {
            "main": [item.with_json({**item.json, "via": port}) for port in inputs for item in inputs[port]]
        }


class Loop(LoopNode):
    """Loops over batches."""

    type = "loop"
    label = "Loop"
    size: Annotated[int, Field(ge=1)] = 1

    def batches(self, items: Sequence[Item]) -> list[list[Item]]:
        return [list(items[i : i + self.size]) for i in range(0, len(items), self.size)]


class Gate(ItemNode):
    """Waits until the test lets it through."""

    type = "gate"
    label = "Gate"
    name: str = ""
    abreast: int = 1

    @classmethod
    def pace(cls, first: Gate) -> Pace:
        return Pace(at_once=first.abreast)

    async def run(self, item: Item, ctx: Context) -> Ports:
        await ctx.use(Gates).wait(self.name or ctx.node)
        return {"main": [item]}


class Fail(ItemNode):
    """Fails a number of times, or for certain numbers."""

    type = "fail"
    label = "Fail"
    times: int = 1000
    only: list[int] | None = None

    async def run(self, item: Item, ctx: Context) -> Ports:
        if self.only is not None and item.json.get("n") not in self.only:
            return {"main": [item]}
        calls = ctx.use(Calls)
        if calls.note(f"{ctx.idempotency_key}#{item.json.get('n')}") <= self.times:
            raise NodeError("no luck")
        return {"main": [item]}


class FailAll(BatchNode):
    """Fails a number of times."""

    type = "fail-all"
    label = "Fail all"
    times: int = 1000

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        if ctx.use(Calls).note(ctx.idempotency_key) <= self.times:
            raise NodeError("no luck at all")
        return {"main": [item for items in inputs.values() for item in items]}


class Once(ItemNode):
    """Must not run twice."""

    type = "once"
    label = "Once"
    repeatable: ClassVar[bool] = False

    async def run(self, item: Item, ctx: Context) -> Ports:
        ctx.use(Calls).note(ctx.idempotency_key)
        return {"main": [item]}


class Sometimes(Once):
    """Must not run twice, unless it says otherwise."""

    type = "sometimes"
    label = "Sometimes"
    safe: bool = False

    @classmethod
    def repeats(cls, properties: Mapping[str, Any]) -> bool:
        return properties.get("safe") is True


class Sleep(BatchNode):
    """Suspends the execution."""

    type = "sleep"
    label = "Sleep"
    until: datetime | None = None

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        if ctx.resumed is None:
            raise Suspend(self.until)
        return {"main": [Item({**item.json, **ctx.resumed}) for item in inputs["main"]]}


class Custom(BatchNode):
    """Does what the test says."""

    type = "custom"
    label = "Custom"
    outputs = (Port(), Port("other"))

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        return await ctx.use(Behaviour).run(inputs, ctx)


REGISTRY = Registry(
    [Begin, Hook, Echo, Sum, Split, Join, Loop, Gate, Fail, FailAll, Once, Sometimes, Sleep, Custom]
)


# Services that these nodes use


class Gates:
    """Lets nodes through one at a time, in the order that the test wants."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[asyncio.Future[None]]] = {}
        self.open = False
        self._changed = asyncio.Event()

    async def wait(self, name: str) -> None:
        """Called by the node."""
        if self.open:
            return
        future = asyncio.get_running_loop().create_future()
        self.waiting.setdefault(name, []).append(future)
        self._changed.set()
        try:
            await future
        finally:
            waiting = self.waiting.get(name, [])
            if future in waiting:
                waiting.remove(future)

    async def reached(self, *names: str) -> None:
        """Wait until nodes wait under all of these names."""
        while not all(self.waiting.get(name) for name in names):
            self._changed.clear()
            await self._changed.wait()

    async def release(self, name: str) -> None:
        """Let one node through as soon as it waits."""
        await self.reached(name)
        self.waiting[name].pop(0).set_result(None)


class Calls:
    """Counts calls by name."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def note(self, name: str) -> int:
        """Count one."""
        self.counts[name] = self.counts.get(name, 0) + 1
        return self.counts[name]


@dataclass
class Behaviour:
    """What a `Custom` node does."""

    run: Callable[[Inputs, Context], Awaitable[Ports]]


# The world outside


class Crash(BaseException):
    """The process dies."""


@dataclass
class MemoryJournal:
    """A journal in memory that can die before or after any append."""

    outcomes: list[Outcome] = field(default_factory=list)
    rest: Rest | None = None
    appends: list[list[Outcome]] = field(default_factory=list)
    held: asyncio.Event | None = None
    """While it is not set, appends wait."""
    lost: bool = False
    """Another runner owns the execution."""
    crash_at: int | None = None
    """Number of the append that dies."""
    crash_durable: bool = False
    """Whether the data of that append is kept."""

    async def append(self, outcomes: Sequence[Outcome], rest: Rest | None = None) -> None:
        if self.held is not None:
            await self.held.wait()
        if self.lost:
            raise LeaseLost("Another runner owns the execution.")
        dies = self.crash_at is not None and len(self.appends) >= self.crash_at
        self.appends.append(list(outcomes))
        if dies and not (self.crash_durable and len(self.appends) == (self.crash_at or 0) + 1):
            raise Crash
        assert self.rest is None, "an append after the rest"
        self.outcomes.extend(outcomes)
        self.rest = rest
        if dies:
            raise Crash


@dataclass(frozen=True)
class Failed:
    """A failed cell."""

    message: str


@dataclass
class FakeEvaluator:
    """Answers templates from a table of Python functions, and keeps what it was asked."""

    answers: Mapping[str, Callable[[Json, Json, Mapping[str, Any], int], Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def evaluate(
        self,
        templates: Sequence[str],
        items: Sequence[Json],
        shared: Json,
        per_item: Mapping[str, Any],
        *,
        owner: str,
        timeout: float,
    ) -> list[list[Any]]:
        self.asked.append(
            {"templates": list(templates), "items": list(items), "shared": shared, "per_item": per_item}
        )
        return [
            [self.answers[template](json, shared, per_item, i) for template in templates]
            for i, json in enumerate(items)
        ]


class NoBinaries:
    """No files."""

    async def put(self, data: bytes, *, mime_type: str, file_name: str) -> Binary:
        return Binary("0" * 64, mime_type, file_name, len(data))

    async def get(self, binary: Binary) -> bytes:
        raise NotFound("There are no files.")


class NoWorkflows:
    """Sub-workflows that give back their input."""

    async def call(
        self, workflow: str, items: Sequence[Item], *, parent: str, key: str, wait: bool
    ) -> Sequence[Item]:
        return items


@dataclass
class FakeVault:
    """Credentials in a table."""

    secrets: Mapping[str, Json] = field(default_factory=dict)

    async def open(self, credential: str, types: Sequence[str]) -> Json:
        if credential not in self.secrets:
            raise CredentialError(f"There is no credential '{credential}'.")
        return self.secrets[credential]


class FakeClock(Clock):
    """A clock that jumps over sleeps and remembers them."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


@dataclass
class World:
    """Everything around the runs of one test."""

    registry: Registry = REGISTRY
    clock: FakeClock = field(default_factory=FakeClock)
    evaluator: FakeEvaluator = field(default_factory=FakeEvaluator)
    vault: FakeVault = field(default_factory=FakeVault)
    gates: Gates = field(default_factory=Gates)
    calls: Calls = field(default_factory=Calls)
    services: dict[type, object] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    journal: MemoryJournal = field(default_factory=MemoryJournal)

    def host(self) -> Host:
        return Host(
            self.evaluator,
            NoBinaries(),
            NoWorkflows(),
            self.vault,
            {Gates: self.gates, Calls: self.calls, **self.services},
        )

    def info(self) -> ExecutionInfo:
        return ExecutionInfo("x1", "manual", "w1", "Test", NOW)

    def run(
        self,
        plan: Plan,
        items: Sequence[Json] = ({},),
        *,
        start: str | None = None,
        journal: MemoryJournal | None = None,
        history: Sequence[Outcome] = (),
        resumed: Mapping[tuple[str, Scope], Json] | None = None,
        use_pinned: bool = False,
    ) -> Run:
        return Run(
            plan,
            self.info(),
            self.host(),
            journal or self.journal,
            self.events.append,
            start=Start(plan.start_node(start), [Item(row) for row in items]),
            history=history,
            resumed=resumed,
            use_pinned=use_pinned,
            clock=self.clock,
        )

    async def execute(self, plan: Plan, items: Sequence[Json] = ({},), **options: Any) -> Rest:
        return await self.run(plan, items, **options).execute()

    def output(self, node: str, scope: Scope = (), port: str = "main") -> list[Json]:
        """What a node gave out."""
        run = next(o for o in self.journal.outcomes if o.key == (node, scope) and o.decided)
        return [item.json for item in run.outputs.get(port, [])]

    def outcome(self, node: str, scope: Scope = ()) -> Outcome:
        return next(o for o in self.journal.outcomes if o.key == (node, scope) and o.decided)

    def ran(self) -> set[str]:
        return {outcome.node for outcome in self.journal.outcomes if outcome.decided}


def draw(nodes: Mapping[str, Any], *edges: str) -> Json:
    """A document from node types by id, and edges such as `a.low > b.a`.

    A node is its type, or a pair of its type and properties, or a dict of `type` and data.
    """
    written = []
    for id_, node in nodes.items():
        if isinstance(node, str):
            written.append({"id": id_, "type": node, "data": {"label": id_}})
        elif isinstance(node, tuple):
            written.append(
                {"id": id_, "type": node[0], "data": {"label": id_, "properties": node[1], **dict(*node[2:])}}
            )
        else:
            written.append(node)
    return {"nodes": written, "edges": [edge for text in edges for edge in _edges(text)]}


def _edges(text: str) -> list[Json]:
    """`a > b > c.in` as edges."""
    ends = [end.strip() for end in text.split(">")]
    edges = []
    for left, right in itertools.pairwise(ends):
        source, _, out = left.partition(".")
        target, _, into = right.partition(".")
        # In the middle of a chain `b.x` names the output.
        edges.append(
            {
                "source": source,
                "target": target,
                "sourceHandle": out or None,
                "targetHandle": (into or None) if right == ends[-1] else None,
            }
        )
    return edges


def plan_of(nodes: Mapping[str, Any], *edges: str, registry: Registry = REGISTRY, **settings: Any) -> Plan:
    """The plan of a drawn document."""
    document = draw(nodes, *edges)
    if settings:
        document["settings"] = settings
    return compile_plan(load_workflow(document), registry)
