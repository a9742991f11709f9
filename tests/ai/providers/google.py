"""Gemini's content, as the server says it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from tests.ai.providers.wire import Asked, Heard, Status, Turn, data

_FINISH = {"length": "MAX_TOKENS", "filtered": "SAFETY", "refused": "LANGUAGE"}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
}
_CHOICES = {"AUTO": "auto", "ANY": "required", "NONE": "none"}
_ROLES = {"model": "assistant", "user": "user"}


class GoogleSpeaker:
    """Speaks the format of `:streamGenerateContent?alt=sse`."""

    def events(self, turn: Turn, body: Mapping[str, Any], path: str) -> Sequence[bytes]:
        assert ":streamGenerateContent" in path
        model = path.partition("/models/")[2].partition(":")[0]
        parts: list[dict[str, Any]] = [{"text": thought, "thought": True} for thought in turn.thoughts]
        parts += [{"text": piece} for piece in turn.text]
        for number, (tool, arguments) in enumerate(turn.calls):
            call: dict[str, Any] = {"functionCall": {"name": tool, "args": arguments}}
            if not number:
                call["thoughtSignature"] = base64.b64encode(b"signed").decode()
            parts.append(call)
        chunks: list[dict[str, Any]] = [
            {"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}]} for part in parts
        ]
        chunks.append({"candidates": [{"finishReason": _FINISH.get(turn.stop, "STOP"), "index": 0}]})
        usage = {
            "promptTokenCount": 120,
            "candidatesTokenCount": 20,
            "thoughtsTokenCount": 10,
            "cachedContentTokenCount": 100,
            "totalTokenCount": 150,
        }
        common = {"modelVersion": f"{model}-001", "responseId": "r1", "usageMetadata": usage}
        return [data(chunk | common).replace(b"\n\n", b"\r\n\r\n") for chunk in chunks]

    def heard(self, asked: Asked) -> Heard:
        body = asked.body
        config = body.get("generationConfig", {})
        calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
        heard = Heard(
            system="".join(part["text"] for part in body.get("systemInstruction", {}).get("parts", ())),
            tools=[f["name"] for tool in body.get("tools", ()) for f in tool["functionDeclarations"]],
            choice=_CHOICES[calling.get("mode", "AUTO")],
            schema=config.get("responseJsonSchema"),
            options={
                "temperature": config.get("temperature"),
                "top_p": config.get("topP"),
                "max_tokens": config.get("maxOutputTokens"),
                "stop": config.get("stopSequences"),
            },
        )
        for content in body["contents"]:
            for part in content["parts"]:
                self._hear(_ROLES[content["role"]], part, heard)
        return heard

    def _hear(self, role: str, part: Mapping[str, Any], heard: Heard) -> None:
        if part.get("thought"):
            return
        if "text" in part:
            heard.said.append((role, part["text"]))
        elif "inlineData" in part:
            content = part["inlineData"]
            heard.media.append(
                (content.get("mimeType") or content["mime_type"], base64.urlsafe_b64decode(content["data"]))
            )
        elif "functionCall" in part:
            heard.said.append((role, f"{part['functionCall']['name']} {part['functionCall']['args']}"))
        elif "functionResponse" in part:
            response = part["functionResponse"]
            heard.said.append(("tool", f"{response['name']}: {next(iter(response['response'].values()))}"))

    def error(self, status: Status) -> Any:
        words = status.words or f"The server says {status.code}."
        return {
            "error": {"code": status.code, "message": words, "status": _STATUS.get(status.code, "INTERNAL")}
        }

    def listed(self, models: Sequence[str]) -> Any:
        rows = [
            {"name": f"models/{name}", "supportedGenerationMethods": ["generateContent"]} for name in models
        ]
        return {"models": rows}
