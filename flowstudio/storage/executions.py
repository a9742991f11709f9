"""The execution repository: everything that is stored about executions."""

from __future__ import annotations

from flowstudio.storage.binaries import BinaryStore
from flowstudio.storage.claims import Claims
from flowstudio.storage.creation import Create, KnownSnapshots
from flowstudio.storage.database import Database
from flowstudio.storage.history import History
from flowstudio.storage.records import Created, NewExecution
from flowstudio.storage.retention import Retention


class ExecutionRepository(Claims, History, Retention):
    """Executions: created, claimed and written to by runners; read by everybody; deleted in time."""

    def __init__(self, database: Database, binaries: BinaryStore, known: KnownSnapshots) -> None:
        Claims.__init__(self, database)
        History.__init__(self, database)
        Retention.__init__(self, database, binaries, known)

    async def create(self, new: NewExecution) -> Created:
        """Store an execution; it is durable when this returns. Raises `InvalidRequest` for data that JSON cannot hold."""
        created: Created = await self._database.work(await Create.of(new, self._known))
        return created
