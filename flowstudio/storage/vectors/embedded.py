"""The vector store in a file of its own, on sqlite-vec. Searches compare with every vector, so they miss nothing.

Each collection has a table `vectors_<id>` of sqlite-vec, whose rows are those of `passages`. All work is done in threads: one
connection writes, several read (WAL), through APSW, because the SQLite of many Pythons cannot load extensions. The file is made when something is stored for the first time.
"""

from __future__ import annotations

import asyncio
import json
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

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
from flowstudio.errors import NodeError

if TYPE_CHECKING:
    from apsw import Connection

P = ParamSpec("P")
T = TypeVar("T")

FILE_NAME: Final = "vectors.db"
_BUSY = 30_000
"""Milliseconds to wait for another process that writes."""
_IDLE_READERS = 4
_MOST = 4096
"""Nearest neighbours that sqlite-vec gives at most."""
_TABLES = """
CREATE TABLE IF NOT EXISTS collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL, model TEXT NOT NULL, dimensions INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL, key TEXT NOT NULL,
    source TEXT NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL, UNIQUE (collection, key)
);
CREATE INDEX IF NOT EXISTS passages_source ON passages (collection, source);
"""
_COUNTED = """
SELECT c.name, c.provider, c.model, c.dimensions, count(p.id), count(DISTINCT p.source),
       coalesce(sum(length(CAST(p.text AS BLOB)) + length(p.metadata) + 4 * c.dimensions), 0)
FROM collections c LEFT JOIN passages p ON p.collection = c.id
"""


