"""Making sure that processes which should share a folder do."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from sqlalchemy import Connection, select

from flowstudio.errors import ConfigurationError
from flowstudio.storage.database import Database
from flowstudio.storage.rows import insert_rows
from flowstudio.storage.tables import shared_folders

MARK = ".flowstudio"
"""The file in the folder that says which one it is."""


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
