"""Reckons with dates as people do: months have different lengths, days of a time zone have 23 to 25 hours."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

UNITS: Final = ("years", "quarters", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds")
"""Largest first."""

_MONTHS: Final = {"years": 12, "quarters": 3, "months": 1}
_DAYS: Final = {"weeks": 7, "days": 1}
_SPANS: Final = {
    "hours": timedelta(hours=1),
    "minutes": timedelta(minutes=1),
    "seconds": timedelta(seconds=1),
    "milliseconds": timedelta(milliseconds=1),
}


def shift(at: datetime, amount: float, unit: str) -> datetime:
    """A moment so many units later. Whole months and days keep the time of day; a day that a month lacks becomes its last.

    Fractions of months and days are taken as 30 days and 24 hours. Raises `OverflowError` outside the years 1 to 9999.
    """
    if unit in _SPANS:
        return (at.astimezone(UTC) + amount * _SPANS[unit]).astimezone(at.tzinfo)
    whole = int(amount)
    rest = amount - whole
    if unit in _MONTHS:
        index = at.year * 12 + at.month - 1 + whole * _MONTHS[unit]
        year, month = divmod(index, 12)
        if not 1 <= year <= 9999:
            raise OverflowError(f"year {year}")
        day = min(at.day, calendar.monthrange(year, month + 1)[1])
        moved = at.replace(year=year, month=month + 1, day=day)
        rest *= 30 * _MONTHS[unit]
    else:
        moved = at + timedelta(days=whole * _DAYS[unit])
        rest *= _DAYS[unit]
    # A time of day that the clock leaps over becomes the one after the leap.
    moved = moved.astimezone(UTC).astimezone(at.tzinfo)
    return shift(moved, rest * 24, "hours") if rest else moved


def start_of(at: datetime, unit: str) -> datetime:
    """The beginning of the year, quarter, month, week (Monday), day, hour, minute or second that a moment lies in."""
    place = UNITS.index(unit)
    if unit == "milliseconds":
        return at.replace(microsecond=at.microsecond // 1000 * 1000)
    changes = {"microsecond": 0}
    for name, smallest in (("second", "minutes"), ("minute", "hours"), ("hour", "days")):
        if place <= UNITS.index(smallest):
            changes[name] = 0
    if unit == "years":
        changes |= {"month": 1, "day": 1}
    elif unit == "quarters":
        changes |= {"month": (at.month - 1) // 3 * 3 + 1, "day": 1}
    elif unit == "months":
        changes["day"] = 1
    begun = at.replace(**changes)  # type: ignore[arg-type]  # mypy mixes the parameters up with `tzinfo`
    return begun - timedelta(days=at.weekday()) if unit == "weeks" else begun


_CLOCK = ("hours", "minutes", "seconds", "milliseconds")
"""Units that always last the same."""


def between(start: datetime, end: datetime, units: Sequence[str]) -> dict[str, float]:
    """The time from one moment to another in the given units: whole numbers, but for the smallest. Negative backwards."""
    if elapsed(start, end) < timedelta():
        return {unit: -number if number else 0 for unit, number in between(end, start, units).items()}
    wanted = sorted(units, key=UNITS.index)
    found: dict[str, float] = {}
    at = start
    for unit in wanted:
        number = _whole_units(at, end, unit)
        before, at, following = at, shift(at, number, unit), shift(at, number + 1, unit)
        found[unit] = number
        if unit == wanted[-1] and elapsed(at, end):
            if unit in _CLOCK:
                found[unit] = elapsed(before, end) / elapsed(at, following)
            else:
                found[unit] = number + elapsed(at, end) / elapsed(at, following)
    return found


def elapsed(start: datetime, end: datetime) -> timedelta:
    """The time that really passed: Python subtracts times of one zone by what the clock shows."""
    return end.astimezone(UTC) - start.astimezone(UTC)


def _whole_units(start: datetime, end: datetime, unit: str) -> int:
    number = int(elapsed(start, end) / elapsed(start, shift(start, 1, unit)))
    while elapsed(shift(start, number, unit), end) < timedelta():
        number -= 1
    while elapsed(shift(start, number + 1, unit), end) >= timedelta():
        number += 1
    return number


def _offset(at: datetime, separator: str) -> str:
    minutes = int((at.utcoffset() or timedelta()).total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{separator}{abs(minutes) % 60:02}"


_ORDINALS = {1: "st", 2: "nd", 3: "rd"}
_DATES: Final[dict[str, Callable[[datetime], str]]] = {
    "y": lambda at: str(at.year),
    "yy": lambda at: f"{at.year % 100:02}",
    "yyyy": lambda at: f"{at.year:04}",
    "M": lambda at: str(at.month),
    "MM": lambda at: f"{at.month:02}",
    "MMM": lambda at: calendar.month_abbr[at.month],
    "MMMM": lambda at: calendar.month_name[at.month],
    "MMMMM": lambda at: calendar.month_name[at.month][0],
    "d": lambda at: str(at.day),
    "dd": lambda at: f"{at.day:02}",
    "H": lambda at: str(at.hour),
    "HH": lambda at: f"{at.hour:02}",
    "h": lambda at: str(at.hour % 12 or 12),
    "hh": lambda at: f"{at.hour % 12 or 12:02}",
    "m": lambda at: str(at.minute),
    "mm": lambda at: f"{at.minute:02}",
    "s": lambda at: str(at.second),
    "ss": lambda at: f"{at.second:02}",
    "S": lambda at: str(at.microsecond // 1000),
    "SSS": lambda at: f"{at.microsecond // 1000:03}",
    "a": lambda at: "AM" if at.hour < 12 else "PM",
    "E": lambda at: str(at.isoweekday()),
    "EEE": lambda at: calendar.day_abbr[at.weekday()],
    "EEEE": lambda at: calendar.day_name[at.weekday()],
    "EEEEE": lambda at: calendar.day_name[at.weekday()][0],
    "o": lambda at: str(at.timetuple().tm_yday),
    "ooo": lambda at: f"{at.timetuple().tm_yday:03}",
    "W": lambda at: str(at.isocalendar().week),
    "WW": lambda at: f"{at.isocalendar().week:02}",
    "kkkk": lambda at: str(at.isocalendar().year),
    "kk": lambda at: f"{at.isocalendar().year % 100:02}",
    "dddd": lambda at: (
        f"{at.day}{_ORDINALS.get(at.day if at.day < 20 else at.day % 10, 'th')}"
    ),  # not luxon's
    "D": lambda at: f"{at.month}/{at.day}/{at.year}",
    "DD": lambda at: f"{calendar.month_abbr[at.month]} {at.day}, {at.year}",
    "DDD": lambda at: f"{calendar.month_name[at.month]} {at.day}, {at.year}",
    "DDDD": lambda at: formatted(at, "EEEE, MMMM d, yyyy"),
    "t": lambda at: formatted(at, "h:mm a"),
    "tt": lambda at: formatted(at, "h:mm:ss a"),
    "T": lambda at: formatted(at, "HH:mm"),
    "TT": lambda at: formatted(at, "HH:mm:ss"),
    "q": lambda at: str((at.month + 2) // 3),
    "Z": lambda at: _offset(at, ":").removesuffix(":00").replace("+0", "+").replace("-0", "-"),
    "ZZ": lambda at: _offset(at, ":"),
    "ZZZ": lambda at: _offset(at, ""),
    "z": lambda at: str(at.tzinfo),
    "X": lambda at: str(int(at.timestamp())),
    "x": lambda at: str(round(at.timestamp() * 1000)),
}
_TOKENS: Final = _DATES | {
    token.replace("M", "L").replace("E", "c"): _DATES[token]
    for token in ("M", "MM", "MMM", "MMMM", "MMMMM", "E", "EEE", "EEEE", "EEEEE")
}


def formatted(at: datetime, pattern: str) -> str:
    """A moment in luxon's tokens, such as `yyyy-MM-dd HH:mm`; what stands in single quotes is kept as it is."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        if pattern[position] == "'":
            end = pattern.find("'", position + 1)
            end = len(pattern) if end < 0 else end
            parts.append(pattern[position + 1 : end])
            position = end + 1
            continue
        end = position + 1
        while end < len(pattern) and pattern[end] == pattern[position]:
            end += 1
        token = pattern[position:end]
        parts.append(_TOKENS[token](at) if token in _TOKENS else token)
        position = end
    return "".join(parts)


