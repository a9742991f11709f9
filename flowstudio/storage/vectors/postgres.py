"""The vector store in a PostgreSQL database that has the extension pgvector.

Searches compare with every vector of the collection, so they miss nothing. The tables are made when something is stored for the
first time, for the extension may come later than the database.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from flowstudio.ai.documents import Passage
from flowstudio.ai.vectors import (
    Collection,
    Entry,
    Filter,
    Inserted,
    Space,
    VectorStore,
    no_collection,
    other_space,
    texts_of,
)
from flowstudio.storage.database import Database

T = TypeVar("T")

log = logging.getLogger(__name__)

_LOCK: Final = 7_303_014_401
"""Number of the advisory lock under which tables are made."""
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS vector_collections (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE,"
    " provider text NOT NULL, model text NOT NULL, dimensions integer NOT NULL)",
    "CREATE TABLE IF NOT EXISTS vector_passages (id bigserial PRIMARY KEY,"
    " collection bigint NOT NULL REFERENCES vector_collections ON DELETE CASCADE, key text NOT NULL,"
    " source text NOT NULL, text text NOT NULL, metadata jsonb NOT NULL, vector vector NOT NULL, UNIQUE (collection, key))",
    "CREATE INDEX IF NOT EXISTS vector_passages_source ON vector_passages (collection, source)",
)
COLUMNS: Final = {
    "vector_collections": ("id", "name", "provider", "model", "dimensions"),
    "vector_passages": ("id", "collection", "key", "source", "text", "metadata", "vector"),
}
"""By table, for backups."""
_COUNTED: Final = """
SELECT c.name, c.provider, c.model, c.dimensions, count(p.id), count(DISTINCT p.source),
       coalesce(sum(octet_length(p.text) + octet_length(p.metadata::text) + 4 * c.dimensions), 0)
FROM vector_collections c LEFT JOIN vector_passages p ON p.collection = c.id
"""


async def has_pgvector(database: Database) -> bool:
    """Whether the database has the extension, which is switched on if it is installed and may be."""
    try:
        found = await database.write(switch_on)
    except DBAPIError as error:
        log.warning("The extension pgvector cannot be switched on", extra={"reason": str(error.orig)})
        return False
    if not found:
        log.info("PostgreSQL has no pgvector; vector collections are kept in a file of the data folder")
    return found


def switch_on(connection: Connection) -> bool:
    """Switch the extension on; whether it is installed."""
    if not connection.scalar(text("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")):
        return False
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    return True


class PostgresVectors(VectorStore):
    """Collections in two tables."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made = False

    async def _do(self, work: Callable[[Connection], T]) -> T:
        if not self._made:
            await self._database.write(make_tables)
            self._made = True
        return await self._database.write(work)

    async def collections(self) -> list[Collection]:
        """All collections, by name."""

        def work(connection: Connection) -> list[Collection]:
            query = f"{_COUNTED} WHERE right(c.name, 1) <> chr(31) GROUP BY c.id ORDER BY c.name"
            return [_counted(row) for row in connection.execute(text(query))]

        return await self._do(work)

    async def collection(self, name: str) -> Collection | None:
        """One collection."""

        def work(connection: Connection) -> Collection | None:
            row = connection.execute(
                text(f"{_COUNTED} WHERE c.name = :name GROUP BY c.id"), {"name": name}
            ).first()
            return None if row is None else _counted(row)

        return await self._do(work)

    async def known(self, name: str, keys: Sequence[str], space: Space | None = None) -> frozenset[str]:
        """Which of the keys are stored."""
        return await self._do(lambda connection: _known(connection, _place(connection, name, space), keys))

    async def insert(
        self, name: str, space: Space, entries: Sequence[Entry], *, replace: bool = False
    ) -> Inserted:
        """Store entries; makes the collection if need be."""
        return await self._do(lambda connection: _insert(connection, name, space, entries, replace))

    async def search(
        self,
        name: str,
        space: Space,
        vector: Sequence[float],
        *,
        limit: int,
        threshold: float | None = None,
        where: Filter | None = None,
    ) -> list[Passage]:
        """The nearest passages that meet the filter, best first."""

        def work(connection: Connection) -> list[Passage]:
            place = _place(connection, name, space)
            if place is None:
                raise no_collection(name)
            condition, values = _condition(where or {})
            rows = connection.execute(
                text(
                    "SELECT key, source, text, metadata, 1 - (vector <=> CAST(:vector AS vector)) AS score"
                    f" FROM vector_passages WHERE collection = :place AND {condition}"
                    " ORDER BY vector <=> CAST(:vector AS vector), key LIMIT :limit"
                ),
                {"vector": _written(vector), "place": place, "limit": limit, **values},
            )
            return [
                Passage(row.text, row.source, row.metadata, round(row.score, 6), row.key)
                for row in rows
                if threshold is None or row.score >= threshold
            ]

        return await self._do(work)

    async def page(self, name: str, after: str, limit: int) -> list[Entry]:
        """Stored passages without their vectors, by key."""

        def work(connection: Connection) -> list[Entry]:
            rows = connection.execute(
                text(
                    "SELECT key, text, source, metadata FROM vector_passages"
                    ' WHERE collection = :place AND key COLLATE "C" > :after ORDER BY key COLLATE "C" LIMIT :limit'
                ),
                {"place": _place(connection, name), "after": after, "limit": limit},
            )
            return [Entry(row.key, row.text, row.source, row.metadata) for row in rows]

        return await self._do(work)

    async def delete(self, name: str, where: Filter) -> int:
        """Delete the passages that meet the filter."""

        def work(connection: Connection) -> int:
            place = _place(connection, name)
            if place is None:
                raise no_collection(name)
            condition, values = _condition(where)
            query = f"DELETE FROM vector_passages WHERE collection = :place AND {condition}"
            return connection.execute(text(query), {"place": place, **values}).rowcount

        return await self._do(work)

    async def drop(self, name: str) -> bool:
        """Delete a collection."""

        def work(connection: Connection) -> bool:
            query = text("DELETE FROM vector_collections WHERE name = :name")
            return bool(connection.execute(query, {"name": name}).rowcount)

        return await self._do(work)

    async def swap(self, fresh: str, name: str) -> bool:
        """Put the collection `fresh` in the place of `name`."""

        def work(connection: Connection) -> bool:
            new, old = _place(connection, fresh, lock=True), _place(connection, name, lock=True)
            if new is None or old is None:
                raise no_collection(name)
            lacking = (
                "FROM vector_passages p WHERE p.collection = :one AND NOT EXISTS (SELECT 1 FROM vector_passages q"
                " WHERE q.collection = :two AND q.key = p.key)"
            )
            if connection.scalar(text(f"SELECT 1 {lacking} LIMIT 1"), {"one": old, "two": new}):
                return False
            connection.execute(text(f"DELETE {lacking}"), {"one": new, "two": old})
            connection.execute(text("DELETE FROM vector_collections WHERE id = :id"), {"id": old})
            connection.execute(
                text("UPDATE vector_collections SET name = :name WHERE id = :id"), {"name": name, "id": new}
            )
            return True

        return await self._do(work)


