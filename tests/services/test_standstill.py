"""A process that stood still believes no failure of that time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

import pytest

from flowstudio.engine.clock import now
from flowstudio.engine.outcome import Outcome, Rest
from flowstudio.errors import LeaseLost
from flowstudio.services.standstill import Standstill, Wary


class Log:
    """A journal that stores everything."""

    def __init__(self) -> None:
        self.stored: list[Outcome] = []

    async def append(self, outcomes: Sequence[Outcome], rest: Rest | None = None) -> None:
        self.stored += outcomes


async def test_failures_of_the_time_in_which_a_process_stood_still_are_not_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offset = 0.0
    monotonic = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + offset)
    still, log = Standstill(), Log()
    journal = Wary(log, still)
    before = now()
    failed = Outcome(node="a", status="error", started_at=before, finished_at=before)
    done = Outcome(node="b", status="success", started_at=before, finished_at=before)
    await journal.append([failed])

    offset = 30.0  # frozen; its time limits pass before its threads get to anything
    with pytest.raises(LeaseLost):
        await journal.append([failed])
    still.tick()
    with pytest.raises(LeaseLost):
        await journal.append([failed])
    with pytest.raises(LeaseLost):
        await journal.append([], Rest(status="error", finished_at=before))
    await journal.append([done])
    later = now() + timedelta(milliseconds=1)
    await journal.append([Outcome(node="c", status="error", started_at=later, finished_at=later)])
    assert [outcome.node for outcome in log.stored] == ["a", "b", "c"]
