"""n8n's Date & Time, in luxon's tokens since version 2, in moment's before."""

from __future__ import annotations

import re
from typing import Any

from flowstudio.interop.n8n.converted import Converted, Properties, Source, only_given

_UNITS = (
    "years quarters months weeks days hours minutes seconds milliseconds year quarter month week day hour minute second "
    "millisecond"
).split()
UNITS = {unit: unit if unit.endswith("s") else f"{unit}s" for unit in _UNITS}
_PARTS = {name: name for name in ("year", "month", "week", "day", "hour", "minute", "second")}
_MOMENT = {
    "YYYY": "yyyy",
    "YY": "yy",
    "MMMM": "MMMM",
    "MMM": "MMM",
    "MM": "MM",
    "M": "M",
    "DDDD": "ooo",
    "DDD": "o",
    "DD": "dd",
    "D": "d",
    "Do": "dddd",
    "dddd": "EEEE",
    "ddd": "EEE",
    "E": "E",
    "HH": "HH",
    "H": "H",
    "hh": "hh",
    "h": "h",
    "mm": "mm",
    "m": "m",
    "ss": "ss",
    "s": "s",
    "SSS": "SSS",
    "A": "a",
    "a": "a",
    "ZZ": "ZZZ",
    "Z": "ZZ",
    "X": "X",
    "x": "x",
    "WW": "WW",
    "W": "W",
    "Q": "q",
    "z": "z",
}
_TOKEN = re.compile(r"\[([^\]]*)\]|Do|([A-Za-z])\2*|[^A-Za-z\[]+|\[", re.ASCII)


def date_time(source: Source) -> Converted:
    """The Date & Time node."""
    if source.version < 2:
        return _old(source)
    given = source.parameters
    options = given.part("options")
    others = {"include_other_fields": True} if options.flag("includeInputFields") else {}
    zone = _zone(options.value("timezone"))
    match given.text("operation", "getCurrentDate"):
        case "getCurrentDate":
            found: Properties = {"operation": "current"}
            if not given.flag("includeTime", True):
                found["include_time"] = False
            name = "currentDate"
        case "addToDate" | "subtractFromDate" as operation:
            found = {
                "operation": "add" if operation == "addToDate" else "subtract",
                "date": given.value("magnitude", ""),
                "unit": given.choice("timeUnit", UNITS, "days"),
                "amount": given.number("duration", 0),
            }
            name = "newDate"
        case "formatDate":
            form = given.text("format", "MM/dd/yyyy")
            custom = given.text("customFormat")
            form = custom if form == "custom" else form
            found = {"operation": "format", "date": given.value("date", ""), "format": form or "MM/dd/yyyy"}
            name = "formattedDate"
            if not zone and not options.flag("timezone"):
                zone = "UTC"
                found["eastern_offset"] = True
        case "roundDate":
            up = given.text("mode", "roundDown") == "roundUp"
            unit = given.choice("to" if up else "toNearest", UNITS, "months")
            given.skip("to", "toNearest")
            found = {"operation": "round", "date": given.value("date", ""), "unit": unit}
            if up:
                found["direction"] = "up"
            name = "roundedDate"
        case "getTimeBetweenDates":
            wanted = given.value("units", ["day"])
            found = only_given(
                operation="between",
                start=given.value("startDate", ""),
                end=given.value("endDate", ""),
                units=[UNITS.get(unit, unit) for unit in (wanted if isinstance(wanted, list) else [wanted])],
                as_text=options.flag("isoString") or None,
            )
            name = "timeDifference"
        case _:
            found = {
                "operation": "extract",
                "date": given.value("date", ""),
                "part": given.choice("part", _PARTS, "month"),
            }
            name = "datePart"
    found |= only_given(timezone=zone, written_as=options.value("fromFormat"))
    found["output_name"] = given.text("outputFieldName", name) or name
    given.skip("customFormat")
    return Converted("date-time", found | others)


def _zone(value: Any) -> str | None:
    return value if isinstance(value, str) and value not in ("", "DEFAULT") else None


def _old(source: Source) -> Converted:
    """Version 1, which kept the item's fields."""
    given = source.parameters
    options = given.part("options")
    found: Properties = {"include_other_fields": True, "output_name": given.text("dataPropertyName", "data")}
    if given.text("action", "format") == "calculate":
        found |= {
            "operation": given.choice("operation", {"add": "add", "subtract": "subtract"}, "add"),
            "date": given.value("value", ""),
            "amount": given.number("duration", 0),
            "unit": given.choice("timeUnit", UNITS, "days"),
            "timezone": "UTC",
        }
        found |= only_given(written_as=_luxon(options.value("fromFormat")))
        given.skip("custom", "toFormat")
        return Converted("date-time", found)
    custom = given.flag("custom")
    form = given.text("toFormat", "" if custom else "MM/DD/YYYY")
    found |= {"operation": "format", "date": given.value("value", ""), "format": _luxon(form) or "MM/dd/yyyy"}
    found |= only_given(
        written_as=_luxon(options.value("fromFormat")), timezone=_zone(options.value("toTimezone"))
    )
    return Converted("date-time", found)


def _luxon(form: Any) -> str | None:
    """Moment's tokens as luxon's; an expression stays one."""
    if not isinstance(form, str) or not form:
        return None
    if form.startswith("="):
        return form
    parts = []
    for found in _TOKEN.finditer(form):
        token = found[0]
        if found[1] is not None:
            parts.append(f"'{found[1]}'")
        elif token[0].isalpha():
            parts.append(_MOMENT.get(token, f"'{token}'" if token not in _MOMENT.values() else token))
        else:
            parts.append(token)
    return "".join(parts)
