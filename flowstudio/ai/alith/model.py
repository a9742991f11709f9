"""Chat models by Alith, at any provider with an OpenAI-compatible interface."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from flowstudio.ai.alith.conversation import Conversation, normalised
from flowstudio.ai.alith.pool import AlithPool, WorkerGone
from flowstudio.ai.failures import Provider
from flowstudio.ai.message import Message, Part, Reasoning, Text
from flowstudio.ai.model import Abilities, ChatModel, Event, ReasoningDelta, Reply, Request, Stop, TextDelta
from flowstudio.ai.openai import read_call
from flowstudio.ai.sdk import http_client
from flowstudio.ai.tokens import estimate_tokens
from flowstudio.ai.usage import Usage
from flowstudio.errors import FlowStudioError, ModelError, ModelFault

CONTEXT: Final = 8182
"""Tokens that Alith lets through: it takes every model for one of the first GPT-4."""
LIMIT: Final = 32 << 20
"""Bytes of an answer."""
_STOPS: Final[Mapping[str, Stop]] = {"length": "length", "content_filter": "filtered"}
_UNKNOWN_TOOL: Final = re.compile(r"Tool not found: (\S+)")
_AGAIN: Final[frozenset[ModelFault]] = frozenset({"rate_limited", "overloaded", "unreachable"})
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlithOptions:
    """How the model should answer; what is None is left to the provider."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    timeout: float = 120.0
    """Seconds without anything from the provider; as nothing is streamed, that is until the whole answer."""
    retries: int = 2
    """How often a call is repeated when that may help."""


@dataclass(slots=True)
class _Told:
    """What the provider said besides the words and calls that Alith hands out."""

    finish: str = ""
    refusal: str = ""
    reasoning: str = ""
    model: str = ""
    id: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)


