"""Making sure that processes which should share a folder, or a bucket, do."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, select, update

from flowstudio.errors import ConfigurationError
from flowstudio.storage.database import Database
from flowstudio.storage.rows import insert_rows
from flowstudio.storage.tables import shared_folders

MARK = ".flowstudio"
"""The file in the folder, or the object in the bucket, that says which one it is."""


class Bucket(Protocol):
    """What is asked of a bucket."""

    def mark(self) -> str | None:
        """What the bucket says which one it is. Blocks."""

    def set_mark(self, mark: str) -> None:
        """Say which one it is. Blocks."""


async def demand_shared(database: Database, folder: Path, name: str = "files") -> None:
    """Raises `ConfigurationError` when another process of the installation uses another folder."""
    mark = _mark(folder)
    row = {"name": name, "mark": mark}

    def note(connection: Connection) -> str | None:
        insert_rows(connection, shared_folders, [row], skip_existing=True)
        found: str | None = connection.scalar(
            select(shared_folders.c.mark).where(shared_folders.c.name == name)
        )
        return found

    if await database.write(note) != mark:
        raise ConfigurationError(
            f"The folder of files {folder} is not the one that the other processes of this installation use. Let all of "
            "them share one folder (FLOWSTUDIO_FILES_DIR), for instance by NFS. If it was moved on purpose, bring its "
            f"file {MARK} along."
        )


async def demand_shared_bucket(database: Database, bucket: Bucket, name: str = "files") -> None:
    """Raises `ConfigurationError` when another process of the installation uses another bucket."""

    def note(connection: Connection) -> bool:
        """Others that start wait at the row until the first one has marked the bucket."""
        mine = secrets.token_hex(16)
        insert_rows(connection, shared_folders, [{"name": name, "mark": mine}], skip_existing=True)
        noted = connection.scalar(select(shared_folders.c.mark).where(shared_folders.c.name == name))
        found = bucket.mark()
        if noted != mine:
            return found == noted
        if found is None:
            bucket.set_mark(mine)
        else:
            connection.execute(update(shared_folders).where(shared_folders.c.name == name).values(mark=found))
        return True

    if not await database.write(note):
        raise ConfigurationError(
            "The bucket of files is not the one that the other processes of this installation use. Let all of them share "
            f"one (FLOWSTUDIO_FILES_S3). If the files were moved on purpose, bring their file {MARK} along."
        )


def _mark(folder: Path) -> str:
    """What the folder says; made when it says nothing yet."""
    path = folder / MARK
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = folder / f"{MARK}.{secrets.token_hex(4)}"
        draft.write_text(secrets.token_hex(16))
        try:
            os.link(draft, path)  # whole at once, and the first one counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(
            f"The folder of files {folder} cannot be used: {error.strerror}. Make it writable for the server's account."
        ) from error
