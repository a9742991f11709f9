"""The workflow repository: drafts, what is published of them, and the webhooks of active workflows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Select, and_, delete, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from flowstudio.engine.item import Json
from flowstudio.errors import Conflict, NotFound
from flowstudio.storage.clock import current_time
from flowstudio.storage.codec import decode
from flowstudio.storage.creation import KnownSnapshots, store_snapshots
from flowstudio.storage.database import Database
from flowstudio.storage.ids import new_id
from flowstudio.storage.records import Snapshot, WebhookRoute, WorkflowRecord, WorkflowSummary
from flowstudio.storage.tables import (
    executions,
    snapshots,
    webhooks,
    workflow_tags,
    workflow_versions,
    workflows,
)
from flowstudio.storage.tags import replace_tags
from flowstudio.storage.versions import enter, mark_published

HIDDEN_FOR = timedelta(days=30)
"""How long a deleted workflow can be brought back."""

columns = workflows.c
_published = workflow_versions.alias("published")
_STORED = (*columns, _published.c.snapshot.label("published_snapshot"))
_JOINED = workflows.outerjoin(
    _published,
    and_(_published.c.workflow_id == columns.id, _published.c.number == columns.published_version),
)


Order = Literal["created", "changed", "name", "ran"]
"""Newest first, last changed first, by name, or last run first."""


@dataclass(frozen=True, kw_only=True)
class WorkflowFilter:
    """Which workflows to list. `cursor` is the id of the last one seen."""

    search: str | None = None
    """Part of the name."""
    tag: str | None = None
    active: bool | None = None
    deleted: bool = False
    """Those that are deleted and can be brought back, instead of the others."""
    order: Order = "created"
    cursor: str | None = None
    limit: int = 50


class WorkflowRepository:
    """Workflows. A change raises the draft's version; what is deleted is hidden, until it is purged."""

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
            enter(connection, id_, 1, snapshot, by, now, note)
            replace_tags(connection, id_, tags)

        await self._database.write(store)
        return await self._demand(id_)

    async def get(self, id_: str, *, deleted: bool = False) -> WorkflowRecord | None:
        """A workflow; with `deleted` also one that is hidden."""
        query = select(*_STORED, snapshots.c.document).select_from(
            _JOINED.join(snapshots, snapshots.c.hash == columns.snapshot)
        )
        if not deleted:
            query = query.where(columns.deleted_at.is_(None))
        row = await self._database.first(query.where(columns.id == id_))
        if row is None:
            return None
        tags = await self._tags([id_])
        return WorkflowRecord(**_summary(row, tags), document=decode(bytes(row.document)))

    async def list(self, wanted: WorkflowFilter | None = None) -> list[WorkflowSummary]:
        """Workflows in the wanted order; the id of the last one is the cursor of the next page."""
        wanted = wanted or WorkflowFilter()
        query = _ordered(select(*_STORED).select_from(_JOINED), wanted).limit(wanted.limit)
        query = query.where(
            columns.deleted_at.is_not(None) if wanted.deleted else columns.deleted_at.is_(None)
        )
        if wanted.search:
            query = query.where(func.lower(columns.name).contains(wanted.search.lower(), autoescape=True))
        if wanted.tag is not None:
            has = select(workflow_tags.c.tag).where(
                workflow_tags.c.workflow_id == columns.id, workflow_tags.c.tag == wanted.tag
            )
            query = query.where(exists(has))
        if wanted.active is not None:
            query = query.where(columns.active.is_(wanted.active))
        rows = await self._database.rows(query)
        tags = await self._tags([row.id for row in rows])
        return [WorkflowSummary(**_summary(row, tags)) for row in rows]

    async def outlines(self) -> Sequence[tuple[str, str, Json]]:
        """Id, name and outline of all workflows, by name."""
        rows = await self._database.rows(
            select(columns.id, columns.name, columns.outline)
            .where(columns.deleted_at.is_(None))
            .order_by(columns.name, columns.id)
        )
        return [(row.id, row.name, row.outline or {}) for row in rows]

    async def count(self) -> int:
        """How many workflows there are, hidden ones included."""
        return int(await self._database.scalar(select(func.count()).select_from(workflows)))

    async def tags(self) -> Sequence[tuple[str, int]]:
        """The tags in use and how many workflows have each, by name."""
        number = func.count().label("number")
        rows = await self._database.rows(
            select(workflow_tags.c.tag, number)
            .select_from(workflow_tags.join(workflows))
            .where(columns.deleted_at.is_(None))
            .group_by(workflow_tags.c.tag)
        )
        return sorted(((row.tag, row.number) for row in rows), key=lambda entry: entry[0].casefold())

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
    ) -> WorkflowRecord:
        """Store a new draft. Raises `NotFound`, and `Conflict` when the stored version is not the expected one."""
        snapshot = document if isinstance(document, Snapshot) else Snapshot.of(document)

        def store(connection: Connection) -> None:
            now = current_time(connection)
            version = _lock(connection, id_, expected_version)
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
            enter(connection, id_, version + 1, snapshot, by, now, note)
            replace_tags(connection, id_, tags)

        await self._database.write(store)
        return await self._demand(id_)

    async def publish(
        self,
        id_: str,
        *,
        expected_version: int,
        version: int | None = None,
        note: str | None = None,
        webhooks: Sequence[WebhookRoute] | None = None,
    ) -> WorkflowRecord:
        """Make the draft, or a version of the history, what triggers run; with `webhooks`, switch it on with these addresses.

        Raises `NotFound`, and `Conflict` when the draft has another version than expected, or an address is taken.
        """

        def store(connection: Connection) -> None:
            number = _lock(connection, id_, expected_version)
            if version is not None:
                number = version
            values: dict[str, Any] = {"published_version": number}
            if webhooks is not None:
                values["active"] = True
            connection.execute(update(workflows).where(columns.id == id_).values(**values))
            mark_published(connection, id_, number, current_time(connection), note)
            if webhooks is not None:
                _replace_webhooks(connection, id_, webhooks)

        await self._write_addresses(store)
        return await self._demand(id_)

    async def unpublish(self, id_: str) -> WorkflowRecord:
        """Switch a workflow off and let nothing be published. Raises `NotFound`."""
        return await self._disarm(id_, published_version=None)

    async def activate(self, id_: str, *, webhooks: Sequence[WebhookRoute]) -> WorkflowRecord:
        """Switch a published workflow on with its addresses. Raises `NotFound`, and `Conflict` for a taken address."""

        def store(connection: Connection) -> None:
            _lock(connection, id_)
            connection.execute(update(workflows).where(columns.id == id_).values(active=True))
            _replace_webhooks(connection, id_, webhooks)

        await self._write_addresses(store)
        return await self._demand(id_)

    async def deactivate(self, id_: str) -> WorkflowRecord:
        """Switch a workflow off. Raises `NotFound`."""
        return await self._disarm(id_)

    async def hide(self, id_: str) -> WorkflowRecord:
        """Switch a workflow off and hide it. Raises `NotFound`."""
        return await self._disarm(id_, hide=True)

    async def bring_back(self, id_: str) -> WorkflowRecord:
        """Show a hidden workflow again, switched off. Raises `NotFound`, and `Conflict` when it is not hidden."""

        def show(connection: Connection) -> None:
            hidden = update(workflows).where(columns.id == id_, columns.deleted_at.is_not(None))
            if connection.execute(hidden.values(deleted_at=None)).rowcount:
                return
            _lock(connection, id_)
            raise Conflict("The workflow is not deleted; there is nothing to bring back.")

        await self._database.write(show)
        return await self._demand(id_)

    async def purge(self, before: datetime) -> int:
        """Delete for good what was hidden before, with versions and edits; says how many. Executions stay."""

        def remove(connection: Connection) -> int:
            return connection.execute(delete(workflows).where(columns.deleted_at < before)).rowcount

        return await self._database.write(remove)

    async def routes(self) -> Sequence[WebhookRoute]:
        """The addresses of all active workflows."""
        return [WebhookRoute(**row._mapping) for row in await self._database.rows(select(webhooks))]

    async def _demand(self, id_: str, *, deleted: bool = False) -> WorkflowRecord:
        record = await self.get(id_, deleted=deleted)
        if record is None:
            raise NotFound(f"There is no workflow '{id_}' any more.")
        return record

    async def _disarm(self, id_: str, *, hide: bool = False, **values: Any) -> WorkflowRecord:
        def store(connection: Connection) -> None:
            _lock(connection, id_)
            if hide:
                values["deleted_at"] = current_time(connection)
            connection.execute(update(workflows).where(columns.id == id_).values(active=False, **values))
            _replace_webhooks(connection, id_, ())

        await self._database.write(store)
        return await self._demand(id_, deleted=True)

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


