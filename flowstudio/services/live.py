"""The present state of the nodes of executions that run, kept from their events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias

from flowstudio.engine.events import (
    ErrorInfo,
    Event,
    ExecutionFinished,
    ExecutionStarted,
    NodeFinished,
    NodeStarted,
)
from flowstudio.services.doings import Doings

NodeStates: TypeAlias = dict[str, dict[str, Any]]
"""Node id -> `{status, items, error, started_at, finished_at, milliseconds, runs}`, as the API gives it."""


def timestamp(at: datetime | None) -> str | None:
    """A time as ISO 8601 text in UTC."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at is not None else None


def error_json(error: ErrorInfo | None) -> dict[str, Any] | None:
    """An error as the API gives it."""
    if error is None:
        return None
    return {
        "code": error.code,
        "message": error.message,
        "node": error.node,
        "item": error.item,
        "detail": error.detail,
    }


def node_change(event: Event, before: dict[str, Any] | None) -> dict[str, Any] | None:
    """The state of a node after an event about it; None for events that do not change one."""
    match event:
        case NodeStarted():
            return {
                "status": "running",
                "items": (before or {}).get("items", {}),
                "error": None,
                "started_at": timestamp(event.at),
                "finished_at": None,
                "milliseconds": None,
                "runs": (before or {}).get("runs", 0),
            }
        case NodeFinished():
            earlier = before or {}
            items = dict(earlier.get("items", {})) if event.scope else {}
            for port, count in event.items.items():
                items[port] = items.get(port, 0) + count
            return {
                "status": "running" if event.will_retry else event.status,
                "items": items,
                "error": error_json(event.error),
                "started_at": earlier.get("started_at"),
                "finished_at": None if event.will_retry else timestamp(event.at),
                "milliseconds": event.milliseconds,
                "runs": earlier.get("runs", 0) + (0 if event.will_retry else 1),
            }
    return None


class LiveStates:
    """Node states by execution, and what its tries are doing."""

    def __init__(self) -> None:
        self._states: dict[str, NodeStates] = {}
        self._doings: dict[str, Doings] = {}

    def begin(self, execution: str) -> None:
        """An execution starts to run here."""
        self._states[execution] = {}
        self._doings[execution] = Doings()

    def note(self, event: Event) -> None:
        """Follow an event."""
        doings = self._doings.get(event.execution)
        if doings is not None:
            doings.note(event)
        states = self._states.get(event.execution)
        if states is not None and isinstance(event, (NodeStarted, NodeFinished)):
            change = node_change(event, states.get(event.node))
            if change is not None:
                states[event.node] = change

    def follow(self, event: Event) -> None:
        """Follow an event of an execution that runs in another process."""
        match event:
            case ExecutionStarted():
                self.begin(event.execution)
            case ExecutionFinished():
                self.end(event.execution)
            case _:
                self.note(event)

    def all(self) -> dict[str, NodeStates]:
        """What is known of everything that runs."""
        return dict(self._states)

    def restore(self, execution: str, states: NodeStates) -> None:
        """Another process tells what it knows of an execution that runs there."""
        self._states[execution] = states
        self._doings[execution] = Doings()

    def restore_doings(self, execution: str, events: Iterable[Event]) -> None:
        """Another process tells what the tries of an execution that runs there have told so far."""
        if execution in self._states:
            self._doings[execution] = Doings(events)

    def forget(self) -> None:
        """What was heard may be wrong."""
        self._states.clear()
        self._doings.clear()

    def of(self, execution: str) -> NodeStates:
        """What is known; empty for executions that do not run here."""
        return self._states.get(execution, {})

    def doings(self, execution: str) -> Doings:
        """What its tries have told so far."""
        return self._doings.get(execution) or Doings()

    def end(self, execution: str) -> None:
        """The execution came to rest or left."""
        self._states.pop(execution, None)
        self._doings.pop(execution, None)
