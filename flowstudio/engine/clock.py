"""Time: the same for all processes that share a database, however the clocks of their machines go; and so that tests can own it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

_lacks = timedelta()


def now() -> datetime:
    """The time in UTC. Use this for everything that another process may read."""
    return datetime.now(UTC) + _lacks


def correct(lacks: timedelta) -> None:
    """Set by how much the clock of this machine goes behind the one that all share; negative when it goes before it."""
    global _lacks
    _lacks = lacks


class Clock:
    """The time, for the engine."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return now()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
