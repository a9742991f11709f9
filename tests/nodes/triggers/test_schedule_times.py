"""When schedules are due, across clock changes, leap days and short months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from flowstudio.nodes.triggers.schedule import Schedule, described
from flowstudio.nodes.triggers.schedule_times import Rule, jittered, moments

BERLIN = ZoneInfo("Europe/Berlin")


def due(rule: dict[str, Any], after: str, count: int = 4, zone: str = "Europe/Berlin") -> list[str]:
    """The next moments in the time zone, as local time with offset."""
    schedule = Schedule(rules=[Rule(**rule)], timezone=zone)
    begin = datetime.fromisoformat(after).astimezone(UTC)
    return [
        moment.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M:%S%z")
        for moment in islice(schedule.due(begin, "UTC"), count)
    ]


def test_a_time_of_day_stays_that_time_when_clocks_change() -> None:
    found = due({"every": "days", "hour": 8}, "2026-03-27T12:00:00+01:00", 3)
    assert found == [
        "Sat 2026-03-28 08:00:00+0100",
        "Sun 2026-03-29 08:00:00+0200",
        "Mon 2026-03-30 08:00:00+0200",
    ]


def test_what_falls_into_the_missing_hour_of_spring_runs_right_after_it() -> None:
    found = due({"every": "days", "hour": 2, "minute": 30}, "2026-03-28T12:00:00+01:00", 2)
    assert found == ["Sun 2026-03-29 03:00:00+0200", "Mon 2026-03-30 02:30:00+0200"]


def test_what_falls_into_the_doubled_hour_of_autumn_runs_once() -> None:
    found = due({"every": "days", "hour": 2, "minute": 30}, "2026-10-24T12:00:00+02:00", 2)
    assert found == ["Sun 2026-10-25 02:30:00+0200", "Mon 2026-10-26 02:30:00+0100"]


def test_short_rhythms_do_not_care_about_clock_changes() -> None:
    rule = Rule(every="minutes", interval=20)
    begin = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    found = list(islice(rule.moments(begin, BERLIN), 9))
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=20)}


def test_the_last_of_the_month_is_meant_where_it_has_no_such_day() -> None:
    found = due({"every": "months", "day": 31, "hour": 6}, "2028-01-31T12:00:00+01:00", 3)
    assert [text[4:14] for text in found] == ["2028-02-29", "2028-03-31", "2028-04-30"]


def test_a_leap_day_comes_when_it_comes() -> None:
    found = due({"every": "cron", "cron": "0 9 29 2 *"}, "2026-01-01T00:00:00+01:00", 2)
    assert [text[4:14] for text in found] == ["2028-02-29", "2032-02-29"]


def test_weekdays_in_cron_are_those_of_cron() -> None:
    sunday = due({"every": "cron", "cron": "0 9 * * 0"}, "2026-11-23T00:00:00+01:00", 1)
    assert sunday == ["Sun 2026-11-29 09:00:00+0100"]
    assert due({"every": "cron", "cron": "0 9 * * 7"}, "2026-11-23T00:00:00+01:00", 1) == sunday


def test_cron_with_six_fields_has_seconds() -> None:
    found = due({"every": "cron", "cron": "*/20 * * * * *"}, "2026-11-23T10:00:00+01:00", 3)
    assert [text[-13:-5] for text in found] == ["10:00:20", "10:00:40", "10:01:00"]


def test_every_other_week_on_two_days() -> None:
    rule = {"every": "weeks", "interval": 2, "weekdays": ["monday", "thursday"], "hour": 7}
    days = [text[:14] for text in due(rule, "2026-11-15T00:00:00+01:00", 4)]
    dates = [datetime.strptime(day[4:], "%Y-%m-%d").replace(tzinfo=UTC) for day in days]
    assert [day[:3] for day in days] == ["Mon", "Thu", "Mon", "Thu"]
    assert dates[2] - dates[0] == timedelta(days=14)


def test_several_rules_count_each_moment_once() -> None:
    rules = [Rule(every="hours", interval=1), Rule(every="hours", interval=2)]
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    found = list(moments(rules, begin, UTC, begin + timedelta(hours=6)))
    assert [moment.hour for moment in found] == [1, 2, 3, 4, 5, 6]


def test_nothing_is_due_before_its_start_and_after_its_end() -> None:
    schedule = Schedule(
        rules=[Rule(every="days", hour=9)], timezone="UTC", start="2026-05-02 09:00", end="2026-05-04 09:00"
    )
    found = list(schedule.due(datetime(2026, 1, 1, tzinfo=UTC), "UTC"))
    assert [moment.day for moment in found] == [2, 3, 4]


@pytest.mark.parametrize("cron", ["", "* * *", "61 * * * *", "0 0 31 2 *", "every day", "* * * * * * *"])
def test_a_cron_expression_that_is_none_is_refused(cron: str) -> None:
    with pytest.raises(ValidationError, match="cron expression"):
        Rule(every="cron", cron=cron)


@pytest.mark.parametrize("field", [{"timezone": "Mars/Olympus"}, {"start": "soon"}, {"rules": []}])
def test_a_schedule_that_makes_no_sense_is_refused(field: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Schedule.model_validate(field)


@given(
    every=st.sampled_from(["seconds", "minutes", "hours", "days", "weeks", "months"]),
    interval=st.integers(1, 40),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    seconds=st.integers(0, 15 * 365 * 86400),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_moments_are_later_ordered_and_the_same_from_wherever_one_looks(
    every: Any, interval: int, hour: int, minute: int, seconds: int, zone: str
) -> None:
    rule = Rule(every=every, interval=interval, hour=hour, minute=minute)
    start = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    found = list(islice(rule.moments(start, ZoneInfo(zone)), 3))
    assert found
    assert found[0] > start
    assert found == sorted(set(found))
    assert list(islice(rule.moments(found[0], ZoneInfo(zone)), len(found) - 1)) == found[1:]


def test_spreading_is_bounded_and_always_the_same() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    later = jittered(moment, 60, "a/b")
    assert moment <= later < moment + timedelta(seconds=60)
    assert later == jittered(moment, 60, "a/b")
    assert jittered(moment, 0, "a/b") == moment
    assert len({jittered(moment + timedelta(hours=n), 60, "a/b").second for n in range(50)}) > 10


def test_the_item_says_when_it_was_due() -> None:
    told = described(datetime(2026, 11, 23, 15, 4, 5, tzinfo=BERLIN))
    assert told["timestamp"] == "2026-11-23T15:04:05.000+01:00"
    assert told["Readable date"] == "November 23rd 2026, 3:04:05 pm"
    assert (told["Day of week"], told["Hour"]) == ("Monday", "15")
    assert told["Timezone"] == "Europe/Berlin (UTC+01:00)"
