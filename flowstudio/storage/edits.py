"""The log of edits: batches of operations that made each version of a draft out of the one before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from flowstudio.engine.item import Json
from flowstudio.errors import Conflict, NotFound
from flowstudio.storage.clock import current_time
from flowstudio.storage.creation import store_snapshots
from flowstudio.storage.database import Database
from flowstudio.storage.records import EditBatch, Snapshot
from flowstudio.storage.tables import users, workflow_operations, workflows
from flowstudio.storage.tags import replace_tags
from flowstudio.storage.versions import gather

KEPT = 2_000
"""Batches kept for each workflow …"""
KEPT_FOR = timedelta(days=7)
"""… and for how long. Whoever was away for longer reads the whole document."""

columns = workflow_operations.c


class Outdated(Conflict):
    """The draft has another version than the edits were made for: read it again, and apply them to that."""


@dataclass(frozen=True, kw_only=True)
class NewDraft:
    """A draft as edits leave it."""

    name: str
    snapshot: Snapshot = field(repr=False)
    outline: Json
    tags: Iterable[str] | None
    """None when they are the same."""


class EditRepository:
    """Edits. The document is changed by the caller; here it is stored with the batches that changed it, or not at all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(
        self,
        id_: str,
        *,
        base: int,
        draft: NewDraft,
        batches: Sequence[tuple[str, Sequence[Json]]],
        client: str,
        by: str | None,
    ) -> datetime:
        """Store batches, each the id and the operations; they make the versions after `base`. Says when that was.

        Raises `NotFound`, and `Outdated` when the draft's version is not `base`.
        """
        number = base + len(batches)

        def store(connection: Connection) -> datetime:
            now = current_time(connection)
            row = connection.execute(
                select(workflows.c.version, workflows.c.deleted_at)
                .where(workflows.c.id == id_)
                .with_for_update()
            ).first()
            if row is None or row.deleted_at is not None:
                raise NotFound(f"There is no workflow '{id_}' any more.")
            if row.version != base:
                raise Outdated(f"The workflow has version {row.version} by now.")
            store_snapshots(connection, [draft.snapshot], now)
            connection.execute(
                update(workflows)
                .where(workflows.c.id == id_)
                .values(
                    name=draft.name,
                    version=number,
                    snapshot=draft.snapshot.hash,
                    outline=draft.outline,
                    updated_at=now,
                    updated_by=by,
                )
            )
            gather(connection, id_, number, draft.snapshot, by, now)
            if draft.tags is not None:
                replace_tags(connection, id_, draft.tags)
            connection.execute(
                insert(workflow_operations),
                [
                    {
                        "workflow_id": id_,
                        "number": version,
                        "batch": batch,
                        "client": client,
                        "author": by,
                        "at": now,
                        "operations": list(operations),
                    }
                    for version, (batch, operations) in enumerate(batches, base + 1)
                ],
            )
            return now

        return await self._database.write(store)

    async def known(self, id_: str, batches: Collection[str]) -> dict[str, int]:
        """Which batches are in the log, and the version that each made."""
        query = select(columns.batch, columns.number).where(
            columns.workflow_id == id_, columns.batch.in_(sorted(batches))
        )
        return {row.batch: row.number for row in await self._database.rows(query)}

    async def since(self, id_: str, version: int) -> list[EditBatch]:
        """The batches after a version, in order. A gap in their numbers is a whole new document."""
        rows = await self._database.rows(
            select(workflow_operations, users.c.name.label("author_name"))
            .select_from(workflow_operations.outerjoin(users, users.c.id == columns.author))
            .where(columns.workflow_id == id_, columns.number > version)
            .order_by(columns.number)
        )
        return [
            EditBatch(
                version=row.number,
                id=row.batch,
                client=row.client,
                author=row.author,
                author_name=row.author_name,
                operations=row.operations,
            )
            for row in rows
        ]

    async def prune(self, now: datetime) -> int:
        """Delete what is too old, or more than is kept; says how many batches went."""

        def remove(connection: Connection) -> int:
            newest = (
                select(workflows.c.version)
                .where(workflows.c.id == columns.workflow_id)
                .correlate(workflow_operations)
                .scalar_subquery()
            )
            old = delete(workflow_operations).where(
                (columns.at < now - KEPT_FOR) | (columns.number <= newest - KEPT)
            )
            return connection.execute(old).rowcount

        return await self._database.write(remove)
