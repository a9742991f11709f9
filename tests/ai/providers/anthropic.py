"""Anthropic's messages, as the server says them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.ai.providers.wire import Asked, Heard, Status, Turn

_STOPS = {"length": "max_tokens", "filtered": "refusal", "refused": "refusal"}
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


class AnthropicSpeaker:
    """Speaks the format of `POST /v1/messages` with `stream: true`."""

    def events(self, turn: Turn, body: Mapping[str, Any], path: str) -> Sequence[bytes]:
        assert path.startswith("/v1/messages")
        assert body["stream"] is True
        start_usage = {
            "input_tokens": 20,
            "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 0,
            "output_tokens": 1,
        }
        message: dict[str, Any] = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": f"{body['model']}-20260101",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": start_usage,
        }
        events: list[dict[str, Any]] = [{"type": "message_start", "message": message}, {"type": "ping"}]
        index = 0
        if turn.thoughts:
            deltas = [{"type": "thinking_delta", "thinking": thought} for thought in turn.thoughts]
            events += _block(
                index,
                {"type": "thinking", "thinking": "", "signature": ""},
                [*deltas, {"type": "signature_delta", "signature": "signed"}],
            )
            index += 1
        if turn.text:
            deltas = [{"type": "text_delta", "text": piece} for piece in turn.text]
            events += _block(index, {"type": "text", "text": ""}, deltas)
            index += 1
        for number, (tool, arguments) in enumerate(turn.calls):
            text = json.dumps(arguments) if turn.arguments is None or number else turn.arguments
            half = len(text) // 2
            deltas = [
                {"type": "input_json_delta", "partial_json": part} for part in (text[:half], text[half:])
            ]
            block = {"type": "tool_use", "id": f"toolu_{number}", "name": tool, "input": {}}
            events += _block(index, block, deltas)
            index += 1
        stop = _STOPS.get(turn.stop) or ("tool_use" if turn.calls else "end_turn")
        usage = {"output_tokens": 30, "output_tokens_details": {"thinking_tokens": 10}}
        events.append(
            {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage}
        )
        events.append({"type": "message_stop"})
        return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]

    def heard(self, asked: Asked) -> Heard:
        body = asked.body
        heard = Heard(
            system="".join(block["text"] for block in body.get("system", ())),
            tools=[tool["name"] for tool in body.get("tools", ())],
            choice=_CHOICES[body.get("tool_choice", {}).get("type", "auto")],
            schema=body.get("output_config", {}).get("format", {}).get("schema"),
            options={
                "temperature": body.get("temperature"),
                "top_p": body.get("top_p"),
                "max_tokens": body.get("max_tokens"),
                "stop": body.get("stop_sequences"),
            },
        )
        assert body["messages"][0]["role"] == "user"
        for message in body["messages"]:
            assert message["content"]
            for block in message["content"]:
                self._hear(message["role"], block, heard)
        return heard

    def _hear(self, role: str, block: Mapping[str, Any], heard: Heard) -> None:
        match block["type"]:
            case "text":
                heard.said.append((role, block["text"]))
            case "image" | "document":
                source = block["source"]
                heard.media.append((source["media_type"], base64.b64decode(source["data"])))
            case "tool_use":
                heard.said.append((role, f"{block['name']} {block['input']}"))
            case "tool_result":
                heard.said.append(("tool", f"{block['tool_use_id']}: {block['content']}"))

    def error(self, status: Status) -> Any:
        words = status.words or f"The server says {status.code}."
        return {"type": "error", "error": {"type": _TYPES.get(status.code, "api_error"), "message": words}}

    def listed(self, models: Sequence[str]) -> Any:
        rows = [
            {"id": name, "type": "model", "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
            for name in models
        ]
        return {"data": rows, "has_more": False, "first_id": models[0], "last_id": models[-1]}


def _block(index: int, block: dict[str, Any], deltas: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]
