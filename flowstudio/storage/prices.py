"""The price repository: what an administrator says that models cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select

from flowstudio.ai.prices import Price
from flowstudio.storage.database import Database
from flowstudio.storage.tables import model_prices


class PriceRepository:
    """Prices by model."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Price]:
        """All of them, by model."""
        rows = await self._database.rows(select(model_prices).order_by(model_prices.c.model))
        return [Price(row.model, row.input, row.output, row.cached, row.cache_write) for row in rows]

    async def replace(self, prices: Sequence[Price]) -> None:
        """Store these instead of what there was."""

        def store(connection: Connection) -> None:
            connection.execute(delete(model_prices))
            if prices:
                connection.execute(insert(model_prices), [asdict(price) for price in prices])

        await self._database.write(store)
