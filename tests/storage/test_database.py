"""The connections of one process."""

from __future__ import annotations

import asyncio
import gc
import warnings

import psycopg
import pytest
from sqlalchemy import literal, make_url, select

from flowstudio.storage.database import Database


async def test_a_reader_that_is_cancelled_while_it_gets_a_connection_gives_it_back(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(make_url(postgres_database), synchronous="normal")
    await database.open()
    changes = asyncio.Event()

    async def change_slowly(connection: psycopg.AsyncConnection, value: bool) -> None:
        changes.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(psycopg.AsyncConnection, "set_autocommit", change_slowly)
    read = asyncio.create_task(database.rows(select(literal(1))))
    changing = asyncio.create_task(changes.wait())
    await asyncio.wait([read, changing], return_when=asyncio.FIRST_COMPLETED)
    read.cancel()
    changing.cancel()
    await asyncio.wait([read, changing])
    del read
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gc.collect()
    await database.close()
    assert [str(warning.message) for warning in told] == []
