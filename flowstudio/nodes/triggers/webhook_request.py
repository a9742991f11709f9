"""From a request to the item that a webhook starts with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

from flowstudio.engine.item import Binary, Item, Json
from flowstudio.engine.store import Binaries
from flowstudio.errors import InvalidRequest

SESSION_COOKIES = "flowstudio_"
"""Cookies of people who are signed in here begin so; workflows never see them."""
_MOST_FIELDS = 1000
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A call as it arrived."""

    method: str
    url: str
    """The address of the webhook, for `webhookUrl`."""
    headers: Sequence[tuple[str, str]] = ()
    query: str = ""
    """The query string, without the question mark."""
    params: Mapping[str, str] = field(default_factory=dict)
    """What the placeholders of the path stand for."""
    body: bytes = b""
    test: bool = False
    """Whether it came by the test address."""

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key.lower() == name), None)


async def request_item(
    request: WebhookRequest, binaries: Binaries, *, raw_body: bool = False, claims: Json | None = None
) -> Item:
    """The item, in the shape that n8n's workflows know. Raises `InvalidRequest` for a body that cannot be read."""
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    body: Any = {}
    files: dict[str, Binary] = {}
    if not request.body:
        pass
    elif raw_body or _is_file(kind):
        name = _attachment_name(request) or "file"
        mime_type = kind or "application/octet-stream"
        files["data"] = await binaries.put(request.body, mime_type=mime_type, file_name=name)
    elif kind == "multipart/form-data":
        body, files = await _form(request, binaries)
    elif kind == "application/x-www-form-urlencoded":
        body = nested(_pairs(_text(request)))
    elif kind == "application/json" or kind.endswith("+json"):
        body = _json(request)
    else:
        body = _text(request)
    json: Json = {
        "headers": headers_of(request.headers),
        "params": dict(request.params),
        "query": nested(_pairs(request.query)),
        "body": body,
        "webhookUrl": request.url,
        "executionMode": "test" if request.test else "production",
    }
    if claims is not None:
        json["jwtPayload"] = claims
    return Item(json, files or None)


def headers_of(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by lower-case name, values that came more than once joined; without the cookies of this server."""
    found: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()
        if name == "cookie":
            kept = [part.strip() for part in value.split(";")]
            value = "; ".join(part for part in kept if part and not part.startswith(SESSION_COOKIES))
            if not value:
                continue
        joint = "; " if name == "cookie" else ", "
        found[name] = f"{found[name]}{joint}{value}" if name in found else value
    return found


def nested(rows: Iterable[tuple[str, Any]]) -> Json:
    """Names such as `a[]` become lists, `a[b]` objects; a name that comes more than once is a list."""
    found: Json = {}
    for name, value in rows:
        head, brackets = name.partition("[")[0], re.findall(r"\[([^\[\]]*)\]", name)
        plain = not head or not name.endswith("]") or name != head + "".join(f"[{b}]" for b in brackets)
        keys = [name] if plain or len(brackets) > _DEPTH else [head, *brackets]
        _put(found, keys, value)
    return found


def _put(target: Json, keys: list[str], value: Any) -> None:
    """Put a value at its place; an empty key at the end means one more element of a list."""
    for key in keys[:-2] if keys[-1] == "" else keys[:-1]:
        inner = target.get(key)
        if not isinstance(inner, dict):
            inner = target[key] = {}
        target = inner
    key, listed = (keys[-2], True) if keys[-1] == "" and len(keys) > 1 else (keys[-1], False)
    if key not in target:
        target[key] = [value] if listed else value
    elif isinstance(target[key], list):
        target[key].append(value)
    else:
        target[key] = [target[key], value]


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise InvalidRequest(f"There are more than {_MOST_FIELDS} fields. Send JSON instead.") from error


def _text(request: WebhookRequest) -> str:
    header = Message()
    header["content-type"] = request.header("content-type") or "text/plain"
    charset = str(header.get_param("charset") or "utf-8").lower()
    single_byte = charset in ("latin-1", "latin1", "iso-8859-1", "windows-1252", "us-ascii")
    try:
        return request.body.decode("cp1252" if single_byte else "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"The body is not valid {charset} text (byte {error.start}). Send it as UTF-8, or switch on 'Raw body' in the Webhook."
        ) from error


def _json(request: WebhookRequest) -> Any:
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(
            f"The body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from error


def _is_file(kind: str) -> bool:
    family = kind.partition("/")[0]
    return family in ("image", "audio", "video", "font") or kind in (
        "application/octet-stream",
        "application/pdf",
        "application/zip",
        "application/gzip",
    )


def _attachment_name(request: WebhookRequest) -> str:
    header = Message()
    header["content-disposition"] = request.header("content-disposition") or "attachment"
    return _plain_name(header.get_filename() or "")


def _plain_name(name: str) -> str:
    return re.sub(r"[\x00-\x1f/\\]", "_", name).strip(". ")[:200]


async def _form(request: WebhookRequest, binaries: Binaries) -> tuple[Json, dict[str, Binary]]:
    """Fields and files of a multipart body."""
    fields: list[tuple[str, str]] = []
    uploads: list[tuple[str, str, str, bytes]] = []

    def on_field(part: Field) -> None:
        fields.append((_decoded(part.field_name), _decoded(part.value)))

    def on_file(part: File) -> None:
        part.file_object.seek(0)
        name = _plain_name(_decoded(part.file_name)) or "file"
        uploads.append(
            (_decoded(part.field_name), name, _decoded(part.content_type), part.file_object.read())
        )
        part.close()

    _, options = parse_options_header(request.header("content-type"))
    try:
        parser = FormParser(
            "multipart/form-data",
            on_field,
            on_file,
            boundary=options.get(b"boundary"),
            config={"MAX_MEMORY_FILE_SIZE": len(request.body) + 1, "MAX_FIELDS": _MOST_FIELDS},
        )
        parser.write(request.body)
        parser.finalize()
    except FormParserError as error:
        raise InvalidRequest(f"The body is not a valid multipart form: {error}.") from error
    files: dict[str, Binary] = {}
    counts: dict[str, int] = {}
    repeated = {name for name, *_ in uploads if sum(name == other for other, *_ in uploads) > 1}
    for name, file_name, mime_type, data in uploads:
        key = re.sub(r"\[\]$", "", name) or "data"
        if name in repeated:
            counts[name] = counts.get(name, -1) + 1
            key = f"{key}{counts[name]}"
        files[key] = await binaries.put(
            data, mime_type=mime_type or "application/octet-stream", file_name=file_name
        )
    return nested(fields), files


def _decoded(value: bytes | str | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
