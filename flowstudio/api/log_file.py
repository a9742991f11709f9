"""The run log as a file."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response, StreamingResponse

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.executions import Id
from flowstudio.api.files import named
from flowstudio.api.routes import needs, refusals, router
from flowstudio.services.log_file import LogFormat

resource = router("Executions")

KINDS = {"text": "text/plain; charset=utf-8", "json": "application/x-ndjson"}
ENDINGS = {"text": "txt", "json": "jsonl"}


@resource.get(
    "/executions/{id}/log",
    summary="Download the run log",
    response_class=Response,
    responses={
        200: {
            "description": "Every try of every node, with what was printed, what models were asked and said, and HTTP requests. As far as the execution has come. Secrets are masked.",
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        **refusals(400, 401, 404),
    },
    openapi_extra=needs("read"),
)
async def download_log(
    id: Id,
    caller: SignedIn,
    studio: Studio,
    format: Annotated[
        LogFormat, Query(description="Text for people, or a JSON object in each line.")
    ] = "text",
) -> Response:
    """A file to keep or to hand on; items are not in it."""
    name, parts = await studio.views.log_file(caller, id, format)
    headers = {
        "Content-Type": KINDS[format],
        "Content-Disposition": f"attachment; {named(f'{name}.{ENDINGS[format]}')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(parts, headers=headers)
