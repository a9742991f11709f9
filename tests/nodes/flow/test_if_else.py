from __future__ import annotations

from typing import Any

import pytest

from flowstudio.engine.item import Json, Pair
from tests.nodes.driver import run_node


def condition(test: str, right: Any, left: str = "={{ $json.x }}", **more: Any) -> Json:
    return {"left": left, "test": test, "right": right, **more}


ROWS = [{"x": 1}, {"x": 5}, {"x": 9}]


@pytest.mark.parametrize(
    ("require", "true", "false"),
    [("all", [{"x": 5}], [{"x": 1}, {"x": 9}]), ("any", ROWS, [])],
)
async def test_conditions_are_combined(require: str, true: list[Json], false: list[Json]) -> None:
    properties = {"conditions": [condition("greater", 2), condition("less", 8)], "require": require}
    result = await run_node("if-else", properties, ROWS)
    assert (result.ports.get("true", []), result.ports.get("false", [])) == (true, false)


async def test_later_conditions_are_not_looked_at_once_it_is_decided() -> None:
    wrong = condition("greater", 1, left="abc", type="number")
    sure = [condition("equals", 1), wrong]
    assert (await run_node("if-else", {"conditions": sure, "require": "any"}, [{"x": 1}])).ports == {
        "true": [{"x": 1}]
    }
    assert (await run_node("if-else", {"conditions": sure}, [{"x": 2}])).ports == {"false": [{"x": 2}]}
    assert "wrong type" in (await run_node("if-else", {"conditions": sure}, [{"x": 1}])).error


async def test_items_stay_paired_with_where_they_came_from() -> None:
    result = await run_node("if-else", {"conditions": [condition("greater", 2)]}, ROWS)
    assert [item.paired_item for item in result.outcome.outputs["true"]] == [(Pair(1),), (Pair(2),)]
    assert [item.paired_item for item in result.outcome.outputs["false"]] == [(Pair(0),)]


async def test_an_item_that_cannot_be_judged_may_leave_by_the_error_output() -> None:
    properties = {"conditions": [condition("greater", 2, type="number")]}
    result = await run_node(
        "if-else", properties, [{"x": "a"}, {"x": 3}], settings={"on_error": "error_output"}
    )
    assert result.ports["true"] == [{"x": 3}]
    [failed] = result.ports["error"]
    assert failed["x"] == "a"
    assert "wrong type: 'a' is a string but was expected to be a number" in failed["error"]


async def test_types_may_be_loose() -> None:
    properties = {"conditions": [condition("greater", "2", type="number")], "strict": False}
    assert (await run_node("if-else", properties, [{"x": "10"}])).ports == {"true": [{"x": "10"}]}


async def test_times_are_read_in_the_time_zone_of_the_workflow() -> None:
    properties = {"conditions": [condition("equals", "2026-07-01T10:00:00Z", type="date-time")]}
    rows = [{"x": "2026-07-01 12:00"}]
    assert (await run_node("if-else", properties, rows, timezone="Europe/Berlin")).ports == {"true": rows}
    assert (await run_node("if-else", properties, rows)).ports == {"false": rows}


async def test_a_zone_that_does_not_exist_is_an_error_of_the_node() -> None:
    properties = {"conditions": [condition("after", "2026-07-01", type="date-time")]}
    result = await run_node("if-else", properties, [{"x": "2026-07-01 12:00"}], timezone="Nowhere/Land")
    assert result.error.startswith("'Nowhere/Land' is not a time zone")
