"""Prices of models: the shipped ones, and those that an administrator sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowstudio.ai.prices import SHIPPED, Price, PriceTable
from flowstudio.errors import InvalidRequest
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.storage import Storage


class PriceService:
    """Keeps the table that runs use up to date with the database."""

    def __init__(self, storage: Storage, table: PriceTable) -> None:
        self._prices, self._table = storage.prices, table
        self._audit = Audit(storage)
        self.on_changed: Callable[[], None] | None = None
        """Called after prices were set here."""

    async def load(self) -> None:
        """Take over what is stored."""
        self._table.use(await self._prices.all())

    async def own(self, caller: Caller) -> list[Price]:
        """The administrator's prices."""
        require(caller, "read")
        return await self._prices.all()

    def shipped(self, caller: Caller) -> Sequence[Price]:
        """The shipped prices."""
        require(caller, "read")
        return SHIPPED

    async def replace(self, caller: Caller, prices: Sequence[Price]) -> list[Price]:
        """Set all own prices at once. Raises `InvalidRequest` for a model that is named twice."""
        require(caller, "admin")
        names = [price.model.lower() for price in prices]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InvalidRequest(f"'{twice}' has two prices; leave one.")
        await self._prices.replace(prices)
        await self.load()
        if self.on_changed is not None:
            self.on_changed()
        models = [price.model for price in prices]
        await self._audit.record(caller, "settings.prices_changed", models=models)
        return await self._prices.all()
