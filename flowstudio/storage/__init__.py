"""Where everything is kept: the database, the files of items, the key of the vault."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

from sqlalchemy import URL, Engine, func, select, text

from flowstudio.ai.vectors import VectorStore
from flowstudio.config import Settings
from flowstudio.errors import ConfigurationError
from flowstudio.storage.account_links import AccountLinkRepository
from flowstudio.storage.accounts import AccountRepository
from flowstudio.storage.attempts import AttemptRepository
from flowstudio.storage.audit import AuditRepository
from flowstudio.storage.binaries import open_files
from flowstudio.storage.chats import ChatRepository
from flowstudio.storage.conversations import ConversationRepository
from flowstudio.storage.creation import KnownSnapshots
from flowstudio.storage.credentials import CredentialRepository, open_vault
from flowstudio.storage.database import Database, database_url
from flowstudio.storage.edits import EditRepository
from flowstudio.storage.executions import ExecutionRepository
from flowstudio.storage.leases import LeaseRepository
from flowstudio.storage.migrations import migrate
from flowstudio.storage.network import NetworkRepository
from flowstudio.storage.prices import PriceRepository
from flowstudio.storage.processes import ProcessRepository
from flowstudio.storage.schedules import ScheduleRepository
from flowstudio.storage.server_settings import ServerSettingsRepository
from flowstudio.storage.statistics import StatisticsRepository
from flowstudio.storage.tables import LIVE, executions
from flowstudio.storage.vault import Vault
from flowstudio.storage.vectors.embedded import FILE_NAME as VECTORS
from flowstudio.storage.vectors.embedded import EmbeddedVectors
from flowstudio.storage.vectors.postgres import PostgresVectors, has_pgvector
from flowstudio.storage.versions import VersionRepository
from flowstudio.storage.workflow_memory import WorkflowMemoryRepository
from flowstudio.storage.workflows import WorkflowRepository

__all__ = ["Storage"]


class Storage:
    """All repositories of an installation. Made by `open`; belongs to the event loop that opened it."""

    def __init__(self, settings: Settings, database: Database, vault: Vault) -> None:
        known = KnownSnapshots()
        self.settings = settings
        self.database = database
        self.vault = vault
        self.binaries = open_files(settings)
        self.workflows = WorkflowRepository(database, known)
        self.versions = VersionRepository(database)
        self.edits = EditRepository(database)
        self.executions = ExecutionRepository(database, self.binaries, known)
        self.schedules = ScheduleRepository(database)
        self.leases = LeaseRepository(database)
        self.processes = ProcessRepository(database)
        self.statistics = StatisticsRepository(database)
        self.accounts = AccountRepository(database)
        self.account_links = AccountLinkRepository(database)
        self.attempts = AttemptRepository(database)
        self.audit = AuditRepository(database)
        self.credentials = CredentialRepository(database, vault)
        self.conversations = ConversationRepository(database)
        self.memory = WorkflowMemoryRepository(database)
        self.chats = ChatRepository(database)
        self.prices = PriceRepository(database)
        self.network = NetworkRepository(database)
        self.server_settings = ServerSettingsRepository(database, vault)
        self.vectors: VectorStore = EmbeddedVectors(settings.data_dir / VECTORS)

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Make the data folder if need be, bring the database up to date, check the key.

        Raises `ConfigurationError` when the folder, the database or the key cannot be used.
        """
        url = database_url(settings)
        try:
            await asyncio.to_thread(_make_files, settings, url)
        except OSError as error:
            raise ConfigurationError(
                f"The data folder {settings.data_dir} cannot be made: {error.strerror}. Set FLOWSTUDIO_DATA_DIR to "
                "a folder that the server may write to."
            ) from error
        if settings.mode == "scaled" and url.get_backend_name() == "sqlite":
            raise ConfigurationError(
                "FLOWSTUDIO_MODE is 'scaled', which needs PostgreSQL. Set FLOWSTUDIO_DATABASE_URL to "
                "postgresql+psycopg://user:password@host/database, or leave FLOWSTUDIO_MODE out."
            )
        database = Database(url, synchronous=settings.synchronous)
        try:
            await asyncio.to_thread(_prepare, database.log_engine)
            await database.open()
            storage = cls(settings, database, await open_vault(database, settings))
            await storage.binaries.demand_usable(database, shared=settings.mode == "scaled")
            if not database.is_sqlite and await has_pgvector(database):
                storage.vectors = PostgresVectors(database)
            return storage
        except BaseException:
            await database.close()
            raise

    async def close(self) -> None:
        """Finish what is being written, then disconnect."""
        await self.vectors.close()
        await self.database.close()

    async def ping(self) -> None:
        """Make sure that the database answers. Raises what the driver raises."""
        await self.database.scalar(select(text("1")))

    async def unfinished(self) -> dict[str, int]:
        """How many executions are queued, running and waiting."""
        counted = (
            select(executions.c.status, func.count().label("number"))
            .where(LIVE)
            .group_by(executions.c.status)
        )
        found = {row.status: int(row.number) for row in await self.database.rows(counted)}
        return {status: found.get(status, 0) for status in ("queued", "running", "waiting")}

    async def size(self) -> int:
        """Bytes that the database takes."""
        if not self.database.is_sqlite:
            return int(await self.database.scalar(select(func.pg_database_size(func.current_database()))))
        path = Path(str(self.database.url.database))
        files = (path, path.with_name(f"{path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()


def _make_files(settings: Settings, url: URL) -> None:
    """Make the data folder and an empty SQLite file, for this account only: SQLite copies its mode to the files beside."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if url.get_backend_name() == "sqlite" and url.database is not None:
        Path(url.database).touch(mode=0o600)


def _prepare(engine: Engine) -> None:
    from sqlalchemy.exc import DatabaseError, OperationalError

    try:
        migrate(engine)
    except OperationalError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise ConfigurationError(f"The database {where} cannot be opened: {error.orig}") from error
    except DatabaseError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise ConfigurationError(
            f"{where} is not a FlowStudio database or is damaged: {error.orig}. Restore a backup."
        ) from error
