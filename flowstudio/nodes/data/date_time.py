"""The Date & Time node."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from flowstudio.engine.clock import now
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, ShowIf, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes import calendar, paths, values
from flowstudio.nodes.dates import parse_instant, zone_named

Unit: TypeAlias = Literal[
    "years", "quarters", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds"
]
UNITS = Choice({unit: unit.capitalize() for unit in calendar.UNITS})
NAMES = {
    "current": "current_date",
    "add": "new_date",
    "subtract": "new_date",
    "format": "formatted_date",
    "between": "time_difference",
    "extract": "date_part",
    "round": "rounded_date",
}
"""The field that the result goes into unless another one is named."""

_EASTERN = re.compile(r"\+([01]\d|2[0-3])", re.ASCII)
_DATED = ("add", "subtract", "format", "extract", "round")


def _days() -> list[Unit]:
    return ["days"]


class DateTime(ItemNode):
    """Reckons with dates: moves them, formats them, rounds them, takes parts out, tells the time between two.

    Dates may be written in any usual form; texts without a time zone are read in the workflow's. The result is in that
    zone too. Months and days are those of the calendar: one month after 31 January is the last day of February.
    """

    type = "date-time"
    label = "Date & Time"
    group = "Data"
    icon = "calendar-clock"
    subtitle = "{operation}"
    examples = (
        Example(
            "Payable in 14 days",
            properties={
                "operation": "add",
                "date": "={{ $json.invoiced }}",
                "amount": 14,
                "unit": "days",
                "output_name": "payable",
                "include_other_fields": True,
            },
            given=[{"invoiced": "2026-02-20"}],
            gives=[{"invoiced": "2026-02-20", "payable": "2026-03-06T00:00:00.000Z"}],
        ),
        Example(
            "A date for people",
            properties={"operation": "format", "date": "={{ $json.at }}", "format": "d MMMM yyyy"},
            given=[{"at": "2026-03-09T08:15:00Z"}],
            gives=[{"formatted_date": "9 March 2026"}],
        ),
        Example(
            "How long did it take?",
            properties={
                "operation": "between",
                "start": "={{ $json.from }}",
                "end": "={{ $json.to }}",
                "units": ["days", "hours"],
            },
            given=[{"from": "2026-01-30", "to": "2026-02-02T06:00:00"}],
            gives=[{"time_difference": {"days": 3, "hours": 6}}],
        ),
    )

    operation: Annotated[
        Literal["current", "add", "subtract", "format", "extract", "between", "round"],
        Choice(
            {
                "current": "The present date",
                "add": "Add to a date",
                "subtract": "Subtract from a date",
                "format": "Format a date",
                "extract": "Take out a part",
                "between": "Time between two dates",
                "round": "Round a date",
            }
        ),
    ] = "format"
    """What to do."""
    date: Annotated[Any, Widget("date-time"), ShowIf("operation", _DATED)] = None
    """The date, such as `={{ $json.created_at }}`."""
    start: Annotated[Any, Field(title="From"), Widget("date-time"), ShowIf("operation", ("between",))] = None
    """Where the time begins."""
    end: Annotated[Any, Field(title="To"), Widget("date-time"), ShowIf("operation", ("between",))] = None
    """Where the time ends."""
    include_time: Annotated[bool, ShowIf("operation", ("current",))] = True
    """Whether the time of day is told too. If not, the day begins at midnight."""
    amount: Annotated[float, ShowIf("operation", ("add", "subtract"))] = 0
    """How many units."""
    unit: Annotated[
        Unit,
        UNITS,
        ShowIf("operation", ("add", "subtract", "round")),
    ] = "days"
    """The unit to count in, or to round to."""
    units: Annotated[list[Unit], UNITS, Field(min_length=1), ShowIf("operation", ("between",))] = Field(
        default_factory=_days
    )
    """The units that the time is told in."""
    direction: Annotated[
        Literal["down", "up", "nearest"],
        Choice({"down": "Down, to its beginning", "up": "Up, to the next one", "nearest": "To the nearest"}),
        ShowIf("operation", ("round",)),
    ] = "down"
    """Which way to round."""
    format: Annotated[str, ShowIf("operation", ("format",))] = "yyyy-MM-dd"
    """Luxon's tokens: `yyyy-MM-dd`, `d MMMM yyyy`, `HH:mm`. Text in single quotes is kept."""
    part: Annotated[
        Literal["year", "quarter", "month", "week", "weekday", "day", "hour", "minute", "second"],
        Choice(
            {
                "year": "Year",
                "quarter": "Quarter",
                "month": "Month",
                "week": "Week of the year",
                "weekday": "Day of the week (Monday is 1)",
                "day": "Day of the month",
                "hour": "Hour",
                "minute": "Minute",
                "second": "Second",
            }
        ),
        ShowIf("operation", ("extract",)),
    ] = "month"
    """The part to take out."""
    as_text: Annotated[bool, Field(title="As ISO 8601 text"), ShowIf("operation", ("between",))] = False
    """Whether the time between is one text such as `P3DT6H`, not a number for each unit."""
    written_as: Annotated[str, Field(max_length=100, title="Dates are written as")] = ""
    """Luxon's tokens of the form that dates come in, such as `dd.MM.yyyy`. Empty: every usual form is understood."""
    timezone: Annotated[str, Field(max_length=100, title="Time zone")] = ""
    """A name such as Europe/Berlin; left empty, the workflow's own."""
    eastern_offset: Annotated[
        bool, Field(title="Keep an offset east of Greenwich"), ShowIf("operation", ("format",))
    ] = False
    """Whether a date that is written with an offset such as +02:00 stays in it, by whole hours. Comes with workflows of n8n."""
    output_name: Annotated[str, Field(title="Name of the result")] = ""
    """The field that the result goes into. Missing: a name after what is done."""
    include_other_fields: bool = False
    """Whether the item keeps its other fields."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Reckon."""
        try:
            result = self._result(ctx)
        except OverflowError as error:
            raise NodeError(
                "The result lies outside of the years 1 to 9999. Use a smaller amount."
            ) from error
        kept: Json = item.json if self.include_other_fields else {}
        data = paths.put(kept, self.output_name or NAMES[self.operation], result)
        return {
            "main": [
                item.with_json(data) if self.include_other_fields else Item(data, None, item.paired_item)
            ]
        }

    def _result(self, ctx: Context) -> Any:
        match self.operation:
            case "current":
                today = now().astimezone(self._zone(ctx))
                return iso(today if self.include_time else calendar.start_of(today, "days"))
            case "between":
                start, end = self._read("From", self.start, ctx), self._read("To", self.end, ctx)
                found = calendar.between(start, end, self.units)
                return calendar.duration_text(found) if self.as_text else found
        date = self._read("Date", self.date, ctx)
        match self.operation:
            case "add":
                return iso(calendar.shift(date, self.amount, self.unit))
            case "subtract":
                return iso(calendar.shift(date, -self.amount, self.unit))
            case "format":
                return calendar.formatted(date, self.format)
            case "extract":
                return _PARTS[self.part](date)
            case _:
                return iso(self._rounded(date))

    def _rounded(self, date: datetime) -> datetime:
        down = calendar.start_of(date, self.unit)
        up = calendar.shift(down, 1, self.unit)
        if self.direction == "down":
            return down
        return (
            up
            if self.direction == "up"
            or (down != date and calendar.elapsed(date, up) <= calendar.elapsed(down, date))
            else down
        )

    def _zone(self, ctx: Context) -> tzinfo:
        return zone_named(self.timezone or ctx.execution.timezone)

    def _read(self, name: str, value: Any, ctx: Context) -> datetime:
        zone = self._zone(ctx)
        if self.eastern_offset and isinstance(value, str) and (found := _EASTERN.search(value)):
            zone = timezone(timedelta(hours=int(found[1])))
        try:
            if self.written_as and isinstance(value, str):
                return calendar.read_as(value.strip(), self.written_as, zone)
            return parse_instant(value, zone).astimezone(zone)
        except ValueError as error:
            shown = "empty" if value is None or value == "" else f"'{values.to_text(value)[:60]}'"
            if self.written_as:
                raise NodeError(f"{name} is {shown}, which is not written as {self.written_as}.") from error
            raise NodeError(
                f"{name} is {shown}, which is not a date. Write it as 2026-03-09 or 2026-03-09T08:15:00Z."
            ) from error


def iso(at: datetime) -> str:
    """ISO 8601 with milliseconds and offset; UTC is a Z, as everywhere in JavaScript."""
    text = at.isoformat(timespec="milliseconds")
    return f"{text[:-6]}Z" if at.tzinfo is UTC and text.endswith("+00:00") else text


_PARTS = {
    "year": lambda at: at.year,
    "quarter": lambda at: (at.month + 2) // 3,
    "month": lambda at: at.month,
    "week": lambda at: at.isocalendar().week,
    "weekday": lambda at: at.isoweekday(),
    "day": lambda at: at.day,
    "hour": lambda at: at.hour,
    "minute": lambda at: at.minute,
    "second": lambda at: at.second,
}
