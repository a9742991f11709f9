from __future__ import annotations

import pytest

from flowstudio.engine.item import items_from_json
from flowstudio.errors import InvalidWorkflow
from flowstudio.nodes.flow.loop_over_items import LoopOverItems
from tests.nodes.driver import run_node


@pytest.mark.parametrize(("size", "lengths"), [(1, [1, 1, 1, 1, 1]), (2, [2, 2, 1]), (5, [5]), (100, [5])])
def test_items_are_cut_into_batches(size: int, lengths: list[int]) -> None:
    items = items_from_json({"n": n} for n in range(5))
    batches = LoopOverItems(batch_size=size).batches(items)
    assert [len(batch) for batch in batches] == lengths
    assert [item for batch in batches for item in batch] == items


def test_nothing_makes_no_batch() -> None:
    assert LoopOverItems().batches([]) == []


async def test_what_came_back_leaves_when_all_batches_are_through() -> None:
    rows = [{"n": n} for n in range(7)]
    result = await run_node("loop-over-items", {"batch_size": 3}, rows)
    assert result.ports == {"done": rows}
    assert [outcome.scope for outcome in result.log if outcome.node == "body"] == [
        ("it:0",),
        ("it:1",),
        ("it:2",),
    ]


@pytest.mark.parametrize("size", [0, -1, "many"])
async def test_a_batch_has_at_least_one_item(size: object) -> None:
    with pytest.raises(InvalidWorkflow, match="Batch size"):
        await run_node("loop-over-items", {"batch_size": size}, [{}])
