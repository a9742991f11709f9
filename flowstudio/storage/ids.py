"""Identifiers that sort by the time they were made."""

from __future__ import annotations

import secrets
import threading
import time
from uuid import UUID

RANDOM_BITS = 74

_lock = threading.Lock()
_last: tuple[int, int] = (0, 0)


def new_id() -> str:
    """A UUID version 7 as text. Within a process each is greater than the one before."""
    global _last
    with _lock:
        milliseconds, random = time.time_ns() // 1_000_000, secrets.randbits(RANDOM_BITS)
        if milliseconds <= _last[0]:
            milliseconds, random = _last[0], _last[1] + 1 + secrets.randbits(32)
            if random >> RANDOM_BITS:
                milliseconds, random = milliseconds + 1, secrets.randbits(RANDOM_BITS - 1)
        _last = (milliseconds, random)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))