_DURATION: Final = {"years": "Y", "quarters": "M", "months": "M", "weeks": "W", "days": "D"}


def duration_text(parts: dict[str, float]) -> str:
    """A duration as ISO 8601, such as `P3DT6H`."""
    days, times = "", ""
    for unit, number in parts.items():
        if not number:
            continue
        if unit in _DURATION:
            days += f"{_plain(number * 3 if unit == 'quarters' else number)}{_DURATION[unit]}"
        elif unit == "hours":
            times += f"{_plain(number)}H"
        elif unit == "minutes":
            times += f"{_plain(number)}M"
    seconds = parts.get("seconds", 0) + parts.get("milliseconds", 0) / 1000
    if seconds:
        times += f"{_plain(round(seconds, 3))}S"
    if not days and not times:
        return "PT0S"
    return f"P{days}{'T' if times else ''}{times}"


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


_MONTHS_LONG: Final = [calendar.month_name[i].lower() for i in range(1, 13)]
_MONTHS_SHORT: Final = [calendar.month_abbr[i].lower() for i in range(1, 13)]
_PATTERNS: Final = {
    "yyyy": r"(?P<year>\d{4})",
    "y": r"(?P<year>\d{1,6})",
    "yy": r"(?P<short>\d\d)",
    "MM": r"(?P<month>\d\d)",
    "M": r"(?P<month>\d{1,2})",
    "MMMM": rf"(?P<long>{'|'.join(_MONTHS_LONG)})",
    "MMM": rf"(?P<abbr>{'|'.join(_MONTHS_SHORT)})",
    "dd": r"(?P<day>\d\d)",
    "d": r"(?P<day>\d{1,2})",
    "HH": r"(?P<hour>\d\d)",
    "H": r"(?P<hour>\d{1,2})",
    "hh": r"(?P<half>\d\d)",
    "h": r"(?P<half>\d{1,2})",
    "mm": r"(?P<minute>\d\d)",
    "m": r"(?P<minute>\d{1,2})",
    "ss": r"(?P<second>\d\d)",
    "s": r"(?P<second>\d{1,2})",
    "SSS": r"(?P<milli>\d{3})",
    "S": r"(?P<milli>\d{1,3})",
    "a": r"(?P<noon>am|pm)",
    "ZZ": r"(?P<offset>[+-]\d\d:\d\d)",
    "ZZZ": r"(?P<offset>[+-]\d{4})",
    "EEE": "[a-z]{3}",
    "EEEE": "[a-z]{3,9}",
    "ccc": "[a-z]{3}",
    "cccc": "[a-z]{3,9}",
    "X": r"(?P<seconds>-?\d{1,12})",
    "x": r"(?P<millis>-?\d{1,15})",
}
_TOKEN: Final = re.compile(r"'(?P<quoted>[^']*)'|(?P<token>([A-Za-z])\3*)|(?P<other>.)", re.DOTALL)


