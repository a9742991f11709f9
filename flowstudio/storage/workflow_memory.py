"""The repository of what workflows keep from one execution to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import Connection, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from flowstudio.engine.keeping import WorkflowMemory
from flowstudio.storage.clock import current_time
from flowstudio.storage.database import Database
from flowstudio.storage.tables import workflow_memory

TRIES = 5
_c = workflow_memory.c


class WorkflowMemoryRepository(WorkflowMemory):
    """Rows of a workflow and a name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, workflow: str, name: str) -> Any:
        """The value, or None."""
        rows = await self._database.rows(select(_c.value).where(_c.workflow_id == workflow, _c.name == name))
        return orjson.loads(rows[0].value) if rows else None

    async def change(self, workflow: str, name: str, change: Callable[[Any], Any]) -> Any:
        """Replace a value in one transaction. Of two that come at the same time, one sees what the other stored."""
        place = and_(_c.workflow_id == workflow, _c.name == name)

        def store(connection: Connection) -> Any:
            now = current_time(connection)
            found = connection.execute(select(_c.value).where(place).with_for_update()).first()
            value = change(orjson.loads(found.value) if found is not None else None)
            written = {"value": orjson.dumps(value), "updated_at": now}
            if found is None:
                key = {"workflow_id": workflow, "name": name}
                connection.execute(insert(workflow_memory).values(**key, **written))
            else:
                connection.execute(update(workflow_memory).where(place).values(**written))
            return value

        for _ in range(TRIES - 1):
            try:
                return await self._database.write(store)
            except IntegrityError:  # somebody else was the first to store it
                continue
        return await self._database.write(store)

    async def prune(self, workflow: str, prefix: str, keep: int) -> None:
        """Forget the oldest."""
        mine = and_(_c.workflow_id == workflow, _c.name.startswith(prefix, autoescape=True))

        def store(connection: Connection) -> None:
            newest = select(_c.name).where(mine).order_by(_c.updated_at.desc(), _c.name).limit(keep)
            connection.execute(delete(workflow_memory).where(mine, _c.name.not_in(newest) if keep else mine))

        await self._database.write(store)
