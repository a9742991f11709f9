"""Storing new executions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, text, update

from flowstudio.errors import Conflict
from flowstudio.storage.clock import current_time
from flowstudio.storage.codec import encode, pack_items, serialise
from flowstudio.storage.journal import Entries, entries, write_entries
from flowstudio.storage.records import Created, NewExecution, Snapshot
from flowstudio.storage.rows import insert_rows
from flowstudio.storage.tables import LIVE, executions, schedules, snapshots
from flowstudio.storage.writer import Result

KNOWN_LIMIT = 4096


class KnownSnapshots:
    """Hashes of snapshots that are in the database, to spare sending documents again.

    May be wrong after a roll-back or a clean-up by another process: then the foreign key refuses, and `Create` is tried
    again with its document.
    """

    def __init__(self) -> None:
        self._hashes: set[str] = set()

    def __contains__(self, hash_: str) -> bool:
        return hash_ in self._hashes

    def add(self, hash_: str) -> None:
        """Take note of one."""
        if len(self._hashes) >= KNOWN_LIMIT:
            self._hashes.clear()
        self._hashes.add(hash_)

    def clear(self) -> None:
        """Forget all."""
        self._hashes.clear()


def store_snapshots(connection: Connection, new: Sequence[Snapshot], at: datetime) -> None:
    """Store documents, each content once."""
    rows = {s.hash: {"hash": s.hash, "document": s.data, "created_at": at} for s in new}
    if rows:
        insert_rows(connection, snapshots, [rows[key] for key in sorted(rows)], skip_existing=True)


class Create:
    """A new execution, for the group commit."""

    rank = 1

    def __init__(
        self,
        new: NewExecution,
        snapshot: Snapshot,
        log: Entries,
        start_items: bytes | None,
        known: KnownSnapshots,
    ) -> None:
        self.new = new
        self.snapshot = snapshot
        self.log = log
        self.start_items = start_items
        self.known = known
        self.retried = False

    @classmethod
    async def of(cls, new: NewExecution, known: KnownSnapshots) -> Create:
        """Prepare. Raises `InvalidRequest` for data that JSON cannot hold."""
        serialise(new.options)
        return cls(
            new,
            new.document if isinstance(new.document, Snapshot) else Snapshot.of(new.document),
            await entries(new.id, 0, 0, new.outcomes),
            encode(pack_items(new.start_items)) if new.start_items else None,
            known,
        )

    @classmethod
    def apply(cls, connection: Connection, works: Sequence[Create]) -> list[Result]:
        """Store them; those whose call key is taken give the execution that has it."""
        results: dict[int, Result] = {}
        taken = _existing(connection, works)
        slots = Slots(connection, [work.new for work in works])
        now = current_time(
            connection
        )  # not before those that run are counted: it begins when they have ended
        rows: list[dict[str, Any]] = []
        stored: list[Create] = []
        refused: dict[int, Conflict] = {}
        for i, work in enumerate(works):
            new = work.new
            found = taken.get(new.id) or (taken.get("key:" + new.call_key) if new.call_key else None)
            if found is not None:
                results[i] = found
                continue
            if new.due is not None and not _move(connection, new):
                refused[i] = Conflict("This moment of the schedule has been dealt with by another process.")
                continue
            runs = new.status == "running" and slots.take(new)
            created = Created(new.id, True, "running" if runs else "queued", 1 if runs else 0)
            if new.call_key:
                taken["key:" + new.call_key] = Created(new.id, False, created.status, 0)
            rows.append(work.row(connection, created, now))
            stored.append(work)
            results[i] = created
        store_snapshots(
            connection,
            [work.snapshot for work in stored if work.retried or work.snapshot.hash not in work.known],
            now,
        )
        if rows:
            insert_rows(connection, executions, rows)
        write_entries(connection, (work.log for work in stored))
        for work in stored:
            work.known.add(work.snapshot.hash)
        return [refused[i] if i in refused else results[i] for i in range(len(works))]

    def row(self, connection: Connection, created: Created, now: datetime) -> dict[str, Any]:
        """The execution's row."""
        new, runs = self.new, created.status == "running"
        return {
            "id": new.id,
            "workflow_id": new.workflow_id,
            "workflow_name": new.workflow_name,
            "snapshot": self.snapshot.hash,
            "mode": new.mode,
            "status": created.status,
            "error": None,
            "created_at": now,
            "started_at": now if runs else None,
            "finished_at": None,
            "wake_at": None,
            "start_node": new.start_node,
            "start_items": self.start_items,
            "last_node": None,
            "until_node": new.until_node,
            "only_node": new.only_node,
            "parent_id": new.parent_id,
            "depth": new.depth,
            "call_key": new.call_key,
            "retry_of": new.retry_of,
            "options": new.options | ({"secrets": new.secrets(connection)} if new.secrets else {}),
            "slot_limit": new.limit,
            "owner": new.owner if runs else None,
            "fence": created.fence,
            "lease_until": now + timedelta(seconds=new.lease_seconds) if runs else None,
            "cancel_requested": False,
            "data_dropped": False,
            "workflow_version": new.workflow_version,
            "queue": new.queue,
        }


