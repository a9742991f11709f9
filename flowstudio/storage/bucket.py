"""Files that items carry, in a bucket of a service that speaks the protocol of Amazon S3.

The names are those of the folder (`binaries`), so that moving from one to the other is copying everything over.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from flowstudio.config import Settings
from flowstudio.engine import clock
from flowstudio.engine.item import Binary
from flowstudio.errors import ConfigurationError, NodeError
from flowstudio.redaction import in_use
from flowstudio.storage.binaries import GRACE, gone, is_digest
from flowstudio.storage.database import Database
from flowstudio.storage.shared_folder import MARK, demand_shared_bucket

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

PIECE = 1 << 20
CLIENT: ClientConfig = {"connect_timeout": "5s", "read_timeout": "30s", "timeout": "10m"}
TRIES: RetryConfig = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
"""What is tried again are refusals because of load, failures of the service and broken connections."""


class BucketStore:
    """Files as objects `prefix/ab/cdef…`, named by the SHA-256 of their content. Implements `binaries.FileStore`.

    Invariants: an object under its name is whole; one that was put within the last `GRACE` seconds is not swept. When that
    was, the service says: its clock is compared with the database's, never with this machine's.
    """

    def __init__(self, settings: Settings) -> None:
        self._place = settings.files_s3
        self._lock = threading.Lock()
        """Between `put` of an object that exists and its sweeping."""
        self._putting: Counter[str] = Counter()
        bucket, _, prefix = self._place.removeprefix("s3://").strip("/").partition("/")
        config: S3Config = {"disable_bulk_delete": True}  # not every service has it
        if settings.s3_endpoint:
            config["endpoint"] = settings.s3_endpoint
        if settings.s3_region:
            config["region"] = settings.s3_region
        if settings.s3_access_key and settings.s3_secret_key:
            config["access_key_id"] = settings.s3_access_key
            config["secret_access_key"] = settings.s3_secret_key.get_secret_value()
            in_use.learn(config["secret_access_key"])
        elif settings.s3_access_key or settings.s3_secret_key:
            raise ConfigurationError(
                "Set both FLOWSTUDIO_S3_ACCESS_KEY and FLOWSTUDIO_S3_SECRET_KEY, or neither of them."
            )
        in_use.learn(*(os.environ.get(f"AWS_{name}", "") for name in ("SECRET_ACCESS_KEY", "SESSION_TOKEN")))
        address = settings.s3_endpoint or os.environ.get("AWS_ENDPOINT_URL", "")
        client = CLIENT | {"allow_http": address.startswith("http://")}
        try:
            self._store = S3Store(
                bucket, prefix=prefix or None, config=config, client_options=client, retry_config=TRIES
            )
        except (BaseError, ValueError) as error:
            raise ConfigurationError(f"FLOWSTUDIO_FILES_S3 cannot be used: {_words(error)}.") from error

    async def demand_usable(self, database: Database, *, shared: bool) -> None:
        """Raises `ConfigurationError` when it cannot be used, or, where it is `shared`, when others use another one."""
        await asyncio.to_thread(self.check)
        if shared:
            await demand_shared_bucket(database, self)

    async def put(self, data: bytes, *, mime_type: str, file_name: str) -> Binary:
        """Store bytes (once for equal content). Raises `NodeError` while the service does not take them."""
        digest = await asyncio.to_thread(self._begin, data)
        try:
            with self._answering("take"):
                if not await self._fresh(digest):
                    await obstore.put_async(self._store, _name(digest), data, use_multipart=False)
        finally:
            self._end(digest)
        return Binary(digest, mime_type, file_name, len(data))

    async def get(self, binary: Binary) -> bytes:
        """Read bytes. Raises `NotFound`, and `NodeError` while the service does not give them."""
        with self._answering("give", binary):
            found = await obstore.get_async(self._store, self._name_of(binary))
            return (await found.bytes_async()).to_bytes()

    async def chunks(self, binary: Binary) -> AsyncIterator[bytes]:
        """The file piece by piece. Raises `NotFound` before the first."""
        with self._answering("give", binary):
            found = await obstore.get_async(self._store, self._name_of(binary))

        async def pieces() -> AsyncIterator[bytes]:
            with self._answering("give", binary):
                async for piece in found.stream(min_chunk_size=PIECE):
                    yield bytes(piece)

        return pieces()

    def stale(self, grace: float = GRACE) -> Iterator[str]:
        """Digests of files that were not put lately. Blocks; call it in a thread."""
        before = clock.now().timestamp() - grace
        for digest, at in self._objects():
            if at <= before:
                yield digest

    def remove(self, digest: str, grace: float = GRACE) -> bool:
        """Delete a file unless it was put again meanwhile. Blocks; call it in a thread."""
        with self._lock, self._answering("give"):
            if self._putting[digest]:
                return False
            try:
                if (
                    obstore.head(self._store, _name(digest))["last_modified"].timestamp()
                    > clock.now().timestamp() - grace
                ):
                    return False
            except FileNotFoundError:
                return False
            obstore.delete(self._store, _name(digest))
        return True

    def digests(self) -> Iterator[str]:
        """All files. Blocks."""
        return (digest for digest, _ in self._objects())

    def pieces(self, digest: str) -> Iterator[bytes]:
        """A file piece by piece. Blocks. Raises `FileNotFoundError` before the first."""
        with self._answering("give"):
            found = obstore.get(self._store, _name(digest))

        def rest() -> Iterator[bytes]:
            with self._answering("give"):
                yield from map(bytes, found.stream(min_chunk_size=PIECE))

        return rest()

    def keep(self, digest: str, place: Path) -> None:
        """Leave a copy at the place. Blocks."""
        with place.open("xb") as file:
            file.writelines(self.pieces(digest))

    def take(self, digest: str, source: Path) -> None:
        """Store what the file holds. Blocks."""
        with self._answering("take"):
            obstore.put(self._store, _name(digest), source, use_multipart=False)

    def discard(self, digest: str) -> None:
        """Delete a file, however fresh. Blocks."""
        with self._answering("take"):
            obstore.delete(self._store, _name(digest))

    def check(self) -> None:
        """Write, read, list and delete. Blocks. Raises `ConfigurationError` that says what is not possible."""
        name = f".check-{secrets.token_hex(8)}"
        doing = "write to"
        try:
            obstore.put(self._store, name, b"FlowStudio", use_multipart=False)
            doing = "read from"
            obstore.get(self._store, name).bytes()
            doing = "list"
            next(iter(obstore.list(self._store, chunk_size=1)))
            doing = "delete from"
            obstore.delete(self._store, name)
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise ConfigurationError(
                f"The storage refused to let FlowStudio {doing} {self._place}. Check FLOWSTUDIO_S3_ACCESS_KEY, "
                "FLOWSTUDIO_S3_SECRET_KEY and what this key is allowed to do there."
            ) from error
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"There is no bucket for {self._place}. Make it, or correct FLOWSTUDIO_FILES_S3."
            ) from error
        except (BaseError, StopIteration) as error:
            raise ConfigurationError(
                f"FlowStudio cannot {doing} {self._place}: {_words(error)}. Check FLOWSTUDIO_S3_ENDPOINT and "
                "FLOWSTUDIO_S3_REGION, and whether the storage runs."
            ) from error

    def mark(self) -> str | None:
        """What the bucket says which one it is. Blocks."""
        try:
            with self._answering("give"):
                return obstore.get(self._store, MARK).bytes().to_bytes().decode().strip()
        except FileNotFoundError:
            return None

    def set_mark(self, mark: str) -> None:
        """Say which one it is. Blocks."""
        with self._answering("take"):
            obstore.put(self._store, MARK, mark.encode(), use_multipart=False)

    def _objects(self) -> Iterator[tuple[str, float]]:
        with self._answering("give"):
            for batch in obstore.list(self._store, chunk_size=1000):
                for each in batch:
                    folder, _, rest = each["path"].rpartition("/")
                    if is_digest(folder + rest) and len(folder) == 2:
                        yield folder + rest, each["last_modified"].timestamp()

    async def _fresh(self, digest: str) -> bool:
        """Whether it is there and will not be stale soon."""
        try:
            found = await obstore.head_async(self._store, _name(digest))
        except FileNotFoundError:
            return False
        return found["last_modified"].timestamp() > clock.now().timestamp() - GRACE / 2

    def _begin(self, data: bytes) -> str:
        """Keep a file from being swept while it is put. Waits for a deletion that has begun."""
        digest = sha256(data).hexdigest()
        with self._lock:
            self._putting[digest] += 1
        return digest

    def _end(self, digest: str) -> None:
        self._putting[digest] -= 1
        if not self._putting[digest]:
            del self._putting[digest]

    def _name_of(self, binary: Binary) -> str:
        if not is_digest(binary.digest):
            raise FileNotFoundError
        return _name(binary.digest)

    @contextmanager
    def _answering(self, does: Literal["give", "take"], binary: Binary | None = None) -> Iterator[None]:
        """Say in words what the service refuses."""
        try:
            yield
        except FileNotFoundError as error:
            if binary is None and does == "give":
                raise
            if binary is None:
                raise NodeError(f"There is no bucket for {self._place} any more.") from error
            raise gone(binary) from error
        except BaseError as error:
            raise NodeError(
                f"The storage of files does not {does} a file now: {_words(error)}.", retryable=True
            ) from error


def _name(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:]}"


def _words(error: Exception) -> str:
    """What it says in one line, without secrets."""
    lines = str(error).strip().splitlines()
    return in_use.mask(lines[0][:300] if lines else type(error).__name__).rstrip(".")
