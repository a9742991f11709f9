"""Outcomes: what one try of one node came to. The execution log is a list of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from flowstudio.engine.events import ErrorInfo, ExecutionStatus, Scope
from flowstudio.engine.item import Json, Ports

OutcomeStatus: TypeAlias = Literal["started", "retrying", "waiting", "success", "error"]
"""`started` is only logged for nodes that must not run twice; `retrying` and `waiting` are not the node's last word."""


@dataclass(frozen=True, slots=True)
class InputReference:
    """A stretch of a node's input: `count` items that came from one output port of one node run.

    Inputs are stored by reference: the items of a port are the concatenation of its references, in edge order.
    """

    port: str
    node: str
    scope: Scope
    source_port: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One try of one node, identified by (node, scope, attempt) within its execution. Times are UTC."""

    node: str
    scope: Scope = ()
    attempt: int = 1
    status: OutcomeStatus
    outputs: Ports = field(default_factory=dict)
    inputs: tuple[InputReference, ...] = ()
    error: ErrorInfo | None = None
    """Set for `error` and `retrying`; also for `success` when `on_error` let the execution go on."""
    started_at: datetime
    finished_at: datetime
    stdout: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    """What the node consumed, such as tokens."""
    steps: tuple[Json, ...] = ()
    """What happened within the try; see `engine.step`."""
    response: dict[str, Any] | None = None
    """An answer to the caller of the webhook."""
    wake_at: datetime | None = None
    """For `waiting`."""

    @property
    def key(self) -> tuple[str, Scope]:
        """The node run that this is a try of."""
        return (self.node, self.scope)

    @property
    def decided(self) -> bool:
        """Whether the node run is over: its edges are decided by `outputs`."""
        return self.status in ("success", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """How an execution came to rest: final, or asleep until `wake_at`."""

    status: ExecutionStatus
    error: ErrorInfo | None = None
    finished_at: datetime
    wake_at: datetime | None = None
    last_node: str | None = None
    """The node whose outcome was the last, for `respond: last-node`."""
