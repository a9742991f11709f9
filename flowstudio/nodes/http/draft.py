"""A request while it is being put together: pagination changes its parts before it is sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import httpx
import orjson

from flowstudio.errors import NodeError
from flowstudio.nodes.http.fields import ArrayFormat, Pairs, encoded, pairs, text_of, with_query
from flowstudio.outbound import Request

Rows: TypeAlias = list[tuple[str, Any]]

_COMPUTED = frozenset(("content-length", "transfer-encoding", "connection"))
"""Headers that follow from the request; a wrong value would garble it."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to upload."""

    name: str
    mime_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """A request body before it is encoded.

    `content` is a JSON value for `json`, rows for `form`, rows with files for `multipart`, bytes for `bytes`.
    """

    kind: Literal["none", "json", "form", "multipart", "bytes"] = "none"
    content: Any = None
    content_type: str = ""

    def encode(self, arrays: ArrayFormat) -> tuple[bytes, str]:
        """The bytes and their content type."""
        match self.kind:
            case "none":
                return b"", ""
            case "json":
                return orjson.dumps(self.content), "application/json"
            case "form":
                return encoded(pairs(self.content, arrays)).encode(), "application/x-www-form-urlencoded"
            case "multipart":
                return _multipart(self.content, arrays)
            case "bytes":
                return bytes(self.content), self.content_type

    def with_field(self, name: str, value: Any) -> Body:
        """The body with one field set. Raises `NodeError` for bodies that have no fields."""
        if self.kind == "none":
            return Body("json", {name: value})
        if self.kind == "json" and isinstance(self.content, dict):
            return replace(self, content={**self.content, name: value})
        if self.kind in ("form", "multipart"):
            return replace(self, content=with_row(self.content, name, value))
        raise NodeError(
            f"Pagination cannot set '{name}' in this body: only JSON objects and forms have fields. "
            "Set it in the query or in the headers instead."
        )


def with_row(rows: Rows, name: str, value: Any) -> Rows:
    """The rows with one set; a None leaves it out."""
    kept = [row for row in rows if row[0] != name]
    return kept if value is None else [*kept, (name, value)]


@dataclass(frozen=True, slots=True)
class Draft:
    """The parts of a request."""

    method: str
    url: str
    query: Rows
    headers: Rows
    body: Body
    arrays: ArrayFormat
    lowercase_headers: bool

    def finish(self, settings: Request) -> Request:
        """The request to send; `settings` brings what is not part of the draft. Raises `NodeError`."""
        content, content_type = self.body.encode(self.arrays)
        headers = [
            (name.strip(), text_of(value).strip()) for name, value in self.headers if value is not None
        ]
        headers = [(name, value) for name, value in headers if name and name.lower() not in _COMPUTED]
        names = {name.lower() for name, _ in headers}
        if self.body.kind == "multipart":  # its boundary is part of the content type
            headers = [(name, value) for name, value in headers if name.lower() != "content-type"]
            names.discard("content-type")
        if content_type and "content-type" not in names:
            headers.append(("Content-Type", content_type))
        if self.lowercase_headers:
            headers = [(name.lower(), value) for name, value in headers]
        query: Pairs = pairs(self.query, self.arrays)
        return replace(
            settings, method=self.method, url=with_query(self.url, query), headers=headers, body=content
        )

    def described(self) -> dict[str, Any]:
        """`$request` of pagination expressions."""
        return {
            "method": self.method,
            "url": self.url,
            "qs": dict(self.query),
            "headers": {name.lower(): value for name, value in self.headers},
            "body": self.body.content if self.body.kind == "json" else None,
        }


def _multipart(rows: Rows, arrays: ArrayFormat) -> tuple[bytes, str]:
    parts: list[tuple[str, Any]] = []
    for name, value in rows:
        if isinstance(value, File):
            parts.append((name, (value.name, value.data, value.mime_type)))
        else:
            parts += [(inner, (None, text.encode())) for inner, text in pairs([(name, value)], arrays)]
    if not parts:
        return b"--empty--\r\n", "multipart/form-data; boundary=empty"
    built = httpx.Request("POST", "http://multipart.invalid", files=parts)
    return built.read(), built.headers["content-type"]
