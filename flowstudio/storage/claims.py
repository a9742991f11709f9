"""Who may run an execution: claims, leases, slots, wishes to cancel and calls that wake.

All of it is decided in the database, so that runners need not share memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, literal, or_, select, text, update

from flowstudio.engine.events import ExecutionStatus, Scope
from flowstudio.engine.item import Json
from flowstudio.engine.workflow import Queue
from flowstudio.storage.clock import current_time
from flowstudio.storage.codec import pack_scope, serialise, unpack_scope
from flowstudio.storage.columns import Instant
from flowstudio.storage.creation import lock_workflow, wants_slot
from flowstudio.storage.database import Database
from flowstudio.storage.journal import StoredJournal
from flowstudio.storage.owners import is_dead
from flowstudio.storage.records import Claim, Heartbeat, Resumption
from flowstudio.storage.rows import insert_rows
from flowstudio.storage.statistics import Count, add_counts
from flowstudio.storage.tables import FINAL, LIVE, executions, resumptions

columns = executions.c

HINTING = 2.0
"""Seconds that a new execution may be without a hint: it is on its way."""


class Claims:
    """The part of the execution repository that runners use."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.most: int | None = None
        """Executions that may run at the same time in all processes together, but for those that others wait for; None: any."""

    async def claim_in_turn(self, id_: str, owner: str, lease_seconds: float) -> Claim | None:
        """Claim step by step, with a look at those of the same workflow that come first."""
        return await self._database.write(lambda c: _claim(c, id_, owner, lease_seconds, self.most))

    def journal(self, id_: str, owner: str, fence: int) -> StoredJournal:
        """The log to write to under a claim."""
        return StoredJournal(self._database, id_, owner, fence)

    async def heartbeat(self, owner: str, ids: Collection[str], lease_seconds: float) -> Heartbeat:
        """Renew leases; says which of the ids are still owned, and which of those should be cancelled."""
        if not ids:
            return Heartbeat(frozenset(), frozenset())
        return await self._database.write(lambda c: renew(c, owner, ids, lease_seconds))

    async def release(self, owner: str) -> int:
        """Give back all leases of an owner, so that others may claim at once; says how many."""
        return await self._database.write(lambda c: _release(c, owner))

    async def release_one(self, id_: str, owner: str, fence: int) -> None:
        """Give back one lease."""
        mine = (columns.id == id_, columns.owner == owner, columns.fence == fence)
        free = update(executions).where(*mine).values(owner=None, lease_until=None)
        await self._database.write(lambda connection: connection.execute(free))

    async def release_dead(self, owner: str) -> int:
        """Give back the leases of owners that were processes of this machine and have ended; says how many."""
        rows = await self._database.rows(
            select(columns.owner)
            .where(LIVE, columns.status == "running", columns.owner.is_not(None))
            .distinct()
        )
        dead = [row.owner for row in rows if row.owner != owner and is_dead(row.owner)]
        return sum([await self.release(one) for one in dead])

    async def recoverable(self, now: datetime | None = None) -> list[str]:
        """Executions that nobody runs and somebody should, oldest first; those that wait for a slot are left out.

        `now` replaces the clock in tests.
        """
        async with self._database.reading() as connection:
            return await connection.run_sync(lambda c: _recoverable(c, now or current_time(c)))

    async def unhinted(self, schema: str, limit: int = 500) -> list[tuple[str, Queue]]:
        """Executions that nobody runs, somebody should, and that the queue in a schema of PostgreSQL does not hold.

        Those that go first are first, with their queues; those that wait for a slot are left out.
        """
        return await self._ready(_UNHINTED.format(jobs=f"{schema}.procrastinate_jobs"), HINTING, limit)

    async def admit_any(self) -> list[tuple[str, Queue]]:
        """Executions that may be claimed now that one of any workflow has come to rest, where there is a limit for all.

        PostgreSQL only, as such a limit is.
        """
        return await self._ready("", 0.0, self.most) if self.most is not None else []

    async def _ready(self, condition: str, grace: float, limit: int) -> list[tuple[str, Queue]]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                text(_READY.format(condition=condition)), {"limit": limit, "grace": grace}
            )
            rows = found.all()
            free = limit
            if self.most is not None and rows:
                free = max(0, self.most - (await connection.scalar(_TAKEN) or 0))
        unlimited = [row for row in rows if not row.wants_slot]
        wanting = [row for row in rows if row.wants_slot]
        return [(row.id, row.queue or "default") for row in (*unlimited, *wanting[:free])]

    async def queues_of(self, ids: Collection[str]) -> dict[str, Queue]:
        """In which queues executions wait."""
        rows = await self._database.rows(select(columns.id, columns.queue).where(columns.id.in_(ids)))
        return {row.id: row.queue or "default" for row in rows}

    async def next_wake(self) -> datetime | None:
        """When the next sleeping execution wants to wake."""
        found: datetime | None = await self._database.scalar(
            select(columns.wake_at)
            .where(LIVE, columns.status == "waiting", columns.wake_at.is_not(None))
            .order_by(columns.wake_at)
            .limit(1)
        )
        return found

    async def admit(self, workflow_id: str, limit: int | None) -> list[str]:
        """Executions of a workflow that wait for a slot and may be claimed now, oldest first.

        Call it when one of them comes to rest. `limit` is today's; it holds for those that wait as well, but for those of
        schedules that run one at a time.
        """
        outdated = and_(
            columns.workflow_id == workflow_id,
            LIVE,
            columns.status.in_(("queued", "running", "waiting")),
            columns.slot_limit.is_not(None),
            columns.slot_limit.is_distinct_from(limit),
            or_(columns.mode != "schedule", columns.slot_limit != 1),
        )

        def adjust(connection: Connection) -> None:
            connection.execute(update(executions).where(outdated).values(slot_limit=limit))

        async with self._database.reading() as reading:
            stale = await reading.scalar(select(columns.id).where(outdated).limit(1))
            waiting = await reading.run_sync(
                lambda c: _waiting_for_slot(c, workflow_id, limit, current_time(c))
            )
        if stale is not None:
            await self._database.write(adjust)
        return waiting

    async def request_cancel(self, id_: str) -> ExecutionStatus | None:
        """Cancel an execution that nobody runs; ask the runner of one that runs (see `heartbeat`).

        Gives the status afterwards: `running` means that the runner was asked. None when there is no such execution.
        """
        return await self._database.write(lambda c: _request_cancel(c, id_))

    async def wake(self, id_: str, node: str, scope: Scope, data: Json) -> bool:
        """Hand data to a node run that waits, durably; makes the execution recoverable at once.

        False when the execution has finished or the node run was called before.
        """
        serialise(data)
        return await self._database.write(lambda c: _wake(c, id_, node, scope, data))

    async def resumptions(self, id_: str) -> list[Resumption]:
        """The calls that came for an execution, in order."""
        rows = await self._database.rows(
            select(resumptions).where(resumptions.c.execution_id == id_).order_by(resumptions.c.created_at)
        )
        return [Resumption(row.node, unpack_scope(row.scope), row.data) for row in rows]


