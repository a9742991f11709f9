"""Claiming an execution and reading what it takes to run it, in one statement where the database can do that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Interval, Select, and_, bindparam, func, or_, select, update

from flowstudio.engine.outcome import Outcome
from flowstudio.storage.claims import claimable
from flowstudio.storage.history import SUMMARY
from flowstudio.storage.journal import read_outcome
from flowstudio.storage.records import Claim, StoredExecution
from flowstudio.storage.tables import executions, outcomes


@dataclass(frozen=True)
class Taken:
    """An execution that was claimed, with what was read by the way."""

    id: str
    claim: Claim
    stored: StoredExecution | None = None
    """None: it has to be loaded."""
    history: Sequence[Outcome] | None = None
    """The log; None: it has to be read."""


columns = executions.c
STORED = (*SUMMARY, columns.start_items, columns.slot_limit, columns.fence, columns.owner)
"""What a runner needs to know of an execution."""


def _take() -> Select[Any]:
    now = func.clock_timestamp()
    claim = (
        update(executions)
        .where(
            columns.id == bindparam("execution"),
            claimable(now),
            or_(columns.slot_limit.is_(None), columns.workflow_id.is_(None), columns.status == "running"),
        )
        .values(
            owner=bindparam("claimant"),
            fence=columns.fence + 1,
            lease_until=now + bindparam("lease", type_=Interval),
            status="running",
            started_at=func.coalesce(columns.started_at, now),
            wake_at=None,
        )
        .returning(*STORED)
        .cte("claimed")
    )
    log = [column.label(f"log_{column.name}") for column in outcomes.c]
    joined = claim.outerjoin(outcomes, and_(outcomes.c.execution_id == claim.c.id, claim.c.fence == 1))
    return select(*claim.c, *log).select_from(joined).order_by(outcomes.c.fence, outcomes.c.seq)


TAKE = _take()
"""Claims an execution that no limit makes wait; gives its row with each entry of its log, or none.

The log comes along with the first claim only: until then nobody but its creator has written to it. It is made once, since
making it takes longer than anything else that a worker does for a short execution. Its parameters are those of `taking`.
"""


def taking(id_: str, owner: str, lease_seconds: float) -> dict[str, Any]:
    """The parameters of `TAKE`."""
    return {"execution": id_, "claimant": owner, "lease": timedelta(seconds=lease_seconds)}


def read_log(rows: Any) -> list[Outcome]:
    """The log that came along."""
    return [
        read_outcome(SimpleNamespace(**{c.name: getattr(row, f"log_{c.name}") for c in outcomes.c}))
        for row in rows
        if row.log_seq is not None
    ]