class EmbeddedVectors(VectorStore):
    """Collections in one SQLite file. `close` after use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()
        self._writer: Connection | None = None
        self._readers: list[Connection] = []

    async def collections(self) -> list[Collection]:
        """All collections, by name."""
        return await self._read(_collections) if self._path.exists() else []

    async def collection(self, name: str) -> Collection | None:
        """One collection."""
        return await self._read(_collection, name) if self._path.exists() else None

    async def known(self, name: str, keys: Sequence[str], space: Space | None = None) -> frozenset[str]:
        """Which of the keys are stored."""
        return await self._read(_known, name, keys, space)

    async def insert(
        self, name: str, space: Space, entries: Sequence[Entry], *, replace: bool = False
    ) -> Inserted:
        """Store entries; makes the collection if need be."""
        return await self._write(_insert, name, space, entries, replace)

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
        return await self._read(_search, name, space, vector, limit, threshold, where or {})

    async def page(self, name: str, after: str, limit: int) -> list[Entry]:
        """Stored passages without their vectors, by key."""
        return await self._read(_page, name, after, limit)

    async def delete(self, name: str, where: Filter) -> int:
        """Delete the passages that meet the filter."""
        return await self._write(_delete, name, where)

    async def drop(self, name: str) -> bool:
        """Delete a collection."""
        return self._path.exists() and await self._write(_drop, name)

    async def swap(self, fresh: str, name: str) -> bool:
        """Put the collection `fresh` in the place of `name`."""
        return await self._write(_swap, fresh, name)

    async def close(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._writing:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            while self._readers:
                self._readers.pop().close()

    async def _read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **options: P.kwargs
    ) -> T:
        def run() -> T:
            with _explained(self._path):
                if self._writer is None:
                    with self._writing:
                        self._open_writer()
                try:
                    connection = self._readers.pop()
                except IndexError:
                    connection = _connect(self._path)
                try:
                    connection.execute("BEGIN")
                    return work(connection, *args, **options)
                finally:
                    _undo(connection)
                    if len(self._readers) < _IDLE_READERS:
                        self._readers.append(connection)
                    else:
                        connection.close()

        return await asyncio.to_thread(run)

    async def _write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **options: P.kwargs
    ) -> T:
        def run() -> T:
            with _explained(self._path), self._writing:
                connection = self._open_writer()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    result = work(connection, *args, **options)
                    connection.execute("COMMIT")
                except BaseException:
                    _undo(connection)
                    raise
                return result

        return await asyncio.to_thread(run)

    def _open_writer(self) -> Connection:
        if self._writer is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            connection = _connect(self._path)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(_TABLES)
            except BaseException:
                connection.close()
                raise
            self._writer = connection
        return self._writer


def _connect(path: Path) -> Connection:
    import apsw
    import sqlite_vec  # type: ignore[import-untyped]  # it comes without types

    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_BUSY)
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    connection.enable_load_extension(False)
    return connection


def _undo(connection: Connection) -> None:
    if connection.in_transaction:  # SQLite ends it by itself after some errors
        connection.execute("ROLLBACK")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    import apsw

    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise NodeError(
            f"The file {path.name} in the data folder is damaged ({error}); restore it from a backup, or remove it and "
            "insert the documents again."
        ) from error
    except apsw.Error as error:
        raise NodeError(
            f"The vector collections in {path.name} cannot be used: {error}.",
            retryable=isinstance(error, apsw.BusyError),
        ) from error


def _collections(connection: Connection) -> list[Collection]:
    rows = connection.execute(
        f"{_COUNTED} WHERE c.name NOT LIKE '%' || char(31) GROUP BY c.id ORDER BY c.name"
    )
    return [_counted(row) for row in rows]


def _collection(connection: Connection, name: str) -> Collection | None:
    row = connection.execute(f"{_COUNTED} WHERE c.name = ? GROUP BY c.id", (name,)).fetchone()
    return None if row is None else _counted(row)


def _counted(row: tuple[Any, ...]) -> Collection:
    return Collection(row[0], Space(row[1], row[2], row[3]), row[4], row[5], row[6])


def _place(connection: Connection, name: str, space: Space | None = None) -> int | None:
    """The id of a collection. Refuses one of another space."""
    row = connection.execute(
        "SELECT id, provider, model, dimensions FROM collections WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return None
    has = Space(*row[1:])
    if space is not None and has != space:
        raise other_space(name, has, space)
    return int(row[0])


def _known(connection: Connection, name: str, keys: Sequence[str], space: Space | None) -> frozenset[str]:
    place = _place(connection, name, space)
    rows = connection.execute(
        "SELECT key FROM passages WHERE collection = ? AND key IN (SELECT value FROM json_each(?))",
        (place, json.dumps(list(keys))),
    )
    return frozenset(key for (key,) in rows)


def _insert(
    connection: Connection, name: str, space: Space, entries: Sequence[Entry], replace: bool
) -> Inserted:
    place = _place(connection, name, space)
    known = _known(connection, name, [entry.key for entry in entries], None)
    missing = frozenset(e.key for e in entries if e.vector is None and e.key not in known)
    if missing:
        return Inserted(missing=missing)
    if place is None:
        connection.execute(
            "INSERT INTO collections (name, provider, model, dimensions) VALUES (?, ?, ?, ?)",
            (name, space.provider, space.model, space.dimensions),
        )
        place = connection.last_insert_rowid()
        connection.execute(
            f"CREATE VIRTUAL TABLE vectors_{place} USING vec0(vector float[{space.dimensions:d}] distance_metric=cosine)"
        )
    added = kept = 0
    for entry in entries:
        metadata = json.dumps(entry.metadata, ensure_ascii=False, default=str)
        if entry.key in known or entry.vector is None:
            connection.execute(
                "UPDATE passages SET metadata = ? WHERE collection = ? AND key = ?",
                (metadata, place, entry.key),
            )
            kept += connection.changes()
            continue
        connection.execute(
            "INSERT OR IGNORE INTO passages (collection, key, source, text, metadata) VALUES (?, ?, ?, ?, ?)",
            (place, entry.key, entry.source, entry.text, metadata),
        )
        if connection.changes():
            connection.execute(
                f"INSERT INTO vectors_{place} (rowid, vector) VALUES (?, ?)",
                (connection.last_insert_rowid(), array("f", entry.vector).tobytes()),
            )
            added += 1
    removed = 0
    if replace:
        rows = connection.execute(
            "SELECT id FROM passages WHERE collection = ? AND source IN (SELECT value FROM json_each(?))"
            " AND key NOT IN (SELECT value FROM json_each(?))",
            (place, json.dumps(sorted({e.source for e in entries})), json.dumps([e.key for e in entries])),
        )
        removed = _remove(connection, place, list(rows))
    return Inserted(added, kept, removed)


def _search(
    connection: Connection,
    name: str,
    space: Space,
    vector: Sequence[float],
    limit: int,
    threshold: float | None,
    where: Filter,
) -> list[Passage]:
    place = _place(connection, name, space)
    if place is None:
        raise no_collection(name)
    query = f"SELECT rowid, distance FROM vectors_{place} WHERE vector MATCH ? AND k = ?"
    values: list[Any] = [array("f", vector).tobytes(), min(limit, _MOST)]
    if where:
        condition, more = _condition(where)
        query += f" AND rowid IN (SELECT id FROM passages WHERE collection = ? AND {condition})"
        values += [place, *more]
    scores = {
        id_: 1 - distance for id_, distance in connection.execute(query, values) if distance is not None
    }
    rows = connection.execute(
        "SELECT id, key, source, text, metadata FROM passages WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(scores)),),
    )
    found = [
        Passage(text, source, json.loads(metadata), round(scores[id_], 6), key)
        for id_, key, source, text, metadata in rows
        if threshold is None or scores[id_] >= threshold
    ]
    return sorted(found, key=lambda passage: (-(passage.score or 0), passage.id))


def _condition(where: Filter) -> tuple[str, list[Any]]:
    parts, values = [], []
    for key, wanted in where.items():
        accepted = json.dumps(texts_of(wanted))
        if key == "source":
            parts.append("source IN (SELECT value FROM json_each(?))")
            values.append(accepted)
        else:
            parts.append(
                "EXISTS (SELECT 1 FROM json_each(metadata) AS m WHERE m.key = ?"
                " AND CASE m.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(m.value AS TEXT) END"
                " IN (SELECT value FROM json_each(?)))"
            )
            values += [key, accepted]
    return " AND ".join(parts) or "1", values


def _page(connection: Connection, name: str, after: str, limit: int) -> list[Entry]:
    rows = connection.execute(
        "SELECT key, text, source, metadata FROM passages WHERE collection = ? AND key > ? ORDER BY key LIMIT ?",
        (_place(connection, name), after, limit),
    )
    return [Entry(key, text, source, json.loads(metadata)) for key, text, source, metadata in rows]


def _delete(connection: Connection, name: str, where: Filter) -> int:
    place = _place(connection, name)
    if place is None:
        raise no_collection(name)
    condition, values = _condition(where)
    rows = connection.execute(
        f"SELECT id FROM passages WHERE collection = ? AND {condition}", [place, *values]
    ).fetchall()
    return _remove(connection, place, list(rows))


def _remove(connection: Connection, place: int, rows: list[Any]) -> int:
    """Remove passages; each row holds an id."""
    connection.executemany(f"DELETE FROM vectors_{place} WHERE rowid = ?", rows)
    connection.executemany("DELETE FROM passages WHERE id = ?", rows)
    return len(rows)


def _drop(connection: Connection, name: str) -> bool:
    place = _place(connection, name)
    if place is None:
        return False
    connection.execute(f"DROP TABLE vectors_{place}")
    connection.execute("DELETE FROM passages WHERE collection = ?", (place,))
    connection.execute("DELETE FROM collections WHERE id = ?", (place,))
    return True


def _swap(connection: Connection, fresh: str, name: str) -> bool:
    new, old = _place(connection, fresh), _place(connection, name)
    if new is None or old is None:
        raise no_collection(name)
    others = "SELECT id FROM passages WHERE collection = ? AND key NOT IN (SELECT key FROM passages WHERE collection = ?)"
    if connection.execute(f"{others} LIMIT 1", (old, new)).fetchone():
        return False
    _remove(connection, new, connection.execute(others, (new, old)).fetchall())
    _drop(connection, name)
    connection.execute("UPDATE collections SET name = ? WHERE id = ?", (name, new))
    return True