def _ordered(query: Select[Any], wanted: WorkflowFilter) -> Select[Any]:
    """In the wanted order, from the cursor on. Ids break ties."""
    key, forward = _key(wanted.order, columns), wanted.order == "name"
    if wanted.cursor is not None:
        seen = workflows.alias("seen").c
        place = select(_key(wanted.order, seen)).where(seen.id == wanted.cursor).scalar_subquery()
        later = key > place if forward else key < place
        same = and_(key == place, columns.id > wanted.cursor if forward else columns.id < wanted.cursor)
        query = query.where(or_(later, same))
    return query.order_by(*((key, columns.id) if forward else (key.desc(), columns.id.desc())))


def _key(order: Order, of: Any) -> Any:
    """What is sorted by. The ids of executions grow with time, so that the greatest is the last."""
    match order:
        case "changed":
            return of.updated_at
        case "name":
            return func.lower(of.name)
        case "ran":
            last = select(func.max(executions.c.id)).where(executions.c.workflow_id == of.id)
            return func.coalesce(last.scalar_subquery(), "")
        case "created":
            return of.id


def _summary(row: Any, tags: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The fields of `WorkflowSummary`."""
    return {column.name: getattr(row, column.name) for column in columns} | {
        "published_snapshot": row.published_snapshot,
        "tags": tuple(tags.get(row.id, ())),
    }


def _lock(connection: Connection, id_: str, expected_version: int | None = None) -> int:
    """Keep others from changing a workflow until the transaction ends; gives the draft's version."""
    row = connection.execute(
        select(columns.version, columns.deleted_at).where(columns.id == id_).with_for_update()
    ).first()
    if row is None or row.deleted_at is not None:
        raise NotFound(f"There is no workflow '{id_}'.")
    version: int = row.version
    if expected_version is not None and version != expected_version:
        raise Conflict(
            f"The workflow was changed meanwhile: it has version {version}, you changed version "
            f"{expected_version}. Load it again.",
            detail={"version": version},
        )
    return version


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
