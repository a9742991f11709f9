"""What providers hear and say when Alith asks: OpenAI's chat completions in one piece, with tools quoted as words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from flowstudio.ai.alith.conversation import QUOTED
from tests.ai.providers.openai import FINISH, OpenAISpeaker
from tests.ai.providers.wire import Asked, Heard, Turn

_QUOTE = re.compile(r'<tool_(call|result) id="([^"]*)" name="([^"]*)">(.*?)</tool_\1>', re.DOTALL)


class AlithSpeaker(OpenAISpeaker):
    """Speaks the format of `POST /chat/completions` without streams."""

    def events(self, turn: Turn, body: Mapping[str, Any], path: str) -> Sequence[bytes]:
        assert path.endswith("/chat/completions")
        assert not body.get("stream")
        said = {
            "role": "assistant",
            "content": "".join(turn.text) or None,
            "reasoning_content": "".join(turn.thoughts) or None,
        }
        if turn.stop == "refused":
            said |= {"content": None, "refusal": said["content"]}
        message: dict[str, Any] = {**said}
        if turn.calls:
            message["tool_calls"] = [
                {
                    "id": f"call_{index}",
                    "type": "function",
                    "function": {
                        "name": tool,
                        "arguments": json.dumps(arguments)
                        if turn.arguments is None or index
                        else turn.arguments,
                    },
                }
                for index, (tool, arguments) in enumerate(turn.calls)
            ]
        finish = FINISH.get(turn.stop) or ("tool_calls" if turn.calls else "stop")
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": f"{body['model']}-2026-01-01",
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": self.usage,
        }
        text = json.dumps(answer).encode()
        size = max(1, len(text) // 6)
        return [text[at : at + size] for at in range(0, len(text), size)]

    def heard(self, asked: Asked) -> Heard:
        plain = super().heard(asked)
        said: list[tuple[str, str]] = []
        for role, text in plain.said:
            rest = _QUOTE.sub("", text).strip()
            said += [(role, rest)] if rest else []
            for kind, id_, name, inner in _QUOTE.findall(text):
                if kind == "call":
                    said.append(("assistant", f"{name} {json.loads(inner)}"))
                else:
                    said.append(("tool", f"{id_}: {inner}"))
        plain.said = said
        plain.system = plain.system.removesuffix(QUOTED).strip()
        return plain
