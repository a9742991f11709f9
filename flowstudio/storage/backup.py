"""A backup: one file with everything an installation keeps, and the way back.

The file is a ZIP archive whose last member, `manifest.json`, names every other member with its SHA-256. It appears under its
name only when it is whole and was read back. It may be made while the server runs: the database is copied as it is at one
moment, and files are written before anything in the database refers to them, so they are copied afterwards.

The key of the vault stays out unless it is asked for: whoever has both can read the credentials.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, select, text

from flowstudio import __version__
from flowstudio.config import Settings
from flowstudio.errors import ConfigurationError
from flowstudio.storage.binaries import open_files
from flowstudio.storage.database import FILE_NAME as DATABASE
from flowstudio.storage.database import database_url, log_engine
from flowstudio.storage.migrations import migrate, revision
from flowstudio.storage.tables import key_checks, metadata, shared_folders
from flowstudio.storage.vault import FILE_NAME as KEY
from flowstudio.storage.vault import find_keys, missing_key
from flowstudio.storage.vectors.embedded import FILE_NAME as VECTORS
from flowstudio.storage.vectors.postgres import COLUMNS, count_on, make_tables, switch_on

FORM = 1
"""Of the file."""
MANIFEST = "manifest.json"
BINARIES = "binaries"
COLLECTIONS = "vector_collections"
"""The table that says whether PostgreSQL holds collections."""
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """What a backup holds."""

    made_at: str
    version: str
    files: int
    bytes: int
    with_key: bool


def write_backup(settings: Settings, target: Path, *, with_key: bool = False) -> Kept:
    """Write a backup and read it back. Raises `ConfigurationError` when that does not work; then there is no file."""
    keys = find_keys(settings) if with_key else None
    if with_key and (keys is None or keys.file is None):
        raise ConfigurationError(
            "The key is in FLOWSTUDIO_ENCRYPTION_KEY, not in the data folder; keep it safe yourself, and leave --with-key out."
        )
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            open(descriptor, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            _fill(archive, settings, with_key=with_key)
        kept = verify(draft)
        _synchronise(draft)
        draft.replace(target)
        return kept
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(f"The backup {target} cannot be written: {error}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _fill(archive: zipfile.ZipFile, settings: Settings, *, with_key: bool) -> None:
    members: dict[str, dict[str, Any]] = {}
    url = database_url(settings)
    kind = url.get_backend_name()
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=settings.data_dir) as folder:
        if kind == "sqlite":
            copy = Path(folder) / DATABASE
            _copy_sqlite(Path(str(url.database)), copy)
            members[DATABASE] = _add(archive, DATABASE, copy)
            schema = _revision_of(copy)
        else:
            engine = log_engine(url)
            with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
                schema = revision(connection)
                for table, columns in _tables(connection).items():
                    copy = Path(folder) / table
                    _copy_table(connection, table, columns, copy)
                    members[f"tables/{table}"] = _add(archive, f"tables/{table}", copy)
            engine.dispose()
        if (settings.data_dir / VECTORS).is_file():
            copy = Path(folder) / VECTORS
            _copy_sqlite(settings.data_dir / VECTORS, copy)
            members[VECTORS] = _add(archive, VECTORS, copy)
    files = open_files(settings)
    for digest in files.digests():
        with contextlib.suppress(FileNotFoundError):  # nobody needs it any more
            members[_member_of(digest)] = _add_pieces(archive, _member_of(digest), files.pieces(digest))
    if with_key:
        members[KEY] = _add(archive, KEY, settings.data_dir / KEY)
    manifest = {
        "form": FORM,
        "product": "FlowStudio",
        "version": __version__,
        "schema": schema,
        "database": kind,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "members": members,
    }
    archive.writestr(MANIFEST, json.dumps(manifest, indent=1))


def verify(path: Path) -> Kept:
    """Read a whole backup and compare. Raises `ConfigurationError` that says what is wrong with it."""
    with _opened(path) as (archive, manifest):
        for name, told in manifest["members"].items():
            digest = hashlib.sha256()
            with archive.open(name) as member:
                while piece := member.read(PIECE):
                    digest.update(piece)
            if digest.hexdigest() != told["sha256"]:
                raise ConfigurationError(f"The backup {path} is damaged: '{name}' is not what was saved.")
        return _kept(manifest)


def restore_backup(settings: Settings, source: Path, *, force: bool = False) -> tuple[Kept, str]:
    """Put a backup in the place of what is there, which is kept beside it. Gives what it held, and a remark on the key.

    Raises `ConfigurationError` when the backup is damaged or made for another database, when something is there already and
    `force` is not given, or when a server runs.
    """
    kept = verify(source)
    url = database_url(settings)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _opened(source) as (archive, manifest):
        if manifest["database"] != url.get_backend_name():
            raise ConfigurationError(
                f"The backup holds a {manifest['database']} database, and FLOWSTUDIO_DATABASE_URL names another kind. "
                "Set it to a database of the same kind."
            )
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.data_dir) as folder:
            fresh = Path(folder)
            for name in manifest["members"]:
                _extract(archive, name, fresh)
            if (fresh / KEY).is_file() and settings.encryption_key is None:
                _place_key(fresh / KEY, settings.data_dir / KEY, force=force)
            if manifest["database"] == "sqlite":
                _check_sqlite(fresh / DATABASE)
                _take_sqlite_over(fresh, settings, Path(str(url.database)), force=force)
            else:
                _load_tables(settings, fresh / "tables", manifest["schema"], force=force)
                if any(open_files(settings).digests()) or (settings.data_dir / VECTORS).exists():
                    _keep_files(settings, _beside(settings.data_dir))
                _take_files_over(fresh, settings)
            _drop_other_files(settings, manifest["members"])
    return kept, _key_remark(settings)


def _take_sqlite_over(fresh: Path, settings: Settings, database: Path, *, force: bool) -> None:
    folder = settings.data_dir
    if database.exists():
        if not force:
            raise ConfigurationError(
                f"There is a database at {database} already. To replace it, stop the server and add --force; it is kept beside."
            )
        _demand_alone(database)
        beside = _beside(folder)
        os.link(database, beside / database.name)
        _keep_files(settings, beside)
    _take_files_over(fresh, settings)
    _synchronise(fresh / DATABASE)
    (fresh / DATABASE).chmod(0o600)
    (fresh / DATABASE).replace(database)  # at this moment the old one gives way
    _synchronise(database.parent)


def _take_files_over(fresh: Path, settings: Settings) -> None:
    """Files have the names of their contents, so those that are there may stay."""
    folder = settings.data_dir
    files = open_files(settings)
    for path in (fresh / BINARIES).glob("??/*"):
        files.take(path.parent.name + path.name, path)
    if (fresh / VECTORS).is_file():
        (fresh / VECTORS).chmod(0o600)
        (fresh / VECTORS).replace(folder / VECTORS)


def _beside(folder: Path) -> Path:
    """A fresh folder for what is replaced."""
    beside = folder / f"replaced-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    beside.mkdir(mode=0o700)
    return beside


def _member_of(digest: str) -> str:
    """The name of a file in a backup."""
    return f"{BINARIES}/{digest[:2]}/{digest[2:]}"


def _keep_files(settings: Settings, beside: Path) -> None:
    """Give what is there a second name, under which it stays; copy what is on another disk."""
    if (settings.data_dir / VECTORS).exists():
        _demand_alone(settings.data_dir / VECTORS)
        os.link(settings.data_dir / VECTORS, beside / VECTORS)
    files = open_files(settings)
    for digest in files.digests():
        place = beside / _member_of(digest)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.keep(digest, place)


def _drop_other_files(settings: Settings, members: Collection[str]) -> None:
    """Remove what the backup does not hold. Comes last: whatever ends this before, nothing is missing."""
    files = open_files(settings)
    for digest in list(files.digests()):
        if _member_of(digest) not in members:
            files.discard(digest)
    if VECTORS not in members:
        (settings.data_dir / VECTORS).unlink(missing_ok=True)


def _demand_alone(database: Path) -> None:
    """Make sure that no server has the file open, and bring what it wrote beside into it."""
    connection = sqlite3.connect(database, timeout=1, isolation_level=None)
    try:
        mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    except sqlite3.OperationalError:
        mode = "busy"
    except sqlite3.DatabaseError:
        mode = "delete"  # damaged: that may be why somebody restores
    finally:
        connection.close()
    if mode != "delete":
        raise ConfigurationError(f"A server uses {database}. Stop it, then restore.")


def _check_sqlite(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        [[said], *_] = connection.execute("PRAGMA quick_check").fetchall()
    except sqlite3.DatabaseError as error:
        said = str(error)
    finally:
        connection.close()
    if said != "ok":
        raise ConfigurationError(f"The database in the backup is damaged: {said}. Use another backup.")


def _load_tables(settings: Settings, folder: Path, schema: str, *, force: bool) -> None:
    engine = log_engine(database_url(settings))
    try:
        migrate(engine)
        with engine.begin() as connection:
            if revision(connection) != schema:
                raise ConfigurationError(
                    f"The backup was made with the schema {schema}. Restore it with the version of FlowStudio that made it."
                )
            users = connection.scalar(text("SELECT count(*) FROM users"))
            if users and not force:
                raise ConfigurationError(
                    "There are accounts in the database already. To replace everything in it, stop the server and add --force."
                )
            if (folder / COLLECTIONS).is_file():
                _make_place_for_collections(connection)
            tables = _tables(connection)
            connection.execute(text(f"TRUNCATE {', '.join(tables)} CASCADE"))
            for name, columns in tables.items():
                if name != shared_folders.name and (folder / name).is_file():
                    _load_table(connection, name, columns, folder / name)
            if COLLECTIONS in tables:
                count_on(connection)
    finally:
        engine.dispose()


def _tables(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The columns of all tables that are there, in an order in which they can be filled."""
    tables = {table.name: tuple(each.name for each in table.columns) for table in metadata.sorted_tables}
    return tables | (COLUMNS if connection.scalar(text(f"SELECT to_regclass('{COLLECTIONS}')")) else {})


