"""Executions that this process owns and runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flowstudio.engine.context import ExecutionInfo
from flowstudio.engine.item import Json
from flowstudio.engine.outcome import Outcome, Rest
from flowstudio.engine.plan import Plan
from flowstudio.engine.run import Run, Start
from flowstudio.services.workflows import Workflow


@dataclass(frozen=True, slots=True)
class Claimed:
    """An execution that this process owns, with all that is needed to run it."""

    info: ExecutionInfo
    workflow: Workflow
    plan: Plan
    start: Start
    fence: int
    history: Sequence[Outcome] = ()
    use_pinned: bool = False
    cancel_requested: bool = False
    resumed: bool = False
    secrets: Mapping[str, Json] = field(default_factory=dict)
    """Credentials that came along with the run, by type."""

    @property
    def in_line(self) -> bool:
        """Whether the schedule that started it lets the next run wait for its end."""
        node = self.plan.nodes.get(self.start.node or "") if self.info.mode == "schedule" else None
        return node is not None and node.document.data.properties.get("overlap") == "queue"


@dataclass(slots=True)
class Active:
    """An execution that runs here."""

    finished: asyncio.Future[Rest]
    task: asyncio.Task[None] | None = None
    run: Run | None = None
    queued: bool = False
    """It waits for a slot."""
    cancelled: bool = False
    rested: bool = False
    """Its rest is durable: what follows from it is not cancelled any more."""
    hinted: bool = False
    """A hint came while it ran; it is taken up once the execution is at rest."""
    told: bool = False
    """The engine has told that it came to rest."""
