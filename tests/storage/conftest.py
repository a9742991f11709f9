"""Storage on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from flowstudio.config import Settings
from flowstudio.storage import Storage
from flowstudio.storage.tables import metadata
from tests.migrated import give_database, migrate_database
from tests.postgres import PostgresServer
from tests.storage.s3 import S3, serving

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def migrated_url(postgres_server: PostgresServer) -> str:
    """SQLAlchemy URL of a migrated PostgreSQL database that the storage tests share."""
    with psycopg.connect(plain(postgres_server.url()), autocommit=True) as admin:
        admin.execute("CREATE DATABASE storage_tests")
    url = postgres_server.url("storage_tests")
    migrate_database(url)
    return url


@pytest.fixture
def sqlite_settings(tmp_path: Path) -> Settings:
    """Settings of an installation on SQLite that is migrated and empty."""
    folder = tmp_path / "data"
    give_database(folder, examples=False)
    return make_settings(folder)


@pytest.fixture
def postgres_settings(tmp_path: Path, migrated_url: str) -> Settings:
    """Settings of an installation on PostgreSQL that is migrated and empty."""
    with psycopg.connect(plain(migrated_url), autocommit=True) as admin:
        admin.execute(f"TRUNCATE {', '.join(metadata.tables)}".encode())
    return make_settings(tmp_path / "data", database_url=migrated_url)


@pytest.fixture(params=DATABASES)
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings of an installation that is migrated and empty."""
    name = "postgres_settings" if request.param == "postgresql" else "sqlite_settings"
    found: Settings = request.getfixturevalue(name)
    return found


@pytest.fixture(params=DATABASES)
def empty_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an installation that was never started."""
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else None
    return make_settings(tmp_path / "data", database_url=url)


@pytest.fixture
async def storage(settings: Settings) -> AsyncIterator[Storage]:
    """An open, empty storage."""
    async with await Storage.open(settings) as opened:
        yield opened


@pytest.fixture
async def other(storage: Storage) -> AsyncIterator[Storage]:
    """The same storage as another process sees it: other connections, another writer."""
    async with await Storage.open(storage.settings) as opened:
        yield opened


@pytest.fixture
def s3() -> Iterator[S3]:
    """A service with an empty bucket."""
    with serving() as made:
        yield made


def make_settings(data_dir: Path, **values: Any) -> Settings:
    """Settings without the environment's."""
    return Settings(_env_prefix="FLOWSTUDIO_TEST_NOTHING_", data_dir=data_dir, **values)


def plain(url: str) -> str:
    """A SQLAlchemy URL as the driver takes it."""
    return url.replace("+psycopg", "")
