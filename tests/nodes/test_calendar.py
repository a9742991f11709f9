"""Reckoning with dates: what luxon gives, on thousands of moments around leap days and changes of the clock."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flowstudio.engine.context import Host
from flowstudio.nodes import calendar
from flowstudio.nodes.calendar import between, formatted, shift, start_of
from flowstudio.nodes.data.date_time import iso
from tests.nodes.driver import run_node

BERLIN = ZoneInfo("Europe/Berlin")
TOKENS = "yyyy yy y M MM MMM MMMM LL d dd H HH h hh m mm s ss S SSS a E EEE EEEE o ooo W WW kkkk q Z ZZ ZZZ X x".split()
INTERESTING = (
    "2024-02-29T12:00:00Z 2024-03-31T00:30:00Z 2024-03-31T01:30:00Z 2024-10-27T00:30:00Z 2024-10-27T01:30:00Z "
    "2023-12-31T23:30:00Z 2025-01-01T00:00:00Z 2024-01-31T08:15:42.123Z"
).split()


def moments() -> list[datetime]:
    chance = random.Random(7)
    found = [datetime.fromisoformat(text).astimezone(BERLIN) for text in INTERESTING]
    for _ in range(60):
        at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(
            milliseconds=chance.randrange(10 * 366 * 86_400_000)
        )
        found.append(at.astimezone(BERLIN))
    return found


async def luxon(host: Host, template: str, rows: list[Any]) -> list[Any]:
    table = await host.evaluator.evaluate([f"{{{{ {template} }}}}"], rows, {}, {}, owner="test", timeout=10)
    return [row[0] for row in table]


AT = "DateTime.fromISO($json.at, {zone: 'Europe/Berlin'})"


async def test_moving_a_date_is_what_luxon_does(caged_host: Host) -> None:
    rows: list[Any] = [
        {"at": iso(at), "unit": unit, "amount": amount}
        for at in moments()
        for unit in calendar.UNITS
        for amount in (1, -1, 5, -13)
    ]
    expected = await luxon(caged_host, f"{AT}.plus({{[$json.unit]: $json.amount}}).toMillis()", rows)
    ours = [
        round(
            shift(
                datetime.fromisoformat(row["at"]).astimezone(BERLIN), row["amount"], row["unit"]
            ).timestamp()
            * 1000
        )
        for row in rows
    ]
    wrong = [(row, a, b) for row, a, b in zip(rows, ours, expected, strict=True) if a != b]
    assert wrong == []


async def test_the_beginning_of_a_unit_is_what_luxon_says(caged_host: Host) -> None:
    rows: list[Any] = [{"at": iso(at), "unit": unit} for at in moments() for unit in calendar.UNITS]
    expected = await luxon(caged_host, f"{AT}.startOf($json.unit.slice(0, -1)).toMillis()", rows)
    ours = [
        round(start_of(datetime.fromisoformat(row["at"]).astimezone(BERLIN), row["unit"]).timestamp() * 1000)
        for row in rows
    ]
    assert [(row, a, b) for row, a, b in zip(rows, ours, expected, strict=True) if a != b] == []


@pytest.mark.parametrize(
    "units", [["days"], ["months", "days"], ["years", "weeks", "hours"], ["minutes", "seconds"]]
)
async def test_the_time_between_is_what_luxon_tells(caged_host: Host, units: list[str]) -> None:
    points = moments()
    rows: list[Any] = [
        {"at": iso(a), "to": iso(b), "units": units}
        for a, b in zip(points, points[1:] + points[:1], strict=True)
        if a < b
    ]
    template = f"DateTime.fromISO($json.to, {{zone: 'Europe/Berlin'}}).diff({AT}, $json.units).toObject()"
    expected = await luxon(caged_host, template, rows)
    for row, told in zip(rows, expected, strict=True):
        start, end = (datetime.fromisoformat(row[key]).astimezone(BERLIN) for key in ("at", "to"))
        assert between(start, end, units) == pytest.approx(told), row


async def test_a_date_is_written_as_luxon_writes_it(caged_host: Host) -> None:
    pattern = "|".join(TOKENS) + " 'o''clock'"
    rows: list[Any] = [{"at": iso(at), "pattern": pattern} for at in moments()]
    expected = await luxon(caged_host, f"{AT}.toFormat($json.pattern)", rows)
    for row, text in zip(rows, expected, strict=True):
        assert formatted(datetime.fromisoformat(row["at"]).astimezone(BERLIN), pattern) == text


def test_backwards_is_negative() -> None:
    a, b = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, 12, tzinfo=UTC)
    assert between(b, a, ["days"]) == {"days": -2.5}


async def test_dates_are_read_and_given_in_the_workflows_zone() -> None:
    properties = {"operation": "add", "date": "2024-03-30T12:00", "amount": 1, "unit": "days"}
    result = await run_node("date-time", properties, timezone="Europe/Berlin")
    assert result.rows == [{"new_date": "2024-03-31T12:00:00.000+02:00"}]
    hours = await run_node(
        "date-time", properties | {"amount": 24, "unit": "hours"}, timezone="Europe/Berlin"
    )
    assert hours.rows == [{"new_date": "2024-03-31T13:00:00.000+02:00"}]


@pytest.mark.parametrize(
    ("direction", "expected"), [("down", "2026-03-01"), ("up", "2026-04-01"), ("nearest", "2026-04-01")]
)
async def test_rounding(direction: str, expected: str) -> None:
    properties = {"operation": "round", "date": "2026-03-20", "unit": "months", "direction": direction}
    assert (await run_node("date-time", properties)).rows == [{"rounded_date": f"{expected}T00:00:00.000Z"}]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("year", 2024),
        ("quarter", 4),
        ("month", 12),
        ("week", 1),
        ("weekday", 1),
        ("day", 30),
        ("hour", 5),
        ("minute", 6),
    ],
)
async def test_parts(part: str, expected: int) -> None:
    properties = {"operation": "extract", "date": "2024-12-30T05:06:07Z", "part": part}
    assert (await run_node("date-time", properties)).rows == [{"date_part": expected}]


async def test_the_present_date_may_begin_at_midnight() -> None:
    [row] = (await run_node("date-time", {"operation": "current", "include_time": False})).rows
    assert row["current_date"].endswith("T00:00:00.000Z")


@pytest.mark.parametrize(
    ("date", "shown"), [("", "empty"), (None, "empty"), ("soon", "'soon'"), ({"a": 1}, "'{")]
)
async def test_what_is_no_date_is_named(date: Any, shown: str) -> None:
    result = await run_node("date-time", {"operation": "format", "date": date})
    assert f"Date is {shown}" in result.error


async def test_the_calendar_ends() -> None:
    result = await run_node(
        "date-time", {"operation": "add", "date": "2026-01-01", "amount": 1e5, "unit": "years"}
    )
    assert "outside of the years" in result.error
