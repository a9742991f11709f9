"""From a response to items."""

from __future__ import annotations

import codecs
import mimetypes
import re
from email.message import Message
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

import orjson

from flowstudio.engine.item import Item
from flowstudio.engine.store import Binaries
from flowstudio.errors import NodeError
from flowstudio.outbound import Response

Format: TypeAlias = Literal["auto", "json", "text", "file"]

_FILES = re.compile(
    r"(image|audio|video|font|model)/(?!svg)|application/(octet-stream|pdf|zip|gzip|x-gzip|x-tar|x-bzip2?|x-7z-compressed"
    r"|vnd\.rar|x-rar-compressed|epub\+zip|msword|rtf|wasm|vnd\.(ms-|openxmlformats|oasis|apple|android).*)"
)
_CHARSETS = re.compile(
    r"(ascii|utf[-_]?(8|16|32)(-sig|[-_]?[lb]e)?|iso8859-\d+|cp\d+|mac-\w+|koi8-[rut]|gb\w+|big5\w*|shift_jis\w*|euc_\w+|iso2022_\w+|tis-620)"
)
"""Python's names of the codecs that are character sets; others (such as `idna` or `unicode_escape`) are not for web pages."""
_PIECE = 500


def media_type(response: Response) -> str:
    """The content type without its parameters, in lower case."""
    return response.header("content-type").partition(";")[0].strip().lower()


def text_of_body(response: Response) -> str:
    """The body as text: by its charset, its byte order mark, or UTF-8, whichever says something."""
    body = response.body
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if body.startswith(mark):
            return body.decode(name, "replace")
    declared = _charset(response)
    if declared:
        return body.decode(declared, "replace")
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def json_of_body(response: Response) -> Any:
    """The body as JSON; `{}` when it is empty. Raises `NodeError`."""
    if not response.body.strip():
        return {}
    try:
        return orjson.loads(text_of_body(response))
    except orjson.JSONDecodeError as error:
        raise NodeError(
            f"The response of {_place(response)} is not valid JSON: {error.msg} (line {error.lineno}). "
            f"Set the response format to text to see it. It begins: {piece(response)}"
        ) from error


def piece(response: Response) -> str:
    """The beginning of the body, for error texts."""
    if _FILES.match(media_type(response)):
        return f"({len(response.body)} bytes of {media_type(response)})"
    text = text_of_body(response)
    return text[:_PIECE] + ("…" if len(text) > _PIECE else "")


def headers_of(response: Response) -> dict[str, Any]:
    """Headers by name; values that came more than once are joined, except cookies, which are a list."""
    found: dict[str, Any] = {}
    for name, value in response.headers:
        if name == "set-cookie":
            found.setdefault(name, []).append(value)
        else:
            found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def chosen_format(response: Response, wanted: Format) -> Literal["json", "text", "file"]:
    """How to read the body."""
    if wanted != "auto":
        return wanted
    kind = media_type(response)
    if kind == "application/json" or kind.endswith("+json") or not response.body:
        return "json"
    return "file" if _FILES.match(kind) else "text"


def value_of_body(response: Response, wanted: Format) -> Any:
    """The body as `$response.body` and full responses show it: data, or text."""
    form = chosen_format(response, wanted)
    if form == "json":
        return json_of_body(response)
    return None if form == "file" else text_of_body(response)


async def items_of(
    response: Response, wanted: Format, *, field: str, full: bool, item: Item, binaries: Binaries
) -> list[Item]:
    """The items that a response makes: one for each element of a JSON array, else one."""
    form = chosen_format(response, wanted)
    about = {
        "headers": headers_of(response),
        "statusCode": response.status,
        "statusMessage": response.reason,
    }
    if form == "file":
        binary = await binaries.put(
            response.body,
            mime_type=media_type(response) or "application/octet-stream",
            file_name=file_name(response),
        )
        return [Item(about if full else {}, {**(item.binary or {}), field: binary})]
    if form == "text":
        text = text_of_body(response)
        return [Item({field: text, **about} if full else {field: text})]
    value = json_of_body(response)
    if full:
        return [Item({"body": value, **about})]
    rows = value if isinstance(value, list) else [value]
    return [Item(row if isinstance(row, dict) else {"data": row}) for row in rows]


def file_name(response: Response) -> str:
    """The name that the server gives, else the last part of the address, with an ending that fits."""
    header = Message()
    header["content-disposition"] = response.header("content-disposition") or "attachment"
    name = header.get_filename() or unquote(urlsplit(response.url).path.rstrip("/").rpartition("/")[2])
    name = re.sub(r"[\x00-\x1f/\\]", "_", name).strip(". ")[:200] or "file"
    return name if "." in name else name + (mimetypes.guess_extension(media_type(response)) or "")


def failure(response: Response, method: str) -> NodeError:
    """The error for a response that reports one. What may pass with time is worth another try."""
    status = response.status
    remedies = {
        401: "Check the credential.",
        403: "The credential may not do this.",
        404: "Check the address.",
        405: f"The service does not take {method} here.",
        429: "Too many requests: use batching with a pause, or turn on retries.",
    }
    remedy = remedies.get(status, "")
    body = piece(response)
    return NodeError(
        f"{_place(response)} answered {status} {response.reason}".rstrip()
        + (f": {body}" if body.strip() else ".")
        + (f" {remedy}" if remedy else ""),
        retryable=status in (408, 425, 429) or status >= 500,
        detail={
            "status": status,
            "reason": response.reason,
            "body": body,
            "retry_after": response.header("retry-after") or None,
        },
    )


def _charset(response: Response) -> str:
    """A character set that the content type names, in Python's spelling; empty when it names none that is known."""
    header = Message()
    header["content-type"] = response.header("content-type") or "text/plain"
    try:
        name = codecs.lookup(str(header.get_param("charset") or "")).name
    except (LookupError, ValueError):
        return ""
    return name if _CHARSETS.fullmatch(name) else ""


def _place(response: Response) -> str:
    """The address without its query, which may hold secrets."""
    return response.url.partition("?")[0]
