"""Deleting executions, and what only they needed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, exists, or_, select, update
from sqlalchemy.exc import IntegrityError

from flowstudio.storage.binaries import GRACE, FileStore
from flowstudio.storage.creation import KnownSnapshots
from flowstudio.storage.database import Database
from flowstudio.storage.records import Pruned
from flowstudio.storage.tables import (
    FINAL,
    binary_uses,
    executions,
    outcomes,
    snapshots,
    workflow_versions,
    workflows,
)

BATCH = 100
"""Executions deleted in one transaction, so that the log's writer never waits long."""
VACUUM_PAGES = 2000
"""Pages of a SQLite file that are given back in one transaction."""

columns = executions.c


class Retention:
    """The part of the execution repository that deletes."""

    def __init__(self, database: Database, binaries: FileStore, known: KnownSnapshots) -> None:
        self._database = database
        self._binaries = binaries
        self._known = known

    async def delete(self, ids: Collection[str]) -> int:
        """Delete executions with their logs, except those that run; says how many went."""
        every = sorted(ids)
        deleted = 0
        for start in range(0, len(every), BATCH):
            batch = every[start : start + BATCH]
            deleted += await self._database.write(partial(_delete, ids=batch))
        return deleted

    async def drop_data(self, id_: str) -> None:
        """Delete items, prints and answers of an execution; its summary and the statistics of its nodes stay."""

        def drop(connection: Connection) -> None:
            connection.execute(
                update(outcomes).where(outcomes.c.execution_id == id_).values(outputs=None, output_log=None)
            )
            connection.execute(delete(binary_uses).where(binary_uses.c.execution_id == id_))
            connection.execute(
                update(executions).where(columns.id == id_).values(data_dropped=True, start_items=None)
            )

        await self._database.write(drop)

    async def forget_secrets(self, id_: str) -> None:
        """Delete the credentials that came along with an execution."""

        def forget(connection: Connection) -> None:
            options = connection.scalar(select(columns.options).where(columns.id == id_))
            kept = {name: value for name, value in (options or {}).items() if name != "secrets"}
            connection.execute(update(executions).where(columns.id == id_).values(options=kept))

        await self._database.write(forget)

    async def prune(
        self,
        now: datetime,
        *,
        max_age: timedelta,
        max_count: int,
        binary_grace: float = GRACE,
        sweep: bool = True,
    ) -> Pruned:
        """Delete finished executions that are too old or too many, oldest first; with `sweep`, also what nothing refers to
        any more.

        Works in small transactions, so that executions go on meanwhile. Gives the space back to the file system.
        """
        deleted = 0
        while ids := await self._expired(now - max_age, max_count):
            deleted += await self.delete(ids)
        swept = await self._sweep_snapshots() if sweep else 0
        files = await self._sweep_binaries(binary_grace) if sweep else 0
        if self._database.is_sqlite and sweep:
            await self._shrink()
        return Pruned(deleted, swept, files)

    async def _expired(self, before: datetime, max_count: int) -> list[str]:
        final = columns.status.in_(FINAL)
        first_kept = (
            select(columns.id).where(final).order_by(columns.id.desc()).limit(1).offset(max_count - 1)
        )
        oldest = await self._database.scalar(first_kept) if max_count > 0 else None
        conditions: list[Any] = [columns.finished_at < before]
        if oldest is not None:
            conditions.append(columns.id < oldest)
        elif max_count <= 0:
            conditions.append(columns.id.is_not(None))
        rows = await self._database.rows(
            select(columns.id).where(final, or_(*conditions)).order_by(columns.id).limit(BATCH)
        )
        return [row.id for row in rows]

    async def _sweep_snapshots(self) -> int:
        """Delete documents that no workflow, version or execution has."""

        def sweep(connection: Connection) -> int:
            self._known.clear()
            used = [
                exists(select(table.c.snapshot).where(table.c.snapshot == snapshots.c.hash))
                for table in (workflows, workflow_versions, executions)
            ]
            return connection.execute(delete(snapshots).where(*(~use for use in used))).rowcount

        try:
            return await self._database.write(sweep)
        except IntegrityError:
            return 0  # another process just took one into use; the next clean-up finds the rest

    async def _sweep_binaries(self, grace: float) -> int:
        candidates = await asyncio.to_thread(lambda: list(self._binaries.stale(grace)))
        removed = 0
        for start in range(0, len(candidates), BATCH):
            batch = candidates[start : start + BATCH]
            rows = await self._database.rows(
                select(binary_uses.c.digest).where(binary_uses.c.digest.in_(batch)).distinct()
            )
            used = {row.digest for row in rows}
            for digest in batch:
                if digest not in used:
                    removed += await asyncio.to_thread(self._binaries.remove, digest, grace)
        return removed

    async def _shrink(self) -> None:
        """Give free pages of a SQLite file back."""

        def vacuum(connection: Connection) -> bool:
            cursor = (
                connection.connection.cursor()
            )  # the pragma steps once a page, through rows without columns
            cursor.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
            cursor.fetchall()
            cursor.close()
            return bool(connection.exec_driver_sql("PRAGMA freelist_count").scalar())

        def checkpoint(connection: Connection) -> None:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()

        while await self._database.write(vacuum):
            pass
        await self._database.write_alone(checkpoint)


def _delete(connection: Connection, ids: Collection[str]) -> int:
    return connection.execute(
        delete(executions).where(columns.id.in_(ids), columns.status != "running")
    ).rowcount