def read_as(text: str, pattern: str, zone: tzinfo) -> datetime:
    """The moment that a text in luxon's tokens says. Raises `ValueError`."""
    expression = ""
    for found in _TOKEN.finditer(pattern):
        if (token := found["token"]) is not None:
            if token not in _PATTERNS:
                raise ValueError(token)
            expression += _PATTERNS[token]
        else:
            expression += re.escape(found["quoted"] if found["quoted"] is not None else found["other"])
    try:
        read = re.fullmatch(expression, text, re.IGNORECASE)
    except re.error as error:  # the same part twice
        raise ValueError(pattern) from error
    if read is None:
        raise ValueError(text)
    parts = read.groupdict()
    if parts.get("seconds") or parts.get("millis"):
        epoch = int(parts.get("seconds") or 0) * 1000 + int(parts.get("millis") or 0)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=epoch)
    return _assembled(parts, zone)


def _assembled(parts: dict[str, str | None], zone: tzinfo) -> datetime:
    def number(name: str, otherwise: int) -> int:
        return int(parts.get(name) or otherwise)

    year = number("year", datetime.now(zone).year)
    if short := parts.get("short"):
        year = (1900 if int(short) > 60 else 2000) + int(short)
    month = number("month", 1)
    if long := parts.get("long"):
        month = _MONTHS_LONG.index(long.lower()) + 1
    if abbr := parts.get("abbr"):
        month = _MONTHS_SHORT.index(abbr.lower()) + 1
    hour = number("hour", 0)
    if half := parts.get("half"):
        hour = int(half) % 12 + (12 if (parts.get("noon") or "").lower() == "pm" else 0)
    if offset := parts.get("offset"):
        sign = -1 if offset[0] == "-" else 1
        digits = offset[1:].replace(":", "")
        zone = timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
    milli = number("milli", 0)
    return datetime(
        year,
        month,
        number("day", 1),
        hour,
        number("minute", 0),
        number("second", 0),
        milli * 1000,
        tzinfo=zone,
    )
