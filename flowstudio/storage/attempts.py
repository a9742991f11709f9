"""The repository of attempts: what is limited for all processes of an installation together, by the clock of their PostgreSQL.

A subject's attempts are counted in slices of its window, one attempt after the other, whichever process they came to. A slice counts
until its youngest attempt has left the window: never more than the limit fits into any window.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, delete, func, select, text, update

from flowstudio.storage.database import Database
from flowstudio.storage.tables import attempts

SLICES = 30
"""Slices of a window."""
FORGOTTEN = timedelta(hours=1)
"""Longer than every window."""

_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, 4711))")
_ADD = text("""
WITH present AS (SELECT floor(extract(epoch FROM clock_timestamp()) / :slice)::bigint * :slice AS since)
INSERT INTO attempts AS known (subject, since, number)
SELECT CAST(:subject AS varchar), since, 1 FROM present WHERE :limit > (
  SELECT coalesce(sum(number), 0) FROM attempts WHERE subject = :subject AND attempts.since >= present.since - :window
)
ON CONFLICT (subject, since) DO UPDATE SET number = known.number + 1
RETURNING number
""")
_WAIT = text("""
SELECT min(since) + :window + :slice - extract(epoch FROM clock_timestamp()) FROM attempts
WHERE subject = :subject AND number > 0 AND since >= extract(epoch FROM clock_timestamp()) - :window - :slice
""")


class AttemptRepository:
    """Attempts. PostgreSQL only: elsewhere there is one process, which counts in its memory. Subjects are kept as hashes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, subject: str, limit: int, window: float) -> float | None:
        """Count an attempt; or, when the window is full, the seconds until there is room."""
        slice_ = max(1, round(window / SLICES))
        given = {"subject": _hash(subject), "slice": slice_, "window": round(window)}

        def count(connection: Connection) -> float | None:
            connection.execute(_TURN, given)
            if connection.execute(_ADD, given | {"limit": limit}).first() is not None:
                return None
            return max(1.0, float(connection.scalar(_WAIT, given) or 0))

        return await self._database.write(count)

    async def take_back(self, subject: str) -> None:
        """The last attempt does not count."""
        name = _hash(subject)
        latest = select(func.max(attempts.c.since)).where(attempts.c.subject == name, attempts.c.number > 0)
        change = (
            update(attempts)
            .where(attempts.c.subject == name, attempts.c.since == latest.scalar_subquery())
            .values(number=attempts.c.number - 1)
        )
        await self._database.write(lambda connection: connection.execute(change))

    async def forget(self, subject: str) -> None:
        """No attempt of the subject counts any more."""
        gone = delete(attempts).where(attempts.c.subject == _hash(subject))
        await self._database.write(lambda connection: connection.execute(gone))

    async def prune(self, now: datetime) -> None:
        """Delete what has left every window."""
        old = delete(attempts).where(attempts.c.since < (now - FORGOTTEN).timestamp())
        await self._database.write(lambda connection: connection.execute(old))


def _hash(subject: str) -> str:
    return sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
