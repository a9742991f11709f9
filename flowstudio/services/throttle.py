"""Slows down who guesses passwords."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from flowstudio.errors import RateLimited

KEPT = 10_000
"""Subjects that are remembered at most; the one that was quiet for longest is forgotten first."""


class Throttle:
    """Limits the attempts of one subject, such as an e-mail address or a client's address, within a sliding window.

    An attempt counts when it begins, so that many at the same time cannot slip through together.
    """

    def __init__(self, limit: int, window: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.window = window
        self._clock = clock
        self._attempts: OrderedDict[str, list[float]] = OrderedDict()

    def attempt(self, subject: str) -> None:
        """Count an attempt. Raises `RateLimited`, with the time to wait, when there were too many."""
        now = self._clock()
        recent = [at for at in self._attempts.get(subject, ()) if at > now - self.window]
        if len(recent) >= self.limit:
            wait = max(1.0, recent[0] + self.window - now)
            raise RateLimited(f"Too many attempts. Try again in {wait:.0f} seconds.", retry_after=wait)
        self._attempts[subject] = [*recent, now]
        self._attempts.move_to_end(subject)
        if len(self._attempts) > KEPT:
            self._attempts.popitem(last=False)

    def undo(self, subject: str) -> None:
        """The last attempt was a good one: it does not count."""
        if attempts := self._attempts.get(subject):
            attempts.pop()

    def forget(self, subject: str) -> None:
        """No attempt of the subject counts any more."""
        self._attempts.pop(subject, None)
