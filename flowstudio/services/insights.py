"""Insights: how many runs there were, how many failed, how long they took, and what models used, by day and workflow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flowstudio.engine.item import Json
from flowstudio.services.callers import Caller, require
from flowstudio.storage import Storage
from flowstudio.storage.statistics import Count, day_of, middle_of

WORKFLOWS = 100
"""Workflows that are told of at most: those with the most runs."""


@dataclass(slots=True)
class Sum:
    """Counts, added up."""

    buckets: Counter[int] = field(default_factory=Counter)
    failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def add(self, count: Count) -> None:
        """Add one."""
        if count.runs:
            self.buckets[count.bucket] += count.runs
        self.failures += count.failures
        self.input_tokens += count.input_tokens
        self.output_tokens += count.output_tokens
        self.cost += count.cost

    def told(self) -> Json:
        """As the API gives it."""
        return {
            "runs": self.buckets.total(),
            "failures": self.failures,
            "p50": self.percentile(0.5),
            "p95": self.percentile(0.95),
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost": round(self.cost, 6),
        }

    def percentile(self, share: float) -> float | None:
        """Milliseconds that this share of the runs took at most, to within five percent; None without runs."""
        left = self.buckets.total() * share
        for bucket, number in sorted(self.buckets.items()):
            left -= number
            if left <= 0:
                return round(middle_of(bucket), 1)
        return None


class InsightService:
    """Reads the totals."""

    def __init__(self, storage: Storage) -> None:
        self._statistics = storage.statistics

    async def read(
        self, caller: Caller, days: int, workflow: str | None = None, now: datetime | None = None
    ) -> Json:
        """The last days up to today (UTC), each with its totals; the whole; and the same for each workflow."""
        require(caller, "read")
        today = now or datetime.now(UTC)
        wanted = [day_of(today - timedelta(days=ago)) for ago in range(days - 1, -1, -1)]
        rows = await self._statistics.since(wanted[0], workflow)
        by_day = {day: Sum() for day in wanted}
        by_workflow: dict[str, Sum] = {}
        names: dict[str, str | None] = {}
        total = Sum()
        for row in rows:
            if row.count.day not in by_day:
                continue
            by_day[row.count.day].add(row.count)
            by_workflow.setdefault(row.count.workflow_id, Sum()).add(row.count)
            names[row.count.workflow_id] = row.workflow_name
            total.add(row.count)
        busiest = sorted(by_workflow.items(), key=lambda entry: -entry[1].buckets.total())[:WORKFLOWS]
        return {
            "days": [{"day": day} | sums.told() for day, sums in by_day.items()],
            "total": total.told(),
            "workflows": [
                {"workflow_id": id_ or None, "name": names[id_]} | sums.told() for id_, sums in busiest
            ],
        }
