"""What all node runs of an execution share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.clock import Clock
from flowstudio.engine.context import ExecutionInfo, Host
from flowstudio.engine.events import Responded
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


class Answers:
    """Answers whoever called the webhook; only the first answer of an execution counts.

    Holds nothing of the run, so that the run's data is freed with it instead of by the garbage collector.
    """

    def __init__(self, execution: str, emit: Emit, clock: Clock, *, answered: bool) -> None:
        self._execution, self._emit, self._clock = execution, emit, clock
        self._answered = answered

    def give(self, response: dict[str, Any]) -> bool:
        """Answer; False when somebody had answered before."""
        if self._answered:
            return False
        self._answered = True
        self._emit(Responded(execution=self._execution, at=self._clock.now(), response=response))
        return True
