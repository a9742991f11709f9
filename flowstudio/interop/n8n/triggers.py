"""n8n's triggers by the clock: Schedule, and Cron and Interval before it."""

from __future__ import annotations

from typing import Any

from flowstudio.interop.n8n.converted import Converted, Properties, Source
from flowstudio.interop.n8n.given import Given

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def schedule(source: Source) -> Converted:
    """The Schedule Trigger, Cron or Interval node."""
    given = source.parameters
    if source.type.endswith("interval"):
        unit = given.choice("unit", {"seconds": "seconds", "minutes": "minutes", "hours": "hours"}, "seconds")
        return Converted("schedule", {"rules": [{"every": unit, "interval": given.number("interval", 1)}]})
    if source.type.endswith("cron"):
        rules = [_cron(row) for row in given.part("triggerTimes").rows("item")]
    else:
        rules = [_rule(row) for row in given.part("rule").rows("interval")]
    return Converted("schedule", {"rules": rules or [{"every": "days", "hour": 0}]})


def _rule(row: Given) -> Properties:
    hour, minute = row.number("triggerAtHour", 0), row.number("triggerAtMinute", 0)
    match row.text("field", "days"):
        case "seconds":
            return {"every": "seconds", "interval": row.number("secondsInterval", 30)}
        case "minutes":
            return {"every": "minutes", "interval": row.number("minutesInterval", 5)}
        case "hours":
            return {"every": "hours", "interval": row.number("hoursInterval", 1), "minute": minute}
        case "weeks":
            days = row.value("triggerAtDay", [0])
            wanted = days if isinstance(days, list) else [days]
            return {
                "every": "weeks",
                "interval": row.number("weeksInterval", 1),
                "weekdays": [_DAYS[day] for day in wanted if isinstance(day, int) and 0 <= day < len(_DAYS)],
                "hour": hour,
                "minute": minute,
            }
        case "months":
            return {
                "every": "months",
                "interval": row.number("monthsInterval", 1),
                "day": row.number("triggerAtDayOfMonth", 1),
                "hour": hour,
                "minute": minute,
            }
        case "cronExpression":
            return {"every": "cron", "cron": row.text("expression")}
    return {"every": "days", "interval": row.number("daysInterval", 1), "hour": hour, "minute": minute}


def _cron(row: Given) -> Properties:
    hour, minute = _whole(row.value("hour", 14)), _whole(row.value("minute", 0))
    match row.text("mode", "everyDay"):
        case "everyMinute":
            return {"every": "minutes", "interval": 1}
        case "everyHour":
            return {"every": "hours", "interval": 1, "minute": minute}
        case "everyX":
            unit = row.choice("unit", {"minutes": "minutes", "hours": "hours"}, "hours")
            return {"every": unit, "interval": row.number("value", 2)}
        case "everyWeek":
            day = _whole(row.value("weekday", 1)) % 7
            return {"every": "weeks", "weekdays": [_DAYS[day]], "hour": hour, "minute": minute}
        case "everyMonth":
            day = _whole(row.value("dayOfMonth", 1))
            return {"every": "months", "day": day, "hour": hour, "minute": minute}
        case "custom":
            return {"every": "cron", "cron": row.text("cronExpression")}
    return {"every": "days", "hour": hour, "minute": minute}


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
