"""Live editing: operations come in, and go out as server-sent events to everybody who has the workflow open."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Header, Query
from starlette.requests import Request
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.events import EventStream, event, signed_out
from flowstudio.api.models.edits import EditsAnswer, EditsBody
from flowstudio.api.routes import needs, refusals, router
from flowstudio.api.workflows import Id, problems_json
from flowstudio.errors import InvalidWorkflow, Problem
from flowstudio.services.editing import Message
from flowstudio.services.ports import changed_ports

editing = router("Workflows")

Client = Annotated[str, Query(max_length=200, description="Names the browser tab.")]
_EVENTS = {
    "description": "`batch` with operations, `reset` when the whole document is to be read anew, `state` when the workflow was "
    "published, switched or deleted, `people` who has it open. It ends when the workflow is deleted or the caller signed out.",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "description": "One event. `data` is JSON.",
                "required": ["event", "data"],
                "properties": {
                    "id": {"type": "string", "description": "The version after it, of `batch` and `reset`."},
                    "event": {"enum": ["batch", "reset", "state", "people"]},
                    "data": {"type": "string", "contentMediaType": "application/json"},
                },
            },
            "example": 'id: 4\nevent: batch\ndata: {"version": 4, "id": "b-1", "client": "tab-1", "author": null, '
            '"author_name": "Ada", "operations": [{"kind": "del_nodes", "ids": ["2"]}]}\n\n',
        }
    },
}


@editing.post(
    "/workflows/{id}/operations",
    summary="Edit a workflow",
    response_model=EditsAnswer,
    responses=refusals(400, 401, 403, 404, 409, 413, 422),
    openapi_extra=needs("edit"),
)
async def apply_operations(id: Id, edits: EditsBody, caller: SignedIn, studio: Studio) -> Response:
    """Applies batches of operations to the draft: all of them, or none when one is malformed.

    Whatever an operation names that is not there any more is skipped. A batch that is sent again, because an answer was
    lost, is not applied again; the answer names the version that it made.
    """
    client, batches = _parts(edits)
    applied = await studio.editing.apply(caller, id, client, batches)
    workflow = applied.workflow
    return Json(
        {
            "version": workflow.record.version,
            "batches": [{"id": batch, "version": version} for batch, version in applied.versions],
            "ports": changed_ports(workflow.document, studio.registry),
            "problems": problems_json(studio.workflows.problems(workflow)),
        }
    )


def _parts(edits: Any) -> tuple[str, Any]:
    """Client and batches of a body; the batches are read by the service."""
    match edits:
        case {"batches": batches, **rest} if rest.keys() <= {"client"}:
            client = rest.get("client", "")
            if isinstance(client, str) and len(client) <= 200 and "\0" not in client:
                return client, batches
    message = (
        "An edit is {client, batches}: the sender as text of up to 200 characters, and a list of batches."
    )
    raise InvalidWorkflow([Problem("invalid_operation", message)])


@editing.get(
    "/workflows/{id}/edits",
    summary="Watch a workflow",
    response_class=Response,
    responses=refusals(401, 404) | {200: _EVENTS},
    openapi_extra=needs("read"),
)
async def watch_edits(
    request: Request,
    id: Id,
    caller: SignedIn,
    studio: Studio,
    since: Annotated[
        int | None,
        Query(
            ge=0,
            le=2**31 - 1,
            description="The version that the caller has; what came after it is told first.",
        ),
    ] = None,
    client: Client = "",
    last_event_id: Annotated[
        str | None, Header(description="Stands in for `since` when a browser comes back by itself.")
    ] = None,
) -> Response:
    """A stream of server-sent events: every version exactly once and in order, and who has the workflow open."""
    await studio.workflows.get(caller, id)
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit():
        since = min(int(last_event_id[:10]), 2**31 - 1)
    messages = studio.editing.watch(caller, id, since=since, client=client)

    return EditStream(messages, studio.closing.wait, lambda: signed_out(request, caller, studio.accounts))


class EditStream(EventStream):
    """Numbers messages by the version of the document."""

    def encode(self, number: int, change: Message) -> bytes:
        """One server-sent event; the version stands as its id."""
        return event(change.kind, change.data, change.version)
