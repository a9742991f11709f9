"""Storage on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flowstudio.config import Settings
from flowstudio.storage import Storage


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty installation."""
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else None
    return make_settings(tmp_path / "data", database_url=url)


@pytest.fixture
def sqlite_settings(tmp_path: Path) -> Settings:
    """Settings of an empty installation on SQLite."""
    return make_settings(tmp_path / "data")


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


def make_settings(data_dir: Path, **values: Any) -> Settings:
    """Settings without the environment's."""
    return Settings(_env_prefix="FLOWSTUDIO_TEST_NOTHING_", data_dir=data_dir, **values)
