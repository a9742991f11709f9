from __future__ import annotations

import pytest

from flowstudio.errors import RateLimited
from flowstudio.services import throttle
from flowstudio.services.throttle import LocalThrottle


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


async def test_attempts_over_the_limit_are_refused_with_the_time_to_wait() -> None:
    clock = Clock()
    guard = LocalThrottle(3, 60, clock)
    for _ in range(3):
        await guard.attempt("ada")
        clock.time += 10
    with pytest.raises(RateLimited, match="30 seconds") as refused:
        await guard.attempt("ada")
    assert refused.value.retry_after == 30


async def test_a_refused_attempt_does_not_make_the_wait_longer() -> None:
    clock = Clock()
    guard = LocalThrottle(1, 60, clock)
    await guard.attempt("ada")
    for _ in range(5):
        clock.time += 10
        with pytest.raises(RateLimited):
            await guard.attempt("ada")
    clock.time += 10
    await guard.attempt("ada")


async def test_subjects_do_not_hinder_each_other() -> None:
    guard = LocalThrottle(1, 60, Clock())
    await guard.attempt("ada")
    await guard.attempt("bob")


async def test_what_is_undone_or_forgotten_does_not_count() -> None:
    guard = LocalThrottle(1, 60, Clock())
    await guard.attempt("ada")
    await guard.undo("ada")
    await guard.attempt("ada")
    await guard.forget("ada")
    await guard.attempt("ada")
    await guard.undo("nobody")


async def test_the_quietest_subject_is_forgotten_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttle, "KEPT", 2)
    guard = LocalThrottle(1, 60, Clock())
    for subject in ("ada", "bob", "eve"):
        await guard.attempt(subject)
    await guard.attempt("ada")
    with pytest.raises(RateLimited):
        await guard.attempt("eve")
