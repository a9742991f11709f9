"""The event bus of a single process."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from flowstudio.engine.events import NodeLogged
from flowstudio.services import bus as bus_module
from flowstudio.services.bus import LocalBus


def event(text: str, execution: str = "e") -> NodeLogged:
    return NodeLogged(execution=execution, at=datetime.now(UTC), node="n", text=text)


async def test_a_subscriber_gets_the_events_of_its_execution_from_then_on() -> None:
    bus = LocalBus()
    bus.publish(event("before"))
    subscription = bus.subscribe("e")
    bus.publish(event("other", execution="f"))
    waiting = asyncio.ensure_future(anext(subscription))
    await asyncio.sleep(0)
    bus.publish(event("one"))
    bus.publish(event("two"))
    assert (await waiting) == event_like("one")
    assert [e.text for e in subscription.drain() if isinstance(e, NodeLogged)] == ["two"]


async def test_a_closed_subscription_gets_nothing_more() -> None:
    bus = LocalBus()
    subscription = bus.subscribe("e")
    subscription.close()
    subscription.close()
    bus.publish(event("late"))
    assert subscription.drain() == []


async def test_a_slow_subscriber_is_told_that_it_missed_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_module, "QUEUE_LIMIT", 3)
    bus = LocalBus()
    subscription = bus.subscribe("e")
    for number in range(3):
        bus.publish(event(str(number)))
    assert not subscription.lagged
    bus.publish(event("3"))
    assert subscription.lagged
    assert [e.text for e in subscription.drain() if isinstance(e, NodeLogged)] == ["1", "2", "3"]


def event_like(text: str) -> object:
    """Equal to any event with the text."""

    class Like:
        def __eq__(self, other: object) -> bool:
            return isinstance(other, NodeLogged) and other.text == text

        __hash__ = None  # type: ignore[assignment]  # only compared

    return Like()
