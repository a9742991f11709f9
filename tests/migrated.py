"""Migrated, empty databases to copy: copying one takes a tenth of migrating it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import URL, make_url

from flowstudio.storage.database import FILE_NAME, log_engine
from flowstudio.storage.migrations import migrate


def migrate_database(url: URL | str) -> None:
    """Bring an empty database to the newest revision."""
    engine = log_engine(make_url(url))
    migrate(engine)
    engine.dispose()


@cache
def migrated_file() -> Path:
    """A SQLite file, made once by each process of the tests."""
    folder = Path(tempfile.mkdtemp(prefix="flowstudio-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / FILE_NAME
    migrate_database(URL.create("sqlite", database=str(path)))
    return path


def give_database(folder: Path) -> None:
    """A copy in a data folder that has none yet."""
    if not (folder / FILE_NAME).exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(migrated_file(), folder)
