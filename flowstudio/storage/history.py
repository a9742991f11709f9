"""Reading executions: lists, logs, items."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, tuple_

from flowstudio.engine.events import ExecutionStatus, Scope
from flowstudio.engine.item import Json, Ports
from flowstudio.engine.outcome import Outcome
from flowstudio.storage.codec import decode, pack_scope, unpack_error, unpack_items
from flowstudio.storage.database import Database
from flowstudio.storage.journal import read_node_run, read_outcome
from flowstudio.storage.records import (
    ExecutionFilter,
    ExecutionSummary,
    LogPosition,
    NodeRun,
    StoredExecution,
)
from flowstudio.storage.tables import FINAL, LIVE, executions, outcomes, snapshots, workflows

columns = executions.c

SUMMARY = (
    *(columns.id, columns.workflow_id, columns.workflow_name, columns.snapshot, columns.mode, columns.status),
    *(columns.error, columns.created_at, columns.started_at, columns.finished_at, columns.wake_at),
    *(columns.start_node, columns.last_node, columns.until_node, columns.only_node, columns.parent_id),
    *(columns.depth, columns.retry_of, columns.options, columns.cancel_requested, columns.data_dropped),
    columns.workflow_version,
)

RUN = tuple(column for column in outcomes.c if column.name != "outputs")

CACHED_DOCUMENTS = 32
CACHED_BYTES = 64 * 1024
"""Larger documents are not kept in memory."""


class History:
    """The part of the execution repository that reads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._documents: OrderedDict[str, Json] = OrderedDict()

    async def get(self, id_: str) -> ExecutionSummary | None:
        """An execution without its data."""
        row = await self._database.first(select(*SUMMARY).where(columns.id == id_))
        return ExecutionSummary(**_summary(row)) if row is not None else None

    async def page(self, wanted: ExecutionFilter) -> list[ExecutionSummary]:
        """Executions, newest first; the id of the last one is the cursor of the next page."""
        query: Select[Any] = select(*SUMMARY).order_by(columns.id.desc()).limit(wanted.limit)
        query = query.where(*_narrowed(wanted))
        if wanted.status is not None:
            query = query.where(columns.status == wanted.status)
            if wanted.status not in FINAL:
                query = query.where(LIVE)
        if wanted.cursor is not None:
            query = query.where(columns.id < wanted.cursor)
        return [ExecutionSummary(**_summary(row)) for row in await self._database.rows(query)]

    async def totals(self, wanted: ExecutionFilter) -> dict[ExecutionStatus, int]:
        """How many executions there are of each status; the filter's status, cursor and limit do not count."""
        query = (
            select(columns.status, func.count().label("number"))
            .where(*_narrowed(wanted))
            .group_by(columns.status)
        )
        return {row.status: row.number for row in await self._database.rows(query)}

    async def last_of(self, workflow_ids: Collection[str]) -> dict[str, ExecutionSummary]:
        """The newest execution of each workflow that has one."""
        other = executions.alias()
        newest = (
            select(other.c.id)
            .where(other.c.workflow_id == workflows.c.id)
            .order_by(other.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        ids = select(newest).where(workflows.c.id.in_(sorted(workflow_ids)))
        rows = await self._database.rows(select(*SUMMARY).where(columns.id.in_(ids)))
        return {row.workflow_id: ExecutionSummary(**_summary(row)) for row in rows}

    async def awaited_by(self, parent: str) -> list[str]:
        """Executions that have not finished and that an execution waits for, oldest first."""
        query = (
            select(columns.id, columns.options)
            .where(columns.parent_id == parent, columns.status.not_in(FINAL))
            .order_by(columns.id)
        )
        return [row.id for row in await self._database.rows(query) if row.options.get("awaited")]

    async def called_by(self, parent: str) -> list[tuple[str | None, ExecutionSummary]]:
        """Executions that an execution started, oldest first, each with its call key."""
        query = select(*SUMMARY, columns.call_key).where(columns.parent_id == parent).order_by(columns.id)
        rows = await self._database.rows(query)
        return [(row.call_key, ExecutionSummary(**_summary(row))) for row in rows]

    async def load(self, id_: str) -> StoredExecution | None:
        """An execution as a runner needs it."""
        query = select(*SUMMARY, columns.start_items, columns.slot_limit, columns.fence, columns.owner).where(
            columns.id == id_
        )
        row = await self._database.first(query)
        return await self.stored(row) if row is not None else None

    async def stored(self, row: Any) -> StoredExecution:
        """The execution of a row that was read."""
        return StoredExecution(
            **_summary(row),
            document=await self._document(row.snapshot),
            start_items=tuple(unpack_items(decode(bytes(row.start_items)))) if row.start_items else (),
            limit=row.slot_limit,
            fence=row.fence,
            owner=row.owner,
        )

    async def outcomes(self, id_: str) -> list[Outcome]:
        """The whole log, in order, with items: what a resumed execution needs."""
        query = (
            select(outcomes).where(outcomes.c.execution_id == id_).order_by(outcomes.c.fence, outcomes.c.seq)
        )
        return [read_outcome(row) for row in await self._database.rows(query)]

    async def node_runs(self, id_: str, node: str | None = None) -> list[NodeRun]:
        """The log in order, without items; of one node if it is given."""
        query = select(*RUN).where(outcomes.c.execution_id == id_).order_by(outcomes.c.fence, outcomes.c.seq)
        if node is not None:
            query = query.where(outcomes.c.node == node)
        return [read_node_run(row) for row in await self._database.rows(query)]

    async def node_runs_after(
        self, id_: str, position: LogPosition | None, limit: int
    ) -> list[tuple[LogPosition, NodeRun]]:
        """The part of the log that follows a position, in order, without items; each entry with its own position."""
        query = select(*RUN).where(outcomes.c.execution_id == id_).order_by(outcomes.c.fence, outcomes.c.seq)
        if position is not None:
            query = query.where(tuple_(outcomes.c.fence, outcomes.c.seq) > position)
        rows = await self._database.rows(query.limit(limit))
        return [((row.fence, row.seq), read_node_run(row)) for row in rows]

    async def outputs(
        self,
        id_: str,
        node: str,
        scope: Scope | None = None,
        attempt: int | None = None,
        *,
        port: str | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> Ports:
        """Items of one node run: of the last that matches. `NodeRun.items` has the total numbers.

        `offset` and `limit` cut each port's items; `port` leaves out the others.
        """
        query = (
            select(outcomes.c.outputs)
            .where(outcomes.c.execution_id == id_, outcomes.c.node == node, outcomes.c.status != "started")
            .order_by(outcomes.c.fence.desc(), outcomes.c.seq.desc())
            .limit(1)
        )
        if scope is not None:
            query = query.where(outcomes.c.scope == pack_scope(scope))
        if attempt is not None:
            query = query.where(outcomes.c.attempt == attempt)
        data = await self._database.scalar(query)
        if data is None:
            return {}
        end = None if limit is None else offset + limit
        return {
            name: unpack_items(items[offset:end])
            for name, items in decode(bytes(data)).items()
            if port is None or name == port
        }

    async def _document(self, hash_: str) -> Json:
        if hash_ in self._documents:
            self._documents.move_to_end(hash_)
            return self._documents[hash_]
        data = await self._database.scalar(select(snapshots.c.document).where(snapshots.c.hash == hash_))
        document: Json = decode(bytes(data))
        if len(data) <= CACHED_BYTES:
            self._documents[hash_] = document
            if len(self._documents) > CACHED_DOCUMENTS:
                self._documents.popitem(last=False)
        return document


def _narrowed(wanted: ExecutionFilter) -> list[ColumnElement[bool]]:
    """The conditions of a filter that lists and totals share."""
    conditions = (
        (wanted.workflow_id, columns.workflow_id.__eq__),
        (wanted.mode, columns.mode.__eq__),
        (wanted.since, columns.created_at.__ge__),
        (wanted.until, columns.created_at.__le__),
    )
    return [compare(value) for value, compare in conditions if value is not None]


def _summary(row: Any) -> dict[str, Any]:
    """The fields of `ExecutionSummary`."""
    values: dict[str, Any] = {column.name: getattr(row, column.name) for column in SUMMARY}
    values["error"] = unpack_error(row.error)
    return values
