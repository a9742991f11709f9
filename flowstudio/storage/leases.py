"""The lease repository: duties that one process at a time has for all."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from flowstudio.storage.clock import current_time
from flowstudio.storage.database import Database
from flowstudio.storage.owners import is_dead
from flowstudio.storage.rows import insert_rows
from flowstudio.storage.tables import leases

columns = leases.c

FORGOTTEN = timedelta(hours=1)


class LeaseRepository:
    """Duties, held for a while by the clock of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hold(self, duty: str, owner: str, seconds: float) -> bool:
        """Take or keep a duty; False while another owner has it, unless that was a process here which has ended."""

        def take(connection: Connection) -> bool:
            now = current_time(connection)
            until = now + timedelta(seconds=seconds)
            row = {"duty": duty, "owner": owner, "until": until}
            insert_rows(connection, leases, [row], skip_existing=True)
            holder = connection.scalar(select(columns.owner).where(columns.duty == duty).with_for_update())
            free = or_(columns.owner == owner, columns.until <= now)
            if holder is not None and is_dead(holder):
                free = columns.owner == holder
            taken = update(leases).where(columns.duty == duty, free).values(owner=owner, until=until)
            return bool(connection.execute(taken).rowcount)

        return await self._database.write(take)

    async def now(self) -> datetime:
        """The time by the clock that decides about duties."""
        async with self._database.reading() as connection:
            return await connection.run_sync(current_time)

    async def prune(self, now: datetime) -> None:
        """Forget duties that nobody has had for long: some are for one occasion only."""
        old = delete(leases).where(columns.until < now - FORGOTTEN)
        await self._database.write(lambda connection: connection.execute(old))

    async def give_up(self, duty: str, owner: str) -> None:
        """Let another have the duty at once; nothing when it is another's."""
        gone = delete(leases).where(columns.duty == duty, columns.owner == owner)
        await self._database.write(lambda connection: connection.execute(gone))
