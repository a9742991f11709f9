"""Many rows in one statement.

`executemany` steps the database once a row, and each step of SQLite gives up the interpreter lock: a busy event loop then
holds the writer up for milliseconds a row. One statement with many rows steps once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, Table

PARAMETER_LIMIT = 30_000
"""Parameters in one statement: SQLite takes 32,766, PostgreSQL 65,535."""

Processor: TypeAlias = Callable[[Any], Any]


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, skip_existing: bool = False
) -> None:
    """Insert rows that give every column of the table; `skip_existing` leaves those alone whose key is there."""
    head, one, processors = _statement(table, connection.dialect)
    tail = " ON CONFLICT DO NOTHING" if skip_existing else ""
    step = PARAMETER_LIMIT // len(processors)
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        values = tuple(
            row[name] if process is None or row[name] is None else process(row[name])
            for row in part
            for name, process in processors
        )
        connection.exec_driver_sql(head + ", ".join([one] * len(part)) + tail, values)


@lru_cache(maxsize=32)
def _statement(table: Table, dialect: Dialect) -> tuple[str, str, list[tuple[str, Processor | None]]]:
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    names = [column.name for column in table.columns]
    processors: list[tuple[str, Processor | None]] = [
        (column.name, column.type.dialect_impl(dialect).bind_processor(dialect)) for column in table.columns
    ]
    head = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES "
    return head, f"({', '.join([mark] * len(names))})", processors
