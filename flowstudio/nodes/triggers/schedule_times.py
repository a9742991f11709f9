"""When schedules are due: rules to moments. Pure; all moments are UTC, rules are read in a time zone."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from heapq import merge
from itertools import groupby, takewhile
from typing import Annotated, ClassVar, Literal, TypeAlias

from cronsim import CronSim, CronSimError
from pydantic import Field, field_validator

from flowstudio.engine.node import Choice, ShowIf
from flowstudio.nodes.entry import Entry

Weekday: TypeAlias = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_SHORT = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=366 * 9)
"""How far ahead a rule is searched: beyond the next 29 February, even across a year 2100."""


def _monday() -> list[Weekday]:
    return ["monday"]


class Rule(Entry):
    """One rhythm."""

    LENGTHS: ClassVar[dict[str, int]] = {"seconds": 1, "minutes": 60, "hours": 3600}

    every: Annotated[
        Literal["seconds", "minutes", "hours", "days", "weeks", "months", "cron"],
        Choice(
            {
                "seconds": "Seconds",
                "minutes": "Minutes",
                "hours": "Hours",
                "days": "Days",
                "weeks": "Weeks",
                "months": "Months",
                "cron": "Cron expression",
            }
        ),
        Field(title="Repeat by"),
    ] = "days"
    """The unit of the rhythm; a cron expression can say anything else."""
    interval: Annotated[
        int,
        Field(ge=1, le=1000, title="Every"),
        ShowIf("every", ("seconds", "minutes", "hours", "days", "weeks", "months")),
    ] = 1
    """How many of them lie between two runs: 2 with days is every other day."""
    weekdays: Annotated[list[Weekday], ShowIf("every", ("weeks",)), Field(title="On")] = Field(
        default_factory=_monday, min_length=1
    )
    """The days of the week."""
    day: Annotated[int, Field(ge=1, le=31, title="Day of the month"), ShowIf("every", ("months",))] = 1
    """In shorter months it is the last day."""
    hour: Annotated[int, Field(ge=0, le=23), ShowIf("every", ("days", "weeks", "months"))] = 9
    """The hour of the day, 0 to 23."""
    minute: Annotated[int, Field(ge=0, le=59), ShowIf("every", ("hours", "days", "weeks", "months"))] = 0
    """The minute of the hour."""
    cron: Annotated[str, Field(max_length=200, title="Cron expression"), ShowIf("every", ("cron",))] = (
        "0 9 * * MON-FRI"
    )
    """Minute, hour, day of the month, month, day of the week; with six fields the first is the second."""

    @field_validator("cron")
    @classmethod
    def _readable(cls, cron: str) -> str:
        try:
            CronSim(cron.upper(), _EPOCH)
        except CronSimError as error:
            raise ValueError(
                f"is not a cron expression ({str(error).lower()}); try one such as 0 9 * * MON-FRI."
            ) from error
        return cron

    def moments(self, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        """When it is due, later than `after`, in order. May end."""
        length = self.LENGTHS.get(self.every)
        if length is not None and not (self.every == "hours" and 24 % self.interval == 0):
            return self._grid(after, length * self.interval)
        return self._by_cron(after, zone)

    def _grid(self, after: datetime, step: int) -> Iterator[datetime]:
        """Every so many seconds, whatever clocks on walls do."""
        shift = self.minute * 60 if self.every == "hours" else 0
        number = (int((after - _EPOCH).total_seconds()) - shift) // step + 1
        while True:
            yield _EPOCH + timedelta(seconds=number * step + shift)
            number += 1

    def _by_cron(self, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        cron, limit = self._cron(), after + HORIZON
        found = CronSim(cron, after.astimezone(zone))
        for moment in found:
            if moment.astimezone(UTC) > limit:
                return
            if moment > after and self._fits(moment):
                yield moment.astimezone(UTC)

    def _cron(self) -> str:
        at = f"{self.minute} {self.hour}"
        match self.every:
            case "hours":
                return f"{self.minute} */{self.interval} * * *"
            case "days":
                return f"{at} * * *"
            case "weeks":
                return f"{at} * * {','.join(_SHORT[DAYS.index(day)] for day in self.weekdays)}"
            case "months":
                return f"{at} 28-{self.day} * *" if self.day > 28 else f"{at} {self.day} * *"
            case _:
                return self.cron.upper()

    def _fits(self, moment: datetime) -> bool:
        """Whether a moment of the cron expression is one of the rhythm's."""
        match self.every:
            case "days":
                return moment.toordinal() % self.interval == 0
            case "weeks":
                return ((moment.toordinal() - 1) // 7) % self.interval == 0
            case "months":
                last = calendar.monthrange(moment.year, moment.month)[1]
                months = moment.year * 12 + moment.month - 1
                return moment.day == min(self.day, last) and months % self.interval == 0
            case _:
                return True

    def words(self) -> str:
        """The rhythm in plain words."""
        unit = self.every if self.interval > 1 else self.every.removesuffix("s")
        every = f"every {f'{self.interval} ' if self.interval > 1 else ''}{unit}"
        at = f"at {self.hour:02}:{self.minute:02}"
        match self.every:
            case "seconds" | "minutes":
                return every
            case "hours":
                return f"{every} at minute {self.minute}"
            case "days":
                return f"{every} {at}"
            case "weeks":
                days = [day.capitalize() for day in DAYS if day in self.weekdays]
                named = f"{', '.join(days[:-1])} and {days[-1]}" if len(days) > 1 else days[0]
                return f"{every} on {named} {at}"
            case "months":
                return f"{every} on day {self.day} {at}"
            case _:
                return CronSim(self.cron.upper(), _EPOCH).explain().lower()


def moments(
    rules: Sequence[Rule], after: datetime, zone: tzinfo, until: datetime | None = None
) -> Iterator[datetime]:
    """When any of the rules is due, later than `after` and not later than `until`; each moment once, in order."""
    together = merge(*(rule.moments(after, zone) for rule in rules))
    ordered = (moment for moment, _ in groupby(together))
    return ordered if until is None else takewhile(lambda moment: moment <= until, ordered)


def jittered(moment: datetime, seconds: int, key: str) -> datetime:
    """A moment, delayed by up to so many seconds: by how much depends on the moment and the key alone."""
    if seconds <= 0:
        return moment
    digest = sha256(f"{key}/{moment.isoformat()}".encode()).digest()
    return moment + timedelta(seconds=int.from_bytes(digest[:8]) / 2**64 * seconds)
