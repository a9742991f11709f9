"""What this installation is: for the people who look after it."""

from __future__ import annotations

import asyncio
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flowstudio import __version__
from flowstudio.config import Settings
from flowstudio.sandbox import Sandbox
from flowstudio.services.callers import Caller, require
from flowstudio.services.server_settings import ServerSettingsService
from flowstudio.storage import Storage
from flowstudio.storage.database import database_url

Database = Literal["SQLite", "PostgreSQL"]


@dataclass(frozen=True, slots=True)
class Cage:
    """How code of one language is locked away; `reason` says why in words for an admin."""

    language: str
    tier: Literal["jail", "strict", "off"]
    reason: str


@dataclass(frozen=True, slots=True)
class Installation:
    """Versions, places and sizes."""

    version: str
    python: str
    system: str
    database: Database
    database_address: str
    """Without the password."""
    data_folder: str
    data_bytes: int
    """What the files of the data folder take together."""
    cages: list[Cage]
    workflows: int
    timezone: str
    retention_days: float
    retention_count: int


class InstallationService:
    """Describes the installation to admins."""

    def __init__(
        self, settings: Settings, storage: Storage, sandbox: Sandbox, chosen: ServerSettingsService
    ) -> None:
        self._settings = settings
        self._storage = storage
        self._sandbox = sandbox
        self._chosen = chosen

    async def describe(self, caller: Caller) -> Installation:
        """Look everything up. Holds no secret."""
        require(caller, "admin")
        settings = self._settings
        address = database_url(settings)
        report = self._sandbox.report
        return Installation(
            version=__version__,
            python=platform.python_version(),
            system=f"{platform.system()} {platform.machine()}",
            database="SQLite" if address.get_backend_name() == "sqlite" else "PostgreSQL",
            database_address=address.render_as_string(hide_password=True),
            data_folder=str(settings.data_dir),
            data_bytes=await asyncio.to_thread(size_of, settings.data_dir),
            cages=[
                Cage("JavaScript", report.javascript.tier, report.javascript.reason),
                Cage("Python", report.python.tier, report.python.reason),
            ],
            workflows=await self._storage.workflows.count(),
            timezone=settings.timezone,
            retention_days=self._chosen.current.retention_days,
            retention_count=self._chosen.current.retention_count,
        )


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder; files that vanish meanwhile count nothing."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.lstat().st_size if file.is_file() else 0
        except OSError:
            continue
    return total