def renew(connection: Connection, owner: str, ids: Collection[str], lease_seconds: float) -> Heartbeat:
    """See `Claims.heartbeat`."""
    now = current_time(connection)
    mine = (
        select(columns.id)
        .where(columns.owner == owner, columns.id.in_(sorted(ids)))
        .order_by(columns.id)
        .with_for_update(key_share=True)
    )
    locked = connection.scalars(mine).all()
    rows = connection.execute(
        update(executions)
        .where(columns.id.in_(locked))
        .values(lease_until=now + timedelta(seconds=lease_seconds))
        .returning(columns.id, columns.cancel_requested)
    ).all()
    cancelled = frozenset(row.id for row in rows if row.cancel_requested)
    return Heartbeat(frozenset(row.id for row in rows), cancelled)


_TAKEN = select(func.count()).select_from(executions).where(columns.status == "running", columns.depth == 0)
"""How many hold a slot of the limit for all processes. Whoever is waited for by one of them needs none."""


def _claim(
    connection: Connection, id_: str, owner: str, lease_seconds: float, most: int | None
) -> Claim | None:
    now = current_time(connection)
    row = connection.execute(
        select(columns.workflow_id, columns.slot_limit, columns.status, columns.depth).where(
            columns.id == id_
        )
    ).first()
    if row is None or row.status in FINAL:
        return None
    if row.slot_limit is not None and row.workflow_id is not None and row.status != "running":
        lock_workflow(connection, row.workflow_id)
        ahead = connection.scalar(
            select(func.count())
            .select_from(executions)
            .where(
                columns.workflow_id == row.workflow_id,
                columns.slot_limit.is_not(None),
                LIVE,
                wants_slot(now),
                or_(columns.status == "running", columns.id < id_),
                columns.id != id_,
            )
        )
        if ahead is not None and ahead >= row.slot_limit:
            return None
        now = current_time(connection)  # it begins when the one whose slot it gets has ended
    if most is not None and row.depth == 0 and row.status != "running":
        lock_workflow(connection, "")  # behind that of the workflow, always
        if (connection.scalar(_TAKEN) or 0) >= most:
            return None
        now = current_time(connection)
    claimed = connection.execute(
        update(executions)
        .where(columns.id == id_, claimable(now))
        .values(
            owner=owner,
            fence=columns.fence + 1,
            lease_until=now + timedelta(seconds=lease_seconds),
            status="running",
            started_at=func.coalesce(columns.started_at, literal(now, Instant)),
            wake_at=None,
        )
        .returning(columns.fence, columns.cancel_requested)
    ).first()
    return Claim(claimed.fence, claimed.cancel_requested) if claimed is not None else None


def claimable(now: Any) -> Any:
    """SQL condition: nobody runs it, and it is awake and not final."""
    return or_(
        columns.status == "queued",
        and_(columns.status == "running", or_(columns.owner.is_(None), columns.lease_until <= now)),
        and_(columns.status == "waiting", columns.wake_at <= now),
    )


