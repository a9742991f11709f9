"""Migrated databases to copy: copying one takes a tenth of migrating it and storing the examples."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from sqlalchemy import URL, make_url

import flowstudio.nodes
from flowstudio.config import load_settings
from flowstudio.engine.registry import Registry, discover
from flowstudio.services.examples import seed_examples
from flowstudio.services.workflows import WorkflowService
from flowstudio.storage import Storage
from flowstudio.storage.database import FILE_NAME, Database, log_engine
from flowstudio.storage.migrations import migrate
from flowstudio.storage.vault import Keys, Vault, new_key


def migrate_database(url: URL | str) -> None:
    """Bring an empty database to the newest revision."""
    engine = log_engine(make_url(url))
    migrate(engine)
    engine.dispose()


def store_examples(url: URL | str) -> None:
    """What the first start of a server stores in a migrated database, but for what belongs to its data folder."""
    with ThreadPoolExecutor(1) as pool:  # a loop may be running here
        pool.submit(lambda: asyncio.run(_store_examples(make_url(url)))).result()


async def _store_examples(url: URL) -> None:
    database = Database(url, synchronous="off")
    await database.open()
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data_dir=Path(folder), port=1, database_url=None)
        storage = Storage(settings, database, Vault(Keys((new_key(),), "the tests", None)))
        assert await seed_examples(storage, WorkflowService(storage, registry()))
        await storage.close()


@cache
def registry() -> Registry:
    """The node types: finding them takes as long as all else that a runtime starts with."""
    return discover(flowstudio.nodes)


@cache
def migrated_file(*, examples: bool) -> Path:
    """A SQLite file, made once by each process of the tests."""
    folder = Path(tempfile.mkdtemp(prefix="flowstudio-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / FILE_NAME
    url = URL.create("sqlite", database=str(path))
    migrate_database(url)
    if examples:
        store_examples(url)
    return path


def give_database(folder: Path, *, examples: bool) -> None:
    """A copy in a data folder that has none yet."""
    if not (folder / FILE_NAME).exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(migrated_file(examples=examples), folder)
