"""What a model is asked: words from a parameter or from the item, and the item's files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flowstudio.ai.message import Media, Message, system, user
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item
from flowstudio.errors import NodeError

ASKED: Final = ("chatInput", "message", "question", "query", "input", "text", "prompt")
"""Fields of an item that hold what somebody asks, best first."""
ANSWERED: Final = ("output", "answer", "response", "summary", "text", "message", "content", "result")
"""Fields of an item that hold what was answered, best first."""
FILES_LIMIT: Final = 30 * 1024 * 1024
"""Bytes of files that go along with one question."""


def first_text(json: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The first of these fields that holds words."""
    return next(
        (json[name] for name in names if isinstance(json.get(name), str) and json[name].strip()), None
    )


async def question_of(words: str, item: Item, ctx: Context, *, files: bool) -> Message:
    """The user's message: `words`, else what the item asks; with the item's files. Raises `NodeError` when there is nothing."""
    media = await media_of(item, ctx) if files else ()
    said = words.strip() or first_text(item.json, ASKED) or ""
    if not said and not media:
        raise NodeError(
            "There is nothing to ask. Say something in the chat, fill in the message, or let the item have a field "
            "'message', 'question' or 'text'."
        )
    return user(said, *media)


async def media_of(item: Item, ctx: Context) -> tuple[Media, ...]:
    """The files of an item. Raises `NodeError` when they are too large together."""
    files = list((item.binary or {}).values())
    size = sum(file.size for file in files)
    if size > FILES_LIMIT:
        raise NodeError(
            f"The item's files have {size / 1e6:.0f} MB together; a model is sent {FILES_LIMIT / 1e6:.0f} MB at most."
        )
    contents = await asyncio.gather(*(ctx.host.binaries.get(file) for file in files))
    return tuple(
        Media(content, file.mime_type, file.file_name) for file, content in zip(files, contents, strict=True)
    )


def session_of(item: Item, ctx: Context) -> str:
    """The conversation that an item belongs to: the item says it, or a node before it, such as the chat trigger."""
    own = item.json.get("sessionId")
    if isinstance(own, str | int) and str(own):
        return str(own)
    for node in ctx.scope_data().get("nodes", {}).values():
        for row in node.get("items", ())[:1]:
            found = row.get("sessionId") if isinstance(row, dict) else None
            if isinstance(found, str | int) and str(found):
                return str(found)
    return "default"


def instructions(words: str) -> list[Message]:
    """The system message, if there is one."""
    return [system(words)] if words.strip() else []
