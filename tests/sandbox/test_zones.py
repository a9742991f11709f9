from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from flowstudio.sandbox import ExpressionBatch, ExpressionFailure, JavaScript
from tests.sandbox.conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="session")

ZONES = (
    "UTC Europe/Berlin Europe/London Europe/Dublin America/New_York America/Los_Angeles America/Sao_Paulo America/St_Johns "
    "Asia/Tokyo Asia/Kolkata Asia/Kathmandu Asia/Tehran Australia/Sydney Australia/Lord_Howe Pacific/Apia Pacific/Chatham "
    "Africa/Casablanca Africa/Cairo Etc/GMT+5 Antarctica/Troll"
).split()


def _moments() -> list[tuple[str, datetime]]:
    chance = random.Random(7)
    start = datetime(1970, 1, 2, tzinfo=UTC)
    return [
        (zone, start + timedelta(seconds=chance.randrange(90 * 365 * 86400)))
        for zone in ZONES
        for _ in range(15)
    ]


async def test_luxon_agrees_with_the_time_zone_database(javascript: JavaScript) -> None:
    moments = _moments()
    items = [{"zone": zone, "at": moment.timestamp() * 1000} for zone, moment in moments]
    batch = ExpressionBatch(
        ["{{ DateTime.fromMillis($json.at, {zone: $json.zone}).toFormat('yyyy-MM-dd HH:mm:ss ZZ') }}"], items
    )
    values = [row[0] for row in await javascript.evaluate(batch, owner="zones")]
    expected = [_written(moment, zone) for zone, moment in moments]
    assert values == expected


def _written(moment: datetime, zone: str) -> str:
    local = moment.astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    assert offset is not None
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return local.strftime("%Y-%m-%d %H:%M:%S ") + f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


async def test_local_times_are_read_in_their_zone(javascript: JavaScript) -> None:
    """The other way round, from the clock on the wall to the moment."""
    moments = [(zone, moment) for zone, moment in _moments() if _is_plain(moment, zone)]
    items = [
        {"zone": zone, "text": moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")}
        for zone, moment in moments
    ]
    batch = ExpressionBatch(["{{ DateTime.fromISO($json.text, {zone: $json.zone}).toSeconds() }}"], items)
    values = [row[0] for row in await javascript.evaluate(batch, owner="zones")]
    assert values == [moment.timestamp() for _, moment in moments]


def _is_plain(moment: datetime, zone: str) -> bool:
    """Not within a day of a change of the clock, where a local time may mean two moments."""
    offsets = {(moment + timedelta(days=days)).astimezone(ZoneInfo(zone)).utcoffset() for days in (-1, 0, 1)}
    return len(offsets) == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("$now.zoneName", "America/New_York"),
        ("$now.setZone('Asia/Tokyo').toISO()", "2026-03-08T15:30:00.000+09:00"),
        ("$now.plus({hours: 1}).toISO()", "2026-03-08T03:30:00.000-04:00"),
        ("DateTime.fromISO('2026-03-08T02:30').toISO()", "2026-03-08T03:30:00.000-04:00"),
        ("DateTime.fromISO('2026-01-01', {zone: 'Mars/Base'}).isValid", False),
        ("$now.setZone('europe/berlin').isValid", True),
        ("$now.setZone('UTC+3').offset", 180),
        ("$now.toFormat('cccc, d LLLL yyyy')", "Sunday, 8 March 2026"),
        ("$now.toLocaleString(DateTime.DATETIME_FULL)", "March 8, 2026 at 1:30 AM EST"),
        ("$now.toRelative({base: $now.plus({days: 2})})", "2 days ago"),
        ("Interval.fromDateTimes($now, $now.plus({days: 3})).length('days')", 3),
        ("new Date(0).toLocaleString('en-US', {timeZone: 'Asia/Tokyo'})", "1/1/1970, 9:00:00 AM"),
        ("new Date(0).toLocaleDateString()", "1/1/1970"),
        (
            "new Intl.DateTimeFormat('en-US', {dateStyle: 'medium', timeZone: 'UTC'}).format(new Date(0))",
            "Jan 1, 1970",
        ),
        ("new Intl.NumberFormat('en-US', {style: 'currency', currency: 'EUR'}).format(1234.5)", "€1,234.50"),
        ("(0.256).toLocaleString('en-US', {style: 'percent', maximumFractionDigits: 1})", "25.6%"),
    ],
)
async def test_dates_and_numbers_are_written_as_in_node(
    evaluate: Evaluate, code: str, expected: object
) -> None:
    shared = {"now": "2026-03-08T06:30:00.000Z", "timezone": "America/New_York"}
    value = await evaluate("{{ " + code + " }}", {}, shared=shared)
    assert value == expected


async def test_each_batch_has_the_zone_of_its_own_workflow(evaluate: Evaluate) -> None:
    for zone, expected in (("Asia/Tokyo", "+09:00"), ("UTC", "Z"), ("Asia/Kolkata", "+05:30")):
        shared = {"now": "2026-01-01T00:00:00Z", "timezone": zone}
        assert (await evaluate("{{ DateTime.fromISO('2026-01-01').toISO() }}", shared=shared)).endswith(
            expected
        )


async def test_an_invalid_zone_of_the_formatter_is_an_error(evaluate: Evaluate) -> None:
    value = await evaluate("{{ new Intl.DateTimeFormat('en', {timeZone: 'Nowhere/X'}).format(0) }}")
    assert isinstance(value, ExpressionFailure)
    assert "Invalid time zone" in value.message
