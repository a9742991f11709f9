"""How JSON values and outcomes become bytes.

An encoded value is one byte that names the form, then the value: `o` JSON, `z` the same compressed by Zstandard, `b` and
`y` likewise for values that the fast reader would change (integers over 64 bits, lone surrogates, deep nesting), which
Python's own `json` reads back exactly.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import zstandard

from flowstudio.engine.events import ErrorInfo, Scope
from flowstudio.engine.item import Binary, Item, Pair, Ports
from flowstudio.engine.outcome import InputReference
from flowstudio.errors import InvalidRequest, NewerVersion

COMPRESS_FROM = 4096
"""Bytes from which a value is compressed."""

_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
_COMPRESSED = {b"o": b"z", b"b": b"y"}


def encode(value: Any) -> bytes:
    """JSON data as bytes. Raises `InvalidRequest` for what JSON cannot hold."""
    return squeeze(serialise(value))


def serialise(value: Any) -> bytes:
    """JSON data as bytes, not compressed."""
    try:
        return b"o" + orjson.dumps(value, option=_STRICT)
    except TypeError as error:
        return b"b" + _serialise_exactly(value, error)


def squeeze(encoded: bytes) -> bytes:
    """Compress what `serialise` gave, where it pays."""
    form = _COMPRESSED.get(encoded[:1])
    if form is None or len(encoded) < COMPRESS_FROM:
        return encoded
    small = form + zstandard.ZstdCompressor(level=1).compress(memoryview(encoded)[1:])
    return small if len(small) < len(encoded) else encoded


def decode(encoded: bytes) -> Any:
    """The value of `encode`."""
    form, body = encoded[:1], memoryview(encoded)[1:]
    match form:
        case b"o":
            return orjson.loads(body)
        case b"z":
            return orjson.loads(zstandard.ZstdDecompressor().decompress(body))
        case b"b":
            return json.loads(bytes(body))
        case b"y":
            return json.loads(zstandard.ZstdDecompressor().decompress(body))
        case _:
            raise NewerVersion(f"Stored data has the unknown form {form!r}: a newer FlowStudio wrote it.")


def _serialise_exactly(value: Any, cause: TypeError) -> bytes:
    try:
        _check(value)
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    except RecursionError as error:
        raise InvalidRequest(
            "The data is nested too deeply to be stored; flatten it to below 500 levels."
        ) from error
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"The data cannot be stored as JSON: {error}.") from cause


def _check(value: Any) -> None:
    """Refuse what `json.dumps` would silently change."""
    match value:
        case None | str() | bool() | int() | float():
            return
        case dict():
            for key, child in value.items():
                if not isinstance(key, str):
                    raise TypeError(f"the key {key!r} is not text")
                _check(child)
        case list() | tuple():
            for child in value:
                _check(child)
        case _:
            raise TypeError(f"{type(value).__name__} is not a JSON type")


def pack_items(items: Iterable[Item]) -> list[list[Any]]:
    """Items as JSON: `[json, pairs, binary]`, without empty ends; a pair with the port `main` is its index alone."""
    return [_pack_item(item) for item in items]


def _pack_item(item: Item) -> list[Any]:
    pairs = [p.index if p.port == "main" else [p.index, p.port] for p in item.paired_item]
    if item.binary:
        return [item.json, pairs, {name: _pack_binary(b) for name, b in item.binary.items()}]
    return [item.json, pairs] if pairs else [item.json]


def unpack_items(packed: Iterable[list[Any]]) -> list[Item]:
    """The items of `pack_items`."""
    return [_unpack_item(*entry) for entry in packed]


def _unpack_item(data: Any, pairs: Iterable[Any] = (), binary: Mapping[str, Any] | None = None) -> Item:
    return Item(
        data,
        {name: Binary(*entry) for name, entry in binary.items()} if binary else None,
        tuple(Pair(p) if isinstance(p, int) else Pair(p[0], p[1]) for p in pairs),
    )


def _pack_binary(binary: Binary) -> list[Any]:
    return [binary.digest, binary.mime_type, binary.file_name, binary.size]


def pack_ports(ports: Ports) -> dict[str, Any]:
    """Outputs as JSON."""
    return {port: pack_items(items) for port, items in ports.items()}


def unpack_ports(packed: Mapping[str, Any]) -> Ports:
    """The outputs of `pack_ports`."""
    return {port: unpack_items(items) for port, items in packed.items()}


def digests(ports: Ports) -> set[str]:
    """The files that items refer to."""
    return {
        binary.digest
        for items in ports.values()
        for item in items
        if item.binary
        for binary in item.binary.values()
    }


def pack_scope(scope: Scope) -> str:
    """A scope as text."""
    return orjson.dumps(scope).decode() if scope else "[]"


def unpack_scope(text: str) -> Scope:
    """The scope of `pack_scope`."""
    return tuple(orjson.loads(text)) if text != "[]" else ()


def pack_error(error: ErrorInfo | None) -> dict[str, Any] | None:
    """An error as JSON. A failure must always be recordable, so details that are not JSON become text."""
    if error is None:
        return None
    packed: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.node is not None:
        packed["node"] = error.node
    if error.item is not None:
        packed["item"] = error.item
    if error.detail is not None:
        try:
            serialise(error.detail)
            packed["detail"] = error.detail
        except InvalidRequest:
            packed["detail"] = repr(error.detail)
    return packed


def unpack_error(packed: dict[str, Any] | None) -> ErrorInfo | None:
    """The error of `pack_error`."""
    return ErrorInfo(**packed) if packed is not None else None


def pack_inputs(inputs: Iterable[InputReference]) -> list[list[Any]]:
    """Input references as JSON."""
    return [[i.port, i.node, i.scope, i.source_port, i.count] for i in inputs]


def unpack_inputs(packed: Iterable[list[Any]]) -> tuple[InputReference, ...]:
    """The references of `pack_inputs`."""
    return tuple(
        InputReference(port, node, tuple(scope), source_port, count)
        for port, node, scope, source_port, count in packed
    )


def pack_response(response: dict[str, Any] | None) -> dict[str, Any] | None:
    """A webhook's answer as JSON; its values may be bytes or files."""
    if response is None:
        return None
    return {key: _pack_value(value) for key, value in response.items()}


def _pack_value(value: Any) -> Any:
    match value:
        case bytes():
            return {"$bytes": b64encode(value).decode()}
        case Binary():
            return {"$binary": _pack_binary(value)}
        case dict() if len(value) == 1 and next(iter(value)) in ("$bytes", "$binary", "$json"):
            return {"$json": value}
        case _:
            return value


def unpack_response(packed: dict[str, Any] | None) -> dict[str, Any] | None:
    """The answer of `pack_response`."""
    if packed is None:
        return None
    return {key: _unpack_value(value) for key, value in packed.items()}


def _unpack_value(value: Any) -> Any:
    match value:
        case {"$bytes": str(text), **rest} if not rest:
            return b64decode(text)
        case {"$binary": [*fields], **rest} if not rest:
            return Binary(*fields)
        case {"$json": inner, **rest} if not rest:
            return inner
        case _:
            return value
