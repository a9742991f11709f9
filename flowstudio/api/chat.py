"""Talking to a workflow: send a message, read the answer as it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.chats import Cursor
from flowstudio.api.errors import as_stored
from flowstudio.api.events import EventStream, signed_out
from flowstudio.api.files import BODY, file_response
from flowstudio.api.models.chats import (
    ChatRequest,
    FileToSend,
    Rating,
    ThreadAnswer,
    ThreadPage,
    TurnAnswer,
)
from flowstudio.api.routes import needs, refusals, router
from flowstudio.api.workflows import Id, Limit
from flowstudio.engine.item import Json as Data
from flowstudio.runtime import Runtime
from flowstudio.services.live import timestamp
from flowstudio.services.turns import Message, Upload, turn_json
from flowstudio.storage.ids import new_id
from flowstudio.storage.records import ChatThread, ChatTurn, ThreadKind

resource = router("Chats")

Session = Annotated[str, Path(max_length=200, description="The chat.", examples=["ada-1"])]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The turn.")]
Index = Annotated[int, Path(ge=0, le=1000, description="The file's place among those of the turn, from 0.")]
Side = Annotated[bool, Query(description="A file of the answers instead of one of the message.")]

EVENTS: dict[str, Any] = {
    "description": "`turn` with the message and what was answered so far; `text` (words of the answer as they come), `discard` (those so far were not the answer), `message` (a whole answer), `messages` (all answers so far), `activity` (a node, a model's turn or a tool's call began or ended), and at last `done` with the turn.",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "description": "One event. `data` is JSON.",
                "required": ["id", "event", "data"],
                "properties": {
                    "id": {"type": "string", "description": "Counts the events of this answer."},
                    "event": {"enum": ["turn", "text", "discard", "message", "messages", "activity", "done"]},
                    "data": {"type": "string", "contentMediaType": "application/json"},
                },
            },
            "example": 'id: 2\nevent: text\ndata: {"text": "It will "}\n\n',
        }
    },
}


@resource.post(
    "/workflows/{id}/chat",
    summary="Talk to a workflow",
    response_model=TurnAnswer,
    responses=refusals(400, 401, 403, 404, 409, 413, 422)
    | {
        200: {
            "description": "The answer; as server-sent events unless `stream` is false.",
            "content": EVENTS["content"],
        },
        202: {"model": TurnAnswer, "description": "The workflow goes on; read the chat again later."},
    },
    openapi_extra=needs("run"),
)
async def send(request: Request, id: Id, body: ChatRequest, caller: SignedIn, studio: Studio) -> Response:
    """Says something to the workflow's When Chat Received trigger. Where the workflow had asked and waits, it goes on with it."""
    with as_stored():
        thread, turn = await studio.chats.send(
            caller,
            id,
            Message(
                text=body.message,
                files=uploads(body.files),
                session=body.session_id or new_id(),
                replaces=body.replaces,
                keep_files=body.keep_files,
            ),
            draft=body.draft,
            node=body.trigger_node,
        )
    if body.stream:
        return EventStream(
            studio.chats.listen(thread, turn),
            studio.closing.wait,
            lambda: signed_out(request, caller, studio.accounts),
        )
    return await _whole(studio, thread, turn, body.timeout)


