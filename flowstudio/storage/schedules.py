"""The schedule repository: up to when armed schedules have run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from flowstudio.engine.item import Json
from flowstudio.storage.codec import decode
from flowstudio.storage.database import Database
from flowstudio.storage.tables import LIVE, executions, schedules, snapshots, workflow_versions, workflows

BATCH = 100

Place = tuple[str, str]
"""A Schedule node: workflow id, node id."""


class ScheduleRepository:
    """Armed schedules."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def active(self) -> Mapping[str, tuple[int | None, str]]:
        """The workflows that are switched on: the version that is published, and the hash of its document."""
        published = and_(
            workflow_versions.c.workflow_id == workflows.c.id,
            workflow_versions.c.number == workflows.c.published_version,
        )
        query = (
            select(workflows.c.id, workflows.c.published_version, workflow_versions.c.snapshot)
            .join_from(workflows, workflow_versions, published)
            .where(workflows.c.active, workflows.c.deleted_at.is_(None))
        )
        rows = await self._database.rows(query)
        return {row.id: (row.published_version, row.snapshot) for row in rows}

    async def versions(self) -> Mapping[str, int | None]:
        """The same without documents, asked every few seconds."""
        query = select(workflows.c.id, workflows.c.published_version)
        rows = await self._database.rows(query.where(workflows.c.active, workflows.c.deleted_at.is_(None)))
        return {row.id: row.published_version for row in rows}

    async def documents(self, hashes: Iterable[str]) -> Mapping[str, Json]:
        """Documents by their hash, read a hundred at a time."""
        found: dict[str, Json] = {}
        for some in _batches(sorted(set(hashes))):
            rows = await self._database.rows(select(snapshots).where(snapshots.c.hash.in_(some)))
            found |= {row.hash: decode(bytes(row.document)) for row in rows}
        return found

    async def seen(self) -> Mapping[Place, datetime]:
        """Up to when each schedule has been dealt with."""
        rows = await self._database.rows(select(schedules))
        return {(row.workflow_id, row.node_id): row.seen_until for row in rows}

    async def arm(self, armed: Mapping[Place, datetime], disarmed: Iterable[Place]) -> None:
        """Remember schedules that were switched on, forget those that were switched off."""
        gone = list(disarmed)

        def store(connection: Connection) -> None:
            for place in gone:
                connection.execute(delete(schedules).where(_at(place)))
            for place, since in armed.items():
                known = connection.scalar(select(schedules.c.node_id).where(_at(place)))
                there = connection.scalar(select(workflows.c.id).where(workflows.c.id == place[0]))
                if known is None and there is not None:
                    row = {"workflow_id": place[0], "node_id": place[1], "seen_until": since}
                    connection.execute(insert(schedules).values(row))

        if armed or gone:
            await self._database.write(store)

    async def move(self, place: Place, until: datetime) -> None:
        """What was due up to `until` is dealt with."""
        earlier = and_(_at(place), schedules.c.seen_until < until)
        statement = update(schedules).where(earlier).values(seen_until=until)
        await self._database.write(lambda connection: connection.execute(statement))

    async def running(self, place: Place) -> bool:
        """Whether an execution that the schedule started has not ended."""
        columns = executions.c
        query = (
            select(columns.id)
            .where(
                columns.workflow_id == place[0],
                columns.start_node == place[1],
                columns.mode == "schedule",
                LIVE,
            )
            .limit(1)
        )
        return await self._database.first(query) is not None


def _at(place: Place) -> ColumnElement[bool]:
    return and_(schedules.c.workflow_id == place[0], schedules.c.node_id == place[1])


def _batches(hashes: Sequence[str]) -> Iterable[Sequence[str]]:
    return (hashes[at : at + BATCH] for at in range(0, len(hashes), BATCH))
