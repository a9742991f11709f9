"""A way over loopback to the PostgreSQL of the tests, which listens on a socket in the file system only; and tables to work with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from flowstudio.engine.item import Json
from flowstudio.outbound import Outbound
from tests.nodes.driver import Result, make_host, run_node
from tests.postgres import USER, PostgresServer

ORDERS = """
CREATE TABLE orders (id integer PRIMARY KEY, customer text NOT NULL, total numeric(12, 2) DEFAULT 0);
INSERT INTO orders VALUES (1, 'Ada', 12.5), (2, 'Bob', 3), (3, 'Ada', 7);
CREATE TABLE "Odd ""thing"" s" ("A b" text[], doc jsonb, moment timestamptz, big bigint, flag boolean, day date, part double precision);
"""


class Door:
    """Its database is reached by host and port, as a workflow reaches one."""

    def __init__(self, url: str, port: int) -> None:
        self.url = url.replace("+psycopg", "")
        self.port = port
        self.outbound = Outbound([f"127.0.0.1:{port}"])
        self.account: Json = {
            "type": "postgresql",
            "id": "1",
            "host": "127.0.0.1",
            "port": port,
            "database": self.url.partition("@/")[2].partition("?")[0],
            "user": USER,
            "password": "none is asked for",
            "encryption": "disable",
        }

    async def open(self, credential: str, types: Sequence[str]) -> Json:
        """As a vault."""
        return self.account

    async def node(self, operation: str, given: Sequence[Json] = ({},), **properties: Any) -> Result:
        """Run the node."""
        host = make_host(vault=self, services={Outbound: self.outbound})
        settings = properties.pop("settings", None)
        values = {"operation": operation, "table": "orders"} | properties
        return await run_node(
            "postgres",
            values,
            given,
            host=host,
            credentials={"account": "p"},
            settings=settings,
        )

    async def sql(self, query: str) -> list[tuple[object, ...]]:
        """What the database itself says."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            cursor = await connection.execute(query)
            return await cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def opened(server: PostgresServer, url: str) -> AsyncIterator[Door]:
    """A door to a database of the server."""
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(server.socket)
        for one, other in ((reader, inner_writer), (inner_reader, writer)):
            task = asyncio.create_task(pump(one, other))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    listening = await asyncio.start_server(passed, "127.0.0.1", 0)
    door = Door(url, listening.sockets[0].getsockname()[1])
    await door.sql(ORDERS)
    try:
        yield door
    finally:
        await door.outbound.close()
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
