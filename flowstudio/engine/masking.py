"""Keeps the secrets that an execution opened out of everything it leaves behind and passes on.

It happens where a try of a node ends: what is stored, what is told live and what the next nodes get are the same masked data, so
an execution that is resumed from its log cannot differ from one that ran through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flowstudio.engine.events import ErrorInfo, StreamKind
from flowstudio.engine.item import Binary, Ports
from flowstudio.engine.store import Binaries
from flowstudio.redaction import Secrets, Stream


class MaskedBinaries:
    """Implements `engine.store.Binaries`: files of an execution, in which its secrets are overwritten."""

    def __init__(self, inner: Binaries, secrets: Secrets) -> None:
        self._inner, self._secrets = inner, secrets

    async def put(self, data: bytes, *, mime_type: str, file_name: str) -> Binary:
        """Store bytes (once for equal content)."""
        secrets = self._secrets
        return await self._inner.put(
            secrets.blanked(data), mime_type=mime_type, file_name=secrets.mask(file_name)
        )

    async def get(self, binary: Binary) -> bytes:
        """Read bytes. Raises `NotFound`."""
        return await self._inner.get(binary)


def masked_ports(outputs: Ports, secrets: Secrets) -> Ports:
    """The items without secrets; the same object when there were none in them."""
    if not secrets:
        return outputs
    jsons = [item.json for items in outputs.values() for item in items]
    cleaned = secrets.clean(jsons)
    if cleaned is jsons:
        return outputs
    rows = iter(cleaned)
    return {port: [item.with_json(next(rows)) for item in items] for port, items in outputs.items()}


def masked_error(error: ErrorInfo, secrets: Secrets) -> ErrorInfo:
    """A failure without secrets."""
    if not secrets:
        return error
    return replace(error, message=secrets.mask_quoted(error.message), detail=secrets.clean(error.detail))


class Told:
    """What a try tells live, in pieces: a secret that is split over pieces is masked all the same."""

    def __init__(
        self, secrets: Secrets, tell: Callable[[str], None], stream: Callable[[str, StreamKind, int], None]
    ) -> None:
        self._secrets, self._tell, self._stream = secrets, tell, stream
        self._printed = Stream(secrets)
        self._streams: dict[tuple[StreamKind, int], Stream] = {}

    def print(self, text: str) -> None:
        """More of what the node printed."""
        if shown := self._printed.add(text):
            self._tell(shown)

    def stream(self, text: str, kind: StreamKind, item: int) -> None:
        """More words of an answer."""
        if kind in ("discard", "message"):
            if kind == "discard":
                self._streams.clear()
            self._stream(self._secrets.mask(text), kind, item)
        elif not self._secrets:
            self._stream(text, kind, item)
        elif shown := self._streams.setdefault((kind, item), Stream(self._secrets)).add(text):
            self._stream(shown, kind, item)

    def end(self) -> None:
        """Tell what was kept back."""
        if shown := self._printed.end():
            self._tell(shown)
        for (kind, item), stream in self._streams.items():
            if shown := stream.end():
                self._stream(shown, kind, item)
        self._streams.clear()
