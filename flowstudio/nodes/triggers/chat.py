"""The When Chat Received trigger."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.item import Item, Json
from flowstudio.engine.node import Choice, Credential, Example, ShowIf, TriggerNode, Widget
from flowstudio.nodes.credentials import ChatPassword

WORDS = ("chatInput", "message", "text", "input", "question", "content")
"""Under which names callers may send what is said."""


class WhenChatReceived(TriggerNode):
    """Starts the workflow for each message that somebody writes in its chat.

    Try it in the editor: open the chat with **T** and write. Over the API, send `{"message": "…", "sessionId": "…"}` as the
    trigger's data. Messages with the same `sessionId` belong to one conversation; memories use it to tell people apart.

    The item has the message as `chatInput`, the conversation as `sessionId`, and `action`. The answer is what the **Respond to
    Chat** nodes say; without one, what the last node gives.

    Switch on the public page to let others chat with the workflow, at the address `/chat/` and the workflow's id. What is
    published answers there, as long as the workflow is active; visitors see nothing of the workflow but what it says.
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
    public: Annotated[bool, Field(title="Public page")] = False
    """Whether people may chat on a page of its own."""
    access: Annotated[
        Literal["anyone", "signed_in", "password"],
        Field(title="Who may chat"),
        Choice(
            {
                "anyone": "Anyone",
                "signed_in": "People with an account here",
                "password": "Who knows a password",
            }
        ),
        ShowIf("public", (True,)),
    ] = "anyone"
    """Whom the page lets in."""
    account: Annotated[
        ChatPassword | None,
        Credential("Password", (ChatPassword.type,)),
        ShowIf("public", (True,)),
        ShowIf("access", ("password",)),
    ] = None
    """What visitors have to know."""
    title: Annotated[str, Field(max_length=100), ShowIf("public", (True,))] = ""
    """The page's heading; empty: the workflow's name."""
    welcome: Annotated[str, Field(max_length=4000), Widget("multiline"), ShowIf("public", (True,))] = (
        "How can I help?"
    )
    """What the page says at first; Markdown is shown as such."""
    suggestions: Annotated[
        list[Annotated[str, Field(max_length=200)]], Field(max_length=8), ShowIf("public", (True,))
    ] = Field(default_factory=list)
    """Messages that visitors can send with one click."""
    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", title="Colour"), ShowIf("public", (True,))] = (
        "#4753cf"
    )
    """The page's colour, such as `#0a7d55`."""
    theme: Annotated[
        Literal["system", "light", "dark"],
        Choice({"system": "As the visitor's device", "light": "Light", "dark": "Dark"}),
        ShowIf("public", (True,)),
    ] = "system"
    """Whether the page is light or dark."""
    send_files: Annotated[bool, Field(title="Visitors may send files"), ShowIf("public", (True,))] = True
    """Whether messages may carry pictures and files."""
    per_minute: Annotated[
        int, Field(ge=1, le=1000, title="Messages per minute"), ShowIf("public", (True,))
    ] = 10
    """How many messages a visitor may send within a minute."""

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
