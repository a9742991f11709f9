"""Connections: many that read, one thread that writes the execution log."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, Row, Select, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from flowstudio.config import Settings
from flowstudio.errors import ConfigurationError, InvalidRequest
from flowstudio.storage.writer import RETRY_WAITS, Alone, Call, Work, Writer, may_pass

T = TypeVar("T")

FILE_NAME = "flowstudio.db"
READERS = 8
"""Connections of SQLite that read at the same time; each has a thread."""
PATIENCE = 120.0
"""Seconds that a read waits for one when there is far too much to do."""
RESTED = 0.5
"""Seconds without use after which a connection to PostgreSQL is tried first: it may be dead."""
BUSY_TIMEOUT = 10.0
"""Seconds to wait for another process that writes to the SQLite file."""


class Database:
    """The connections of one process.

    Repositories read with `rows`/`first`/`reading` and write with `write`, whose function runs in one transaction of a
    synchronous connection: on SQLite in the writer's thread, because the file has one writer at a time anyway; on
    PostgreSQL beside it. `work` is for what joins the group commit of the execution log.
    """

    def __init__(self, url: URL, *, synchronous: str) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.log_engine = log_engine(url, synchronous=synchronous)
        """What the writer and the migrations use."""
        self._reader = _read_engine(url)
        self._engine = self._reader if self.is_sqlite else _transactions_engine(url)
        self.writer: Writer | None = None

    async def open(self) -> None:
        """Start the writer, in the running event loop, and get to know the server.

        Whoever first uses a pool asks the server for what it can do; cancelled meanwhile, it would leave its connection open.
        """
        if not self.is_sqlite:
            for engine in (self._reader, self._engine):
                async with engine.connect():
                    pass
        self.writer = Writer(self.log_engine)

    async def close(self) -> None:
        """Finish what is being written, then disconnect."""
        if self.writer is not None:
            await self.writer.close()
        await self._reader.dispose()
        await self._engine.dispose()
        await asyncio.to_thread(self.log_engine.dispose)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that reads; each statement sees the latest committed state."""
        with _storable():
            async with self._reader.connect() as connection:
                yield connection

    async def rows(
        self, query: Select[Any], parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Row[Any]]:
        """All rows of a query."""
        async with self.reading() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(query, parameters)).all()
            return rows

    async def first(self, query: Select[Any]) -> Row[Any] | None:
        """The first row of a query."""
        async with self.reading() as connection:
            row: Row[Any] | None = (await connection.execute(query)).first()
            return row

    async def scalar(self, query: Select[Any]) -> Any:
        """The first column of the first row."""
        async with self.reading() as connection:
            return await connection.scalar(query)

    async def change(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """A statement that changes rows on PostgreSQL, in a transaction of its own; again after a passing failure."""
        for wait in RETRY_WAITS:
            try:
                return await self.rows(statement, parameters)
            except DBAPIError as error:
                if not may_pass(error):
                    raise
                await asyncio.sleep(wait)
        return await self.rows(statement, parameters)

    async def work(self, work: Work) -> Any:
        """Do work in the next group commit."""
        assert self.writer is not None, "Storage.open starts the writer"
        with _storable():
            return await self.writer.do(work)

    async def write(self, function: Callable[[Connection], T]) -> T:
        """Call the function in a transaction; it may be called again after a deadlock or a lost connection.

        Waits until the transaction is durable. What the function raises undoes its changes.
        """
        if self.is_sqlite:
            result: T = await self.work(Call(function))
            return result
        for wait in RETRY_WAITS:
            try:
                return await self._write_once(function)
            except DBAPIError as error:
                if not may_pass(error):
                    raise
                await asyncio.sleep(wait)
        return await self._write_once(function)

    async def _write_once(self, function: Callable[[Connection], T]) -> T:
        with _storable():
            async with self._engine.begin() as connection:
                return await connection.run_sync(function)

    async def write_alone(self, function: Callable[[Connection], T]) -> T:
        """Call the function outside of a transaction, between those of the writer."""
        result: T = await self.work(Alone(function))
        return result


@contextmanager
def _storable() -> Iterator[None]:
    """Say clearly that a text or number of the caller's cannot be stored."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidRequest("A text holds half of a surrogate pair; remove it.") from error
    except OverflowError as error:
        raise InvalidRequest("A number is too large to be stored.") from error
    except DataError as error:
        raise InvalidRequest(f"A value cannot be stored: {error.orig}. Remove it.") from error


def database_url(settings: Settings) -> URL:
    """Where the database is. Raises `ConfigurationError` for addresses of other databases."""
    if settings.database_url is None:
        return URL.create("sqlite", database=str(settings.data_dir / FILE_NAME))
    try:
        url = make_url(settings.database_url.get_secret_value())
    except ArgumentError as error:
        raise ConfigurationError(
            "FLOWSTUDIO_DATABASE_URL is not a database address; write postgresql+psycopg://user:password@host/database."
        ) from error
    match url.get_backend_name():
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case "sqlite" if url.database and url.database != ":memory:":
            return url.set(drivername="sqlite")
        case other:
            raise ConfigurationError(
                f"FLOWSTUDIO_DATABASE_URL names '{other}'; FlowStudio stores in PostgreSQL or in a SQLite file."
            )


def log_engine(url: URL, *, synchronous: str = "normal") -> Engine:
    """An engine for one connection that writes. Its SQLite transactions take the write lock when they begin."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_size=1, max_overflow=2, pool_reset_on_return=None)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT})

    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions are begun here, not by the driver
        for pragma in (
            "auto_vacuum = INCREMENTAL",  # only takes effect in a new file, before its first table
            "journal_mode = WAL",
            f"synchronous = {synchronous.upper()}",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            "journal_size_limit = 16777216",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine


def _read_engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        # A pool of its own: who is cancelled while a connection changes its isolation level would never give it back.
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT", pool_size=3, max_overflow=9)
        _try_after_rest(engine)
        return engine
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        connect_args={"timeout": BUSY_TIMEOUT},
        isolation_level="AUTOCOMMIT",
        pool_size=READERS,
        max_overflow=0,  # opening one takes a thread and longer than most reads
        pool_timeout=PATIENCE,
    )

    def connect(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    event.listen(engine.sync_engine, "connect", connect)
    return engine


def _transactions_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=2, max_overflow=6)
    _try_after_rest(engine)
    return engine


def _try_after_rest(engine: AsyncEngine) -> None:
    """Try connections that were not used for a while before they are; each use would cost a round trip."""

    def rested(_: Any, record: ConnectionPoolEntry) -> None:
        record.info["since"] = time.monotonic()

    def wanted(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
        if time.monotonic() - record.info.get("since", math.inf) > RESTED:
            try:
                engine.dialect.do_ping(connection)
            except Exception as error:
                raise DisconnectionError from error

    event.listen(engine.sync_engine, "checkin", rested)
    event.listen(engine.sync_engine, "checkout", wanted)