class AlithModel(ChatModel):
    """A model that Alith asks. It has one piece of words at the end, and takes no pictures."""

    provider = "alith"

    def __init__(
        self,
        name: str,
        *,
        pool: AlithPool,
        base_url: str,
        key: str = "",
        label: str = "The server",
        options: AlithOptions | None = None,
        newer: bool = False,
        needs_key: bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`base_url` is what `/chat/completions` is added to; `newer`: it takes OpenAI's newer names of parameters."""
        self.name = name
        self.abilities = Abilities(
            streaming=False, images=False, files=False, structured=False, context=CONTEXT
        )
        self._pool, self._base_url, self._key = pool, base_url.rstrip("/"), key
        self._options = options or AlithOptions()
        self._newer, self._needs_key, self._transport = newer, needs_key, transport
        self._failures = Provider(self.provider, label, name, key)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Ask the model."""
        if self._needs_key and not self._key:
            raise self._failures.failure("no_key")
        said = normalised(request.messages)
        self._fits(request, said)
        reply = await self._repeated(request, said)
        for part in reply.message.parts:
            if isinstance(part, Reasoning):
                yield ReasoningDelta(part.text)
        if reply.message.text:
            yield TextDelta(reply.message.text)
        yield reply

    async def _repeated(self, request: Request, said: Conversation) -> Reply:
        """One turn, tried again where that may help."""
        pause = _FIRST_PAUSE
        for _ in range(self._options.retries):
            try:
                return await self._turn(request, said)
            except ModelError as error:
                if error.kind not in _AGAIN:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        return await self._turn(request, said)

    def _fits(self, request: Request, said: Conversation) -> None:
        """Refuse at once what is far too long. What is near the limit is counted by Alith."""
        tools = json.dumps([tool.parameters for tool in request.tools])
        words = sum(estimate_tokens(text) for _, text in said.history) + estimate_tokens(said.prompt + tools)
        if words > 2 * CONTEXT:
            raise self._too_long(f"about {words:,} tokens")

    def _too_long(self, words: str) -> ModelError:
        return ModelError(
            "too_long",
            f"The conversation is too long for Alith ({words}): with it every model takes {CONTEXT:,} tokens at most. Give it less, or attach "
            "the provider's own chat model.",
            detail={"provider": self.provider, "model": self.name},
        )

    async def _turn(self, request: Request, said: Conversation) -> Reply:
        told = _Told()
        asked = {
            "model": self.name,
            "prompt": said.prompt,
            "history": said.history,
            "tools": [
                {
                    "name": tool.name,
                    "description": tool.description or tool.name,
                    "parameters": dict(tool.parameters),
                }
                for tool in request.tools
            ],
        }
        client = await http_client(self._transport, self._options.timeout)
        async with client:

            async def answer(body: Mapping[str, Any]) -> Mapping[str, Any]:
                return await self._answer(client, self._shaped(body, request), told)

            try:
                found = await self._pool.turn(asked, answer, timeout=self._options.timeout)
            except TimeoutError as error:
                raise self._failures.failure("timeout") from error
            except WorkerGone as error:
                raise self._failures.failure("malformed", "Alith's process ended over it.") from error
        return self._reply(found, told, said.calls)

    # To and from the provider

    def _shaped(self, body: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """What Alith would send, with the settings that were made instead of Alith's own."""
        options = self._options
        given: dict[str, Any] = {
            "model": self.name,
            "messages": body.get("messages"),
            "tools": body.get("tools") or None,
            "temperature": options.temperature,
            "top_p": options.top_p,
            "max_completion_tokens" if self._newer else "max_tokens": options.max_tokens,
            "stop": list(options.stop) or None,
        }
        if given["tools"] and request.tool_choice != "auto":
            given["tool_choice"] = request.tool_choice
        return {name: value for name, value in given.items() if value is not None}

    async def _answer(self, client: Any, body: Mapping[str, Any], told: _Told) -> Mapping[str, Any]:
        """The provider's answer. Raises `ModelError`, and what the transport refuses."""
        headers = {"authorization": f"Bearer {self._key}"} if self._key else {}
        url, begun, raw = f"{self._base_url}/chat/completions", False, bytearray()
        try:
            async with client.stream("POST", url, json=body, headers=headers) as response:
                begun = True
                async for part in response.aiter_bytes():
                    raw += part
                    if len(raw) > LIMIT:
                        raise self._failures.failure("malformed", "it is larger than 32 MiB.")
        except FlowStudioError:
            raise
        except Exception as error:
            raise self._lost(error, begun) from error
        try:
            found = json.loads(raw)
        except ValueError:
            found = None
        if response.status_code != 200:
            code, words = _complaint(found)
            raise self._failures.refused(
                response.status_code, words or f"status {response.status_code}", code
            )
        return self._understood(found, told)

    def _lost(self, error: Exception, begun: bool) -> Exception:
        module, name = type(error).__module__.split(".")[0], type(error).__name__
        if "Timeout" in name:
            return self._failures.failure("timeout", str(error))
        if module in ("httpx2", "httpx", "httpcore2"):
            lost = self._failures.failure("cut_off", str(error))
            return lost if begun or name == "RemoteProtocolError" else self._failures.broken(error)
        return error

    def _understood(self, found: Any, told: _Told) -> Mapping[str, Any]:
        """Note what Alith would drop of an answer, and give it what it needs to read the rest."""
        try:
            choice = found["choices"][0]
            message = choice["message"]
            told.finish = str(choice.get("finish_reason") or "")
            told.refusal = str(message.get("refusal") or "")
            thought = message.get("reasoning_content") or message.get("reasoning")
            told.reasoning = thought if isinstance(thought, str) else ""
            told.model, told.id = str(found.get("model") or ""), str(found.get("id") or "")
            told.usage = found.get("usage") or {}
            calls = [
                {
                    "id": str(call.get("id") or f"call_{index}"),
                    "type": "function",
                    "function": {
                        "name": str(call["function"]["name"]),
                        "arguments": str(call["function"].get("arguments") or "{}"),
                    },
                }
                for index, call in enumerate(message.get("tool_calls") or ())
            ]
            content = message.get("content") or ""
            if not isinstance(content, str):
                raise TypeError("the words are not text")
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            words = "it holds no answer." if isinstance(error, LookupError) else f"{error}."
            raise self._failures.failure("malformed", words) from error
        said: dict[str, Any] = {"role": "assistant", "content": content}
        return {
            "id": told.id or "-",
            "object": "chat.completion",
            "created": 0,
            "model": told.model or self.name,
            "choices": [
                {
                    "index": 0,
                    "message": said | {"tool_calls": calls} if calls else said,
                    "finish_reason": "tool_calls" if calls else "stop",
                }
            ],
            "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        }

    # The answer

    def _reply(self, found: Mapping[str, Any], told: _Told, before: int) -> Reply:
        noted = list(found["calls"])
        if "error" in found:
            unknown = _UNKNOWN_TOOL.search(found["error"])
            if unknown is None:
                raise self._failed(found["error"])
            noted.append({"name": unknown[1], "arguments": "{}"})
        text = found.get("text", "") or told.refusal
        parts: list[Part] = [Reasoning(told.reasoning, self.provider)] if told.reasoning else []
        parts += [Text(text)] if text else []
        parts += [
            read_call({"id": f"call_{before + index}", **call}, index) for index, call in enumerate(noted)
        ]
        stop = _STOPS.get(told.finish, "tools" if noted else "end")
        return Reply(
            Message("assistant", tuple(parts)),
            "refused" if told.refusal else stop,
            _usage(told.usage),
            told.model or self.name,
            {"id": told.id, "finish_reason": told.finish},
        )

    def _failed(self, words: str) -> ModelError:
        """The error for what Alith itself says."""
        if "TokenLimit" in words or "ctx_size" in words:
            counted = re.search(r"total_prompt_tokens \((\d+)\)", words)
            return self._too_long(f"{int(counted[1]):,} tokens" if counted else "too many tokens")
        return self._failures.failure("malformed", words)


def _complaint(found: Any) -> tuple[str, str]:
    """Code and words of an error: OpenAI's form, or Google's, which is a list."""
    row = found[0] if isinstance(found, list) and found else found
    inner = row.get("error", row) if isinstance(row, Mapping) else None
    if isinstance(inner, Mapping):
        names = (str(inner.get(name) or "") for name in ("code", "type", "status"))
        return " ".join(filter(None, names)), str(inner.get("message") or "")
    return "", inner if isinstance(inner, str) else ""


def _usage(told: Mapping[str, Any]) -> Usage:
    def number(place: Any, name: str) -> int:
        value = place.get(name) if isinstance(place, Mapping) else None
        return value if isinstance(value, int) else 0

    return Usage(
        input=number(told, "prompt_tokens"),
        output=number(told, "completion_tokens"),
        cached=number(told.get("prompt_tokens_details"), "cached_tokens"),
        reasoning=number(told.get("completion_tokens_details"), "reasoning_tokens"),
    )
