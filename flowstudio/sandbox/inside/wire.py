"""Frames between the server and a child: one byte for the kind, four for the length, the payload."""

from __future__ import annotations

import os
import struct

HEADER = struct.Struct("!cI")

REQUEST = b"Q"
RESULT = b"R"
FAILURE = b"X"
STDOUT = b"O"


def read_exactly(fd: int, size: int) -> bytes:
    """Read `size` bytes. Raises `EOFError` when the other side has gone."""
    chunks = []
    while size:
        chunk = os.read(fd, min(size, 1 << 20))
        if not chunk:
            raise EOFError
        chunks.append(chunk)
        size -= len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def read_frame(fd: int) -> tuple[bytes, bytes]:
    """Read one frame: kind and payload."""
    kind, size = HEADER.unpack(read_exactly(fd, HEADER.size))
    return kind, read_exactly(fd, size)


def write_frame(fd: int, kind: bytes, payload: bytes) -> None:
    """Write one frame."""
    view = memoryview(HEADER.pack(kind, len(payload)) + payload)
    while view:
        view = view[os.write(fd, view) :]
