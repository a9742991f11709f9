"""OpenAI's chat completions, as the server says them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.ai.providers.wire import Asked, Heard, Status, Turn, data

USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 10},
}
FINISH = {"length": "length", "filtered": "content_filter", "refused": "stop"}
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


class OpenAISpeaker:
    """Speaks the format of `POST /chat/completions` with `stream: true`."""

    usage: Mapping[str, Any] | None = USAGE

    def events(self, turn: Turn, body: Mapping[str, Any], path: str) -> Sequence[bytes]:
        assert path.endswith("/chat/completions")
        assert body["stream"] is True
        choices: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        choices += [{"reasoning_content": thought} for thought in turn.thoughts]
        name = "refusal" if turn.stop == "refused" else "content"
        choices += [{name: piece} for piece in turn.text]
        for index, (tool, arguments) in enumerate(turn.calls):
            text = json.dumps(arguments) if turn.arguments is None or index else turn.arguments
            choices.append(
                {
                    "tool_calls": [
                        _call(
                            index,
                            id=f"call_{index}",
                            type="function",
                            function={"name": tool, "arguments": ""},
                        )
                    ]
                }
            )
            half = len(text) // 2
            choices += [
                {"tool_calls": [_call(index, function={"arguments": part})]}
                for part in (text[:half], text[half:])
            ]
        finish = FINISH.get(turn.stop) or ("tool_calls" if turn.calls else "stop")
        events = [_chunk(body, [{"index": 0, "delta": delta, "finish_reason": None}]) for delta in choices]
        events.append(_chunk(body, [{"index": 0, "delta": {}, "finish_reason": finish}]))
        if self.usage is not None and body.get("stream_options", {}).get("include_usage"):
            events.append(_chunk(body, [], self.usage))
        return [*map(data, events), b"data: [DONE]\n\n"]

    def heard(self, asked: Asked) -> Heard:
        body = asked.body
        heard = Heard(
            tools=[tool["function"]["name"] for tool in body.get("tools", ())],
            choice=body.get("tool_choice", "auto"),
            schema=body.get("response_format", {}).get("json_schema", {}).get("schema"),
            options={
                "temperature": body.get("temperature"),
                "top_p": body.get("top_p"),
                "max_tokens": body.get("max_tokens", body.get("max_completion_tokens")),
                "stop": body.get("stop"),
            },
        )
        for message in body["messages"]:
            self._hear(message, heard)
        return heard

    def _hear(self, message: Mapping[str, Any], heard: Heard) -> None:
        role, content = message["role"], message["content"]
        if role == "system":
            heard.system += content
        elif role == "tool":
            heard.said.append(("tool", f"{message['tool_call_id']}: {content}"))
        elif isinstance(content, list):
            for part in content:
                match part["type"]:
                    case "text":
                        heard.said.append((role, part["text"]))
                    case "image_url":
                        heard.media.append(_url(part["image_url"]["url"]))
                    case "file":
                        heard.media.append(_url(part["file"]["file_data"]))
        elif content:
            heard.said.append((role, content))
        for call in message.get("tool_calls", ()):
            function = call["function"]
            heard.said.append((role, f"{function['name']} {json.loads(function['arguments'])}"))

    def error(self, status: Status) -> Any:
        words = status.words or f"The server says {status.code}."
        return {
            "error": {"message": words, "type": "some_error", "param": None, "code": _CODES.get(status.code)}
        }

    def listed(self, models: Sequence[str]) -> Any:
        rows = [{"id": name, "object": "model", "created": 1, "owned_by": "x"} for name in models]
        return {"object": "list", "data": rows}


def _url(text: str) -> tuple[str, bytes]:
    """Kind and content of a data URL."""
    head, _, content = text.partition(",")
    return head.removeprefix("data:").removesuffix(";base64"), base64.b64decode(content)


def _call(index: int, **fields: Any) -> dict[str, Any]:
    return {"index": index, **fields}


def _chunk(
    body: Mapping[str, Any], choices: list[dict[str, Any]], usage: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": f"{body['model']}-2026-01-01",
        "choices": choices,
        "usage": usage,
    }
