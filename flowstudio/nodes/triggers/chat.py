"""The When Chat Received trigger."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from flowstudio.engine.item import Item, Json
from flowstudio.engine.node import Example, TriggerNode

WORDS = ("chatInput", "message", "text", "input", "question", "content")
"""Under which names callers may send what is said."""


class WhenChatReceived(TriggerNode):
    """Starts the workflow for each message that somebody writes in its chat.

    Try it in the editor: open the chat with **C** and write. Over the API, send `{"message": "…", "sessionId": "…"}` as the
    trigger's data. Messages with the same `sessionId` belong to one conversation; memories use it to tell people apart.

    The item has the message as `chatInput`, the conversation as `sessionId`, and `action`. The answer is what the **Respond to
    Chat** nodes say; without one, what the last node gives.
    """

    type = "when-chat-received"
    label = "When Chat Received"
    group = "Triggers"
    icon = "message-circle"
    subtitle = "{channel}"
    arms = True
    examples = (
        Example(
            "A message arrives",
            properties={"channel": "general"},
            given=[{"chatInput": "Hello!", "sessionId": "s1", "action": "sendMessage"}],
            gives=[{"chatInput": "Hello!", "sessionId": "s1", "action": "sendMessage"}],
        ),
        Example(
            "The second message of a conversation",
            properties={},
            given=[{"chatInput": "And tomorrow?", "sessionId": "s1", "action": "sendMessage"}],
            gives=[{"chatInput": "And tomorrow?", "sessionId": "s1", "action": "sendMessage"}],
        ),
    )

    channel: Annotated[str, Field(max_length=100)] = ""
    """A name for the chat, for your own overview."""

    @classmethod
    def start_items(cls, data: Any) -> list[Item]:
        """One item for each message: a text, or an object that says it under one of the usual names."""
        rows = data if isinstance(data, list) else [data]
        return [Item(_message(row)) for row in rows]


def _message(row: Any) -> Json:
    found = dict(row) if isinstance(row, dict) else {"chatInput": "" if row is None else str(row)}
    name = next((name for name in WORDS if isinstance(found.get(name), str)), None)
    said = found.pop(name) if name is not None else ""
    session = found.pop("sessionId", None) or found.pop("session_id", None) or "default"
    return {**found, "chatInput": said, "sessionId": str(session), "action": "sendMessage"}
