"""Limits that several servers keep together, by the clock of their PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from flowstudio.storage import Storage
from flowstudio.storage.tables import attempts
from tests.storage.conftest import make_settings

pytestmark = pytest.mark.postgres


@pytest.fixture
async def servers(tmp_path: Path, postgres_database: str) -> AsyncIterator[list[Storage]]:
    """Two on one database."""
    settings = make_settings(tmp_path, database_url=postgres_database)
    async with await Storage.open(settings) as one, await Storage.open(settings) as other:
        yield [one, other]


async def count(storage: Storage) -> int:
    return int(await storage.database.scalar(select(func.count()).select_from(attempts)))


async def later(storage: Storage, seconds: int) -> None:
    """As if that much time had passed."""
    change = update(attempts).values(since=attempts.c.since - seconds)
    await storage.database.write(lambda connection: connection.execute(change))


async def test_of_many_attempts_at_once_exactly_so_many_pass(servers: list[Storage]) -> None:
    waits = await asyncio.gather(*(servers[n % 2].attempts.add("ada", 7, 3600) for n in range(40)))
    assert sum(wait is None for wait in waits) == 7
    assert all(3480 <= wait <= 3720 for wait in waits if wait is not None)
    assert await servers[0].attempts.add("bob", 7, 3600) is None


async def test_the_window_moves_on_and_what_was_good_does_not_count(servers: list[Storage]) -> None:
    one, other = servers[0].attempts, servers[1].attempts
    assert [await one.add("ada", 2, 900) for _ in range(2)] == [None, None]
    assert await other.add("ada", 2, 900) is not None
    await other.take_back("ada")
    assert await one.add("ada", 2, 900) is None
    await later(servers[0], 600)
    wait = await other.add("ada", 2, 900)
    assert wait is not None
    assert wait <= 360
    await later(servers[0], 400)
    assert await other.add("ada", 2, 900) is None
    await one.forget("ada")
    assert await count(servers[0]) == 0
    await one.take_back("nobody")


async def test_old_attempts_are_cleaned_away_and_nobody_is_named(servers: list[Storage]) -> None:
    one = servers[0].attempts
    await one.add("ada@example.com", 1, 60)
    rows = await servers[0].database.rows(select(attempts.c.subject))
    assert "ada" not in str(rows)
    await one.prune(datetime.now(UTC))
    assert await count(servers[0]) == 1
    await one.prune(datetime.now(UTC) + timedelta(hours=2))
    assert await count(servers[0]) == 0
