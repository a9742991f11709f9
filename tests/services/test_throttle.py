from __future__ import annotations

import pytest

from flowstudio.errors import RateLimited
from flowstudio.services import throttle
from flowstudio.services.throttle import Throttle


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_attempts_over_the_limit_are_refused_with_the_time_to_wait() -> None:
    clock = Clock()
    guard = Throttle(3, 60, clock)
    for _ in range(3):
        guard.attempt("ada")
        clock.time += 10
    with pytest.raises(RateLimited, match="30 seconds") as refused:
        guard.attempt("ada")
    assert refused.value.retry_after == 30


def test_a_refused_attempt_does_not_make_the_wait_longer() -> None:
    clock = Clock()
    guard = Throttle(1, 60, clock)
    guard.attempt("ada")
    for _ in range(5):
        clock.time += 10
        with pytest.raises(RateLimited):
            guard.attempt("ada")
    clock.time += 10
    guard.attempt("ada")


def test_subjects_do_not_hinder_each_other() -> None:
    guard = Throttle(1, 60, Clock())
    guard.attempt("ada")
    guard.attempt("bob")


def test_what_is_undone_or_forgotten_does_not_count() -> None:
    guard = Throttle(1, 60, Clock())
    guard.attempt("ada")
    guard.undo("ada")
    guard.attempt("ada")
    guard.forget("ada")
    guard.attempt("ada")
    guard.undo("nobody")


def test_the_quietest_subject_is_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "KEPT", 2)
    guard = Throttle(1, 60, Clock())
    for subject in ("ada", "bob", "eve"):
        guard.attempt(subject)
    guard.attempt("ada")
    with pytest.raises(RateLimited):
        guard.attempt("eve")
