"""Archives that would do harm, and what is none."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from flowstudio.engine.item import Binary
from flowstudio.errors import NodeError
from flowstudio.nodes.data import compression
from flowstudio.nodes.data.compression import Compression

FILE = Binary("d", "application/zip", "x.zip", 1)


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def unpacked(data: bytes) -> list[tuple[str, str, str, bytes]]:
    return Compression(action="decompress")._unpack([(FILE, data)])


def test_files_of_an_archive_come_without_their_folders() -> None:
    assert unpacked(zipped(a__b__c=b"deep", note=b"flat")) == [
        ("file_0", "c", "application/octet-stream", b"deep"),
        ("file_1", "note", "application/octet-stream", b"flat"),
    ]


@pytest.mark.parametrize("pack", [lambda data: zipped(a=data, b=data), gzip.compress])
def test_a_small_file_that_holds_too_much_is_refused(pack: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(pack)
    monkeypatch.setattr(compression, "MAX_UNPACKED", 1 << 20)
    packed = pack(b"0" * (3 << 20))
    assert len(packed) < 10_000
    with pytest.raises(NodeError, match="holds more than"):
        unpacked(packed)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", zipped(a=b"x")[:-9], gzip.compress(b"hello" * 99)[:-12]],
    ids=["empty", "text", "half a zip", "half a gzip"],
)
def test_what_is_no_archive_is_told(data: bytes) -> None:
    if not data:  # an empty file unpacks to an empty one
        assert [entry[3] for entry in unpacked(data)] == [b""]
        return
    with pytest.raises(NodeError, match="cannot be unpacked"):
        unpacked(data)
