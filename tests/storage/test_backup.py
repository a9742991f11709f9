"""Backups: whole or not there, of a database that is being written to, on both databases."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from flowstudio.ai.vectors import Entry, Space
from flowstudio.config import Settings
from flowstudio.errors import ConfigurationError
from flowstudio.storage import Storage
from flowstudio.storage.backup import restore_backup, verify, write_backup
from flowstudio.storage.vectors.embedded import EmbeddedVectors
from flowstudio.storage.vectors.postgres import make_tables, switch_on
from tests.storage.conftest import make_settings
from tests.storage.s3 import S3

KILLS = int(os.environ.get("FLOWSTUDIO_TEST_KILLS", "4"))
VALUES = {"token": "s3cret-value"}


async def filled(settings: Settings) -> tuple[Storage, str]:
    storage = await Storage.open(settings)
    await storage.accounts.create_user(email="a@example.com", name="A", role="owner", password_hash="x")
    made = await storage.credentials.create(name="c", type="t", values=VALUES)
    await storage.binaries.put(b"a file's content", mime_type="text/plain", file_name="a.txt")
    return storage, made.id


async def test_everything_comes_back(settings: Settings, tmp_path: Path) -> None:
    storage, credential = await filled(settings)
    target = tmp_path / "saved.zip"
    kept = await asyncio.to_thread(write_backup, settings, target)  # while it is open
    assert not kept.with_key
    assert target.stat().st_mode & 0o777 == 0o600
    await storage.accounts.create_user(email="b@example.com", name="B", role="viewer", password_hash="x")
    await storage.close()
    for file in (settings.data_dir / "binaries").glob("??/*"):
        file.unlink()
    with pytest.raises(ConfigurationError, match="already"):
        restore_backup(settings, target)
    _, remark = restore_backup(settings, target, force=True)
    assert remark == ""
    async with await Storage.open(settings) as again:
        assert [user.email for user in await again.accounts.users()] == ["a@example.com"]
        assert (await again.credentials.open(credential, []))["token"] == VALUES["token"]
    [file] = (settings.data_dir / "binaries").glob("??/*")
    assert file.read_bytes() == b"a file's content"


async def test_files_that_the_backup_does_not_hold_are_moved_aside(
    settings: Settings, tmp_path: Path
) -> None:
    storage, _ = await filled(settings)
    await asyncio.to_thread(write_backup, settings, tmp_path / "saved.zip")
    await storage.binaries.put(b"a later file", mime_type="text/plain", file_name="b.txt")
    await storage.close()
    (settings.data_dir / "vectors.db").unlink(missing_ok=True)
    vectors = EmbeddedVectors(settings.data_dir / "vectors.db")
    await vectors.insert("c", Space("p", "m", 2), [Entry("k", "words", "here", vector=[1.0, 0.0])])
    await vectors.close()
    restore_backup(settings, tmp_path / "saved.zip", force=True)
    [kept] = settings.data_dir.glob("binaries/??/*")
    assert kept.read_bytes() == b"a file's content"
    [beside] = settings.data_dir.glob("replaced-*")
    aside = {file.read_bytes() for file in beside.glob("binaries/??/*")}
    assert aside == {b"a file's content", b"a later file"}
    assert (beside / "vectors.db").is_file()
    assert not (settings.data_dir / "vectors.db").exists()


async def test_files_in_a_bucket_come_back_and_others_are_moved_aside(
    sqlite_settings: Settings, s3: S3, tmp_path: Path
) -> None:
    settings = make_settings(sqlite_settings.data_dir, **s3.settings())
    storage, _ = await filled(settings)
    file = await storage.binaries.put(b"another", mime_type="text/plain", file_name="a.txt")
    assert (await asyncio.to_thread(write_backup, settings, tmp_path / "saved.zip")).files == 3
    later = await storage.binaries.put(b"a later file", mime_type="text/plain", file_name="b.txt")
    await storage.close()
    storage.binaries.discard(file.digest)
    await asyncio.to_thread(restore_backup, settings, tmp_path / "saved.zip", force=True)
    async with await Storage.open(settings) as again:
        assert await again.binaries.get(file) == b"another"
        assert later.digest not in [*again.binaries.digests()]
    [beside] = settings.data_dir.glob("replaced-*")
    assert b"a later file" in {file.read_bytes() for file in beside.glob("binaries/??/*")}
    assert not (settings.data_dir / "binaries").exists()


async def test_collections_in_postgresql_come_back(postgres_settings: Settings, tmp_path: Path) -> None:
    """Where there is no pgvector, a text stands for its type: copying does not look into vectors."""
    storage, _ = await filled(postgres_settings)

    def prepare(connection: Connection) -> None:
        if not switch_on(connection) and not connection.scalar(text("SELECT to_regtype('vector')")):
            connection.execute(text("CREATE DOMAIN vector AS text"))
        make_tables(connection)
        collection = (
            "INSERT INTO vector_collections (name, provider, model, dimensions) VALUES ('c', 'p', 'm', 2)"
        )
        connection.execute(text(collection))
        passage = "SELECT id, 'k', 's', :text, '{}', '[1,0.5]' FROM vector_collections"
        into = "INSERT INTO vector_passages (collection, key, source, text, metadata, vector)"
        connection.execute(text(f"{into} {passage}"), {"text": "two\nlines\t\\N"})

    def found(connection: Connection) -> list[Any]:
        query = "SELECT c.id, c.name, p.id, p.text, p.metadata, p.vector FROM vector_passages p, vector_collections c"
        return [tuple(row) for row in connection.execute(text(query))]

    def drop(connection: Connection) -> None:
        connection.execute(text("DROP TABLE IF EXISTS vector_passages, vector_collections"))

    def more(connection: Connection) -> Any:
        row = "INSERT INTO vector_collections (name, provider, model, dimensions) VALUES ('d', 'p', 'm', 2)"
        return connection.scalar(text(f"{row} RETURNING id"))

    try:
        await storage.database.write(prepare)
        before = await storage.database.write(found)
        assert len(before) == 1
        await asyncio.to_thread(write_backup, postgres_settings, tmp_path / "saved.zip")
        await storage.database.write(drop)
        await storage.close()
        await asyncio.to_thread(restore_backup, postgres_settings, tmp_path / "saved.zip", force=True)
        async with await Storage.open(postgres_settings) as again:
            assert await again.database.write(found) == before
            assert await again.database.write(more) == before[0][0] + 1
    finally:
        async with await Storage.open(postgres_settings) as again:
            await again.database.write(drop)
            await again.database.write(lambda c: c.execute(text("DROP DOMAIN IF EXISTS vector")))


async def test_without_the_key_nobody_reads_the_credentials(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    storage, credential = await filled(sqlite_settings)
    await storage.close()
    for name, with_key in (("bare.zip", False), ("full.zip", True)):
        write_backup(sqlite_settings, tmp_path / name, with_key=with_key)
    key = (sqlite_settings.data_dir / "key").read_bytes().strip()
    with zipfile.ZipFile(tmp_path / "bare.zip") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert key not in content
    assert VALUES["token"].encode() not in content
    elsewhere = Settings(data_dir=tmp_path / "bare")
    _, remark = restore_backup(elsewhere, tmp_path / "bare.zip")
    assert "need the encryption key" in remark
    elsewhere = Settings(data_dir=tmp_path / "full")
    assert restore_backup(elsewhere, tmp_path / "full.zip")[1] == ""
    async with await Storage.open(elsewhere) as again:
        assert (await again.credentials.open(credential, []))["token"] == VALUES["token"]


async def test_a_running_server_is_not_restored_under(sqlite_settings: Settings, tmp_path: Path) -> None:
    storage, _ = await filled(sqlite_settings)
    write_backup(sqlite_settings, tmp_path / "saved.zip")
    with pytest.raises(ConfigurationError, match="Stop it"):
        restore_backup(sqlite_settings, tmp_path / "saved.zip", force=True)
    assert [user.email for user in await storage.accounts.users()] == ["a@example.com"]
    await storage.close()


async def test_damage_is_found_and_nothing_is_touched(sqlite_settings: Settings, tmp_path: Path) -> None:
    storage, _ = await filled(sqlite_settings)
    await storage.close()
    target = tmp_path / "saved.zip"
    write_backup(sqlite_settings, target)
    with zipfile.ZipFile(target) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    name = next(name for name in members if name.startswith("binaries/"))
    members[name] = b"another content!"
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(forged, "w") as archive:
        for each, data in members.items():
            archive.writestr(each, data)
    with pytest.raises(ConfigurationError, match="damaged"):
        restore_backup(sqlite_settings, forged, force=True)
    manifest["members"]["../outside"] = manifest["members"].pop(name)
    with zipfile.ZipFile(forged, "w") as archive:
        archive.writestr("flowstudio.db", members["flowstudio.db"])
        archive.writestr("../outside", (await_content := zipfile.ZipFile(target)).read(name))
        archive.writestr("manifest.json", json.dumps(manifest))
    await_content.close()
    with pytest.raises(ConfigurationError, match="outside of the data folder"):
        restore_backup(sqlite_settings, forged, force=True)
    assert not (tmp_path / "outside").exists()
    for wrong in (b"", b"no archive", target.read_bytes()[:-300]):
        forged.write_bytes(wrong)
        with pytest.raises(ConfigurationError, match="no backup"):
            verify(forged)
    with pytest.raises(ConfigurationError, match="There is no backup"):
        verify(tmp_path / "missing.zip")
    async with await Storage.open(sqlite_settings) as again:
        assert await again.accounts.has_owner()


PROGRAM = """
import asyncio, sys
from pathlib import Path
from flowstudio.config import Settings
from flowstudio.storage import Storage
from flowstudio.storage.backup import write_backup
settings = Settings(data_dir=Path(sys.argv[1]))
async def rotate():
    async with await Storage.open(settings) as storage:
        await storage.credentials.rotate()
