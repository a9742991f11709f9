"""What it takes to start an execution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flowstudio.engine.context import Mode
from flowstudio.engine.item import Item, Json
from flowstudio.engine.outcome import Outcome
from flowstudio.engine.workflow import Queue
from flowstudio.services.workflows import Workflow
from flowstudio.storage.ids import new_id

BY_HAND: frozenset[Mode] = frozenset({"manual", "chat", "retry", "cli"})
"""Modes of executions that somebody waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """What to start."""

    workflow: Workflow
    mode: Mode
    id: str = field(default_factory=new_id)
    node: str | None = None
    """The trigger that fired; None: the workflow's own choice."""
    items: Sequence[Item] | None = None
    """What the trigger brought; None: one empty item."""
    until: str | None = None
    """Run this node and what leads to it, no more."""
    only: str | None = None
    """Run this node alone, on `items`."""
    pinned: bool = False
    """Use pinned data: for runs from the editor."""
    kept: Sequence[Outcome] = ()
    """Outcomes of an earlier execution that are taken over instead of running their nodes."""
    parent: str | None = None
    depth: int = 0
    call_key: str | None = None
    retry_of: str | None = None
    due: datetime | None = None
    """The moment that its Schedule node starts it for: each starts one execution at most."""
    alone: bool = False
    """Wait until no other execution of the workflow that counts towards a limit runs."""
    secrets: Mapping[str, Json] = field(default_factory=dict)
    """Credentials for this run alone, by type. Kept encrypted until it is over."""
    queue: Queue | None = None
    """How soon it should run where several processes share the work; None: as the workflow's settings and the mode say."""
    awaited: bool = False
    """Its parent waits for it: it is cancelled when the parent ends without success."""


def queue_of(request: StartRequest) -> Queue:
    """How soon an execution should run."""
    if request.mode in BY_HAND:
        return "interactive"
    return request.workflow.document.settings.queue or request.queue or "default"
