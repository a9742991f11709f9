"""Nodes in slots that run when they are called."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest
from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.form import describe
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.late import Ask, LateNode, asks_in, schema_of
from flowstudio.engine.node import BatchNode, Inputs, ItemNode, Slot, SubNode
from flowstudio.engine.registry import Registry
from tests.engine.fakes import REGISTRY, MemoryJournal, World, plan_of


class Hammer(SubNode):
    """A tool that is nothing but a tool."""

    type = "hammer"
    label = "Hammer"


class Boss(ItemNode):
    """Calls its tools for each item."""

    type = "boss"
    label = "Boss"
    tools: Annotated[list[Hammer | LateNode], Slot("Tool", many=True)] = Field(default_factory=list)
    give: list[dict[str, Any]] | None = None

    async def run(self, item: Item, ctx: Context) -> Ports:
        late = [tool for tool in self.tools if isinstance(tool, LateNode)]
        index = item.paired_item[0].index
        found = await asyncio.gather(
            *(
                tool.call(arguments, item, index, f"call{n}", ctx)
                for tool in late
                for n, arguments in enumerate(self.give or [{}])
            )
        )
        rows = [made.json for ports in found for items in ports.values() for made in items]
        hammers = [tool.node_id for tool in self.tools if isinstance(tool, Hammer)]
        return {"main": [Item({"rows": rows, "hammers": hammers})]}


class Key(BatchNode):
    """Gives its idempotency key."""

    type = "key"
    label = "Key"

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        return {
            "main": [
                Item(
                    {"key": ctx.idempotency_key, "label": ctx.label, "got": [i.json for i in inputs["main"]]}
                )
            ]
        }


KNOWN = Registry([*REGISTRY, Hammer, Boss, Key])


@pytest.fixture
def world() -> World:
    made = World(registry=KNOWN)
    made.evaluator.answers = {
        "{{ $fromAI('n', 'A number', 'number') }}": lambda json, shared, per_item, i: shared["fromAI"]["n"],
        "{{ $json.n + $fromAI('n') }}": lambda json, shared, per_item, i: json["n"] + shared["fromAI"]["n"],
    }
    return made


async def test_a_node_in_a_slot_runs_for_each_call_with_the_values_that_it_asked_for(world: World) -> None:
    plan = plan_of(
        {
            "t": "manual-trigger",
            "b": ("boss", {"give": [{"n": 1}, {"n": 2}]}),
            "e": ("echo", {"set": "={{ $fromAI('n', 'A number', 'number') }}"}),
            "h": "hammer",
        },
        "t > b",
        "e > b.tools",
        "h > b.tools",
        registry=KNOWN,
    )
    await world.execute(plan, [{"q": "x"}])
    assert world.output("b") == [{"rows": [{"q": "x", "set": 1}, {"q": "x", "set": 2}], "hammers": ["h"]}]
    assert world.ran() == {"t", "b"}


async def test_each_item_of_the_owner_is_the_item_of_the_called_node(world: World) -> None:
    plan = plan_of(
        {
            "t": "manual-trigger",
            "b": ("boss", {"give": [{"n": 10}]}),
            "e": ("echo", {"set": "={{ $json.n + $fromAI('n') }}"}),
        },
        "t > b",
        "e > b.tools",
        registry=KNOWN,
    )
    await world.execute(plan, [{"n": 1}, {"n": 2}])
    assert [out["rows"] for out in world.output("b")] == [[{"n": 1, "set": 11}], [{"n": 2, "set": 12}]]


async def test_whoever_calls_a_node_that_must_not_run_twice_does_not_run_twice_itself(world: World) -> None:
    for type_, noted in (("once", True), ("key", False)):
        world.journal = MemoryJournal()
        drawn = {"t": "manual-trigger", "b": "boss", "k": type_}
        await world.execute(plan_of(drawn, "t > b", "k > b.tools", registry=KNOWN))
        told = [(o.node, o.status) for appended in world.journal.appends for o in appended]
        assert (("b", "started") in told) == noted


async def test_calls_have_keys_of_their_own(world: World) -> None:
    plan = plan_of(
        {"t": "manual-trigger", "b": ("boss", {"give": [{}, {}]}), "k": "key"},
        "t > b",
        "k > b.tools",
        registry=KNOWN,
    )
    await world.execute(plan, [{"n": 1}])
    rows = world.output("b")[0]["rows"]
    assert [row["key"] for row in rows] == ["x1/k/call0", "x1/k/call1"]
    assert {row["label"] for row in rows} == {"k"}
    assert rows[0]["got"] == [{"n": 1}]


@pytest.mark.parametrize(
    ("type_", "settings", "message"),
    [
        ("fail", {}, "no luck"),
        ("sleep", {}, "cannot wait for long"),
        ("gate", {"timeout": 0.01}, "took longer than its timeout"),
    ],
)
async def test_failures_of_called_nodes_are_errors_of_the_call(
    world: World, type_: str, settings: dict[str, Any], message: str
) -> None:
    plan = plan_of(
        {"t": "manual-trigger", "b": "boss", "f": (type_, {}, {"settings": settings})},
        "t > b",
        "f > b.tools",
        registry=KNOWN,
    )
    rest = await world.execute(plan)
    assert rest.error is not None
    assert message in rest.error.message


@pytest.mark.parametrize(
    ("code", "asks"),
    [
        ("{{ $fromAI('city') }}", [Ask("city")]),
        ('{{ $fromAI("n", "How many?", "number") }}', [Ask("n", "How many?", "number")]),
        ("{{ $fromAI('a', `It's \\`x\\``, 'json', []) }}", [Ask("a", "It's `x`", "json", required=False)]),
        ("{{ $fromAI('a', 'b', 'string', '') }}", [Ask("a", "b", "string", required=False)]),
        (
            "{{ $fromAI('a', '', 'boolean', true) + $fromai( 'b' ) }}",
            [Ask("a", "", "boolean", False), Ask("b")],
        ),
        ("{{ $fromAI(name) }} {{ $fromAI('no good') }}", []),
        ("{{ $json.a }}", []),
    ],
)
def test_what_parameters_ask_for_is_read_without_running_them(code: str, asks: list[Ask]) -> None:
    assert asks_in(code) == asks


def test_asks_become_a_schema() -> None:
    assert schema_of(
        [Ask("city", "Where?"), Ask("n", "", "number", required=False), Ask("any", "", "json")]
    ) == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where?"},
            "n": {"type": "number"},
            "any": {},
        },
        "required": ["city", "any"],
        "additionalProperties": False,
    }


def test_the_palette_knows_which_nodes_may_be_called() -> None:
    takes = describe(Boss)["slots"][0]["takes"]
    assert takes == ["Hammer", "LateNode"]
    assert "LateNode" in describe(Key)["fills"]
    assert "LateNode" not in describe(Hammer)["fills"]
    assert "LateNode" not in describe(next(t for t in REGISTRY if t.trigger))["fills"]
