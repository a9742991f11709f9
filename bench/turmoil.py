"""What `bench.chaos` calls: the workflows, the counter that their steps call, and what was seen of it all."""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Counted
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx

from bench.documents import Document, chain, edit, node
from bench.sink import answer_calls, due

NodeRun: TypeAlias = tuple[str, str, tuple[str, ...]]
"""Execution, node, scope."""

LIST = 3
"""Items that the counter gives to a loop."""
TOKENS = 12
PERSIST = 90.0
"""Seconds for which a caller that got no answer tries again."""
AFTERMATH = 10.0
"""Seconds after it woke up within which the last words of a frozen process are told apart from a fault."""
EARLY = 1.0
"""Seconds before its time at which the run of a schedule, or the end of a pause, is wrong: the clock of PostgreSQL counts."""
PAUSES = {"wait": 1.5, "sleep": 3.0}
"""By workflow: seconds between its steps `a` and `b` at least."""
UNANSWERED = (httpx.HTTPError, AttributeError)
"""What a call raises that gets no answer; the second when a connection is lost in the moment in which it is made."""
FINAL = ("success", "error", "cancelled")


@dataclass(frozen=True)
class Plan:
    """How long, how many, how much."""

    seconds: float = 1800.0
    seed: int = 0
    servers: int = 2
    workers: int = 3
    rate: float = 6.0
    """Calls a second."""
    clocks: int = 4
    burst: int = 300
    lease: float = 30.0
    """Of executions, in seconds."""
    pause: float = 6.0
    """Seconds between two faults, on average."""
    first: tuple[str, ...] = ()
    """Faults that come first, in this order."""
    down: float = 6.0
    """Seconds that a killed process or database stays away at most."""
    skew: float = 120.0
    old: str = ""
    """A folder with the code of an older version, which every second worker runs."""
    patience: float = 240.0
    """Seconds until everything has to be at rest at the end."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the counter."""

    at: float
    run: NodeRun
    process: str
    n: str


@dataclass
class Counter:
    """What the steps of all workflows did, seen from outside."""

    calls: list[Call] = field(default_factory=list)
    moments: dict[int, dict[str, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    """By schedule and moment: the executions."""
    early: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer `POST /note/<process>/<n>`, `/list/…` and `/clock/<process>/<number>/<moment>` on one connection."""
        await answer_calls(
            reader, writer, lambda path, headers: self.note(time.time(), path, headers["idempotency-key"])
        )

    def note(self, at: float, path: str, key: str) -> object:
        """Remember a call; gives what it is answered with."""
        kind, process, n, *rest = path.strip("/").split("/")
        execution, called, *scope = key.split("/")[:-1]
        self.calls.append(Call(at, (execution, called, tuple(scope)), process, n))
        if kind == "clock":
            self.moments[int(n)][rest[0]].add(execution)
            if at < due(path).timestamp() - EARLY:
                self.early.append(f"schedule {n} ran {due(path).timestamp() - at:.1f} s before {rest[0]}")
        return [{"n": n, "i": i} for i in range(LIST)] if kind == "list" else {"n": n}


@dataclass
class Seen:
    """What was asked for, and what came of it."""

    accepted: dict[str, tuple[str, int, float]] = field(default_factory=dict)
    """Executions that a server said it took: the workflow, the number of the call, and when."""
    cancelled: set[str] = field(default_factory=set)
    woken: int = 0
    watched: int = 0
    retried: int = 0
    given_up: int = 0
    faults: Counted[str] = field(default_factory=Counted)
    wrong: list[str] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds from acceptance to the end, by workflow."""
    zombies: int = 0
    repeated: int = 0
    outcomes: int = 0


def rhythm(number: int) -> int:
    """Seconds between two runs of a schedule."""
    return 1 + number % 2


def documents(counter: int, clocks: int, inner: str = "") -> Iterator[tuple[str, Document]]:
    """The workflows, by name; those that call another one know its id."""

    def call(id_: str, kind: str, rest: str) -> Document:
        url = f"=http://127.0.0.1:{counter}/{kind}/{{{{ $env.CHAOS_NAME }}}}/{rest}"
        return node(id_, "http-request", method="POST", url=url, idempotency_key=True)

    def note(id_: str, kind: str = "note") -> Document:
        return call(id_, kind, "{{ $json.body ? $json.body.n : $json.n }}")

    def hook(name: str, *steps: Document, settings: Mapping[str, Any] | None = None, **how: Any) -> Document:
        entrance = node(
            "in", "webhook", **{"path": f"chaos/{name}", "method": "POST", "respond": "immediately"} | how
        )
        return chain(f"Chaos {name}", [entrance, *steps]) | {"settings": dict(settings or {})}

    def pause(id_: str, seconds: float) -> Document:
        return node(id_, "wait", resume="after_time", amount=seconds, unit="seconds")

    def sleep(id_: str, seconds: float) -> Document:
        return node(id_, "wait", resume="on_call", limit=True, limit_amount=seconds, limit_unit="seconds")

    if not inner:
        steps = [node("start", "manual-trigger"), note("inside"), pause("rest", 0.3), note("done")]
        yield "inner", chain("Chaos inner", steps)
        return
    yield "plain", hook("plain", note("a"), edit("b", x="={{ $json.n }}"), note("c"))
    yield "burst", hook("burst", note("a"), note("b"), settings={"queue": "bulk"})
    yield "answer", hook("answer", note("a"), edit("b", told="={{ $json.n }}"), respond="last-node")
    yield "wait", hook("wait", note("a"), pause("rest", PAUSES["wait"]), note("b"))
    yield (
        "sleep",
        hook("sleep", note("a"), sleep("rest", PAUSES["sleep"]), note("b"), sleep("again", 1), note("c")),
    )
    yield "called", hook("called", note("a"), sleep("rest", 30), note("b"))
    yield "cancel", hook("cancel", note("a"), pause("rest", 30), note("b"))
    yield "limit", hook("limit", note("a"), pause("rest", 0.2), note("b"), settings={"concurrency": 2})
    yield "sub", hook("sub", note("a"), node("call", "execute-workflow", workflow=inner), note("b"))
    agent = node("ai", "ai-agent", prompt="Help.", message="={{ $json.n }}")
    yield "ai", hook("ai", note("a"), agent, edit("b", n="={{ $('in').item.json.body.n }}"), note("c"))
    loop = hook("loop", note("a", "list"), node("loop", "loop-over-items", batch_size=1), note("each"))
    loop["nodes"].append(note("last"))
    loop["edges"][-1]["sourceHandle"] = "loop"
    loop["edges"] += [
        {"source": "each", "target": "loop"},
        {"source": "loop", "sourceHandle": "done", "target": "last"},
    ]
    yield "loop", loop
    for number in range(clocks):
        clock = node(
            "clock", "schedule", rules=[{"every": "seconds", "interval": rhythm(number)}], missed="all"
        )
        yield (
            f"clock {number}",
            chain(
                f"Chaos clock {number}", [clock, call("tell", "clock", f"{number}/{{{{ $json.timestamp }}}}")]
            ),
        )


MIX = {
    "plain": 6,
    "answer": 3,
    "wait": 4,
    "sleep": 3,
    "called": 2,
    "cancel": 1,
    "limit": 2,
    "sub": 3,
    "ai": 3,
    "loop": 4,
}
"""How often each workflow is called."""
