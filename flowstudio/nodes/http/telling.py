"""What the run log shows of an HTTP request and its response: no secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit, urlunsplit

import orjson

from flowstudio.engine.item import Json
from flowstudio.outbound import Request, Response

HIDDEN = "•••"
SHOWN = 4_000
"""Characters of a body."""
_SECRET = re.compile(
    r"auth|token|secret|passw|pwd|cookie|signature|credential|session|(^|[-_.])(api|access|private|app)?[-_]?key$",
    re.IGNORECASE,
)
"""Names whose values are kept back."""


def told_request(request: Request) -> Json:
    """A request as it is about to be sent, before a credential is put on it."""
    told: Json = {
        "method": request.method,
        "url": told_url(request.url),
        "headers": told_headers(request.headers),
    }
    return told | _told_body(request.headers, request.body)


def told_response(response: Response) -> Json:
    """A response; its body is in the node's output, so only that of a refusal is told."""
    told: Json = {
        "status": response.status,
        "reason": response.reason,
        "url": told_url(response.url.partition("?")[0]),  # a credential may be in the rest
        "headers": told_headers(response.headers),
        "size": len(response.body),
    }
    return told | (_told_body(response.headers, response.body) if response.status >= 400 else {})


def told_url(url: str) -> str:
    """An address without user, password and values of secret parameters."""
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return HIDDEN
    host = parts.netloc.rpartition("@")[2]
    shown = parts.query
    if any(_SECRET.search(name) for name, _ in query):
        shown = "&".join(
            f"{quote_plus(name)}={HIDDEN if _SECRET.search(name) else quote_plus(value)}"
            for name, value in query
        )
    return urlunsplit((parts.scheme, host, parts.path, shown, ""))


def told_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name, without the values of secret ones."""
    return {name.lower(): HIDDEN if _SECRET.search(name) else value for name, value in headers}


def _told_body(headers: Iterable[tuple[str, str]], body: bytes) -> Json:
    kind = next((value for name, value in headers if name.lower() == "content-type"), "").lower()
    if not body:
        return {}
    if "json" in kind:
        try:
            return {"body": _masked(orjson.loads(body)) if len(body) <= SHOWN else f"{len(body)} bytes"}
        except orjson.JSONDecodeError:
            return {"body": f"{len(body)} bytes"}
    if "x-www-form-urlencoded" in kind and len(body) <= SHOWN:
        rows = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return {"body": {name: HIDDEN if _SECRET.search(name) else value for name, value in rows}}
    if kind.startswith("text/"):
        return {"body": body[:SHOWN].decode("utf-8", "replace")}
    return {"body": f"{len(body)} bytes"}


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: HIDDEN if _SECRET.search(k) and v else _masked(v) for k, v in value.items()}
    return [_masked(entry) for entry in value] if isinstance(value, list) else value
