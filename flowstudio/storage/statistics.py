"""The statistics repository: totals of each day and workflow, kept up to date with every execution that ends.

How long runs took is counted in buckets that grow by a tenth each, so that percentiles of any number of runs are read from a
few rows; they are right to within five percent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from flowstudio.storage.database import Database
from flowstudio.storage.tables import execution_days, workflows

columns = execution_days.c

GROWTH = math.log(1.1)
NO_RUN = -1
"""The bucket of what models used."""
KEPT = timedelta(days=400)


def bucket_of(milliseconds: float) -> int:
    """Where a duration is counted: 0 for less than a millisecond, at most 255."""
    return min(255, 1 + int(math.log(milliseconds) / GROWTH)) if milliseconds >= 1 else 0


def middle_of(bucket: int) -> float:
    """The duration in milliseconds that a bucket stands for."""
    return math.exp((bucket - 0.5) * GROWTH) if bucket > 0 else 0.5


@dataclass(frozen=True, slots=True)
class Count:
    """Something to add to the totals of a day."""

    day: str
    workflow_id: str
    bucket: int
    runs: int = 0
    failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    @classmethod
    def of_run(cls, workflow: str, began: datetime, ended: datetime, *, failed: bool) -> Count:
        """An execution that has ended."""
        milliseconds = (ended - began).total_seconds() * 1000
        return cls(day_of(ended), workflow, bucket_of(milliseconds), runs=1, failures=int(failed))

    @classmethod
    def of_usage(cls, workflow: str, at: datetime, usage: Mapping[str, float]) -> Count:
        """What models used within a try of a node."""
        return cls(
            day_of(at),
            workflow,
            NO_RUN,
            input_tokens=int(usage.get("input_tokens", 0)),
            output_tokens=int(usage.get("output_tokens", 0)),
            cost=float(usage.get("cost", 0)),
        )


@dataclass(frozen=True, slots=True)
class DayTotals:
    """A row of the totals, with the workflow's name; None when it is gone."""

    count: Count
    workflow_name: str | None


def day_of(at: datetime) -> str:
    """The day in UTC, as 2026-03-02."""
    return at.astimezone(UTC).date().isoformat()


def add_counts(connection: Connection, counts: Iterable[Count]) -> None:
    """Add to the totals, in the caller's transaction."""
    sums: dict[tuple[str, str, int], list[float]] = {}
    for one in counts:
        added = (one.runs, one.failures, one.input_tokens, one.output_tokens, one.cost)
        row = sums.setdefault((one.day, one.workflow_id, one.bucket), [0, 0, 0, 0, 0.0])
        row[:] = [before + more for before, more in zip(row, added, strict=True)]
    if not sums:
        return
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(execution_days)
    names = ("runs", "failures", "input_tokens", "output_tokens", "cost")
    adding = insert.on_conflict_do_update(
        index_elements=["day", "workflow_id", "bucket"],
        set_={name: columns[name] + insert.excluded[name] for name in names},
    )
    rows = [
        {"day": day, "workflow_id": workflow, "bucket": bucket} | dict(zip(names, row, strict=True))
        for (day, workflow, bucket), row in sorted(sums.items())  # processes lock rows in the same order
    ]
    connection.execute(adding, rows)


class StatisticsRepository:
    """Totals of days and workflows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, day: str, workflow: str | None = None) -> Sequence[DayTotals]:
        """The totals from a day on, of all workflows or of one."""
        query = (
            select(execution_days, workflows.c.name)
            .select_from(execution_days.outerjoin(workflows, workflows.c.id == columns.workflow_id))
            .where(columns.day >= day)
            .order_by(columns.day)
        )
        if workflow is not None:
            query = query.where(columns.workflow_id == workflow)
        names = [column.name for column in columns]
        return [
            DayTotals(Count(**{name: getattr(row, name) for name in names}), row.name)
            for row in await self._database.rows(query)
        ]

    async def prune(self, now: datetime) -> int:
        """Delete the totals of days that are long gone; says how many rows."""
        old = delete(execution_days).where(columns.day < day_of(now - KEPT))
        return await self._database.write(lambda connection: connection.execute(old).rowcount)

    async def count(self) -> int:
        """How many rows there are."""
        return int(await self._database.scalar(select(func.count()).select_from(execution_days)))
