"""The schema's revisions."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from flowstudio.config import Settings
from flowstudio.errors import ConfigurationError
from flowstudio.storage import Storage
from flowstudio.storage.database import database_url, log_engine
from flowstudio.storage.migrations import HEAD, configuration, migrate, revision
from flowstudio.storage.tables import metadata


def test_the_newest_revision_is_the_one_the_code_expects() -> None:
    assert ScriptDirectory.from_config(configuration()).get_heads() == [HEAD]


def test_the_migrated_schema_is_that_of_the_tables(empty_settings: Settings) -> None:
    empty_settings.data_dir.mkdir()
    engine = log_engine(database_url(empty_settings))
    assert migrate(engine)
    assert not migrate(engine)
    with engine.connect() as connection:
        assert revision(connection) == HEAD
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_of_several_processes_that_start_at_once_one_migrates(empty_settings: Settings) -> None:
    opened = await asyncio.gather(*(Storage.open(empty_settings) for _ in range(4)))
    assert len({storage.vault.keys.fingerprints for storage in opened}) == 1
    for storage in opened:
        await storage.close()


async def test_a_database_of_a_newer_version_is_refused(empty_settings: Settings) -> None:
    async with await Storage.open(empty_settings) as storage:
        newer = text("UPDATE alembic_version SET version_num = '9999'")
        await storage.database.write(lambda c: c.execute(newer))
    with pytest.raises(ConfigurationError, match=r"'9999'.*newer"):
        await Storage.open(empty_settings)


def test_a_warm_start_imports_neither_alembic_nor_cryptography(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from flowstudio.config import load_settings\n"
        "from flowstudio.storage import Storage\n"
        "async def main():\n"
        "    async with await Storage.open(load_settings(data_dir=sys.argv[1])) as storage:\n"
        "        await storage.ping()\n"
        "asyncio.run(main())\n"
        "print(sorted({'alembic', 'cryptography', 'mako', 'psycopg'} & set(sys.modules)))\n"
    )
    seen = [
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert seen == ["['alembic', 'mako']", "[]"]
