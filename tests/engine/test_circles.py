"""Loops that go round as long as something comes back."""

from __future__ import annotations

from typing import ClassVar

import pytest

from flowstudio.engine import run as running
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import ItemNode, Port
from flowstudio.engine.plan import Plan
from flowstudio.engine.registry import Registry
from flowstudio.nodes.flow.repeat import Repeat
from tests.engine.fakes import REGISTRY, Crash, MemoryJournal, World, plan_of


class Countdown(ItemNode):
    """Counts down by one; what has come to nothing is ready."""

    type = "countdown"
    label = "Countdown"
    outputs = (Port("again", "Again"), Port("ready", "Ready"))
    ran: ClassVar[list[int]] = []

    async def run(self, item: Item, ctx: Context) -> Ports:
        number = item.json["n"]
        self.ran.append(number)
        return {"again" if number else "ready": [item.with_json({"n": number - 1})]}


KNOWN = Registry([*REGISTRY, Repeat, Countdown])


def circle() -> Plan:
    # t ─ r ─ loop ─ c ─ ready ─ s
    #     └── again ─┘
    return plan_of(
        {"t": "manual-trigger", "r": "repeat", "c": "countdown", "s": "sum"},
        "t > r",
        "r.loop > c",
        "c.again > r",
        "c.ready > s",
        registry=KNOWN,
    )


@pytest.fixture(autouse=True)
def forgotten() -> None:
    Countdown.ran.clear()


@pytest.mark.parametrize("durable", [False, True])
async def test_a_circle_goes_on_where_a_crash_left_it(durable: bool) -> None:
    whole = World(registry=KNOWN)
    await whole.execute(circle(), [{"n": 3}])
    assert Countdown.ran == [3, 2, 1, 0]
    appends = len(whole.journal.appends)
    for place in range(appends):
        world = World(registry=KNOWN, journal=MemoryJournal(crash_at=place, crash_durable=durable))
        Countdown.ran.clear()
        with pytest.raises((Crash, BaseExceptionGroup)):
            await world.execute(circle(), [{"n": 3}])
        history = world.journal.outcomes
        done = sum(outcome.node == "c" for outcome in history)
        rest, before = world.journal.rest, len(Countdown.ran)
        if rest is None:
            world.journal = MemoryJournal(list(history))
            rest = await world.execute(circle(), [{"n": 3}], history=history)
        assert rest.status == "success"
        assert Countdown.ran[before:] == [3, 2, 1, 0][done:]
        assert world.output("s", ("r:3",)) == whole.output("s", ("r:3",))


async def test_a_circle_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert running.MAX_ROUNDS == 10_000
    monkeypatch.setattr(running, "MAX_ROUNDS", 20)
    world = World(registry=KNOWN)
    rest = await world.execute(circle(), [{"n": 10**9}])
    assert rest.status == "error"
    assert rest.error is not None
    assert "has gone round 20 times and still something comes back" in rest.error.message
    assert len(Countdown.ran) == 20
