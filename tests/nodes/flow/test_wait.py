from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flowstudio.engine.item import Json, Pair
from tests.nodes.driver import Result, run_node

ROWS = [{"n": 1}, {"n": 2}]
HERE = ("it", ())


async def resume(properties: Json, first: Result, woken_by: Json) -> Result:
    return await run_node("wait", properties, ROWS, history=first.log, resumed={HERE: woken_by})


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that nodes slept; nobody really waits."""
    seconds: list[float] = []
    really = asyncio.sleep

    async def sleep(delay: float, *result: Any) -> None:
        seconds.append(delay)
        await really(0)

    monkeypatch.setattr("flowstudio.nodes.flow.wait.sleep", sleep)
    return seconds


@pytest.mark.parametrize(
    ("amount", "unit", "seconds"),
    [(0, "seconds", 0), (64, "seconds", 64), (1, "minutes", 60), (0.01, "hours", 36), (0.0005, "days", 43.2)],
)
async def test_a_short_wait_is_slept_through(
    amount: float, unit: str, seconds: float, slept: list[float]
) -> None:
    result = await run_node("wait", {"resume": "after_time", "amount": amount, "unit": unit}, ROWS)
    assert (result.outcome.status, result.rows) == ("success", ROWS)
    assert max(slept) == pytest.approx(seconds, abs=1)
    assert [item.paired_item for item in result.items] == [(Pair(0),), (Pair(1),)]


@pytest.mark.parametrize(
    ("amount", "unit", "seconds"),
    [(66, "seconds", 66), (2, "minutes", 120), (1.5, "hours", 5400), (2, "days", 172_800)],
)
async def test_a_long_wait_puts_the_execution_to_sleep(
    amount: float, unit: str, seconds: float, slept: list[float]
) -> None:
    properties = {"resume": "after_time", "amount": amount, "unit": unit}
    asleep = await run_node("wait", properties, ROWS)
    assert (asleep.rest.status, asleep.outcome.status) == ("waiting", "waiting")
    assert asleep.outcome.wake_at is not None
    left = asleep.outcome.wake_at - datetime.now(UTC)
    assert left.total_seconds() == pytest.approx(seconds, abs=5)
    awake = await resume(properties, asleep, {})
    assert (awake.rest.status, awake.rows) == ("success", ROWS)


async def test_a_call_does_not_shorten_a_wait_for_a_time() -> None:
    properties = {"resume": "after_time", "amount": 2, "unit": "hours"}
    asleep = await run_node("wait", properties, ROWS)
    again = await resume(properties, asleep, {"body": {"approved": True}})
    assert again.rest.status == "waiting"
    assert again.outcome.wake_at == asleep.outcome.wake_at


async def test_until_a_moment_in_the_time_zone_of_the_workflow() -> None:
    properties = {"resume": "at_time", "until": "2099-07-01 12:00"}
    asleep = await run_node("wait", properties, ROWS, timezone="Europe/Berlin")
    assert asleep.outcome.wake_at == datetime(2099, 7, 1, 10, tzinfo=UTC)
    assert (await resume(properties, asleep, {})).rows == ROWS


async def test_a_moment_that_has_passed_is_not_waited_for(slept: list[float]) -> None:
    result = await run_node("wait", {"resume": "at_time", "until": "2001-01-01"}, ROWS)
    assert result.rows == ROWS
    assert max(slept) == 0


@pytest.mark.parametrize("until", ["", "soon", "2026-02-30"])
async def test_what_is_no_moment_is_refused(until: str) -> None:
    result = await run_node("wait", {"resume": "at_time", "until": until}, ROWS)
    assert result.error.startswith(f"'{until}' is not a date and time; write it as in 2026-05-01 08:00")


async def test_a_call_goes_on_with_its_data() -> None:
    properties = {"resume": "on_call"}
    asleep = await run_node("wait", properties, ROWS)
    assert (asleep.rest.status, asleep.outcome.wake_at) == ("waiting", None)
    awake = await resume(properties, asleep, {"method": "POST", "body": {"approved": True}})
    assert awake.rows == [{"method": "POST", "body": {"approved": True}}]


async def test_a_limited_wait_for_a_call_goes_on_with_its_items() -> None:
    properties = {"resume": "on_call", "limit": True, "limit_amount": 30, "limit_unit": "minutes"}
    asleep = await run_node("wait", properties, ROWS)
    assert asleep.outcome.wake_at is not None
    assert timedelta(minutes=29) < asleep.outcome.wake_at - datetime.now(UTC) <= timedelta(minutes=30)
    assert (await resume(properties, asleep, {})).rows == ROWS
    assert (await resume(properties, asleep, {"query": {"ok": "1"}})).rows == [{"query": {"ok": "1"}}]


async def test_a_wait_of_centuries_is_refused() -> None:
    result = await run_node("wait", {"amount": 1e6, "unit": "days"}, ROWS)
    assert result.error == "A wait of 1e+06 days is too long; ten years are the limit."


async def test_the_time_may_be_calculated(slept: list[float]) -> None:
    await run_node("wait", {"amount": "={{ $json.n }}"}, [{"n": 7}, {"n": 9}])
    assert max(slept) == pytest.approx(7, abs=1)
