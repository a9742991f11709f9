"""A conversation as Alith takes it: plain words by turns of user and assistant, none of them empty, the user first and last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from flowstudio.ai.message import Media, Message, Part, Reasoning, Text, ToolCall, ToolResult
from flowstudio.errors import ModelError

BEFORE: Final = "(The beginning of the conversation is left out.)"
"""What the user says where the conversation begins with the assistant."""
ON: Final = "Go on."
"""What the user says where it ends with the assistant."""
QUOTED: Final = (
    "Your earlier calls of tools are quoted as <tool_call>, what they gave as <tool_result>. Never write these tags yourself: "
    "call the tools."
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said."""

    history: tuple[tuple[str, str], ...]
    """Roles and words: the system's first, if there are any, then the user's and the assistant's by turns."""
    prompt: str
    """What the user says now."""
    calls: int
    """Calls of tools so far."""


def normalised(messages: Sequence[Message]) -> Conversation:
    """Bring messages into Alith's form. Raises `ModelError` for pictures and files, which it cannot take along."""
    told = [text for message in messages if message.role == "system" and (text := message.text.strip())]
    calls = sum(len(message.calls) for message in messages)
    if calls:
        told.append(QUOTED)
    turns: list[tuple[str, str]] = []
    for role, text in _said(messages):
        if turns and turns[-1][0] == role:
            turns[-1] = role, f"{turns[-1][1]}\n\n{text}"
        else:
            turns.append((role, text))
    if turns and turns[0][0] == "assistant":
        turns.insert(0, ("user", BEFORE))
    if not turns or turns[-1][0] == "assistant":
        turns.append(("user", ON))
    system = [("system", "\n\n".join(told))] if told else []
    return Conversation((*system, *turns[:-1]), turns[-1][1], calls)


def _said(messages: Sequence[Message]) -> Iterator[tuple[str, str]]:
    for message in messages:
        if message.role == "system":
            continue
        text = "\n".join(words for part in message.parts if (words := _words(part)).strip())
        if text:
            yield "assistant" if message.role == "assistant" else "user", text


def _words(part: Part) -> str:
    match part:
        case Text():
            return part.text
        case Reasoning():
            return ""
        case Media():
            return _file(part)
        case ToolCall():
            arguments = json.dumps(part.arguments, ensure_ascii=False)
            return _tagged("tool_call", part.id, part.name, arguments)
        case ToolResult():
            return _tagged("tool_result", part.call, part.name, part.text)


def _tagged(tag: str, id_: str, name: str, text: str) -> str:
    """Words between tags that they cannot close themselves."""
    inner = text.replace(f"</{tag}", f"<\\/{tag}")
    return f'<{tag} id="{id_}" name="{name}">{inner}</{tag}>'


def _file(media: Media) -> str:
    kind = media.mime_type.partition(";")[0].strip().lower()
    if not kind.startswith("text/") and kind != "application/json":
        raise ModelError(
            "unsupported",
            "Alith cannot look at pictures and files. Attach the provider's own chat model, or switch off that files are sent along.",
        )
    words = media.data.decode("utf-8", errors="replace")
    return f"{media.name}:\n{words}" if media.name else words
