"""Decompressing response bodies in small, bounded steps.

A server may answer with a few kilobytes that decompress to gigabytes, or name several codings one over the other; so no
step ever gives more than `STEP` bytes, and the reader stops at its own limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from flowstudio.errors import NodeError

STEP = 256 * 1024
ACCEPTED = "gzip, deflate"
_MOST_CODINGS = 2


class Decoder(Protocol):
    """Takes a body's bytes as they come."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode what came, piece by piece."""


class _Identity:
    """No coding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data


class _Zlib:
    """gzip, or deflate with or without its header."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding == "gzip"
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16 if self._gzip else zlib.MAX_WBITS)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        full = False
        while data or full:
            if self._inflate.eof:
                if not (self._gzip and data.startswith(b"\x1f\x8b")):
                    return  # padding after the last member
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                piece = self._inflate.decompress(data, STEP)
            except zlib.error as error:
                if self._gzip or self._begun:
                    raise NodeError("The response is compressed in a broken way.") from error
                self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
                self._begun = True
                continue
            self._begun = True
            full = len(piece) == STEP  # zlib may hold back more, even with all input taken
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            if piece:
                yield piece


class _Chain:
    """One coding over another."""

    def __init__(self, outer: Decoder, inner: Decoder) -> None:
        self._outer = outer
        self._inner = inner

    def feed(self, data: bytes) -> Iterator[bytes]:
        for piece in self._outer.feed(data):
            yield from self._inner.feed(piece)


def decoder(content_encoding: str) -> Decoder:
    """The decoder for a Content-Encoding header. Raises `NodeError` for codings that were not asked for."""
    codings = [coding.strip().lower() for coding in content_encoding.split(",")]
    codings = [coding.removeprefix("x-") for coding in codings if coding not in ("", "identity")]
    for coding in codings:
        if coding not in ("gzip", "deflate"):
            raise NodeError(
                f"The response is compressed as '{coding}', which was not asked for and cannot be read. "
                "Send the header 'Accept-Encoding: gzip' or ask the service's operator."
            )
    if len(codings) > _MOST_CODINGS:
        raise NodeError(f"The response is compressed {len(codings)} times over; that is refused.")
    found: Decoder = _Identity()
    for coding in codings:
        layer = _Zlib(coding)
        found = layer if isinstance(found, _Identity) else _Chain(layer, found)
    return found