work = (lambda: asyncio.run(rotate())) if sys.argv[2] == "rotate" else (lambda: write_backup(settings, Path(sys.argv[3])))
work()
print("again", flush=True)
while True:
    work()
"""


def killed(program: list[str], after: float) -> None:
    """Run a program that says when it has begun, and kill it so many seconds later."""
    with subprocess.Popen(program, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"again\n"
        time.sleep(after)  # the moment is what is being varied
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("kind", ["rotate", "backup"])
async def test_killed_at_any_moment_nothing_is_lost(
    kind: str, sqlite_settings: Settings, tmp_path: Path
) -> None:
    """One process after another does it again and again, until it is killed at a random moment."""
    storage, _ = await filled(sqlite_settings)
    ids = [(await storage.credentials.create(name=str(n), type="t", values=VALUES)).id for n in range(30)]
    await storage.server_settings.replace({}, "mail password")
    await storage.close()
    target = tmp_path / "saved.zip"
    chance = random.Random(4)
    for _ in range(KILLS):
        program = [sys.executable, "-c", PROGRAM, str(sqlite_settings.data_dir), kind, str(target)]
        await asyncio.to_thread(killed, program, chance.uniform(0, 0.1))
        if kind == "backup":
            assert verify(target).files >= 2
        async with await Storage.open(sqlite_settings) as again:
            for id_ in ids:
                assert (await again.credentials.open(id_, []))["token"] == VALUES["token"]
            assert (await again.server_settings.get())[1] == "mail password"
