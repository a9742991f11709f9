"""The audit log's repository: entries go in and stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, or_, select

from flowstudio.engine.item import Json
from flowstudio.storage.clock import current_time
from flowstudio.storage.database import Database
from flowstudio.storage.ids import new_id
from flowstudio.storage.records import AuditEntry, AuditFilter
from flowstudio.storage.tables import audit_log

_columns = audit_log.c
ESCAPE = "\\"


class AuditRepository:
    """Who did what."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(
        self,
        *,
        actor_id: str | None,
        actor: str,
        via: str,
        client: str,
        action: str,
        subject_id: str | None,
        subject: str,
        detail: Json,
    ) -> None:
        """Write an entry down; durable when this returns."""

        def store(connection: Connection) -> None:
            connection.execute(
                insert(audit_log).values(
                    id=new_id(),
                    at=current_time(connection),
                    actor_id=actor_id,
                    actor=actor,
                    via=via,
                    client=client,
                    action=action,
                    subject_id=subject_id,
                    subject=subject,
                    detail=detail,
                )
            )

        await self._database.write(store)

    async def page(self, wanted: AuditFilter) -> Sequence[AuditEntry]:
        """Entries, newest first."""
        query = select(audit_log).order_by(_columns.id.desc()).limit(wanted.limit)
        conditions: list[Any] = []
        if wanted.action is not None:
            name = wanted.action
            conditions.append(
                _columns.action.like(f"{_literal(name)}.%", escape=ESCAPE)
                if "." not in name
                else _columns.action == name
            )
        if wanted.actor_id is not None:
            conditions.append(_columns.actor_id == wanted.actor_id)
        if wanted.search is not None:
            like = f"%{_literal(wanted.search)}%"
            fields = (_columns.actor, _columns.subject, _columns.client)
            conditions.append(
                or_(_columns.subject_id == wanted.search, *(f.ilike(like, escape=ESCAPE) for f in fields))
            )
        if wanted.since is not None:
            conditions.append(_columns.at >= wanted.since)
        if wanted.until is not None:
            conditions.append(_columns.at < wanted.until)
        if wanted.cursor is not None:
            conditions.append(_columns.id < wanted.cursor)
        rows = await self._database.rows(query.where(*conditions))
        return [AuditEntry(**row._mapping) for row in rows]


def _literal(text: str) -> str:
    """A text without the meaning that LIKE gives some characters."""
    return text.replace(ESCAPE, ESCAPE * 2).replace("%", ESCAPE + "%").replace("_", ESCAPE + "_")
