from __future__ import annotations

import pytest

from flowstudio.engine.item import Binary, Item, Json, Pair
from flowstudio.errors import InvalidWorkflow
from tests.nodes.driver import run_node

OPEN = {"conditions": [{"left": "={{ $json.open }}", "test": "is_true"}]}


async def test_no_item_is_lost() -> None:
    rows = [{"n": i, "open": i % 3 == 0} for i in range(30)]
    result = await run_node("filter", OPEN, rows)
    assert result.ports["kept"] == [row for row in rows if row["open"]]
    assert result.ports["discarded"] == [row for row in rows if not row["open"]]


async def test_an_item_leaves_as_it_came() -> None:
    file = Binary("aa", "text/plain", "a.txt", 1)
    result = await run_node("filter", OPEN, [{"open": False}, Item({"open": True}, {"data": file})])
    [kept] = result.outcome.outputs["kept"]
    assert (kept.json, kept.binary, kept.paired_item) == ({"open": True}, {"data": file}, (Pair(1),))


async def test_a_filter_without_conditions_does_not_run() -> None:
    without: list[Json] = [{}, {"conditions": []}]
    for properties in without:
        with pytest.raises(InvalidWorkflow, match=r"Conditions (must not be empty|is required)"):
            await run_node("filter", properties)


async def test_an_unknown_test_is_named() -> None:
    with pytest.raises(InvalidWorkflow, match="Conditions 1, Test must be"):
        await run_node("filter", {"conditions": [{"left": 1, "test": "resembles"}]})
