"""The Respond to Chat node."""

from __future__ import annotations

import json
from typing import Annotated

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Example, ItemNode, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes.ai.question import ANSWERED, first_text


class RespondToChat(ItemNode):
    """Says something to the person who chats with the workflow.

    Use it several times to say several things, also while the workflow is still at work. Without this node, the chat is
    answered with what the last node gives. The item goes on unchanged.
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

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Say it."""
        said = self.message.strip() or spoken(item)
        if not said:
            raise NodeError(
                "There is nothing to say. Fill in the message, or let the item have a field `output` or `text`."
            )
        with ctx.steps.open("message", "chat") as step:
            step.output = {"text": said}
        ctx.stream(said, "message", item.paired_item[0].index if item.paired_item else 0)
        return {"main": [item]}


def spoken(item: Item) -> str:
    """An item in words: the usual field for an answer; else all of it."""
    found = first_text(item.json, ANSWERED)
    if found is not None:
        return found
    value = next((item.json[name] for name in ANSWERED if item.json.get(name) is not None), item.json)
    if not value:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