def make_tables(connection: Connection) -> None:
    """Make the tables that are missing. The extension must be there."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    for statement in _TABLES:
        connection.execute(text(statement))


def count_on(connection: Connection) -> None:
    """Let new rows have numbers behind those that are there, after rows were copied in."""
    for name in COLUMNS:
        last = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"
        connection.execute(text(last))


def _counted(row: Any) -> Collection:
    return Collection(row[0], Space(row[1], row[2], row[3]), row[4], row[5], int(row[6]))


def _written(vector: Sequence[float]) -> str:
    return "[" + ",".join(map(repr, map(float, vector))) + "]"


def _place(
    connection: Connection, name: str, space: Space | None = None, *, lock: bool = False
) -> int | None:
    """The id of a collection. Refuses one of another space."""
    query = "SELECT id, provider, model, dimensions FROM vector_collections WHERE name = :name"
    row = connection.execute(text(f"{query} FOR UPDATE" if lock else query), {"name": name}).first()
    if row is None:
        return None
    has = Space(row.provider, row.model, row.dimensions)
    if space is not None and has != space:
        raise other_space(name, has, space)
    return int(row.id)


def _known(connection: Connection, place: int | None, keys: Sequence[str]) -> frozenset[str]:
    query = text("SELECT key FROM vector_passages WHERE collection = :place AND key = ANY(:keys)")
    return frozenset(connection.scalars(query, {"place": place, "keys": list(keys)}))


def _insert(
    connection: Connection, name: str, space: Space, entries: Sequence[Entry], replace: bool
) -> Inserted:
    place = _place(connection, name, space, lock=True)
    known = _known(connection, place, [entry.key for entry in entries])
    missing = frozenset(e.key for e in entries if e.vector is None and e.key not in known)
    if missing:
        return Inserted(missing=missing)
    if place is None:
        connection.execute(
            text(
                "INSERT INTO vector_collections (name, provider, model, dimensions)"
                " VALUES (:name, :provider, :model, :dimensions) ON CONFLICT (name) DO NOTHING"
            ),
            {
                "name": name,
                "provider": space.provider,
                "model": space.model,
                "dimensions": space.dimensions,
            },
        )
        place = _place(connection, name, space, lock=True)
        known = _known(connection, place, [entry.key for entry in entries])
    rows = [
        {
            "place": place,
            "key": entry.key,
            "source": entry.source,
            "text": entry.text,
            "metadata": json.dumps(entry.metadata, ensure_ascii=False, default=str),
            "vector": None if entry.vector is None else _written(entry.vector),
        }
        for entry in entries
    ]
    old = [row for row in rows if row["key"] in known]
    new = [row for row in rows if row["key"] not in known]
    if old:
        connection.execute(
            text(
                "UPDATE vector_passages SET metadata = CAST(:metadata AS jsonb) WHERE collection = :place AND key = :key"
            ),
            old,
        )
    if new:
        connection.execute(
            text(
                "INSERT INTO vector_passages (collection, key, source, text, metadata, vector) VALUES"
                " (:place, :key, :source, :text, CAST(:metadata AS jsonb), CAST(:vector AS vector))"
                " ON CONFLICT (collection, key) DO NOTHING"
            ),
            new,
        )
    removed = 0
    if replace:
        removed = connection.execute(
            text(
                "DELETE FROM vector_passages WHERE collection = :place AND source = ANY(:sources) AND key <> ALL(:keys)"
            ),
            {
                "place": place,
                "sources": sorted({entry.source for entry in entries}),
                "keys": [entry.key for entry in entries],
            },
        ).rowcount
    return Inserted(len(new), len(old), removed)


def _condition(where: Filter) -> tuple[str, dict[str, Any]]:
    parts: list[str] = []
    values: dict[str, Any] = {}
    for number, (key, wanted) in enumerate(where.items()):
        values[f"accepted{number}"] = texts_of(wanted)
        if key == "source":
            parts.append(f"source = ANY(:accepted{number})")
        else:
            parts.append(f"metadata ->> CAST(:key{number} AS text) = ANY(:accepted{number})")
            values[f"key{number}"] = key
    return " AND ".join(parts) or "true", values
