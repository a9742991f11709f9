"""What nodes print: kept for the log, and told live in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LIMIT = 100_000
"""Characters kept of one try."""
DELAY = 0.05
"""Seconds in which prints are gathered into one event."""


class Printout:
    """The text of one try."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._kept: list[str] = []
        self._length = 0
        self._untold: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    @property
    def text(self) -> str:
        """Everything that was printed, cut at the limit."""
        return "".join(self._kept)

    def add(self, text: str) -> None:
        """Print."""
        room = LIMIT - self._length
        if room <= 0 or not text:
            return
        text = text if len(text) <= room else text[:room]
        self._length += len(text)
        self._kept.append(text)
        self._untold.append(text)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY, self.flush)

    def flush(self) -> None:
        """Tell what was not told yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._untold:
            text = "".join(self._untold)
            self._untold.clear()
            self._tell(text)
