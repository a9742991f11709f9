from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.errors import ConfigurationError
from flowstudio.nodes.dates import parse_instant, zone_named

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2024-01-05", "2024-01-05T00:00:00+01:00"),
        ("2024-07-05", "2024-07-05T00:00:00+02:00"),
        ("20240105", "2024-01-05T00:00:00+01:00"),
        ("2024-01", "2024-01-01T00:00:00+01:00"),
        ("2024", "2024-01-01T00:00:00+01:00"),
        (2024, "2024-01-01T00:00:00+01:00"),
        ("2024-036", "2024-02-05T00:00:00+01:00"),
        ("2024-W02-3", "2024-01-10T00:00:00+01:00"),
        ("2024-01-05T10:30:00Z", "2024-01-05T10:30:00+00:00"),
        ("2024-01-05T10:30", "2024-01-05T10:30:00+01:00"),
        ("2024-01-05T10", "2024-01-05T10:00:00+01:00"),
        (" 2024-01-05 10:30 ", "2024-01-05T10:30:00+01:00"),
        ("2024-01-05T10:30:00.123+02:00", "2024-01-05T10:30:00.123000+02:00"),
        ("2024-01-05T24:00:00", "2024-01-06T00:00:00+01:00"),
        ("2024-01-05 10:30:00 +02:00", "2024-01-05T10:30:00+02:00"),
        ("2024-07-05 10:30:00 America/New_York", "2024-07-05T10:30:00-04:00"),
        ("Fri, 05 Jan 2024 10:30:00 GMT", "2024-01-05T10:30:00+00:00"),
        ("Fri, 05 Jan 2024 10:30:00 +0200", "2024-01-05T10:30:00+02:00"),
        ("Fri Jan 05 2024 10:30:00 GMT+0200 (Eastern European Time)", "2024-01-05T10:30:00+02:00"),
        ("Jan 5, 2024", "2024-01-05T00:00:00+01:00"),
        ("January 5, 2024 10:30 PM", "2024-01-05T22:30:00+01:00"),
        ("January 5, 2024 12:00 am", "2024-01-05T00:00:00+01:00"),
        ("5 Jan 2024", "2024-01-05T00:00:00+01:00"),
        ("5th of may", None),
        ("1/5/2024", "2024-01-05T00:00:00+01:00"),
        ("2024/01/05 10:30:15", "2024-01-05T10:30:15+01:00"),
        (1704450600, "2024-01-05T10:30:00+00:00"),
        (1704450600.5, "2024-01-05T10:30:00.500000+00:00"),
        (1704450600000, "2024-01-05T10:30:00+00:00"),
        ("1704450600", "2024-01-05T10:30:00+00:00"),
        ("1704450600000", "2024-01-05T10:30:00+00:00"),
        ("1710101221200", "2024-03-10T20:07:01.200000+00:00"),
        (datetime(2024, 1, 5), "2024-01-05T00:00:00+01:00"),  # noqa: DTZ001 - naive on purpose
    ],
)
def test_forms_of_a_date(value: Any, iso: str | None) -> None:
    if iso is None:
        with pytest.raises(ValueError, match=str(value)):
            parse_instant(value, BERLIN)
    else:
        assert parse_instant(value, BERLIN).isoformat() == iso


@pytest.mark.parametrize(
    "value",
    ["", "abc", True, None, {}, [], "2024-13-01", "2024-02-30", "12:00", "Friday", "99/99/2024", 5, "5", 1e30, "2024-367",
     "2024-01-05 25:00", "January 5, 2024 13:00 pm", "2024-01-05 10:30 Nowhere/Land", "0000-01-01", "1" * 5000, "2024-01-05x10:30"],
)  # fmt: skip
def test_what_is_no_date_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the error carries the value, callers say what is wrong
        parse_instant(value, BERLIN)


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - a bound
def test_iso_text_reads_back_the_same(moment: datetime) -> None:
    assert parse_instant(moment.isoformat()) == moment


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_instant(text).tzinfo is not None


def test_a_zone_nobody_knows_is_refused() -> None:
    for name in ("Nowhere/Land", "../etc/passwd", ""):
        with pytest.raises(ConfigurationError, match="is not a time zone; use a name such as Europe/Berlin"):
            zone_named(name)
