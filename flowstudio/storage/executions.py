"""The execution repository: everything that is stored about executions."""

from __future__ import annotations

from flowstudio.storage.binaries import FileStore
from flowstudio.storage.claims import Claims
from flowstudio.storage.creation import Create, KnownSnapshots
from flowstudio.storage.database import Database
from flowstudio.storage.history import History
from flowstudio.storage.records import Claim, Created, NewExecution
from flowstudio.storage.retention import Retention
from flowstudio.storage.taking import TAKE, Taken, read_log, taking


class ExecutionRepository(Claims, History, Retention):
    """Executions: created, claimed and written to by runners; read by everybody; deleted in time."""

    def __init__(self, database: Database, binaries: FileStore, known: KnownSnapshots) -> None:
        Claims.__init__(self, database)
        History.__init__(self, database)
        Retention.__init__(self, database, binaries, known)

    async def create(self, new: NewExecution) -> Created:
        """Store an execution; it is durable when this returns. Raises `InvalidRequest` for data that JSON cannot hold."""
        created: Created = await self._database.work(await Create.of(new, self._known))
        return created

    async def claim(self, id_: str, owner: str, lease_seconds: float) -> Claim | None:
        """Take an execution that nobody runs. Of any number of runners that try, one gets it.

        None when it is owned, final, asleep, or when its workflow's limit makes it wait its turn.
        """
        taken = await self.take(id_, owner, lease_seconds)
        return taken.claim if taken is not None else None

    async def take(self, id_: str, owner: str, lease_seconds: float) -> Taken | None:
        """The same, with what is needed to run it as far as that costs no further statement."""
        if not self._database.is_sqlite and self.most is None:
            rows = await self._database.change(TAKE, taking(id_, owner, lease_seconds))
            if rows:
                claim = Claim(rows[0].fence, rows[0].cancel_requested)
                try:
                    history = read_log(rows) if claim.fence == 1 else None
                    return Taken(id_, claim, await self.stored(rows[0]), history)
                except Exception:  # a newer version wrote it: whoever loads it is told, and holds the claim
                    return Taken(id_, claim)
        in_turn = await self.claim_in_turn(id_, owner, lease_seconds)
        return Taken(id_, in_turn) if in_turn is not None else None
