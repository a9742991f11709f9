import gzip
import zlib

import pytest

from flowstudio.errors import NodeError
from flowstudio.outbound.decode import STEP, decoder

TEXT = b"".join(b"line %d of the text\n" % i for i in range(50_000))


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def unpack(coding: str, data: bytes, step: int) -> list[bytes]:
    decode = decoder(coding)
    return [piece for i in range(0, len(data), step) for piece in decode.feed(data[i : i + step])]


@pytest.mark.parametrize("step", [1000, 1 << 30])
@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        ("gzip", gzip.compress(TEXT) + b"\0" * 20),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT))),
    ],
)
def test_a_body_is_unpacked_however_it_arrives(coding: str, packed: bytes, step: int) -> None:
    assert b"".join(unpack(coding, packed, step)) == TEXT


def test_a_bomb_is_unpacked_in_small_pieces() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 20_000_000))
    pieces = decoder("gzip, gzip").feed(bomb)
    assert len(next(iter(pieces))) <= STEP
    assert sum(map(len, unpack("gzip, gzip", bomb, 1 << 30))) == 20_000_000
    assert max(map(len, unpack("gzip, gzip", bomb, 1 << 30))) <= STEP


@pytest.mark.parametrize(
    ("coding", "words"), [("br", "'br'"), ("zstd", "'zstd'"), ("gzip, gzip, gzip", "3 times")]
)
def test_codings_that_were_not_asked_for_are_refused(coding: str, words: str) -> None:
    with pytest.raises(NodeError, match=words):
        decoder(coding)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_broken_body_is_an_error(coding: str) -> None:
    with pytest.raises(NodeError, match="broken"):
        unpack(coding, b"\x07this is not compressed at all", 1000)
