"""Which clock decides about leases: PostgreSQL's own, since its runners are on several machines; else this machine's."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, func, select


def current_time(connection: Connection) -> datetime:
    """Now, by the clock that all processes on this database share."""
    if connection.dialect.name == "postgresql":
        now: datetime | None = connection.scalar(select(func.clock_timestamp()))
        assert now is not None, "clock_timestamp() always gives a time"
        return now.astimezone(UTC)
    return datetime.now(UTC)
