"""Collections of passages, for people who look after them."""

from __future__ import annotations

from flowstudio.ai.vectors import Collection
from flowstudio.errors import NotFound
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.storage import Storage


class CollectionService:
    """Lists, shows and deletes collections."""

    def __init__(self, storage: Storage) -> None:
        self._store = storage.vectors
        self._audit = Audit(storage)

    async def all(self, caller: Caller) -> list[Collection]:
        """All collections, by name."""
        require(caller, "read")
        return await self._store.collections()

    async def get(self, caller: Caller, name: str) -> Collection:
        """One collection. Raises `NotFound`."""
        require(caller, "read")
        found = await self._store.collection(name)
        if found is None:
            raise NotFound(f"There is no collection '{name}'.")
        return found

    async def delete(self, caller: Caller, name: str) -> None:
        """Delete a collection with its passages. Raises `NotFound`."""
        require(caller, "edit")
        if not await self._store.drop(name):
            raise NotFound(f"There is no collection '{name}'.")
        await self._audit.record(caller, "collection.deleted", name)
