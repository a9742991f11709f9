"""The command that serves the studio. Serving itself is tested with the other commands."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from flowstudio.commands.run import GC_THRESHOLDS, settle


@pytest.fixture
def collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.enable()
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("collector")
def test_the_collector_leaves_alone_what_lives_as_long_as_the_server() -> None:
    lasting: list[object] = [{}]
    gc.disable()
    settle()
    assert gc.isenabled()
    assert not any(lasting is found for found in gc.get_objects())
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == GC_THRESHOLDS


@pytest.mark.usefixtures("collector")
def test_garbage_made_before_is_collected_and_not_kept() -> None:
    settle()
    kept = gc.get_freeze_count()
    cycles: list[list[object]] = [[] for _ in range(1000)]
    for cycle in cycles:
        cycle.append(cycle)
    del cycles, cycle
    settle()
    assert gc.get_freeze_count() < kept + 900
