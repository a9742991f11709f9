"""Files that items carry, stored by their content."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Protocol

import anyio

from flowstudio.config import Settings
from flowstudio.engine.item import Binary
from flowstudio.engine.store import Binaries
from flowstudio.errors import ConfigurationError, NotFound
from flowstudio.storage.database import Database
from flowstudio.storage.shared_folder import demand_shared

GRACE = 3600.0
"""Seconds that a file is kept although no recorded execution needs it: its node may still run."""
CHUNK = 256 * 1024


class FileStore(Binaries, Protocol):
    """Where files are kept, with what downloads, sweeping and backups ask of it."""

    async def demand_usable(self, database: Database, *, shared: bool) -> None:
        """Raises `ConfigurationError` when it cannot be used, or, where it is `shared`, when others use another one."""

    async def chunks(self, binary: Binary) -> AsyncIterator[bytes]:
        """The file piece by piece. Raises `NotFound` before the first."""

    def stale(self, grace: float = GRACE) -> Iterator[str]:
        """Digests of files that were not put lately. Blocks; call it in a thread."""

    def remove(self, digest: str, grace: float = GRACE) -> bool:
        """Delete a file unless it was put again meanwhile. Blocks; call it in a thread."""

    def digests(self) -> Iterator[str]:
        """All files. Blocks."""

    def pieces(self, digest: str) -> Iterator[bytes]:
        """A file piece by piece. Blocks. Raises `FileNotFoundError` before the first."""

    def keep(self, digest: str, place: Path) -> None:
        """Leave a copy at the place. Blocks."""

    def take(self, digest: str, source: Path) -> None:
        """Store what the file holds; it may be moved. Blocks."""

    def discard(self, digest: str) -> None:
        """Delete a file, however fresh. Blocks."""


def open_files(settings: Settings) -> FileStore:
    """Where the settings say that files are kept. Raises `ConfigurationError`."""
    if not settings.files_s3:
        return BinaryStore(settings.files)
    try:
        from flowstudio.storage.bucket import BucketStore
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "FLOWSTUDIO_FILES_S3 needs the package 'obstore'. Install FlowStudio with its extra 's3', or the package itself."
        ) from error
    return BucketStore(settings)


class BinaryStore:
    """Files under `folder/ab/cdef…`, named by the SHA-256 of their content. Implements `FileStore`.

    Invariants: a file under its name is whole; a file that was put within the last `GRACE` seconds is not swept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        """Between `put` of a file that exists and its sweeping."""

    async def demand_usable(self, database: Database, *, shared: bool) -> None:
        """Raises `ConfigurationError` where others use another folder."""
        if shared:
            await demand_shared(database, self._folder)

    async def put(self, data: bytes, *, mime_type: str, file_name: str) -> Binary:
        """Store bytes (once for equal content)."""
        digest = await asyncio.to_thread(self._put, data)
        return Binary(digest, mime_type, file_name, len(data))

    async def get(self, binary: Binary) -> bytes:
        """Read bytes. Raises `NotFound`."""
        return await asyncio.to_thread(self._path_of(binary).read_bytes)

    def path(self, binary: Binary) -> Path:
        """The file. Raises `NotFound`."""
        return self._path_of(binary)

    async def chunks(self, binary: Binary) -> AsyncIterator[bytes]:
        """The file piece by piece. Raises `NotFound` before the first."""
        path = self._path_of(binary)

        async def pieces() -> AsyncIterator[bytes]:
            async with await anyio.open_file(path, "rb") as file:
                while piece := await file.read(CHUNK):
                    yield piece

        return pieces()

    def _path_of(self, binary: Binary) -> Path:
        path = self._path(binary.digest) if is_digest(binary.digest) else None
        if path is None or not path.is_file():
            raise gone(binary)
        return path

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest[2:]

    def _put(self, data: bytes) -> str:
        digest = sha256(data).hexdigest()
        path = self._path(digest)
        with self._lock:
            try:
                os.utime(path)
            except FileNotFoundError:
                pass
            else:
                return digest
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with draft.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with self._lock:
                draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return digest

    def stale(self, grace: float = GRACE) -> Iterator[str]:
        """Digests of files that were not put lately. Blocks; call it in a thread. Removes drafts of dead processes."""
        before = time.time() - grace
        for path in self._folder.glob("??/*"):
            if path.stat().st_mtime <= before:
                if path.name.startswith("."):
                    path.unlink(missing_ok=True)
                else:
                    yield path.parent.name + path.name

    def remove(self, digest: str, grace: float = GRACE) -> bool:
        """Delete a file unless it was put again meanwhile. Blocks; call it in a thread."""
        path = self._path(digest)
        with self._lock:
            try:
                if path.stat().st_mtime > time.time() - grace:
                    return False
                path.unlink()
            except FileNotFoundError:
                return False
        return True

    def digests(self) -> Iterator[str]:
        """All files. Blocks."""
        for path in sorted(self._folder.glob("??/*")):
            if not path.name.startswith("."):
                yield path.parent.name + path.name

    def pieces(self, digest: str) -> Iterator[bytes]:
        """A file piece by piece. Blocks. Raises `FileNotFoundError` before the first."""
        return _rest(self._path(digest).open("rb"))

    def keep(self, digest: str, place: Path) -> None:
        """Give it a second name, under which it stays; copy it to another disk. Blocks."""
        try:
            os.link(self._path(digest), place)
        except OSError:
            shutil.copy2(self._path(digest), place)

    def take(self, digest: str, source: Path) -> None:
        """Move the file here. Blocks."""
        place = self._path(digest)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source.replace(place)

    def discard(self, digest: str) -> None:
        """Delete a file, however fresh. Blocks."""
        self._path(digest).unlink()


def _rest(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(CHUNK):
            yield piece


def gone(binary: Binary) -> NotFound:
    """What to say of a file that is not there."""
    return NotFound(f"The file '{binary.file_name}' is not stored any more; run the workflow again.")


def is_digest(text: str) -> bool:
    """Whether it may name a file."""
    return len(text) == 64 and all(character in "0123456789abcdef" for character in text)
