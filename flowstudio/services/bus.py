"""The event bus of a single process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from flowstudio.engine.events import Event

QUEUE_LIMIT = 10_000
"""Events that wait for one slow subscriber before the oldest are dropped."""


class LocalSubscription:
    """A subscriber's queue."""

    def __init__(self, bus: LocalBus, execution: str) -> None:
        self._bus = bus
        self._execution = execution
        self._events: deque[Event] = deque(maxlen=QUEUE_LIMIT)
        self._arrived = asyncio.Event()
        self.lagged = False

    def put(self, event: Event) -> None:
        """Take an event from the bus."""
        self.lagged = self.lagged or len(self._events) == QUEUE_LIMIT
        self._events.append(event)
        self._arrived.set()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        return self._events.popleft()

    def drain(self) -> list[Event]:
        """What has arrived and was not read yet."""
        events = list(self._events)
        self._events.clear()
        return events

    def close(self) -> None:
        """Stop listening."""
        self._bus.forget(self._execution, self)


class LocalBus:
    """Hands events to subscribers in the same event loop."""

    def __init__(self) -> None:
        self._subscribers: dict[str, set[LocalSubscription]] = {}

    def publish(self, event: Event) -> None:
        """Tell all subscribers of the event's execution."""
        for subscriber in self._subscribers.get(event.execution, ()):
            subscriber.put(event)

    def subscribe(self, execution: str) -> LocalSubscription:
        """Listen to one execution from now on."""
        subscription = LocalSubscription(self, execution)
        self._subscribers.setdefault(execution, set()).add(subscription)
        return subscription

    def forget(self, execution: str, subscription: LocalSubscription) -> None:
        """Drop a subscription."""
        subscribers = self._subscribers.get(execution)
        if subscribers is not None:
            subscribers.discard(subscription)
            if not subscribers:
                del self._subscribers[execution]
