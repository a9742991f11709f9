"""The schema's revisions."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from alembic import command
from flowstudio.config import Settings
from flowstudio.errors import ConfigurationError
from flowstudio.storage import Storage
from flowstudio.storage.codec import encode
from flowstudio.storage.database import database_url, log_engine
from flowstudio.storage.edits import NewDraft
from flowstudio.storage.migrations import HEAD, configuration, migrate, revision
from flowstudio.storage.records import Snapshot
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


ADDITIVE_FROM = "0013"
"""From here on the previous version goes on running while processes of the next one start."""


def test_each_migration_only_adds_what_the_previous_version_can_do_without(empty_settings: Settings) -> None:
    empty_settings.data_dir.mkdir()
    engine = log_engine(database_url(empty_settings))
    config = configuration()
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    before: dict[str, dict[str, Any]] = {}
    unique: dict[str, set[tuple[Any, ...]]] = {}
    for number in revisions[revisions.index(ADDITIVE_FROM) :]:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, number)
            found = inspect(connection)
            after = {t: {c["name"]: c for c in found.get_columns(t)} for t in found.get_table_names()}
            demands = {
                table: {
                    *(tuple(each["column_names"]) for each in found.get_unique_constraints(table)),
                    *(tuple(each["column_names"]) for each in found.get_indexes(table) if each["unique"]),
                }
                for table in after
            }
        for table, columns in before.items():
            assert table in after, f"{number} drops {table}"
            for name, column in columns.items():
                kept = after[table].get(name)
                assert kept is not None, f"{number} drops {table}.{name}"
                assert str(kept["type"]) == str(column["type"]), f"{number} changes {table}.{name}"
                assert kept["nullable"] >= column["nullable"], f"{number} demands {table}.{name}"
            for name in after[table].keys() - columns.keys():
                added = after[table][name]
                assert added["nullable"] or added["default"] is not None, f"{number} demands {table}.{name}"
            assert demands[table] <= unique[table], f"{number} demands that rows of {table} differ"
        before, unique = after, demands
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


async def test_an_old_database_keeps_its_workflows_and_publishes_the_active_ones(
    empty_settings: Settings,
) -> None:
    """Written as revision 0001 wrote it; read and changed by what is current."""
    empty_settings.data_dir.mkdir()
    engine = log_engine(database_url(empty_settings))
    config = configuration()
    document = Snapshot.of({"name": "Old", "nodes": [], "edges": []})
    now = 1_700_000_000_000_000 if engine.dialect.name == "sqlite" else "2023-11-14T22:13:20Z"
    rows: dict[str, list[dict[str, Any]]] = {
        "workflow_snapshots": [{"hash": document.hash, "document": document.data, "created_at": now}],
        "workflows": [
            {
                "id": id_,
                "name": "Old",
                "active": id_ == "on",
                "version": 3,
                "snapshot": document.hash,
                "outline": encode({}),
                "created_at": now,
                "updated_at": now,
            }
            for id_ in ("on", "off")
        ],
        "workflow_versions": [
            {
                "workflow_id": id_,
                "number": number,
                "snapshot": document.hash,
                "at": now,
                "note": "",
            }
            for id_ in ("on", "off")
            for number in (1, 2, 3)
        ],
        "webhooks": [{"method": "POST", "path": "orders", "workflow_id": "on", "node_id": "n"}],
        "executions": [
            {
                "id": "e",
                "workflow_id": "on",
                "workflow_name": "Old",
                "snapshot": document.hash,
                "mode": "webhook",
                "status": "success",
                "created_at": now,
                "depth": 0,
                "options": encode({}),
                "fence": 1,
                "cancel_requested": False,
                "data_dropped": False,
            }
        ],
    }
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for table, values in rows.items():
            names = ", ".join(values[0])
            marks = ", ".join(f":{name}" for name in values[0])
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)
    engine.dispose()
    async with await Storage.open(empty_settings) as storage:
        on, off = [await storage.workflows.get(id_) for id_ in ("on", "off")]
        assert on is not None
        assert off is not None
        assert (on.active, on.published_version, on.has_unpublished) == (True, 3, False)
        assert (off.active, off.published_version, off.has_unpublished) == (False, None, True)
        assert [(e.number, e.published_at is not None) for e in await storage.versions.list("on")] == [
            (3, True),
            (2, False),
            (1, False),
        ]
        assert [route.path for route in await storage.workflows.routes()] == ["orders"]
        execution = await storage.executions.get("e")
        assert execution is not None
        assert (execution.status, execution.workflow_version) == ("success", None)
        changed = NewDraft(name="New", snapshot=Snapshot.of({"v": 1}), outline={}, tags=None)
        await storage.edits.append("on", base=3, draft=changed, batches=[("b", [])], client="", by=None)
        assert [entry.number for entry in await storage.versions.list("on")] == [4, 3, 2, 1]
        assert (await storage.workflows.publish("off", expected_version=3)).published_version == 3
