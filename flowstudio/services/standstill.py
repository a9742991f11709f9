"""What a process does that stood still, because it was frozen or its machine slept: it believes no failure of that time.

When it goes on, every time limit has passed at once although nothing took long, and others may have hung up meanwhile. A step
that failed over that is interrupted, as if the process had died, and is taken up anew.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from flowstudio.engine import clock
from flowstudio.engine.outcome import Outcome, Rest
from flowstudio.engine.store import Journal
from flowstudio.errors import LeaseLost

LONG = 5.0
"""Seconds without a tick that count as standing still. Threads tick also when the event loop is busy."""
BELIEVED = 10
"""Claims of one execution from which on failures are believed all the same, so that it comes to an end."""


class Standstill:
    """Notices that the process stood still. One thread ticks; all may ask."""

    def __init__(self) -> None:
        self._ticked = time.monotonic()
        self._ended: datetime | None = None

    def tick(self) -> None:
        """The process runs; call it every second or so."""
        if self.now:
            self._ended = clock.now()
        self._ticked = time.monotonic()

    @property
    def now(self) -> bool:
        """Whether it has only just begun to go on."""
        return time.monotonic() - self._ticked > LONG

    def since(self, at: datetime) -> bool:
        """Whether it stood still at some time after this one."""
        return self.now or (self._ended is not None and self._ended > at)


class Wary:
    """A journal that stores no failure which came of standing still. Implements `engine.store.Journal`."""

    def __init__(self, journal: Journal, standstill: Standstill) -> None:
        self._journal, self._standstill = journal, standstill
        self._begin = clock.now()

    async def append(self, new: Sequence[Outcome], rest: Rest | None = None) -> None:
        """Store. Raises `LeaseLost` instead when the process stood still while something failed."""
        failed = [outcome.started_at for outcome in new if outcome.status in ("error", "retrying")]
        if rest is not None and rest.status == "error":
            failed.append(min((outcome.started_at for outcome in new), default=self._begin))
        if any(self._standstill.since(at) for at in failed):
            raise LeaseLost("The process stood still while a step ran; the step is taken up anew.")
        await self._journal.append(new, rest)
