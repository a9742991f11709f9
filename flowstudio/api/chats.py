"""Conversations that agents remember."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.models.chats import MessageView, SessionAnswer, SessionPage, SessionView
from flowstudio.api.routes import needs, refusals, router
from flowstudio.api.workflows import Limit
from flowstudio.services.conversations import CURSOR
from flowstudio.storage.records import ChatSession

resource = router("Chats")

Id = Annotated[
    str, Path(max_length=64, description="The session.", examples=["0199c7a2-6a1f-7c3e-9d8b-5d2f7a1b3c4d"])
]
Workflow = Annotated[str | None, Query(max_length=64, description="Only those of this workflow.")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=100,
        pattern=CURSOR,
        description="`next_cursor` of the page before.",
        examples=["1767225600000000_0199c7a2-6a1f-7c3e-9d8b-5d2f7a1b3c4d"],
    ),
]


@resource.get(
    "/chats/sessions",
    summary="List chat sessions",
    responses=refusals(400, 401),
    openapi_extra=needs("read"),
)
async def list_sessions(
    caller: SignedIn, studio: Studio, workflow_id: Workflow = None, limit: Limit = 50, cursor: Cursor = None
) -> SessionPage:
    """Conversations that agents remember, the last used first."""
    found, following = await studio.conversations.page(caller, workflow_id, cursor, limit)
    return SessionPage(items=[_view(session) for session in found], next_cursor=following)


@resource.get(
    "/chats/sessions/{id}",
    summary="Read a chat session",
    responses=refusals(400, 401, 404),
    openapi_extra=needs("read"),
)
async def read_session(
    id: Id,
    caller: SignedIn,
    studio: Studio,
    before: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="Only messages before this number.")
    ] = None,
    limit: Limit = 50,
) -> SessionAnswer:
    """What was said last, oldest first."""
    session, messages = await studio.conversations.get(caller, id, before=before, limit=limit)
    rows = [MessageView(number=m.number, role=m.role, text=m.text, created_at=m.created_at) for m in messages]
    return SessionAnswer(session=_view(session), messages=rows)


@resource.delete(
    "/chats/sessions/{id}",
    summary="Clear a chat session",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("edit"),
)
async def clear_session(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """The agent forgets it; there is no way back."""
    await studio.conversations.clear(caller, id)
    return Response(status_code=204)


def _view(session: ChatSession) -> SessionView:
    return SessionView(
        id=session.id,
        workflow_id=session.workflow_id,
        workflow_name=session.workflow_name,
        session_id=session.name,
        title=session.title,
        messages=session.messages,
        created_at=session.created_at,
        updated_at=session.updated_at,
    )
