"""Runs are counted by day and workflow."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    """Add the table, with the runs that are there. What models used in them is not known any more."""
    days = op.create_table(
        "execution_days",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("day", "workflow_id", "bucket", name=op.f("pk_execution_days")),
    )
    runs: Counter[tuple[str, str, int]] = Counter()
    failures: Counter[tuple[str, str, int]] = Counter()
    found = op.get_bind().execute(
        sa.text(
            "SELECT workflow_id, status, coalesce(started_at, created_at) AS began, finished_at FROM executions "
            "WHERE status IN ('success', 'error', 'cancelled') AND finished_at IS NOT NULL"
        )
    )
    for workflow, status, began, ended in found:
        end = moment(ended)
        milliseconds = (end - moment(began)).total_seconds() * 1000
        bucket = min(255, 1 + int(math.log(milliseconds) / math.log(1.1))) if milliseconds >= 1 else 0
        key = (end.date().isoformat(), workflow or "", bucket)
        runs[key] += 1
        failures[key] += status == "error"
    rows = [
        {
            "day": day,
            "workflow_id": workflow,
            "bucket": bucket,
            "runs": number,
            "failures": failures[day, workflow, bucket],
            "input_tokens": 0,
            "output_tokens": 0,
            "cost": 0.0,
        }
        for (day, workflow, bucket), number in runs.items()
    ]
    if rows and days is not None:
        op.bulk_insert(days, rows)


def moment(stored: Any) -> datetime:
    """A time, as SQLite or PostgreSQL stores it."""
    if isinstance(stored, datetime):
        return stored.astimezone(UTC)
    return EPOCH + timedelta(microseconds=stored)
