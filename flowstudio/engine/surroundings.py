"""What all node runs of an execution share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.clock import Clock
from flowstudio.engine.context import ExecutionInfo, Host
from flowstudio.engine.lineage import Trace
from flowstudio.engine.plan import Plan
from flowstudio.engine.store import Emit, Journal


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One execution, as its node runs see it."""

    plan: Plan
    info: ExecutionInfo
    host: Host
    journal: Journal
    emit: Emit
    trace: Trace
    clock: Clock
    respond: Callable[[dict[str, Any]], bool]
    """Answers the caller; False when somebody had answered before."""