def _make_place_for_collections(connection: Connection) -> None:
    switch_on(connection)
    if connection.scalar(text("SELECT to_regtype('vector')")) is None:
        raise ConfigurationError(
            "The backup holds collections of passages, for which the database needs the extension pgvector. Install it there."
        )
    make_tables(connection)


def _copy_table(connection: Connection, name: str, columns: Sequence[str], target: Path) -> None:
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        target.open("wb") as file,
        cursor.copy(f'COPY "{name}" ({_quoted(columns)}) TO STDOUT') as copy,
    ):
        for piece in copy:
            file.write(piece)


def _load_table(connection: Connection, name: str, columns: Sequence[str], source: Path) -> None:
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        source.open("rb") as file,
        cursor.copy(f'COPY "{name}" ({_quoted(columns)}) FROM STDIN') as copy,
    ):
        while piece := file.read(PIECE):
            copy.write(piece)


def _quoted(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _copy_sqlite(source: Path, target: Path) -> None:
    """A copy as of one moment, however busy the file is."""
    with (
        contextlib.closing(sqlite3.connect(source, timeout=30)) as live,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


def _revision_of(database: Path) -> str | None:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return _add_pieces(archive, name, iter(lambda: file.read(PIECE), b""))


def _add_pieces(archive: zipfile.ZipFile, name: str, pieces: Iterator[bytes]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with archive.open(name, "w", force_zip64=True) as member:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            member.write(piece)
    return {"sha256": digest.hexdigest(), "bytes": size}


def _extract(archive: zipfile.ZipFile, name: str, folder: Path) -> None:
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise ConfigurationError(f"The backup names a file outside of the data folder: '{name[:100]}'.")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with archive.open(name) as member, target.open("xb") as file:
        shutil.copyfileobj(member, file, PIECE)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            manifest = _manifest(archive)
            if manifest.get("form") != FORM:
                raise ConfigurationError(
                    f"The backup {path} has the form {manifest.get('form')}; a newer FlowStudio made it."
                )
            yield archive, manifest
    except FileNotFoundError as error:
        raise ConfigurationError(f"There is no backup {path}.") from error
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise ConfigurationError(f"{path} is no backup of FlowStudio, or it is damaged: {error}.") from error


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    with _member(archive, MANIFEST) as file:
        found: dict[str, Any] = json.load(file)
        return found


def _member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    return archive.open(name)


def _kept(manifest: dict[str, Any]) -> Kept:
    members = manifest["members"]
    return Kept(
        manifest["made_at"],
        manifest["version"],
        len(members),
        sum(each["bytes"] for each in members.values()),
        KEY in members,
    )


def _place_key(fresh: Path, place: Path, *, force: bool) -> None:
    if place.exists() and place.read_bytes() != fresh.read_bytes():
        if not force:
            raise ConfigurationError(
                f"There is another key at {place}. To replace it, add --force; it is kept beside."
            )
        place.replace(place.with_name(f"{KEY}.replaced-{secrets.token_hex(4)}"))
    fresh.chmod(0o600)
    shutil.copy2(fresh, place)


def _key_remark(settings: Settings) -> str:
    """What is missing to open the credentials; empty when nothing is."""
    engine = log_engine(database_url(settings))
    try:
        with engine.connect() as connection:
            expected = connection.scalar(select(key_checks.c.fingerprint))
    finally:
        engine.dispose()
    keys = find_keys(settings)
    if expected is None or (keys is not None and expected in keys.fingerprints):
        return ""
    return missing_key(expected, keys, settings).message


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
