"""Reads points in time in the forms that people and services write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from flowstudio.errors import ConfigurationError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 10**11
"""Epoch numbers from here on are milliseconds (1973), below they are seconds (until the year 5138)."""

_DIGITS = re.compile(r"-?\d{9,16}(?:\.\d+)?", re.ASCII)
_YEAR = re.compile(r"(\d{4})(?:-(\d\d))?", re.ASCII)
_ORDINAL = re.compile(r"(\d{4})-(\d{3})(.*)", re.ASCII)
_ISO = re.compile(r"\d{4}-?(?:\d\d|W\d\d)(?:-?\d{1,2})?(?:[T ]\d\d.*)?", re.ASCII)
_ZONE = re.compile(r"(.*\d) ([A-Za-z]+/[A-Za-z_/+-]+\d*|Z|UTC|[+-]\d\d:?\d\d)", re.ASCII)
_SLASHED = re.compile(
    r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(.*)|(\d{1,2})[/-](\d{1,2})[/-](\d{4})(.*)", re.ASCII
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_WORDED = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?"
    rf"(?:(?P<month>{'|'.join(_MONTHS)})[a-z]*\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?[ -](?P<month2>{'|'.join(_MONTHS)})[a-z]*\.?)"
    r",?[ -](?P<year>\d{4}),?(?P<time>.*)",
    re.ASCII | re.IGNORECASE,
)
_TIME = re.compile(
    r"(?:(?: at)? |T)(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)? ?(am|pm)?"
    r"(?: ?(?P<zone>Z|UTC|GMT|(?:GMT|UTC)?[+-]\d\d:?\d\d))?(?: \(.*\))?",
    re.ASCII | re.IGNORECASE,
)


def zone_named(name: str) -> tzinfo:
    """A time zone by its IANA name. Raises `ConfigurationError`."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:
        raise ConfigurationError(
            f"'{name}' is not a time zone; use a name such as Europe/Berlin or UTC."
        ) from error


def parse_instant(value: Any, zone: tzinfo = UTC) -> datetime:
    """A point in time, from ISO 8601, RFC 2822, SQL and common English forms, or epoch seconds or milliseconds.

    Texts without an offset are read in `zone`. Slashed dates are month/day/year, as JavaScript reads them. Numbers
    of four digits are years. Raises `ValueError`.
    """
    try:
        if isinstance(value, bool):
            raise ValueError(value)
        if isinstance(value, int | float):
            return _epoch(value) if abs(value) >= 10**8 else _parse(str(value), zone)
        if isinstance(value, str):
            text = value.strip()
            return _epoch(float(text)) if _DIGITS.fullmatch(text) else _parse(text, zone)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=zone)
    except (OverflowError, ConfigurationError, IndexError) as error:
        raise ValueError(value) from error
    raise ValueError(value)


def _epoch(number: float) -> datetime:
    unit = timedelta(milliseconds=1) if abs(number) >= _MILLISECONDS_FROM else timedelta(seconds=1)
    return _EPOCH + number * unit


def _parse(text: str, zone: tzinfo) -> datetime:
    if len(text) > 100:
        raise ValueError(text)
    if named := _ZONE.fullmatch(text):
        text, name = named.groups()
        zone = _offset(name) if "/" not in name else zone_named(name)
    if found := _YEAR.fullmatch(text):
        return datetime(int(found[1]), int(found[2] or 1), 1, tzinfo=zone)
    if found := _ORDINAL.fullmatch(text):
        day = datetime(int(found[1]), 1, 1, tzinfo=zone) + timedelta(days=int(found[2]) - 1)
        if day.year != int(found[1]):
            raise ValueError(text)
        return _at(day, found[3])
    if _ISO.fullmatch(text):
        read = datetime.fromisoformat(text.replace("T24:00", "T00:00"))
        read += timedelta(days=1) if "T24:00" in text else timedelta()
        return read if read.tzinfo else read.replace(tzinfo=zone)
    if found := _SLASHED.fullmatch(text):
        year, month, day_, rest = found.groups()[:4] if found[1] else (found[7], found[5], found[6], found[8])
        return _at(datetime(int(year), int(month), int(day_), tzinfo=zone), rest)
    if found := _WORDED.fullmatch(text):
        month_ = (found["month"] or found["month2"]).lower()
        day_ = found["day"] or found["day2"]
        date = datetime(int(found["year"]), _MONTHS.index(month_) + 1, int(day_), tzinfo=zone)
        return _at(date, found["time"])
    read = parsedate_to_datetime(text)
    return read if read.tzinfo else read.replace(tzinfo=zone)


def _at(day: datetime, text: str) -> datetime:
    """A day at a time of day, such as ` 10:30:00 PM GMT+0200`."""
    if not text.strip():
        return day
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError(text)
    hour = int(found[1])
    if half := (found[5] or "").lower():
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if half == "pm" else 0)
    fraction = int((found[4] or "0").ljust(6, "0")[:6])
    moment = day.replace(hour=hour, minute=int(found[2]), second=int(found[3] or 0), microsecond=fraction)
    return moment.replace(tzinfo=_offset(found["zone"])) if found["zone"] else moment


def _offset(name: str) -> tzinfo:
    digits = name.upper().removeprefix("GMT").removeprefix("UTC").replace(":", "")
    if digits in ("", "Z"):
        return UTC
    hours, minutes = int(digits[1:3]), int(digits[3:5])
    return timezone((1 if digits[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
