"""What the log of an earlier stretch says, for an execution that is resumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flowstudio.engine.events import Scope
from flowstudio.engine.item import Json
from flowstudio.engine.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Past:
    """What the log says about earlier tries of a node run."""

    attempts: int = 0
    """The number of the last try."""
    failed: int = 0
    """How many tries failed."""
    failed_at: datetime | None = None
    interrupted: bool = False
    """A try that must not be repeated was under way when the server stopped."""
    resumed: Json | None = None
    suspended_until: datetime | None = None


NOTHING = Past()


class History:
    """The log by node run."""

    def __init__(
        self, outcomes: Sequence[Outcome], resumed: Mapping[tuple[str, Scope], Json], now: datetime
    ) -> None:
        """`resumed` holds what woke sleeping nodes; others wake when their time has come."""
        self._tries: dict[tuple[str, Scope], list[Outcome]] = {}
        for outcome in outcomes:
            self._tries.setdefault(outcome.key, []).append(outcome)
        self._known = {id(outcome) for outcome in outcomes}
        self._resumed, self._now = resumed, now
        self.responded = any(outcome.response is not None for outcome in outcomes)
        self.busy_seconds = _busy_seconds(outcomes)

    def knows(self, outcome: Outcome) -> bool:
        """Whether this very outcome came from the log."""
        return id(outcome) in self._known

    def decided(self, node: str, scope: Scope) -> Outcome | None:
        """The decided outcome of a node run."""
        tries = self._tries.get((node, scope), ())
        return next((outcome for outcome in reversed(tries) if outcome.decided), None)

    def asleep(self, node: str, scope: Scope) -> Outcome | None:
        """The outcome by which a node sleeps, unless something wakes it."""
        tries = self._tries.get((node, scope))
        last = tries[-1] if tries else None
        if last is None or last.status != "waiting" or (node, scope) in self._resumed:
            return None
        return None if last.wake_at is not None and last.wake_at <= self._now else last

    def past(self, node: str, scope: Scope) -> Past:
        """The earlier tries of a node run that is not decided."""
        tries = self._tries.get((node, scope))
        if not tries:
            return NOTHING
        failed = [outcome for outcome in tries if outcome.status == "retrying"]
        slept = next((outcome for outcome in reversed(tries) if outcome.status == "waiting"), None)
        return Past(
            attempts=max(outcome.attempt for outcome in tries),
            failed=len(failed),
            failed_at=failed[-1].finished_at if failed else None,
            interrupted=tries[-1].status == "started",
            resumed=self._resumed.get((node, scope), {}) if slept is not None else None,
            suspended_until=slept.wake_at if slept is not None else None,
        )


def _busy_seconds(outcomes: Sequence[Outcome]) -> float:
    """How long at least one node ran, sleeping not counted."""
    total, end = 0.0, None
    for begun, ended in sorted((o.started_at, o.finished_at) for o in outcomes):
        begin = begun if end is None else max(begun, end)
        if ended > begin:
            total += (ended - begin).total_seconds()
        end = ended if end is None else max(end, ended)
    return total
