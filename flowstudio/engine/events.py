"""What the engine says while it runs. Frozen; safe to hand to any listener; carries no secrets and no item data but the words
that a node streams and the beginnings of what its steps got and gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

Scope: TypeAlias = tuple[str, ...]
"""Which loop iteration a node run belongs to: `("<loop node id>:<iteration>", …)`, outermost first; `()` outside loops."""

ExecutionStatus: TypeAlias = Literal["queued", "running", "waiting", "success", "error", "cancelled"]
"""`queued` has not started, `waiting` sleeps until a time or a call and holds no slot; the last three are final."""

StreamKind: TypeAlias = Literal["text", "reasoning", "discard", "message"]
"""Words of the answer; thoughts before it; `discard`: what was streamed for the item so far was not the answer; a whole message."""

NodeStatus: TypeAlias = Literal["running", "waiting", "success", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """A failure as it is stored and shown."""

    code: str
    message: str
    node: str | None = None
    item: int | None = None
    detail: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events share. Times are UTC."""

    execution: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStarted(Event):
    """An execution was claimed and runs (again, when it was resumed)."""

    workflow: str | None
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted(Event):
    """One try of a node begins."""

    node: str
    scope: Scope = ()
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLogged(Event):
    """A node printed something."""

    node: str
    scope: Scope = ()
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStreamed(Event):
    """More words of an answer that a node is giving, as they come. The answer as a whole is in its output."""

    node: str
    scope: Scope = ()
    item: int = 0
    """The input item that is answered."""
    kind: StreamKind = "text"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChanged(Event):
    """A step within a try of a node began or ended."""

    node: str
    scope: Scope = ()
    attempt: int = 1
    step: dict[str, Any]
    """See `engine.step.Step.told`; `milliseconds` is None while it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFinished(Event):
    """The outcome of one try is durable. `items` counts the items of each output port."""

    node: str
    scope: Scope = ()
    attempt: int = 1
    status: NodeStatus
    items: dict[str, int] = field(default_factory=dict)
    milliseconds: float = 0.0
    error: ErrorInfo | None = None
    will_retry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Responded(Event):
    """A node answered the caller of the webhook (or the chat)."""

    response: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFinished(Event):
    """The execution came to rest: final, or `waiting` until `wake_at`."""

    status: ExecutionStatus
    error: ErrorInfo | None = None
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsMissed(Event):
    """Events of another process may have been lost, or none has come for a while: read anew what is stored."""

    lost: bool = True
    """Some are missing; False when there was only silence."""
