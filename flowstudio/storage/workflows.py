"""The workflow repository: documents, their history, and the webhooks of active workflows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from flowstudio.engine.item import Json
from flowstudio.errors import Conflict, NotFound
from flowstudio.storage.clock import current_time
from flowstudio.storage.codec import decode
from flowstudio.storage.creation import KnownSnapshots, store_snapshots
from flowstudio.storage.database import Database
from flowstudio.storage.ids import new_id
from flowstudio.storage.records import (
    Snapshot,
    WebhookRoute,
    WorkflowRecord,
    WorkflowSummary,
    WorkflowVersion,
)
from flowstudio.storage.tables import snapshots, webhooks, workflow_tags, workflow_versions, workflows

columns = workflows.c


@dataclass(frozen=True, kw_only=True)
class WorkflowFilter:
    """Which workflows to list. `cursor` is the id of the last one seen."""

    search: str | None = None
    """Part of the name."""
    tag: str | None = None
    active: bool | None = None
    cursor: str | None = None
    limit: int = 50


class WorkflowRepository:
    """Workflows. A change makes a new version; an earlier one can be read for ever."""

    def __init__(self, database: Database, known: KnownSnapshots) -> None:
        self._database = database
        self._known = known

    async def create(
        self,
        *,
        name: str,
        document: Json | Snapshot,
        tags: Iterable[str] = (),
        outline: Json | None = None,
        by: str | None = None,
        note: str = "",
        id: str | None = None,
    ) -> WorkflowRecord:
        """Store a new, inactive workflow. Raises `Conflict` when the id is taken."""
        snapshot = document if isinstance(document, Snapshot) else Snapshot.of(document)
        id_ = id or new_id()

        def store(connection: Connection) -> None:
            now = current_time(connection)
            if connection.scalar(select(columns.id).where(columns.id == id_)) is not None:
                raise Conflict(f"There is a workflow '{id_}' already.")
            store_snapshots(connection, [snapshot], now)
            connection.execute(
                insert(workflows).values(
                    id=id_,
                    name=name,
                    active=False,
                    version=1,
                    snapshot=snapshot.hash,
                    outline=outline or {},
                    created_at=now,
                    updated_at=now,
                    created_by=by,
                    updated_by=by,
                )
            )
            _store_version(connection, id_, 1, snapshot, by, now, note)
            _store_tags(connection, id_, tags)

        await self._database.write(store)
        return await self._demand(id_)

    async def get(self, id_: str) -> WorkflowRecord | None:
        """A workflow."""
        query = (
            select(workflows, snapshots.c.document).join_from(workflows, snapshots).where(columns.id == id_)
        )
        row = await self._database.first(query)
        if row is None:
            return None
        tags = await self._tags([id_])
        return WorkflowRecord(**_summary(row, tags), document=decode(bytes(row.document)))

    async def list(self, wanted: WorkflowFilter | None = None) -> list[WorkflowSummary]:
        """Workflows, newest first; the id of the last one is the cursor of the next page."""
        wanted = wanted or WorkflowFilter()
        query: Select[Any] = select(workflows).order_by(columns.id.desc()).limit(wanted.limit)
        if wanted.search:
            query = query.where(func.lower(columns.name).contains(wanted.search.lower(), autoescape=True))
        if wanted.tag is not None:
            has = select(workflow_tags.c.tag).where(
                workflow_tags.c.workflow_id == columns.id, workflow_tags.c.tag == wanted.tag
            )
            query = query.where(exists(has))
        if wanted.active is not None:
            query = query.where(columns.active.is_(wanted.active))
        if wanted.cursor is not None:
            query = query.where(columns.id < wanted.cursor)
        rows = await self._database.rows(query)
        tags = await self._tags([row.id for row in rows])
        return [WorkflowSummary(**_summary(row, tags)) for row in rows]

    async def count(self) -> int:
        """How many workflows there are."""
        return int(await self._database.scalar(select(func.count()).select_from(workflows)))

    async def update(
        self,
        id_: str,
        *,
        name: str,
        document: Json | Snapshot,
        tags: Iterable[str] = (),
        outline: Json | None = None,
        by: str | None = None,
        note: str = "",
        expected_version: int | None = None,
        webhooks: Sequence[WebhookRoute] | None = None,
    ) -> WorkflowRecord:
        """Store a new version; with `webhooks`, replace the addresses in the same transaction.

        Raises `NotFound`, and `Conflict` when the stored version is not the expected one or an address is taken.
        """
        snapshot = document if isinstance(document, Snapshot) else Snapshot.of(document)

        def store(connection: Connection) -> None:
            now = current_time(connection)
            version = connection.scalar(select(columns.version).where(columns.id == id_).with_for_update())
            if version is None:
                raise NotFound(f"There is no workflow '{id_}'.")
            if expected_version is not None and version != expected_version:
                raise Conflict(
                    f"The workflow was changed meanwhile: it has version {version}, you changed version "
                    f"{expected_version}. Load it again.",
                    detail={"version": version},
                )
            store_snapshots(connection, [snapshot], now)
            connection.execute(
                update(workflows)
                .where(columns.id == id_)
                .values(
                    name=name,
                    version=version + 1,
                    snapshot=snapshot.hash,
                    outline=outline or {},
                    updated_at=now,
                    updated_by=by,
                )
            )
            _store_version(connection, id_, version + 1, snapshot, by, now, note)
            connection.execute(delete(workflow_tags).where(workflow_tags.c.workflow_id == id_))
            _store_tags(connection, id_, tags)
            if webhooks is not None:
                _replace_webhooks(connection, id_, webhooks)

        await self._write_addresses(store)
        return await self._demand(id_)

    async def set_active(
        self, id_: str, active: bool, *, webhooks: Sequence[WebhookRoute] = ()
    ) -> WorkflowRecord:
        """Switch a workflow on with its addresses, or off. Raises `NotFound`, and `Conflict` for a taken address."""

        def store(connection: Connection) -> None:
            changed = connection.execute(update(workflows).where(columns.id == id_).values(active=active))
            if not changed.rowcount:
                raise NotFound(f"There is no workflow '{id_}'.")
            _replace_webhooks(connection, id_, webhooks if active else ())

        await self._write_addresses(store)
        return await self._demand(id_)

    async def delete(self, id_: str) -> bool:
        """Delete a workflow with its versions and addresses; its executions stay."""

        def remove(connection: Connection) -> bool:
            return bool(connection.execute(delete(workflows).where(columns.id == id_)).rowcount)

        return await self._database.write(remove)

    async def versions(self, id_: str) -> Sequence[WorkflowVersion]:
        """The history, newest first."""
        rows = await self._database.rows(
            select(workflow_versions)
            .where(workflow_versions.c.workflow_id == id_)
            .order_by(workflow_versions.c.number.desc())
        )
        return [WorkflowVersion(**row._mapping) for row in rows]

    async def version(self, id_: str, number: int) -> tuple[WorkflowVersion, Json] | None:
        """An entry of the history with its document."""
        row = await self._database.first(
            select(workflow_versions, snapshots.c.document)
            .join_from(workflow_versions, snapshots)
            .where(workflow_versions.c.workflow_id == id_, workflow_versions.c.number == number)
        )
        if row is None:
            return None
        values = dict(row._mapping)
        document: Json = decode(bytes(values.pop("document")))
        return WorkflowVersion(**values), document

    async def routes(self) -> Sequence[WebhookRoute]:
        """The addresses of all active workflows."""
        return [WebhookRoute(**row._mapping) for row in await self._database.rows(select(webhooks))]

    async def _demand(self, id_: str) -> WorkflowRecord:
        record = await self.get(id_)
        if record is None:
            raise NotFound(f"There is no workflow '{id_}' any more.")
        return record

    async def _write_addresses(self, store: Any) -> None:
        try:
            await self._database.write(store)
        except IntegrityError as error:
            raise Conflict(
                "Another workflow has taken one of the webhook addresses; choose another path."
            ) from error

    async def _tags(self, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        found: dict[str, Any] = {}
        if ids:
            query = (
                select(workflow_tags)
                .where(workflow_tags.c.workflow_id.in_(ids))
                .order_by(workflow_tags.c.tag)
            )
            for row in await self._database.rows(query):
                found.setdefault(row.workflow_id, []).append(row.tag)
        return found


def _summary(row: Any, tags: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The fields of `WorkflowSummary`."""
    return {column.name: getattr(row, column.name) for column in columns} | {
        "tags": tuple(tags.get(row.id, ()))
    }


