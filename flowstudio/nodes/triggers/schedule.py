"""The Schedule node."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from flowstudio.engine.item import Item
from flowstudio.engine.node import Choice, Example, TriggerNode, Widget
from flowstudio.errors import ConfigurationError
from flowstudio.nodes.dates import parse_instant, zone_named
from flowstudio.nodes.triggers.schedule_times import Rule, moments


class Schedule(TriggerNode):
    """Starts the workflow by the clock: every few minutes, each morning, on the first of the month, or by a cron expression.

    It runs from when the workflow is switched on. Several rules may be given; each moment counts once. Times are read in the
    time zone below, also where clocks change: what would fall into the missing hour of spring runs right after it, what falls
    into the doubled hour of autumn runs once.

    The item says when the run was due: `timestamp`, and the date and time in words and parts.
    """

    type = "schedule"
    label = "Schedule"
    group = "Triggers"
    icon = "calendar-clock"
    arms = True
    examples = (
        Example(
            "Every working day at eight",
            properties={
                "rules": [
                    {
                        "every": "weeks",
                        "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
                        "hour": 8,
                    }
                ],
                "timezone": "Europe/Berlin",
            },
            given=[{"timestamp": "2026-03-02T08:00:00.000+01:00"}],
            gives=[{"timestamp": "2026-03-02T08:00:00.000+01:00"}],
        ),
        Example(
            "Every quarter of an hour, one run at a time",
            properties={"rules": [{"every": "minutes", "interval": 15}], "overlap": "skip"},
            given=[{"timestamp": "2026-03-02T08:15:00.000+00:00"}],
            gives=[{"timestamp": "2026-03-02T08:15:00.000+00:00"}],
        ),
    )

    rules: Annotated[list[Rule], Field(min_length=1, max_length=50)] = Field(default_factory=lambda: [Rule()])
    """When to run. With several rules, it runs whenever one of them says so."""
    timezone: Annotated[str, Field(title="Time zone", max_length=100)] = ""
    """A name such as Europe/Berlin; left empty, the workflow's own."""
    start: Annotated[str, Field(title="Not before", max_length=50), Widget("date-time")] = ""
    """The first run is due no earlier than this."""
    end: Annotated[str, Field(title="Not after", max_length=50), Widget("date-time")] = ""
    """No run is due later than this."""
    jitter: Annotated[int, Field(ge=0, le=3600, title="Spread over (seconds)")] = 0
    """Delays each run by up to so many seconds, so that not everything starts in the same second."""
    missed: Annotated[
        Literal["skip", "once", "all"],
        Choice({"skip": "Leave it out", "once": "Run once", "all": "Run once for each"}),
        Field(title="If the server was off"),
    ] = "skip"
    """What happens with runs that were due while FlowStudio was not running."""
    overlap: Annotated[
        Literal["parallel", "queue", "skip"],
        Choice(
            {
                "parallel": "Run beside it",
                "queue": "Wait until it is done",
                "skip": "Leave the new run out",
            }
        ),
        Field(title="If the last run still goes on"),
    ] = "parallel"
    """What happens when a run is due before the one before it has ended."""

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            zone_named(name or "UTC")
        except ConfigurationError as error:
            raise ValueError(error.message) from error
        return name

    @field_validator("start", "end")
    @classmethod
    def _moment(cls, text: str) -> str:
        if text:
            try:
                parse_instant(text)
            except ValueError as error:
                raise ValueError("is not a date and time; write it like 2026-03-02 08:00.") from error
        return text

    def zone(self, fallback: str) -> tzinfo:
        """The time zone that its times are in."""
        return zone_named(self.timezone or fallback)

    def due(self, after: datetime, fallback: str, until: datetime | None = None) -> Iterator[datetime]:
        """When it is due (UTC), later than `after` and not later than `until`."""
        zone = self.zone(fallback)
        if self.start:
            after = max(after, parse_instant(self.start, zone).astimezone(UTC) - _TICK)
        if self.end:
            end = parse_instant(self.end, zone).astimezone(UTC)
            until = end if until is None else min(until, end)
        return moments(self.rules, after, zone, until)

    def words(self) -> str:
        """The rhythm in plain words."""
        words = "; ".join(rule.words() for rule in self.rules)
        return words[:1].upper() + words[1:]

    @classmethod
    def start_items(cls, data: Any) -> list[Item]:
        """Started by hand: as if it were due now, in UTC."""
        return super().start_items(data) if data is not None else [Item(described(datetime.now(UTC)))]


_TICK = datetime.resolution


def described(moment: datetime) -> dict[str, Any]:
    """The json of the item of a run that was due at a moment, given in its time zone. Field names are n8n's."""
    return {
        "timestamp": moment.isoformat(timespec="milliseconds"),
        "Readable date": f"{moment:%B} {_ordinal(moment.day)} {moment.year}, {_clock(moment)}",
        "Readable time": _clock(moment),
        "Day of week": f"{moment:%A}",
        "Year": f"{moment.year}",
        "Month": f"{moment:%B}",
        "Day of month": f"{moment:%d}",
        "Hour": f"{moment:%H}",
        "Minute": f"{moment:%M}",
        "Second": f"{moment:%S}",
        "Timezone": f"{moment.tzinfo} (UTC{moment.isoformat()[-6:]})",
    }


def _clock(moment: datetime) -> str:
    return f"{moment.hour % 12 or 12}:{moment:%M:%S} {'am' if moment.hour < 12 else 'pm'}"


def _ordinal(day: int) -> str:
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"
