"""Files that items carry, stored by their content."""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from flowstudio.engine.item import Binary
from flowstudio.errors import NotFound

GRACE = 3600.0
"""Seconds that a file is kept although no recorded execution needs it: its node may still run."""


class BinaryStore:
    """Files under `folder/ab/cdef…`, named by the SHA-256 of their content. Implements `engine.store.Binaries`.

    Invariants: a file under its name is whole; a file that was put within the last `GRACE` seconds is not swept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        """Between `put` of a file that exists and its sweeping."""

    async def put(self, data: bytes, *, mime_type: str, file_name: str) -> Binary:
        """Store bytes (once for equal content)."""
        digest = await asyncio.to_thread(self._put, data)
        return Binary(digest, mime_type, file_name, len(data))

    async def get(self, binary: Binary) -> bytes:
        """Read bytes. Raises `NotFound`."""
        return await asyncio.to_thread(self._path_of(binary).read_bytes)

    def path(self, binary: Binary) -> Path:
        """The file, for streaming it. Raises `NotFound`."""
        return self._path_of(binary)

    def _path_of(self, binary: Binary) -> Path:
        path = self._path(binary.digest) if _is_digest(binary.digest) else None
        if path is None or not path.is_file():
            raise NotFound(f"The file '{binary.file_name}' is not stored any more; run the workflow again.")
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


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(character in "0123456789abcdef" for character in text)
