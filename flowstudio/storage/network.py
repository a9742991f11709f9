"""The network rules as they are stored."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from flowstudio.storage.clock import current_time
from flowstudio.storage.database import Database
from flowstudio.storage.tables import network_rules


class NetworkRepository:
    """Two lists of hosts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Those that are allowed, and those that are denied."""
        row = await self._database.first(select(network_rules.c.allowed, network_rules.c.denied))
        return (tuple(row.allowed), tuple(row.denied)) if row is not None else ((), ())

    async def replace(self, allowed: tuple[str, ...], denied: tuple[str, ...]) -> None:
        """Store these instead of what there was."""

        def store(connection: Connection) -> None:
            connection.execute(delete(network_rules))
            connection.execute(
                insert(network_rules).values(
                    id=1, allowed=list(allowed), denied=list(denied), updated_at=current_time(connection)
                )
            )

        await self._database.write(store)
