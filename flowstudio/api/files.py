"""The files that items of executions carry. They come from strangers: none of them may act in the studio's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Path, Query
from starlette.responses import Response, StreamingResponse

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.executions import Attempt, Id, Node, ScopeQuery, read_scope
from flowstudio.api.routes import needs, refusals, router
from flowstudio.engine.item import Binary

resource = router("Executions")

SHOWN = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "application/pdf"}
)
"""Types that a browser shows without running anything of theirs."""
TEXTS = frozenset(
    {"application/json", "text/plain", "text/csv", "text/tab-separated-values", "text/markdown"}
)
"""Types that are shown as plain text. HTML, XML and SVG are none of them: they are saved, never opened."""
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
BODY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@resource.get(
    "/executions/{id}/nodes/{node}/files/{number}",
    summary="Read a file of an item",
    response_class=Response,
    responses=BODY | refusals(400, 401, 404),
    openapi_extra=needs("read"),
)
async def read_file(
    id: Id,
    node: Node,
    number: Annotated[int, Path(ge=0, le=2**31 - 1, description="The item's place in its port, from 0.")],
    caller: SignedIn,
    studio: Studio,
    name: Annotated[
        str, Query(max_length=200, description="The name that the item gives the file.")
    ] = "data",
    side: Annotated[
        Literal["outputs", "inputs"], Query(description="Whether the item came out of the node or went in.")
    ] = "outputs",
    port: Annotated[
        str | None, Query(max_length=200, description="The port; missing: the first that has items.")
    ] = None,
    scope: ScopeQuery = None,
    attempt: Attempt = None,
    download: Annotated[bool, Query(description="Save it, even where it could be shown.")] = False,
) -> Response:
    """Images, PDF and plain text may be shown by a browser; everything else can only be saved."""
    file = await studio.views.file(
        caller, id, node, number, name, side=side, port=port, scope=read_scope(scope), attempt=attempt
    )
    return file_response(await studio.storage.binaries.chunks(file), file, download=download)


def file_response(chunks: AsyncIterator[bytes], file: Binary, *, download: bool = False) -> Response:
    """A stored file as an answer that cannot act in the studio's name."""
    return StreamingResponse(chunks, headers=_headers(file, download=download))


def _headers(file: Binary, *, download: bool) -> dict[str, str]:
    stated = file.mime_type.partition(";")[0].strip().lower()
    kind = (
        "text/plain; charset=utf-8"
        if stated in TEXTS
        else stated
        if stated in SHOWN
        else "application/octet-stream"
    )
    saved = download or kind == "application/octet-stream"
    return {
        "Content-Type": kind,
        "Content-Length": str(file.size),
        "Content-Disposition": f"{'attachment' if saved else 'inline'}; {named(file.file_name)}",
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


def named(name: str) -> str:
    """A file name as a header carries it (RFC 6266), without folders and control characters."""
    base = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(c for c in base if c.isprintable() and c not in '<>:"|?*').strip(" .")[:150] or "file"
    plain = clean.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"
