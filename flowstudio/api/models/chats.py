"""Shapes of conversations."""

from __future__ import annotations

from datetime import datetime

from flowstudio.api.models.common import View


class SessionView(View):
    """A conversation that an agent remembers."""

    id: str
    workflow_id: str
    workflow_name: str
    session_id: str
    """The session's id as the chat has it."""
    title: str
    """How it began."""
    messages: int
    """How many there were."""
    created_at: datetime
    updated_at: datetime


class SessionPage(View):
    """Some of them."""

    items: list[SessionView]
    next_cursor: str | None


class MessageView(View):
    """Something that was said."""

    number: int
    """Counts within the session."""
    role: str
    """`user` or `assistant`."""
    text: str
    created_at: datetime


class SessionAnswer(View):
    """A conversation and what was said last in it, oldest first."""

    session: SessionView
    messages: list[MessageView]
