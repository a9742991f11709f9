"""The PostgreSQL node."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import groupby
from typing import Annotated, Any, Literal, Self

import psycopg
from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Choice, Code, Credential, Example, ItemNode, Pace, ShowIf, Widget
from flowstudio.errors import NodeError, ParameterError
from flowstudio.nodes.connections import PostgresAccount
from flowstudio.nodes.databases import postgres_statements as statements
from flowstudio.nodes.databases.postgres_connection import (
    Connection,
    Cursor,
    connect,
    explained,
    received,
    sent,
)
from flowstudio.nodes.databases.postgres_statements import RowCondition, Sorting, Statement
from flowstudio.nodes.entry import Entry
from flowstudio.outbound import Outbound

Operation = Literal["query", "select", "insert", "upsert", "update", "delete"]
_WRITES = ("insert", "upsert", "update")
_MATCHING = ("upsert", "update")
_IN_TABLE = ("select", *_WRITES, "delete")
_BY_CONDITIONS = ("select", "delete")
_HARMLESS = ("select", "upsert", "update", "delete")
"""What may be done twice and comes to the same."""
_READS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:select|with|values|table|show|explain)\b", re.I | re.S
)
"""How a query begins whose rows may be more than fit: they are taken one after the other."""
_PIECE = 500
"""Rows that are fetched at once."""
_COLUMNS = """
SELECT attname AS name, typcategory = 'A' AS array FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
"""


class Parameter(Entry):
    """A value of the query."""

    value: Annotated[Any, Widget("text")] = None
    """What stands in the query as $1 in the first place, $2 in the second, and so on."""


class Column(Entry):
    """A column and what is written into it."""

    column: Annotated[str, Field(min_length=1)]
    """The name of the column."""
    value: Annotated[Any, Widget("text")] = None
    """The value; nothing makes the cell empty."""


class Postgres(ItemNode):
    """Reads and changes rows of a PostgreSQL database, or runs a query of your own.

    In a query, write `$1`, `$2` and so on where values go, and list the values below: they never become part of the query's text,
    so whatever they hold cannot change what the query does. Expressions are for the values; the query itself stays as it is written.

    What arrives together is written together: all of it, or nothing when something fails. A query that only reads can be held to
    that: PostgreSQL then refuses whatever would change something.

    If the server is stopped by force while rows are added or a query runs that may change something, nobody knows whether the
    database did it. The execution then ends with a sentence instead of doing it twice: look at the table, then retry it or leave it.
    """

    type = "postgres"
    label = "PostgreSQL"
    group = "Actions"
    icon = "database"
    subtitle = "{operation}: {table}"
    examples = (
        Example(
            "Look up the orders of a customer",
            properties={
                "operation": "select",
                "table": "orders",
                "conditions": [{"column": "customer", "value": "={{ $json.name }}"}],
                "order": [{"column": "id"}],
            },
            given=[{"name": "Ada"}],
            gives=[
                {"id": 1, "customer": "Ada", "total": 12.5},
                {"id": 3, "customer": "Ada", "total": 7},
            ],
        ),
        Example(
            "Change an order that is there, add one that is not",
            properties={"operation": "upsert", "table": "orders", "match": ["id"]},
            given=[{"id": 2, "customer": "Bob", "total": 4}, {"id": 4, "customer": "Cy", "total": 9}],
            gives=[
                {"id": 2, "customer": "Bob", "total": 4},
                {"id": 4, "customer": "Cy", "total": 9},
            ],
        ),
        Example(
            "Sum up what a customer ordered, with a query",
            properties={
                "operation": "query",
                "query": "SELECT count(*) AS orders, sum(total) AS total FROM orders WHERE customer = $1",
                "parameters": [{"value": "={{ $json.name }}"}],
                "read_only": True,
            },
            given=[{"name": "Ada"}],
            gives=[{"orders": 2, "total": 19.5}],
        ),
    )

    account: Annotated[PostgresAccount, Credential("PostgreSQL account", (PostgresAccount.type,))]
    """The database, and who signs in to it."""
    operation: Annotated[
        Operation,
        Choice(
            {
                "query": "Run a query",
                "select": "Read rows",
                "insert": "Add rows",
                "upsert": "Add rows, or change those that are there",
                "update": "Change rows",
                "delete": "Delete rows",
            }
        ),
    ] = "query"
    """What to do."""
    query: Annotated[
        str, Code("sql"), Field(max_length=100_000, title="Query"), ShowIf("operation", ("query",))
    ] = ""
    """SQL as PostgreSQL understands it, with $1, $2 … where values go."""
    parameters: Annotated[
        list[Parameter], ShowIf("operation", ("query",)), Field(default_factory=list, title="Values")
    ]
    """What $1, $2 … stand for, in this order. A list is an array, such as in `id = ANY($1)`."""
    read_only: Annotated[bool, ShowIf("operation", ("query",)), Field(title="Only read")] = False
    """PostgreSQL refuses whatever would change something. The step may then run again after a crash."""

    schema_name: Annotated[str, ShowIf("operation", _IN_TABLE), Field(title="Schema", min_length=1)] = (
        "public"
    )
    """The schema that the table is in."""
    table: Annotated[str, ShowIf("operation", _IN_TABLE)] = ""
    """The name of the table, in its own capital and small letters."""
    columns: Annotated[
        list[str], ShowIf("operation", ("select",)), Field(default_factory=list, title="Columns")
    ]
    """Which columns to read. Empty: all."""
    conditions: Annotated[
        list[RowCondition],
        ShowIf("operation", _BY_CONDITIONS),
        Field(default_factory=list, title="Rows where"),
    ]
    """Which rows. Reading without a condition gives all; deleting needs one."""
    combine: Annotated[
        Literal["all", "any"],
        Choice({"all": "All of them", "any": "At least one"}),
        ShowIf("operation", _BY_CONDITIONS),
        Field(title="A row must meet"),
    ] = "all"
    """How many of the conditions."""
    order: Annotated[
        list[Sorting], ShowIf("operation", ("select",)), Field(default_factory=list, title="Sort by")
    ]
    """Without it, rows come as the database has them."""
    limit: Annotated[
        int, ShowIf("operation", ("query", "select")), Field(ge=1, le=100_000, title="Rows at most")
    ] = 1000
    """For each item that arrives. The log of the step says when there were more."""

    mapping: Annotated[
        Literal["automatic", "fields"],
        Choice({"automatic": "The fields of the item", "fields": "Those listed below"}),
        ShowIf("operation", _WRITES),
        Field(title="What to write"),
    ] = "automatic"
    """Fields go into the columns that have the same names."""
    fields: Annotated[
        list[Column],
        ShowIf("operation", _WRITES),
        ShowIf("mapping", ("fields",)),
        Field(default_factory=list, title="Columns"),
    ]
    """Columns and what is written into them. Columns that are not listed keep what they have, or get their default."""
    match: Annotated[
        list[str], ShowIf("operation", _MATCHING), Field(default_factory=list, title="Find rows by")
    ]
    """The columns by whose values a row is found, such as `id`. Adding or changing needs columns that are unique together."""
    extra: Annotated[
        Literal["ignore", "error"],
        Choice({"ignore": "Leave it out", "error": "Stop with an error"}),
        ShowIf("operation", _WRITES),
        ShowIf("mapping", ("automatic",)),
        Field(title="A field without a column"),
    ] = "error"
    """What to do with it."""

    transaction: Annotated[
        Literal["together", "apart"],
        Choice({"together": "All items or none", "apart": "Each item by itself"}),
        Field(title="When something fails"),
    ] = "together"
    """Whether what was done for other items is taken back."""
    timeout: Annotated[float, Field(gt=0, le=3600, title="Seconds for one query")] = 60
    """What takes longer is stopped."""

    @classmethod
    def repeats(cls, properties: Mapping[str, Any]) -> bool:
        """Reading, and writing to rows that are named, may happen twice; adding may not, nor a query of which nobody knows."""
        operation = properties.get("operation", "query")
        return operation in _HARMLESS or (operation == "query" and properties.get("read_only") is True)

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """All items share a connection, and a transaction."""
        return Pace(1_000_000)

    @property
    def reads(self) -> bool:
        """Whether it is held to changing nothing."""
        return self.operation == "select" or (self.operation == "query" and self.read_only)

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Take part in the round of the items that arrived together."""
        rows = await _round(ctx, self.account).join(self, item)
        return {"main": [item.with_json(row) for row in rows]}

    async def statement(self, item: Item, round_: _Round, connection: Connection) -> Statement:
        """What is sent for an item."""
        place = self._place() if self.operation != "query" else ""
        match self.operation:
            case "query":
                if not self.query.strip():
                    raise ParameterError("Write a query.", parameter="query")
                return Statement(self.query, [sent(one.value) for one in self.parameters])
            case "select":
                return statements.select(
                    place, self.columns, self.conditions, self.combine, self.order, self.limit
                )
            case "delete":
                return statements.delete(place, self.conditions, self.combine)
        known = await round_.columns(connection, place)
        if not known:
            raise NodeError(f"There is no table '{self.table}' in the schema '{self.schema_name}'.")
        row = self._row(item, known)
        if self.operation == "insert":
            return statements.insert(place, row)
        if not self.match:
            raise ParameterError("Name the columns by which rows are found.", parameter="match")
        for name in self.match:
            if row.get(name) is None:
                raise NodeError(f"There is no value for '{name}', by which the row is found.")
        if self.operation == "upsert":
            return statements.insert(place, row, self.match)
        return statements.update(place, row, self.match)

    def _place(self) -> str:
        if not self.table:
            raise ParameterError("Say which table.", parameter="table")
        return f"{statements.quoted(self.schema_name)}.{statements.quoted(self.table)}"

    def _row(self, item: Item, known: Mapping[str, bool]) -> dict[str, str | None]:
        """What is written, by column, as PostgreSQL reads it."""
        if self.mapping == "automatic":
            given = {
                name: value for name, value in item.json.items() if self.extra == "error" or name in known
            }
        else:
            given = {one.column: one.value for one in self.fields}
        for name in given:
            if name not in known:
                have = ", ".join(f"'{one}'" for one in list(known)[:30])
                raise NodeError(f"The table has no column '{name}'. It has: {have}.")
        return {name: sent(value, array=known[name]) for name, value in given.items()}

    async def done(self, connection: Connection, statement: Statement, ctx: Context) -> list[Json]:
        """Run a statement; its rows, or how many it changed."""
        if self.operation == "select" or (
            self.operation == "query" and (self.read_only or _READS.match(self.query))
        ):
            return await self._read(connection, statement, ctx)
        cursor = await connection.execute(statement.text, statement.values or None)
        rows = [received(row) for row in await cursor.fetchall()] if cursor.description else None
        while cursor.nextset():  # several statements in one query: the last that gives rows counts
            if cursor.description:
                rows = [received(row) for row in await cursor.fetchall()]
        if rows is not None:
            return rows
        name = "deleted" if self.operation == "delete" else "changed"
        return [{name: max(cursor.rowcount, 0)}]

    async def _read(self, connection: Connection, statement: Statement, ctx: Context) -> list[Json]:
        rows: list[Json] = []
        size = _PIECE if psycopg.capabilities.has_stream_chunked() else 1
        try:
            async with connection.cursor() as cursor, aclosing(_rows(cursor, statement, size)) as found:
                async for row in found:
                    if len(rows) == self.limit:
                        ctx.print(f"There are more than {self.limit:,} rows; the others were left out.\n")
                        break
                    rows.append(received(row))
        except psycopg.ProgrammingError as error:
            if error.sqlstate is not None:
                raise
            return []  # a statement without rows, such as EXPLAIN's like
        return rows


