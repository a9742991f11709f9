"""The event buses: of a single process, and of many that share a database."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from flowstudio.engine.events import Event, EventsMissed, ExecutionFinished, Responded
from flowstudio.services.wire import read_event, write_event

QUEUE_LIMIT = 10_000
"""Events that wait for one slow subscriber before the oldest are dropped."""
PATIENCE = 15.0
"""Seconds without an event after which a subscriber looks at what is stored: whoever would have told may have died."""


class LocalSubscription:
    """A subscriber's queue."""

    def __init__(self, bus: LocalBus, execution: str, patience: float | None = None) -> None:
        self._bus = bus
        self._execution = execution
        self._patience = patience
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
            try:
                async with asyncio.timeout(self._patience):
                    await self._arrived.wait()
            except TimeoutError:
                return EventsMissed(execution=self._execution, at=datetime.now(UTC), lost=False)
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

    patience: float | None = None
    """Seconds of silence after which subscribers are told to look; None where nobody can die unnoticed."""

    def __init__(self) -> None:
        self._subscribers: dict[str, set[LocalSubscription]] = {}

    def publish(self, event: Event) -> None:
        """Tell all subscribers of the event's execution."""
        for subscriber in self._subscribers.get(event.execution, ()):
            subscriber.put(event)

    def subscribe(self, execution: str) -> LocalSubscription:
        """Listen to one execution from now on."""
        subscription = LocalSubscription(self, execution, self.patience)
        self._subscribers.setdefault(execution, set()).add(subscription)
        return subscription

    def forget(self, execution: str, subscription: LocalSubscription) -> None:
        """Drop a subscription."""
        subscribers = self._subscribers.get(execution)
        if subscribers is not None:
            subscribers.discard(subscription)
            if not subscribers:
                del self._subscribers[execution]

    def missed(self, execution: str | None = None) -> None:
        """Tell the subscribers of an execution, or of all, that events may be missing."""
        for each in [execution] if execution is not None else list(self._subscribers):
            LocalBus.publish(self, EventsMissed(execution=each, at=datetime.now(UTC)))


class Messenger(Protocol):
    """Tells the other processes something. Implemented by `storage.channel.Channel`."""

    def send(self, kind: str, data: Any, *, urgent: bool = False) -> None:
        """Tell them soon; never waits. What somebody waits for is urgent."""


class SharedBus(LocalBus):
    """Hands events to subscribers here, and to those in other processes."""

    patience = PATIENCE

    def __init__(self, messenger: Messenger, follow: Callable[[Event], None] | None) -> None:
        """`follow` takes every event of another process."""
        super().__init__()
        self._messenger, self._follow = messenger, follow

    def publish(self, event: Event) -> None:
        """Tell all subscribers, wherever they are."""
        super().publish(event)
        urgent = isinstance(event, ExecutionFinished | Responded)
        self._messenger.send("event", write_event(event), urgent=urgent)

    def hear(self, data: Any) -> None:
        """An event of another process has come."""
        event = read_event(data)
        if event is not None:
            if self._follow is not None:
                self._follow(event)
            super().publish(event)
