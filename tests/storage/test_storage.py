"""Opening and closing."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest
from sqlalchemy import Connection

from flowstudio.config import Settings
from flowstudio.errors import ConfigurationError, InvalidRequest
from flowstudio.storage import Storage
from tests.storage.conftest import make_settings
from tests.storage.samples import DOCUMENT, outcome, running


async def test_the_data_folder_is_for_this_account_only(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    async with await Storage.open(make_settings(folder)) as storage:
        await storage.ping()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "flowstudio.db").stat().st_mode) == 0o600


async def test_everything_is_there_after_a_restart(settings: Settings) -> None:
    async with await Storage.open(settings) as storage:
        created = await running(storage, outcomes=[outcome()])
    async with await Storage.open(settings) as storage:
        assert await storage.executions.outcomes(created.id) == [outcome()]


async def test_closing_finishes_what_was_begun_and_refuses_what_comes_later(settings: Settings) -> None:
    storage = await Storage.open(settings)
    created = await running(storage)
    journal = storage.executions.journal(created.id, "me", 1)
    begun = [asyncio.create_task(journal.append([outcome(str(i))])) for i in range(20)]
    await asyncio.sleep(0)
    await storage.close()
    await asyncio.gather(*begun)
    with pytest.raises(ConfigurationError, match="closed"):
        await journal.append([outcome("late")])
    async with await Storage.open(settings) as again:
        assert len(await again.executions.node_runs(created.id)) == 20


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://host/db", "'mysql'"),
        ("sqlite://", "'sqlite'"),
        ("nonsense", "not a database address"),
        ("postgresql://user:s3cret@127.0.0.1:1/none", "cannot be opened"),
    ],
)
async def test_a_database_that_cannot_be_used_is_named_without_its_password(
    tmp_path: Path, url: str, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        await Storage.open(make_settings(tmp_path, database_url=url))
    assert "s3cret" not in caught.value.message


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "flowstudio.db").write_text("no database " * 100)
    with pytest.raises(ConfigurationError, match=r"flowstudio\.db is not a FlowStudio database"):
        await Storage.open(make_settings(tmp_path))


async def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="FLOWSTUDIO_DATA_DIR"):
        await Storage.open(make_settings(tmp_path / "file" / "data"))


async def test_text_and_numbers_that_cannot_be_stored_are_the_callers_mistake(storage: Storage) -> None:
    for name in ("half \ud800", "nul \x00"):
        try:
            record = await storage.workflows.create(name=name, document=DOCUMENT)
        except InvalidRequest:
            continue
        assert record.name == name
    with pytest.raises(InvalidRequest):
        await storage.workflows.create(name="half \ud800", document=DOCUMENT)
    with pytest.raises(InvalidRequest):
        await storage.executions.get("\udfff")
    with pytest.raises(InvalidRequest):
        await storage.versions.get("w", 10**30)
    with pytest.raises(InvalidRequest):
        await (storage.executions.journal((await running(storage)).id, "me", 1)).append([outcome("\ud800")])


@pytest.mark.parametrize(("name", "level"), [("normal", 1), ("full", 2)])
async def test_a_setting_says_whether_a_power_loss_counts(tmp_path: Path, name: str, level: int) -> None:
    settings = make_settings(tmp_path, synchronous=name)
    async with await Storage.open(settings) as storage:

        def pragma(connection: Connection) -> object:
            return connection.exec_driver_sql("PRAGMA synchronous").scalar()

        assert await storage.database.write(pragma) == level
