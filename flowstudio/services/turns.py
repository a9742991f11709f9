"""The turns of chats: what is said, and how people and programs see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flowstudio.engine.item import Item, Json
from flowstudio.nodes.ai.respond_to_chat import FILES, carried, listed
from flowstudio.services.live import timestamp
from flowstudio.storage.records import ChatTurn, NodeRun


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that comes with a message."""

    name: str
    mime_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody says."""

    text: str
    files: Sequence[Upload] = ()
    session: str
    replaces: int | None = None
    """Say it in place of this turn and all that came after it."""
    keep_files: bool = False
    """Send the files of the replaced turn along, too."""


def asked_item(asked: Json, session: str) -> Item:
    """What the chat trigger brings for a message."""
    files = asked.get(FILES, ())
    json: Json = {"chatInput": asked["text"], "sessionId": session, "action": "sendMessage"} | listed(files)
    return Item(json, carried(files))


def said_in(runs: Sequence[NodeRun]) -> list[Json]:
    """The messages of a run log, in their order."""
    return [
        {"text": str(step["output"].get("text", "")), FILES: step["output"].get(FILES, [])}
        for run in runs
        if run.status in ("success", "waiting")
        for step in run.steps
        if step["kind"] == "message" and isinstance(step["output"], dict)
    ]


def turn_json(turn: ChatTurn) -> Json:
    """A turn as the API gives it; `live` is what is being written."""
    said = turn.said or {}
    return {
        "number": turn.number,
        "text": turn.asked.get("text", ""),
        "files": told(turn.asked.get(FILES)),
        "execution_id": turn.execution_id,
        "status": turn.status,
        "messages": [
            {"text": message.get("text", ""), "files": told(message.get(FILES))}
            for message in said.get("messages", ())
        ],
        "error": said.get("error"),
        "live": "",
        "rating": turn.rating,
        "created_at": timestamp(turn.created_at),
        "finished_at": timestamp(turn.finished_at),
    }


def told(files: Sequence[Json] | None) -> list[Json]:
    """Files without where they are stored."""
    return [{name: file[name] for name in ("name", "mime_type", "size")} for file in files or ()]
