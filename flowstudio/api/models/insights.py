"""Shapes of insights."""

from __future__ import annotations

from flowstudio.api.models.common import View


class Totals(View):
    """What a number of runs come to."""

    runs: int
    """Executions that ended."""
    failures: int
    p50: float | None
    """Milliseconds that half of the runs took at most; null without runs."""
    p95: float | None
    """Milliseconds that 95 of 100 runs took at most; null without runs."""
    input_tokens: int
    output_tokens: int
    cost: float
    """US dollars that models cost, as far as their prices are known."""


class DayView(Totals):
    """A day in UTC."""

    day: str


class WorkflowTotals(Totals):
    """A workflow."""

    workflow_id: str | None
    """Null for documents that are not stored."""
    name: str | None
    """Null for a workflow that is gone."""


class Insights(View):
    """Runs by day and by workflow."""

    days: list[DayView]
    """Every day, oldest first, also those without runs."""
    total: Totals
    workflows: list[WorkflowTotals]
    """Those with the most runs first, a hundred at most."""
