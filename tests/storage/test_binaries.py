"""Files by content."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from flowstudio.engine.item import Binary
from flowstudio.errors import ConfigurationError, NotFound
from flowstudio.storage.binaries import BinaryStore, FileStore, open_files
from tests.storage.conftest import make_settings
from tests.storage.s3 import S3


@dataclass(frozen=True)
class Place:
    """A store, and how to let a file have been put long ago."""

    store: FileStore
    age: Callable[[Binary], None]


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Both places that there are."""
    if request.param == "folder":
        store = open_files(make_settings(tmp_path, files_dir=tmp_path / "files"))
        assert isinstance(store, BinaryStore)
        return Place(store, lambda file: os.utime(store.path(file), (0, 0)))
    s3: S3 = request.getfixturevalue("s3")
    return Place(open_files(make_settings(tmp_path, **s3.settings())), lambda file: s3.age(file.digest))


async def test_bytes_come_back(place: Place) -> None:
    store = place.store
    binary = await store.put(b"hello\x00", mime_type="text/plain", file_name="a.txt")
    assert binary == Binary(sha256(b"hello\x00").hexdigest(), "text/plain", "a.txt", 6)
    assert await store.get(binary) == b"hello\x00"
    assert b"".join([piece async for piece in await store.chunks(binary)]) == b"hello\x00"
    assert b"".join(store.pieces(binary.digest)) == b"hello\x00"


async def test_a_large_file_comes_in_pieces(place: Place) -> None:
    content = os.urandom(3_000_000)
    file = await place.store.put(content, mime_type="", file_name="")
    pieces = [piece async for piece in await place.store.chunks(file)]
    assert b"".join(pieces) == content
    assert len(pieces) > 1
    assert b"".join(place.store.pieces(file.digest)) == content


async def test_all_files_are_listed_kept_elsewhere_taken_back_and_discarded(
    place: Place, tmp_path: Path
) -> None:
    files = [await place.store.put(bytes([number]), mime_type="", file_name="") for number in range(5)]
    assert sorted(place.store.digests()) == sorted(file.digest for file in files)
    place.store.keep(files[3].digest, tmp_path / "copy")
    place.store.discard(files[3].digest)
    assert files[3].digest not in [*place.store.digests()]
    with pytest.raises(FileNotFoundError):
        place.store.pieces(files[3].digest)
    place.store.take(files[3].digest, tmp_path / "copy")
    assert await place.store.get(files[3]) == b"\x03"


async def test_equal_content_is_one_file_for_this_account_only(tmp_path: Path) -> None:
    store = BinaryStore(tmp_path / "files")
    one = await store.put(b"x", mime_type="a/b", file_name="1")
    two = await store.put(b"x", mime_type="c/d", file_name="2")
    assert store.path(one) == store.path(two)
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == [store.path(one)]
    assert stat.S_IMODE(store.path(one).parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", "", "x/" * 32])
async def test_what_is_not_stored_is_not_found(place: Place, digest: str) -> None:
    for read in (place.store.get, place.store.chunks):
        with pytest.raises(NotFound, match=r"a\.txt"):
            await read(Binary(digest, "text/plain", "a.txt", 1))


async def test_only_old_files_are_stale_and_putting_again_makes_them_fresh(place: Place) -> None:
    store = place.store
    old = await store.put(b"old", mime_type="", file_name="")
    await store.put(b"new", mime_type="", file_name="")
    place.age(old)
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


def test_a_bucket_without_the_package_for_it_is_said(
    tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "flowstudio.storage.bucket", raising=False)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ConfigurationError, match="extra 's3'"):
        open_files(make_settings(tmp_path, **s3.settings()))
