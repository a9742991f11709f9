from __future__ import annotations

from flowstudio.engine.item import Binary, Item, Pair
from tests.nodes.driver import run_node


async def test_items_leave_as_they_came() -> None:
    file = Binary("aa", "text/plain", "a.txt", 1)
    result = await run_node("no-op", {}, [{"n": 1}, Item({"n": 2}, {"data": file})])
    assert result.rows == [{"n": 1}, {"n": 2}]
    assert [item.binary for item in result.items] == [None, {"data": file}]
    assert [item.paired_item for item in result.items] == [(Pair(0),), (Pair(1),)]