_READY = """
WITH ready AS (
    SELECT id, queue, workflow_id, slot_limit, status, depth = 0 AND status <> 'running' AS wants_slot,
        row_number() OVER (PARTITION BY workflow_id, slot_limit IS NULL, status = 'running' ORDER BY id) AS place
    FROM executions
    WHERE status IN ('queued', 'running', 'waiting') AND (
        (status = 'queued' AND created_at <= now() - :grace * interval '1 second')
        OR (status = 'running' AND (owner IS NULL OR lease_until <= now()))
        OR (status = 'waiting' AND wake_at <= now())
    )
)
SELECT id, queue, wants_slot FROM ready
WHERE (slot_limit IS NULL OR workflow_id IS NULL OR status = 'running' OR place + (
        SELECT count(*) FROM executions other
        WHERE other.workflow_id = ready.workflow_id AND other.status = 'running' AND other.slot_limit IS NOT NULL
    ) <= slot_limit) {condition}
ORDER BY wants_slot, CASE queue WHEN 'interactive' THEN 0 WHEN 'bulk' THEN 2 ELSE 1 END, id LIMIT :limit
"""
"""The same as `_recoverable`, for PostgreSQL alone."""
_UNHINTED = (
    "AND NOT EXISTS (SELECT 1 FROM {jobs} hint WHERE hint.queueing_lock = ready.id AND hint.status = 'todo')"
)
"""And no hint of it is in the queue."""


def _release(connection: Connection, owner: str) -> int:
    return connection.execute(
        update(executions)
        .where(LIVE, columns.status == "running", columns.owner == owner)
        .values(owner=None, lease_until=None)
    ).rowcount


def _recoverable(connection: Connection, now: datetime) -> list[str]:
    rows = connection.execute(
        select(columns.id, columns.status, columns.workflow_id, columns.slot_limit).where(
            LIVE, claimable(now)
        )
    ).all()
    rows = sorted(rows, key=lambda row: row.id)  # sorting there would make SQLite read all executions
    limited = sorted({row.workflow_id for row in rows if row.slot_limit is not None and row.workflow_id})
    running: Counter[str] = Counter()
    if limited:
        for workflow, count in connection.execute(
            select(columns.workflow_id, func.count())
            .where(
                LIVE,
                columns.workflow_id.in_(limited),
                columns.slot_limit.is_not(None),
                columns.status == "running",
            )
            .group_by(columns.workflow_id)
        ):
            running[workflow] = count
    found = []
    for row in rows:
        if row.slot_limit is not None and row.workflow_id and row.status != "running":
            if running[row.workflow_id] >= row.slot_limit:
                continue
            running[row.workflow_id] += 1
        found.append(row.id)
    return found


def _waiting_for_slot(
    connection: Connection, workflow_id: str, limit: int | None, now: datetime
) -> list[str]:
    running = connection.scalar(
        select(func.count())
        .select_from(executions)
        .where(
            LIVE,
            columns.workflow_id == workflow_id,
            columns.slot_limit.is_not(None),
            columns.status == "running",
        )
    )
    free = None if limit is None else max(0, limit - (running or 0))
    waiting = connection.scalars(
        select(columns.id).where(
            columns.workflow_id == workflow_id,
            columns.slot_limit.is_not(None),
            columns.status.in_(("queued", "waiting")),
            LIVE,
            wants_slot(now),
        )
    )
    return sorted(waiting)[:free]


def _request_cancel(connection: Connection, id_: str) -> ExecutionStatus | None:
    now = current_time(connection)
    # Locked, since a runner may put it to sleep between two statements, and neither would meet it then.
    wanted = (columns.status, columns.workflow_id, columns.created_at, columns.started_at)
    row = connection.execute(select(*wanted).where(columns.id == id_).with_for_update(key_share=True)).first()
    status: ExecutionStatus | None = row.status if row is not None else None
    if row is None or status is None or status in FINAL:
        return status
    values: dict[str, Any] = {"cancel_requested": True}
    if status != "running":
        status = "cancelled"
        values |= {"status": status, "finished_at": now, "wake_at": None}
        began = row.started_at or row.created_at
        add_counts(connection, [Count.of_run(row.workflow_id or "", began, now, failed=False)])
    connection.execute(update(executions).where(columns.id == id_).values(values))
    return status


def _wake(connection: Connection, id_: str, node: str, scope: Scope, data: Json) -> bool:
    now = current_time(connection)
    status = connection.scalar(select(columns.status).where(columns.id == id_).with_for_update())
    if status is None or status in FINAL:
        return False
    key = {"execution_id": id_, "node": node, "scope": pack_scope(scope)}
    if connection.execute(
        select(resumptions.c.node).where(*(resumptions.c[name] == value for name, value in key.items()))
    ).first():
        return False
    insert_rows(connection, resumptions, [{**key, "data": data, "created_at": now}])
    connection.execute(
        update(executions).where(columns.id == id_, columns.status == "waiting").values(wake_at=now)
    )
    return True