@resource.get(
    "/workflows/{id}/chat/sessions",
    summary="List a workflow's chats",
    response_model=ThreadPage,
    responses=refusals(400, 401, 404),
    openapi_extra=needs("read"),
)
async def list_chats(
    id: Id,
    caller: SignedIn,
    studio: Studio,
    kind: Annotated[ThreadKind | None, Query(description="Only those that took place there.")] = None,
    mine: Annotated[bool, Query(description="Only the caller's own.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The last used first."""
    found, following = await studio.chats.threads(
        caller, id, kind=kind, mine=mine, cursor=cursor, limit=limit
    )
    return Json({"items": [thread_json(thread) for thread in found], "next_cursor": following})


@resource.get(
    "/workflows/{id}/chat/sessions/{session}",
    summary="Read a chat",
    response_model=ThreadAnswer,
    responses=refusals(400, 401, 404),
    openapi_extra=needs("read"),
)
async def read_chat(
    id: Id,
    session: Session,
    caller: SignedIn,
    studio: Studio,
    before: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="Only turns before this number.")
    ] = None,
    limit: Limit = 50,
) -> Response:
    """The last turns, oldest first."""
    thread, turns = await studio.chats.read(caller, id, session, before=before, limit=limit)
    return Json({"chat": thread_json(thread), "turns": [turn_json(turn) for turn in turns]})


@resource.delete(
    "/workflows/{id}/chat/sessions/{session}",
    summary="Clear a chat",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("run"),
)
async def clear_chat(id: Id, session: Session, caller: SignedIn, studio: Studio) -> Response:
    """Deletes what was said; agents forget it, too. There is no way back."""
    await studio.chats.clear(caller, id, session)
    return Response(status_code=204)


@resource.get(
    "/workflows/{id}/chat/sessions/{session}/events",
    summary="Watch a chat",
    response_class=Response,
    responses=refusals(401, 404) | {200: EVENTS},
    openapi_extra=needs("read"),
)
async def watch_chat(
    request: Request, id: Id, session: Session, caller: SignedIn, studio: Studio
) -> Response:
    """How the last message is answered, from the beginning."""
    said = await studio.chats.watch(caller, id, session)
    return EventStream(said, studio.closing.wait, lambda: signed_out(request, caller, studio.accounts))


@resource.post(
    "/workflows/{id}/chat/sessions/{session}/stop",
    summary="Stop an answer",
    response_model=TurnAnswer,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("run"),
)
async def stop_answer(id: Id, session: Session, caller: SignedIn, studio: Studio) -> Response:
    """Stops what answers the last message, for good. What was said stays."""
    turn = await studio.chats.stop_answer(caller, id, session)
    return Json({"session_id": session, "turn": turn_json(turn)})


@resource.put(
    "/workflows/{id}/chat/sessions/{session}/turns/{number}/rating",
    summary="Rate an answer",
    status_code=204,
    responses=refusals(400, 401, 403, 404, 413),
    openapi_extra=needs("run"),
)
async def rate_answer(
    id: Id, session: Session, number: Number, body: Rating, caller: SignedIn, studio: Studio
) -> Response:
    """Notes whether the answer was good."""
    await studio.chats.rate(caller, id, session, number, body.rating)
    return Response(status_code=204)


@resource.get(
    "/workflows/{id}/chat/sessions/{session}/turns/{number}/files/{index}",
    summary="Read a file of a chat",
    response_class=Response,
    responses=BODY | refusals(401, 404),
    openapi_extra=needs("read"),
)
async def read_chat_file(
    id: Id,
    session: Session,
    number: Number,
    index: Index,
    caller: SignedIn,
    studio: Studio,
    answer: Side = False,
) -> Response:
    """Images, PDF and plain text may be shown by a browser; everything else can only be saved."""
    file = await studio.chats.file(caller, id, session, number, index, said=answer)
    return file_response(await studio.storage.binaries.chunks(file), file)


def uploads(files: Sequence[FileToSend]) -> list[Upload]:
    """Files of a request."""
    return [Upload(file.name, file.mime_type, file.data) for file in files]


def thread_json(thread: ChatThread) -> Data:
    """A chat as the API gives it."""
    return {
        "session_id": thread.name,
        "kind": thread.kind,
        "title": thread.title,
        "turns": thread.turns,
        "created_at": timestamp(thread.created_at),
        "updated_at": timestamp(thread.updated_at),
    }


async def _whole(studio: Runtime, thread: ChatThread, turn: ChatTurn, timeout: float) -> Response:
    """The turn when it is answered, or as it is after a while."""
    answered: Data = turn_json(turn)
    status = 202
    try:
        async with asyncio.timeout(timeout), aclosing(studio.chats.listen(thread, turn)) as said:
            async for event in said:
                if event.kind == "done":
                    answered, status = event.data, 200
    except TimeoutError:
        pass
    return Json({"session_id": thread.name, "turn": answered}, status)