def _move(connection: Connection, new: NewExecution) -> bool:
    """Note that a schedule has been seen up to the moment that an execution is for; False when it was already."""
    assert new.due is not None, "asked only of executions of a schedule"
    node, due = new.due
    place = and_(schedules.c.workflow_id == new.workflow_id, schedules.c.node_id == node)
    moved = update(schedules).where(place, schedules.c.seen_until < due).values(seen_until=due)
    return bool(connection.execute(moved).rowcount)


def _existing(connection: Connection, works: Sequence[Create]) -> dict[str, Created]:
    """Executions that are there already, under their id (earlier tries) and under `key:` + their call key."""
    keys = sorted({work.new.call_key for work in works if work.new.call_key})
    ids = sorted({work.new.id for work in works if work.retried})
    if not keys and not ids:
        return {}
    columns = executions.c
    query = select(columns.id, columns.call_key, columns.status, columns.fence, columns.owner)
    rows = [
        row
        for column, wanted in ((columns.call_key, keys), (columns.id, ids))
        if wanted
        for row in connection.execute(query.where(column.in_(wanted)))
    ]
    found: dict[str, Created] = {}
    mine = {work.new.id: work.new for work in works if work.retried}
    for row in rows:
        new = mine.get(row.id)
        if new is not None:
            runs = row.fence == 1 and row.owner == new.owner
            found[row.id] = Created(row.id, True, row.status, 1 if runs else 0)
        if row.call_key:
            found["key:" + row.call_key] = Created(row.id, False, row.status, 0)
    return found


class Slots:
    """Which new executions of workflows with a limit may start at once: those for which a slot is free, unless earlier
    ones wait for it."""

    def __init__(self, connection: Connection, new: Sequence[NewExecution]) -> None:
        limited = sorted({e.workflow_id for e in new if e.limit is not None and e.workflow_id is not None})
        self._ahead: Counter[str] = Counter()
        if not limited:
            return
        for workflow in limited:
            lock_workflow(connection, workflow)
        columns, now = executions.c, current_time(connection)
        for workflow, count in connection.execute(
            select(columns.workflow_id, func.count())
            .where(columns.workflow_id.in_(limited), columns.slot_limit.is_not(None), LIVE, wants_slot(now))
            .group_by(columns.workflow_id)
        ):
            self._ahead[workflow] = count

    def take(self, new: NewExecution) -> bool:
        """Whether it may start; counts it either way."""
        if new.limit is None or new.workflow_id is None:
            return True
        self._ahead[new.workflow_id] += 1
        return self._ahead[new.workflow_id] <= new.limit


def wants_slot(now: datetime) -> Any:
    """SQL condition: it runs, or it would if there was a slot."""
    columns = executions.c
    return or_(
        columns.status.in_(("running", "queued")),
        and_(columns.status == "waiting", columns.wake_at <= now),
    )


def lock_workflow(connection: Connection, workflow: str) -> None:
    """Make others who count the executions of this workflow wait for this transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:workflow, 0))"), {"workflow": workflow}
        )
