"""Runs one node in the real engine, fed with items at each input port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import flowstudio.nodes
from flowstudio.ai.model import ChatModel
from flowstudio.engine.context import Context, ExecutionInfo, Host
from flowstudio.engine.events import ErrorInfo, Event
from flowstudio.engine.item import Binary, Item, Json, Ports
from flowstudio.engine.node import BatchNode, Inputs, Node
from flowstudio.engine.outcome import Outcome, Rest
from flowstudio.engine.plan import compile_plan
from flowstudio.engine.registry import Registry, discover
from flowstudio.engine.run import Run, Start
from flowstudio.engine.workflow import load_workflow
from flowstudio.errors import CredentialError, NotFound
from flowstudio.nodes.ai.parts import ModelNode
from tests.ai.scripted import ScriptedModel


class Feed(BatchNode):
    """Gives items that a test prepared."""

    type = "feed"
    label = "Feed"

    stock: Annotated[list[Item], "what to give"]

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        return {"main": self.stock}


class ScriptedModelNode(ModelNode):
    """A model whose turns are written down."""

    type = "scripted-model"
    label = "Scripted Model"
    turns: list[Any]

    def chat_model(self, ctx: Context) -> ChatModel:
        return ScriptedModel(*self.turns)


REGISTRY = Registry([*discover(flowstudio.nodes), Feed])
WITH_MODEL = Registry([*REGISTRY, ScriptedModelNode])

Call = tuple[str, list[Json], str, bool]


class NoScripts:
    """An evaluator for tests whose expressions are plain paths."""

    async def evaluate(self, templates: Sequence[str], *_: Any, **__: Any) -> list[list[Any]]:
        raise AssertionError(f"{templates} need the JavaScript cage")


class NoFiles:
    async def put(self, data: bytes, *, mime_type: str, file_name: str) -> Binary:
        raise AssertionError("no file is stored here")

    async def get(self, binary: Binary) -> bytes:
        raise NotFound("no file is stored here")


class Echoes:
    """Workflows that give back what they get; one of them fails."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def call(
        self, workflow: str, items: Sequence[Item], *, parent: str, key: str, wait: bool
    ) -> Sequence[Item]:
        self.calls.append((workflow, [item.json for item in items], key, wait))
        return [Item({**item.json}) for item in items] if wait else []


class EmptyVault:
    async def open(self, credential: str, types: Sequence[str]) -> Json:
        raise CredentialError("There is no such credential.")


@dataclass
class Memory:
    """A journal in memory."""

    outcomes: list[Outcome] = field(default_factory=list)

    async def append(self, outcomes: Sequence[Outcome], rest: Rest | None = None) -> None:
        self.outcomes.extend(outcomes)


def quiet(event: Event) -> None:
    """Nobody listens."""


def make_host(**parts: Any) -> Host:
    """An outside world of fakes; any part of it may be replaced."""
    fakes: dict[str, Any] = {
        "evaluator": NoScripts(),
        "binaries": NoFiles(),
        "workflows": Echoes(),
        "vault": EmptyVault(),
    }
    return Host(**fakes | parts)


@dataclass(frozen=True)
class Result:
    """What the node came to."""

    outcome: Outcome
    rest: Rest
    log: tuple[Outcome, ...]

    @property
    def ports(self) -> dict[str, list[Json]]:
        return {port: [item.json for item in items] for port, items in self.outcome.outputs.items() if items}

    @property
    def rows(self) -> list[Json]:
        """The json of the items of the only port."""
        assert len(self.ports) <= 1
        return next(iter(self.ports.values()), [])

    @property
    def items(self) -> list[Item]:
        return [item for items in self.outcome.outputs.values() for item in items]

    @property
    def error(self) -> str:
        assert isinstance(self.outcome.error, ErrorInfo), f"no error, but {self.ports}"
        return self.outcome.error.message


def scripted(*turns: Any) -> dict[str, list[Json]]:
    """A chat model that says this, for the slot of a node."""
    return {"model": [{"type": "scripted-model", "data": {"properties": {"turns": list(turns)}}}]}


Given = Sequence[Json | Item] | Mapping[str, Sequence[Json | Item]]


async def run_node(
    type_: str,
    properties: Json,
    given: Given = ({},),
    *,
    host: Host | None = None,
    settings: Json | None = None,
    subs: Mapping[str, Sequence[Json]] | None = None,
    credentials: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    history: Sequence[Outcome] = (),
    resumed: Mapping[tuple[str, tuple[str, ...]], Json] | None = None,
) -> Result:
    """Run a node of the type. `given` are the items of the first input port, or of each."""
    cls: type[Node] | None = REGISTRY.get(type_)
    assert cls is not None
    ports = cls.input_ports(properties)
    by_port = dict(given) if isinstance(given, Mapping) else {ports[0].id if ports else "main": given}
    stocks = {
        port: [row if isinstance(row, Item) else Item(row) for row in rows] for port, rows in by_port.items()
    }
    node = {
        "id": "it",
        "type": type_,
        "data": {
            "properties": properties,
            "settings": settings or {},
            "credentials": dict(credentials or {}),
        },
    }
    nodes: list[Json] = [node]
    edges: list[Json] = []
    start = Start("start", [Item({})])
    if cls.trigger:
        start = Start("it", next(iter(stocks.values())))
    else:
        nodes.append({"id": "start", "type": "manual-trigger"})
        for port, stock in stocks.items():
            feed = f"feed {port}"
            nodes.append(
                {"id": feed, "type": "feed", "data": {"label": feed, "properties": {"stock": stock}}}
            )
            edges += [
                {"source": "start", "target": feed},
                {"source": feed, "target": "it", "targetHandle": port},
            ]
    for slot, filling in (subs or {}).items():
        for number, sub in enumerate(filling):
            nodes.append({"id": f"{slot} {number}", "type": sub["type"], "data": sub.get("data", {})})
            edges.append({"source": f"{slot} {number}", "target": "it", "targetHandle": slot})
    if cls.__name__ == "LoopOverItems":
        nodes.append({"id": "body", "type": "no-op"})
        edges += [
            {"source": "it", "target": "body", "sourceHandle": "loop"},
            {"source": "body", "target": "it"},
        ]
    plan = compile_plan(load_workflow({"nodes": nodes, "edges": edges}), WITH_MODEL)
    memory = Memory(list(history))
    info = ExecutionInfo(
        id="execution",
        mode="manual",
        workflow_id="workflow",
        workflow_name="Test",
        started_at=datetime.now(UTC),
        timezone=timezone,
    )
    run = Run(
        plan, info, host or make_host(), memory, quiet, start=start, history=history, resumed=resumed or {}
    )
    rest = await run.execute()
    outcome = next(outcome for outcome in reversed(memory.outcomes) if outcome.node == "it")
    return Result(outcome, rest, tuple(memory.outcomes))
