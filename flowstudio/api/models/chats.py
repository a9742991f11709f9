"""Shapes of conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Base64Bytes, Field

from flowstudio.api.models.common import ErrorBody, Line, Shape, View
from flowstudio.storage.records import ThreadKind, TurnStatus

LONGEST = 100_000
"""Characters of a message."""
MOST_FILES = 10


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


class FileToSend(Shape):
    """A file that goes along with a message."""

    name: Line
    mime_type: Annotated[str, Field(max_length=200, pattern=r"^[!-~]+/[ -~]+$", examples=["image/png"])]
    data: Annotated[Base64Bytes, Field(strict=False, description="The content, in Base64.")]


class MessageToSend(Shape):
    """Something to say to a workflow."""

    message: Annotated[str, Field(max_length=LONGEST, examples=["What is the weather in Oslo?"])] = ""
    files: Annotated[list[FileToSend], Field(max_length=MOST_FILES)] = Field(default_factory=list)
    session_id: Line | None = None
    """The chat that it belongs to; missing: a new one."""
    replaces: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """Say it in place of this message and all that came after it: agents forget those."""
    keep_files: bool = False
    """Send the files of the replaced message along, too."""


class ChatRequest(MessageToSend):
    """Something to say to a workflow, and how to answer."""

    draft: bool = False
    """Talk to the workflow as it is being built, instead of to what is published."""
    trigger_node: Annotated[str, Field(max_length=200)] | None = None
    """The chat trigger to start from; missing: the workflow's first."""
    stream: bool = True
    """Answer with server-sent events while the workflow works; else once, at the end."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 300.0
    """Seconds to wait for the end. After that the answer is 202 and the workflow goes on."""


class Rating(Shape):
    """What somebody thinks of an answer."""

    rating: Literal[-1, 0, 1]
    """1 for good, -1 for bad, 0 takes it back."""


class FileView(View):
    """A file of a message."""

    name: str
    mime_type: str
    size: int
    """Bytes."""


class SaidView(View):
    """One answer."""

    text: str
    """Markdown."""
    files: list[FileView]


class TurnView(View):
    """A message and what was answered."""

    number: int
    """Counts within the chat."""
    text: str
    files: list[FileView]
    execution_id: str
    status: TurnStatus
    """`waiting`: the workflow has asked something; the next message is the answer."""
    messages: list[SaidView]
    error: ErrorBody | None
    live: str
    """What is being written, as far as it has come."""
    rating: int
    created_at: datetime
    finished_at: datetime | None


class ThreadView(View):
    """A chat with a workflow."""

    session_id: str
    kind: ThreadKind
    """`panel` in the editor, `public` on the workflow's page, `api` for programs."""
    title: str
    """How it began."""
    turns: int
    """How many messages were sent."""
    created_at: datetime
    updated_at: datetime


class ThreadPage(View):
    """Some of them."""

    items: list[ThreadView]
    next_cursor: str | None


class ThreadAnswer(View):
    """A chat and its last turns, oldest first."""

    chat: ThreadView
    turns: list[TurnView]


class TurnAnswer(View):
    """A turn of a chat."""

    session_id: str
    turn: TurnView


class Password(Shape):
    """A guess."""

    password: Annotated[str, Field(min_length=1, max_length=1000)]


class PublicMessage(Shape):
    """What a visitor says."""

    message: Annotated[str, Field(max_length=LONGEST)] = ""
    files: Annotated[list[FileToSend], Field(max_length=MOST_FILES)] = Field(default_factory=list)
    replaces: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """Say it in place of this message and all that came after it."""
    keep_files: bool = False
    """Send the files of the replaced message along, too."""
    fresh: bool = False
    """Begin a new chat."""


class PublicTurnView(View):
    """A message and what was answered, without the workflow's inside."""

    number: int
    text: str
    files: list[FileView]
    status: TurnStatus
    messages: list[SaidView]
    error: ErrorBody | None
    live: str
    rating: int
    created_at: datetime
    finished_at: datetime | None


class PublicChat(View):
    """A public chat as its page shows it."""

    title: str
    welcome: str
    suggestions: list[str]
    color: str
    theme: Literal["system", "light", "dark"]
    files: bool
    """Whether messages may carry files."""
    entry: Literal["password", "sign_in"] | None
    """What the visitor has to do before they may write."""
    turns: list[PublicTurnView]
