"""The process repository: who shares the database, and what each of them does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, text, update

from flowstudio import __version__
from flowstudio.storage.clock import current_time
from flowstudio.storage.database import Database
from flowstudio.storage.tables import LIVE, executions, processes

columns = processes.c

GONE = timedelta(seconds=35)
"""After which a process that gives no sign of life is not listed any more."""
FORGOTTEN = timedelta(hours=1)

Kind = Literal["server", "worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process as it describes itself. `draining`: it has been asked to take nothing more."""

    name: str
    kind: Kind
    version: str
    host: str
    pid: int
    queues: str
    """Separated by commas; empty for servers."""
    capacity: int
    """Executions that it runs at the same time at most."""
    running: int
    started_at: datetime
    seen_at: datetime
    draining: bool = False
    leases: int = 0
    """Executions that it holds in the database."""


@dataclass(frozen=True, slots=True)
class QueueLength:
    """How many executions wait for a worker in a queue, and since when the oldest of them."""

    queue: str
    waiting: int
    oldest: datetime | None


class ProcessRepository:
    """Processes, by the clock of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Process]:
        """Those that live, servers first, each with the executions that it holds."""
        held = (
            select(func.count())
            .select_from(executions)
            .where(LIVE, executions.c.status == "running", executions.c.owner == columns.name)
            .scalar_subquery()
        )

        def read(connection: Connection) -> list[Process]:
            alive = columns.seen_at > current_time(connection) - GONE
            found = select(processes, held.label("leases")).where(alive)
            rows = connection.execute(found.order_by(columns.kind, columns.host, columns.started_at)).all()
            return [Process(**row._mapping) for row in rows]

        async with self._database.reading() as connection:
            return await connection.run_sync(read)

    async def waiting(self) -> list[QueueLength]:
        """The queues that are not empty."""
        queue = func.coalesce(executions.c.queue, "default").label("queue")
        counted: tuple[Any, ...] = (
            queue,
            func.count().label("number"),
            func.min(executions.c.created_at).label("oldest"),
        )
        found = select(*counted).where(LIVE, executions.c.status == "queued").group_by(queue)
        rows = await self._database.rows(found)
        return [QueueLength(row.queue, row.number, row.oldest) for row in rows]

    async def any_newer(self) -> bool:
        """Whether one that lives is of a newer version than this."""
        mine = _parts(__version__)
        return any(_parts(process.version) > mine for process in await self.all())

    async def ask_to_drain(self, name: str) -> bool:
        """Have a worker take nothing more; False when it is not there."""

        def ask(connection: Connection) -> bool:
            alive = columns.seen_at > current_time(connection) - GONE
            asked = update(processes).where(columns.name == name, columns.kind == "worker", alive)
            return bool(connection.execute(asked.values(draining=True)).rowcount)

        return await self._database.write(ask)

    async def leave(self, name: str) -> None:
        """A process ends."""
        await self._database.write(lambda c: c.execute(delete(processes).where(columns.name == name)))

    async def prune(self, now: datetime) -> None:
        """Forget those that ended without saying so long ago."""
        old = delete(processes).where(columns.seen_at < now - FORGOTTEN)
        await self._database.write(lambda connection: connection.execute(old))


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdecimal()]


def note(connection: Connection, process: dict[str, Any]) -> bool:
    """A process lives; says whether it has been asked to drain. `process` is its row without times and that."""
    now = current_time(connection)
    known = connection.execute(
        update(processes)
        .where(columns.name == process["name"])
        .values(seen_at=now, running=process["running"], capacity=process["capacity"])
        .returning(columns.draining)
    ).first()
    if known is not None:
        return bool(known.draining)
    row = {**process, "started_at": now, "seen_at": now, "draining": False}
    connection.execute(insert(processes).values(row))
    return False


def patience(connection: Connection, seconds: float) -> None:
    """Let no statement of the transaction wait for longer."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = {int(seconds * 1000)}"))
