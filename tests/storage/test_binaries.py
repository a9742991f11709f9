"""Files by content."""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from flowstudio.engine.item import Binary
from flowstudio.errors import NotFound
from flowstudio.storage.binaries import BinaryStore


async def test_bytes_come_back(tmp_path: Path) -> None:
    store = BinaryStore(tmp_path / "files")
    binary = await store.put(b"hello\x00", mime_type="text/plain", file_name="a.txt")
    assert binary == Binary(sha256(b"hello\x00").hexdigest(), "text/plain", "a.txt", 6)
    assert await store.get(binary) == b"hello\x00"
    assert store.path(binary).read_bytes() == b"hello\x00"


async def test_equal_content_is_one_file_for_this_account_only(tmp_path: Path) -> None:
    store = BinaryStore(tmp_path / "files")
    one = await store.put(b"x", mime_type="a/b", file_name="1")
    two = await store.put(b"x", mime_type="c/d", file_name="2")
    assert store.path(one) == store.path(two)
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == [store.path(one)]
    assert stat.S_IMODE(store.path(one).parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", "", "x/" * 32])
async def test_what_is_not_stored_is_not_found(tmp_path: Path, digest: str) -> None:
    store = BinaryStore(tmp_path / "files")
    with pytest.raises(NotFound, match=r"a\.txt"):
        await store.get(Binary(digest, "text/plain", "a.txt", 1))


async def test_only_old_files_are_stale_and_putting_again_makes_them_fresh(tmp_path: Path) -> None:
    store = BinaryStore(tmp_path / "files")
    old = await store.put(b"old", mime_type="", file_name="")
    await store.put(b"new", mime_type="", file_name="")
    os.utime(store.path(old), (0, 0))
    assert list(store.stale()) == [old.digest]
    await store.put(b"old", mime_type="", file_name="")
    assert list(store.stale()) == []
    assert not store.remove(old.digest)
    assert store.remove(old.digest, grace=-1)
    assert not store.remove(old.digest, grace=-1)


async def test_drafts_of_dead_processes_are_cleared(tmp_path: Path) -> None:
    store = BinaryStore(tmp_path / "files")
    draft = store.path(await store.put(b"x", mime_type="", file_name="")).with_name(".draft")
    draft.write_bytes(b"half")
    os.utime(draft, (0, 0))
    assert list(store.stale()) == []
    assert not draft.exists()