async def _rows(cursor: Cursor, statement: Statement, size: int) -> AsyncGenerator[Json]:
    async for row in cursor.stream(statement.text, statement.values, size=size):
        yield row


@dataclass(eq=False)
class _Round:
    """The items of one round of a node run. The engine starts them all before any of them goes on, so the task that is made by
    the first one runs when all have joined."""

    ctx: Context
    account: PostgresAccount
    _entries: list[tuple[Postgres, Item]] = field(default_factory=list)
    _work: asyncio.Task[None] | None = None
    _results: dict[int, list[Json] | NodeError] = field(default_factory=dict)
    _known: dict[str, dict[str, bool]] = field(default_factory=dict)

    async def join(self, node: Postgres, item: Item) -> list[Json]:
        """Have an item treated with the others; what came of it. Raises `NodeError`."""
        self._entries.append((node, item))
        number = len(self._entries) - 1
        if self._work is None:
            self._work = asyncio.ensure_future(self._treat())
        try:
            await asyncio.wait([self._work])
        except asyncio.CancelledError:
            self._work.cancel()
            await asyncio.wait([self._work])  # until the server has been told to stop
            raise
        self._work.result()
        result = self._results[number]
        if isinstance(result, NodeError):
            raise result
        return result

    async def columns(self, connection: Connection, place: str) -> dict[str, bool]:
        """The columns of a table, and whether they hold arrays."""
        if place not in self._known:
            rows = await (await connection.execute(_COLUMNS, [place])).fetchall()
            self._known[place] = {row["name"]: row["array"] for row in rows}
        return self._known[place]

    async def _treat(self) -> None:
        first = self._entries[0][0]
        connection = await connect(self.account, self.ctx.use(Outbound), statement=first.timeout)
        async with connection:
            if all(node.reads for node, _ in self._entries):
                await connection.set_read_only(True)
            if first.transaction == "apart":
                for number in range(len(self._entries)):
                    await self._alone(connection, number)
            else:
                await self._together(connection)

    async def _alone(self, connection: Connection, number: int) -> None:
        """One item, in a transaction of its own."""
        try:
            async with connection.transaction():
                self._results[number] = await self._one(connection, number)
        except psycopg.Error as error:
            self._results[number] = explained(error, self._entries[number][0].timeout)
        except NodeError as error:
            self._results[number] = error

    async def _together(self, connection: Connection) -> None:
        """All items in one transaction; when one fails, all do, each with its own reason."""
        at, node = 0, self._entries[0][0]
        try:
            async with connection.transaction():
                drawn: list[Statement] = []
                for number, (node, item) in enumerate(self._entries):
                    at = number
                    drawn.append(await node.statement(item, self, connection))
                for _, group in groupby(enumerate(drawn), lambda one: one[1].text):
                    numbers = [number for number, _ in group]
                    if len(numbers) > 1 and self._entries[numbers[0]][0].operation in _WRITES:
                        numbers = await self._many(connection, drawn, numbers)
                    for number in numbers:
                        at, node = number, self._entries[number][0]
                        self._results[number] = await node.done(connection, drawn[number], self.ctx)
        except psycopg.Error as error:
            self._fail(at, explained(error, node.timeout))
        except NodeError as error:
            self._fail(at, error)

    async def _many(
        self, connection: Connection, drawn: Sequence[Statement], numbers: Sequence[int]
    ) -> list[int]:
        """Send the same statement many times without waiting for each; what has to be done one by one, to see which fails."""
        made: dict[int, list[Json] | NodeError] = {}
        try:
            async with connection.transaction(), connection.cursor() as cursor:
                await cursor.executemany(
                    drawn[numbers[0]].text, [drawn[number].values for number in numbers], returning=True
                )
                for number in numbers:
                    made[number] = [received(row) for row in await cursor.fetchall()]
                    cursor.nextset()
        except psycopg.Error:
            if connection.broken:
                raise
            return list(numbers)
        self._results.update(made)
        return []

    async def _one(self, connection: Connection, number: int) -> list[Json]:
        node, item = self._entries[number]
        return await node.done(connection, await node.statement(item, self, connection), self.ctx)

    def _fail(self, culprit: int, error: NodeError) -> None:
        others = NodeError(
            f"Nothing was done, as item {culprit + 1} failed: {error.message}", retryable=error.retryable
        )
        for number in range(len(self._entries)):
            self._results[number] = error if number == culprit else others


_rounds: dict[tuple[Any, ...], _Round] = {}


def _round(ctx: Context, account: PostgresAccount) -> _Round:
    """The round that an item belongs to."""
    key = (ctx.execution.id, ctx.node, ctx.scope, ctx.attempt)
    found = _rounds.get(key)
    if found is None:
        found = _rounds[key] = _Round(ctx, account)
        asyncio.get_running_loop().call_soon(_rounds.pop, key, None)
    return found
