"""A short form of `make soak`: a busy server loses nothing, does nothing twice, and deletes what is too old."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bench.sink import gaps
from bench.soak import Plan, middle_and_end, soak

SHORT = Plan(seconds=4, measured=1, schedules=10, chats=2, retention=200, interval=0.5, slack=3)
"""So many are kept that a busy machine reads the answers of a chat before its execution is deleted."""


@pytest.mark.timeout(600)
def test_a_busy_server_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    figures, wrong = asyncio.run(soak(SHORT, tmp_path))
    assert wrong == []
    values = {figure.name: figure.value for figure in figures}
    assert values["webhook runs"] > 20
    assert values["chats"] > 3
    assert values["runs by the clock"] > 20


def test_a_schedule_that_leaves_a_moment_out_or_doubles_one_is_found() -> None:
    assert list(gaps(1, [100, 102, 104], 99.5, 105)) == []
    assert list(gaps(1, [100, 104], 99.5, 105)) == ["schedule 1 did not run for 102"]
    assert list(gaps(1, [100, 102, 102, 104], 99.5, 105)) == ["schedule 1 ran 2 times for 102"]
    assert list(gaps(1, [100, 102], 99.5, 105)) == ["schedule 1 did not run for 104"]


def test_memory_is_compared_after_it_has_settled() -> None:
    assert middle_and_end([10, 90, 100, 100, 100, 130, 130, 500, 130]) == (100, 130)
