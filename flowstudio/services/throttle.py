"""Slows down who guesses passwords, and who asks for too much."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable

from flowstudio.errors import RateLimited
from flowstudio.storage import Storage
from flowstudio.storage.attempts import AttemptRepository

KEPT = 10_000
"""Subjects that a process remembers at most; the one that was quiet for longest is forgotten first."""


class Throttle(ABC):
    """Limits the attempts of one subject, such as an e-mail address or a client's address, within a sliding window.

    An attempt counts when it begins, so that many at the same time cannot slip through together.
    """

    limit: int
    window: float
    """Seconds."""

    async def attempt(self, subject: str) -> None:
        """Count an attempt. Raises `RateLimited`, with the time to wait, when there were too many."""
        wait = await self._add(subject)
        if wait is not None:
            raise RateLimited(f"Too many attempts. Try again in {wait:.0f} seconds.", retry_after=wait)

    @abstractmethod
    async def _add(self, subject: str) -> float | None:
        """Count an attempt, or say how many seconds to wait."""

    @abstractmethod
    async def undo(self, subject: str) -> None:
        """The last attempt was a good one: it does not count."""

    @abstractmethod
    async def forget(self, subject: str) -> None:
        """No attempt of the subject counts any more."""


def throttle(
    storage: Storage, kind: str, limit: int, window: float, clock: Callable[[], float] = time.monotonic
) -> Throttle:
    """A throttle for what is named by `kind`; where several servers share the work, it holds for all of them together."""
    if storage.settings.mode == "scaled":
        return SharedThrottle(storage.attempts, kind, limit, window)
    return LocalThrottle(limit, window, clock)


class LocalThrottle(Throttle):
    """Counts in the memory of this process."""

    def __init__(self, limit: int, window: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.window = window
        self._clock = clock
        self._attempts: OrderedDict[str, list[float]] = OrderedDict()

    async def _add(self, subject: str) -> float | None:
        now = self._clock()
        recent = [at for at in self._attempts.get(subject, ()) if at > now - self.window]
        if len(recent) >= self.limit:
            return max(1.0, recent[0] + self.window - now)
        self._attempts[subject] = [*recent, now]
        self._attempts.move_to_end(subject)
        if len(self._attempts) > KEPT:
            self._attempts.popitem(last=False)
        return None

    async def undo(self, subject: str) -> None:
        """The last attempt was a good one: it does not count."""
        if attempts := self._attempts.get(subject):
            attempts.pop()

    async def forget(self, subject: str) -> None:
        """No attempt of the subject counts any more."""
        self._attempts.pop(subject, None)


class SharedThrottle(Throttle):
    """Counts in the database, for all servers."""

    def __init__(self, attempts: AttemptRepository, kind: str, limit: int, window: float) -> None:
        self.limit = limit
        self.window = window
        self._attempts = attempts
        self._kind = kind

    async def _add(self, subject: str) -> float | None:
        return await self._attempts.add(f"{self._kind} {subject}", self.limit, self.window)

    async def undo(self, subject: str) -> None:
        """The last attempt was a good one: it does not count."""
        await self._attempts.take_back(f"{self._kind} {subject}")

    async def forget(self, subject: str) -> None:
        """No attempt of the subject counts any more."""
        await self._attempts.forget(f"{self._kind} {subject}")
