"""The history of workflows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from flowstudio.engine.item import Json
from flowstudio.storage.codec import decode
from flowstudio.storage.database import Database
from flowstudio.storage.records import Snapshot, WorkflowVersion
from flowstudio.storage.tables import snapshots, users, workflow_versions

PAUSE = timedelta(minutes=10)
"""Edits of one author with shorter pauses than this are one entry of the history …"""
BURST = timedelta(hours=1)
"""… that spans no longer than this."""

columns = workflow_versions.c
_ENTRY = (
    *(columns.workflow_id, columns.number, columns.snapshot, columns.author, columns.at, columns.note),
    columns.published_at,
    users.c.name.label("author_name"),
)


class VersionRepository:
    """Reads and names the entries of histories."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, id_: str) -> Sequence[WorkflowVersion]:
        """The history, newest first."""
        rows = await self._database.rows(_entries().where(columns.workflow_id == id_))
        return [WorkflowVersion(**row._mapping) for row in rows]

    async def get(self, id_: str, number: int) -> tuple[WorkflowVersion, Json] | None:
        """An entry of the history with its document."""
        query = _entries(snapshots.c.document).join(snapshots)
        row = await self._database.first(query.where(columns.workflow_id == id_, columns.number == number))
        if row is None:
            return None
        values = dict(row._mapping)
        document: Json = decode(bytes(values.pop("document")))
        return WorkflowVersion(**values), document

    async def annotate(self, id_: str, number: int, note: str) -> bool:
        """Say what an entry is; False when there is none."""

        def store(connection: Connection) -> bool:
            entry = update(workflow_versions).where(columns.workflow_id == id_, columns.number == number)
            return bool(connection.execute(entry.values(note=note)).rowcount)

        return await self._database.write(store)


def _entries(*more: Any) -> Select[Any]:
    joined = workflow_versions.outerjoin(users, users.c.id == columns.author)
    return select(*_ENTRY, *more).select_from(joined).order_by(columns.number.desc())


def enter(
    connection: Connection, id_: str, number: int, snapshot: Snapshot, by: str | None, at: datetime, note: str
) -> None:
    """Add an entry for a document that was stored as a whole."""
    _insert(connection, id_, number, snapshot, by, at, note, None)


def gather(
    connection: Connection, id_: str, number: int, snapshot: Snapshot, by: str | None, at: datetime
) -> None:
    """Add an entry for edits, or let the newest one go on when they belong to the same burst.

    An entry that was published or has a note stays as it is.
    """
    last: Row[Any] | None = connection.execute(
        select(workflow_versions).where(columns.workflow_id == id_).order_by(columns.number.desc()).limit(1)
    ).first()
    goes_on = (
        last is not None
        and last.burst_at is not None
        and last.published_at is None
        and not last.note
        and last.author == by
        and at - last.at < PAUSE
        and at - last.burst_at < BURST
    )
    if goes_on and last is not None:
        connection.execute(
            update(workflow_versions)
            .where(columns.workflow_id == id_, columns.number == last.number)
            .values(number=number, snapshot=snapshot.hash, at=at)
        )
    else:
        _insert(connection, id_, number, snapshot, by, at, "", at)


def mark_published(connection: Connection, id_: str, number: int, at: datetime, note: str | None) -> None:
    """Note that an entry is published from now on; with a note, what it is."""
    values: dict[str, Any] = {"published_at": at} | ({"note": note} if note else {})
    connection.execute(
        update(workflow_versions).where(columns.workflow_id == id_, columns.number == number).values(**values)
    )


def _insert(
    connection: Connection,
    id_: str,
    number: int,
    snapshot: Snapshot,
    by: str | None,
    at: datetime,
    note: str,
    burst_at: datetime | None,
) -> None:
    connection.execute(
        insert(workflow_versions).values(
            workflow_id=id_,
            number=number,
            snapshot=snapshot.hash,
            author=by,
            at=at,
            note=note,
            burst_at=burst_at,
        )
    )
