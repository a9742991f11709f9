"""Random workflows, made of blocks that are always sound: steps, branches, fans, dead ends, loops within loops."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from flowstudio.engine.context import Context
from flowstudio.engine.events import Scope
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import BatchNode, Inputs, ItemNode, Port, Suspend
from flowstudio.engine.outcome import Outcome, Rest
from flowstudio.engine.plan import Plan
from flowstudio.engine.registry import Registry
from flowstudio.errors import NodeError
from tests.engine.fakes import REGISTRY, Calls, Crash, MemoryJournal, World


@dataclass
class Timing:
    """Makes each node take a random number of turns, and counts how often it really runs."""

    seed: int
    ran: Counter[tuple[str, Scope]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    async def spend(self, ctx: Context) -> None:
        self.ran[ctx.node, ctx.scope] += 1
        for _ in range(self._random.randrange(6)):
            await asyncio.sleep(0)


class Step(ItemNode):
    """Counts up."""

    type = "step"
    label = "Step"

    async def run(self, item: Item, ctx: Context) -> Ports:
        await ctx.use(Timing).spend(ctx)
        return {"main": [item.with_json({**item.json, "n": item.json["n"] + 1})]}


class Gather(BatchNode):
    """Puts all items in one, in their order."""

    type = "gather"
    label = "Gather"
    inputs = (Port("a"), Port("b"))

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        await ctx.use(Timing).spend(ctx)
        return {"main": [item for items in inputs.values() for item in items]}


class Sort(ItemNode):
    """Sends even numbers one way, odd ones the other."""

    type = "sort"
    label = "Sort"
    outputs = (Port("even"), Port("odd"))

    async def run(self, item: Item, ctx: Context) -> Ports:
        await ctx.use(Timing).spend(ctx)
        return {"even" if item.json["n"] % 2 == 0 else "odd": [item]}


class Shaky(ItemNode):
    """Fails at its first try."""

    type = "shaky"
    label = "Shaky"

    async def run(self, item: Item, ctx: Context) -> Ports:
        await ctx.use(Timing).spend(ctx)
        if ctx.use(Calls).note(ctx.idempotency_key) == 1:
            raise NodeError("not yet")
        return {"main": [item]}


class Nap(BatchNode):
    """Suspends the execution once."""

    type = "nap"
    label = "Nap"

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        await ctx.use(Timing).spend(ctx)
        if ctx.resumed is None:
            raise Suspend
        return {"main": [item.with_json({**item.json, **ctx.resumed}) for item in inputs["main"]]}


GRAPHS = Registry([*REGISTRY, Step, Gather, Sort, Shaky, Nap])


@dataclass
class _Drawing:
    draw: Any
    nodes: list[Json] = field(default_factory=list)
    edges: list[Json] = field(default_factory=list)

    def node(self, type_: str, **data: Any) -> str:
        id_ = f"{type_}{len(self.nodes)}"
        self.nodes.append({"id": id_, "type": type_, "data": {"label": id_, **data}})
        return id_

    def link(self, source: tuple[str, str | None], target: str, port: str | None = None) -> None:
        self.edges.append(
            {"source": source[0], "sourceHandle": source[1], "target": target, "targetHandle": port}
        )

    def block(self, source: tuple[str, str | None], depth: int) -> tuple[str, str | None]:
        """Continue at an output; gives the output at the end."""
        kinds = ["step", "shaky", "nap"] if depth == 0 else ["step", "chain", "branch", "fan", "loop", "stub"]
        match self.draw(st.sampled_from(kinds)):
            case "shaky":
                id_ = self.node("shaky", settings={"retry": True, "retry_wait": 0})
                self.link(source, id_)
                return id_, None
            case "step" | "nap" as type_:
                id_ = self.node(type_)
                self.link(source, id_)
                return id_, None
            case "chain":
                return self.block(self.block(source, depth - 1), depth - 1)
            case "branch":
                sort, join = self.node("sort"), self.node("gather")
                self.link(source, sort)
                self.link(self.block((sort, "even"), depth - 1), join, "a")
                self.link(self.block((sort, "odd"), depth - 1), join, self.draw(st.sampled_from("ab")))
                return join, None
            case "fan":
                join = self.node("gather")
                for _ in range(self.draw(st.integers(2, 3))):
                    self.link(self.block(source, depth - 1), join, self.draw(st.sampled_from("ab")))
                return join, None
            case "stub":
                self.block(source, depth - 1)
                return self.block(source, depth - 1)
            case _:
                loop = self.node("loop", properties={"size": self.draw(st.integers(1, 2))})
                self.link(source, loop)
                self.link(self.block((loop, "loop"), depth - 1), loop)
                return loop, "done"


@st.composite
def documents(draw: Any, depth: int = 3) -> Json:
    """A document that starts at one trigger."""
    drawing = _Drawing(draw)
    start = drawing.node("manual-trigger")
    drawing.block((start, None), depth)
    order = draw(st.permutations(drawing.edges)) if len(drawing.edges) < 12 else drawing.edges
    return {"nodes": drawing.nodes, "edges": list(order)}


ROWS: list[Json] = [{"n": 1}, {"n": 2}, {"n": 4}]


def world_of(seed: int) -> World:
    """A world in which nodes take their random time."""
    return World(registry=GRAPHS, services={Timing: Timing(seed)})


async def to_the_end(world: World, plan: Plan) -> Rest:
    """Run, and resume whenever the execution sleeps or the process dies, until the end."""
    journal = world.journal
    resumed: dict[tuple[str, Scope], Json] = {}
    while True:
        rest: Rest | None
        try:
            rest = await world.run(
                plan, ROWS, journal=journal, history=list(journal.outcomes), resumed=resumed
            ).execute()
        except Crash:
            rest = journal.rest
        world.journal = journal = MemoryJournal(list(journal.outcomes))
        if rest is not None and rest.status != "waiting":
            return rest
        if rest is not None:
            resumed = {o.key: {"n": len(o.scope)} for o in journal.outcomes if o.status == "waiting"}


def results(outcomes: list[Outcome]) -> dict[tuple[str, Scope], Any]:
    """What an execution came to, whatever its timing: every decided node run."""
    decided = [outcome for outcome in outcomes if outcome.decided]
    found = {outcome.key: (outcome.status, outcome.outputs, outcome.inputs) for outcome in decided}
    assert len(found) == len(decided), "a node run was decided twice"
    return found
