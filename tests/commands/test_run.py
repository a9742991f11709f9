"""The command that serves the studio. Serving itself is tested with the other commands."""

from __future__ import annotations

import gc
import weakref
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


class Node:
    """May point to itself."""

    itself: Node


@pytest.mark.usefixtures("collector")
def test_the_first_answer_does_not_wait_until_garbage_is_looked_for() -> None:
    gc.disable()
    node = Node()
    node.itself = node
    watched = weakref.ref(node)
    del node
    settle()
    assert watched() is not None
