"""Time limits that hold on a busy machine: it may be late now and then, the product would be late every time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

TRIES = 10


async def prompt(attempt: Callable[[], Awaitable[float]], limit: float) -> None:
    """Measure until once it took less than `limit` seconds; fails when it always takes longer."""
    took: list[float] = []
    while not took or took[-1] >= limit:
        assert len(took) < TRIES, f"always longer than {limit} s: {took}"
        took.append(await attempt())
