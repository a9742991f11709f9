"""The Respond to Chat node."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from flowstudio.engine.clock import now
from flowstudio.engine.context import Context
from flowstudio.engine.item import Binary, Item, Json, Ports
from flowstudio.engine.node import Example, ItemNode, ShowIf, Suspend, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes.ai.question import ANSWERED, first_text

FILES = "files"
"""Where a message, and the answer to one, names its files."""


class RespondToChat(ItemNode):
    """Says something to the person who chats with the workflow.

    Use it several times to say several things, also while the workflow is still at work. Without this node, the chat is
    answered with what the last node gives. The item goes on unchanged.

    It can also ask: the workflow then stops here until the person writes again, for as long as that takes, also when the
    server is started anew meanwhile. What they write goes on as `chatInput`, with the files that they send.
    """

    type = "respond-to-chat"
    label = "Respond to Chat"
    group = "Actions"
    icon = "message-circle-reply"
    subtitle = "{message}"
    examples = (
        Example(
            "Say what the agent found",
            properties={},
            given=[{"output": "It will rain."}],
            gives=[{"output": "It will rain."}],
        ),
        Example(
            "Say that it takes a while",
            properties={"message": "=I am looking for {{ $json.chatInput }} …"},
            given=[{"chatInput": "red shoes"}],
            gives=[{"chatInput": "red shoes"}],
        ),
    )

    message: Annotated[str, Widget("multiline")] = ""
    """What is said; Markdown is shown as such. Empty: the item's `output`, `answer`, `response`, `text` or `message`."""

    files: Annotated[bool, Field(title="Send the files along")] = False
    """Whether the person gets the item's files; pictures are shown."""
    wait: Annotated[bool, Field(title="Wait for an answer")] = False
    """Whether to stop here until the person writes again. Of several items, the first one asks."""
    limit: Annotated[float, Field(ge=0, le=87_600, title="Hours to wait"), ShowIf("wait", (True,))] = 0.0
    """After so many hours the workflow goes on without an answer; 0: it waits for ever."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Say it; ask, where an answer is waited for."""
        index = item.paired_item[0].index if item.paired_item else 0
        if self.wait and (ctx.resumed is not None or index):
            return {"main": [_answer(item, ctx.resumed or {})] if not index else []}
        files = list((item.binary or {}).values()) if self.files else []
        said = self.message.strip() or ("" if files and not item.json else spoken(item))
        if not said and not files:
            raise NodeError(
                "There is nothing to say. Fill in the message, or let the item have a field 'output' or 'text'."
            )
        with ctx.steps.open("message", "chat") as step:
            step.output = {"text": said} | ({FILES: [file_json(file) for file in files]} if files else {})
        ctx.stream(said, "message", index)
        if self.wait:
            until = ctx.suspended_until or (now() + timedelta(hours=self.limit) if self.limit else None)
            raise Suspend(until, note="Waits for an answer in the chat")
        return {"main": [item]}


def _answer(item: Item, written: Json) -> Item:
    """What the person wrote; the item itself when they did not in time."""
    if not written:
        return item
    return Item(
        {name: value for name, value in written.items() if name != FILES} | listed(written.get(FILES, ())),
        carried(written.get(FILES, ())),
        item.paired_item,
    )


def file_json(file: Binary) -> Json:
    """A file as messages name it."""
    return {"name": file.file_name, "mime_type": file.mime_type, "size": file.size, "digest": file.digest}


def carried(files: Any) -> dict[str, Binary] | None:
    """The files of a message as an item carries them."""
    found = {
        "data" if not number else f"data_{number + 1}": Binary(
            file["digest"], file["mime_type"], file["name"], file["size"]
        )
        for number, file in enumerate(files)
        if isinstance(file, Mapping)
    }
    return found or None


def listed(files: Any) -> Json:
    """The files of a message as an item's json tells of them; nothing where there are none."""
    told = [{name: file[name] for name in ("name", "mime_type", "size")} for file in files]
    return {FILES: told} if told else {}


def spoken(item: Item) -> str:
    """An item in words: the usual field for an answer; else all of it."""
    found = first_text(item.json, ANSWERED)
    if found is not None:
        return found
    value = next((item.json[name] for name in ANSWERED if item.json.get(name) is not None), item.json)
    if not value:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