def _store_version(
    connection: Connection, id_: str, number: int, snapshot: Snapshot, by: str | None, at: datetime, note: str
) -> None:
    connection.execute(
        insert(workflow_versions).values(
            workflow_id=id_, number=number, snapshot=snapshot.hash, author=by, at=at, note=note
        )
    )


def _store_tags(connection: Connection, id_: str, tags: Iterable[str]) -> None:
    rows = [{"workflow_id": id_, "tag": tag} for tag in dict.fromkeys(tags)]
    if rows:
        connection.execute(insert(workflow_tags), rows)


def _replace_webhooks(connection: Connection, id_: str, wanted: Sequence[WebhookRoute]) -> None:
    connection.execute(delete(webhooks).where(webhooks.c.workflow_id == id_))
    if not wanted:
        return
    addresses = [(route.method, route.path) for route in wanted]
    if len(set(addresses)) < len(addresses):
        twice = next(address for address in addresses if addresses.count(address) > 1)
        raise Conflict(f"Two nodes of the workflow listen to {twice[0]} {twice[1]}; give one another path.")
    taken = connection.execute(
        select(webhooks.c.method, webhooks.c.path, columns.name)
        .join_from(webhooks, workflows)
        .where(or_(*(tuple_(webhooks.c.method, webhooks.c.path) == address for address in addresses)))
    ).first()
    if taken is not None:
        raise Conflict(
            f"{taken.method} {taken.path} belongs to the active workflow '{taken.name}'. "
            "Choose another path, or switch that workflow off."
        )
    connection.execute(
        insert(webhooks),
        [{"method": r.method, "path": r.path, "workflow_id": id_, "node_id": r.node_id} for r in wanted],
    )
