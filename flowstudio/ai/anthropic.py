"""Chat models of Anthropic, by Anthropic's own SDK."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import httpx

from flowstudio.ai.failures import Provider
from flowstudio.ai.message import Media, Message, Part, Reasoning, Text, ToolCall, ToolResult
from flowstudio.ai.model import (
    Abilities,
    ChatModel,
    Event,
    ReasoningDelta,
    Reply,
    Request,
    Stop,
    TextDelta,
)
from flowstudio.ai.openai import read_call
from flowstudio.ai.sdk import http_client, load
from flowstudio.ai.usage import Usage
from flowstudio.errors import ModelError

ANTHROPIC: Final = "https://api.anthropic.com"
MAX_TOKENS: Final = 8192
"""What an answer may have where the person says nothing: the provider wants a number."""
_STOPS: Final[Mapping[str, Stop]] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "pause_turn": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tools",
    "refusal": "refused",
}
_CHOICES: Final = {"auto": "auto", "required": "any", "none": "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnthropicOptions:
    """How the model should answer; what is None is left to the provider."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    thinking: int | None = None
    """Tokens that it may think before it answers; None: it does not."""
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    """How much it thinks, for models that decide about that themselves."""
    cache: bool = True
    """Let the provider keep instructions, tools and the conversation so far, which makes the next turn cheaper."""
    timeout: float = 120.0
    """Seconds without anything from the provider."""
    retries: int = 2
    """How often the SDK tries again when that may help."""


@dataclass(slots=True)
class _Gathered:
    """What came of a reply so far."""

    blocks: dict[int, dict[str, Any]] = field(default_factory=dict)
    stop: str = ""
    model: str = ""
    id: str = ""
    fresh: int = 0
    cached: int = 0
    written: int = 0
    output: int = 0
    reasoning: int = 0


class AnthropicModel(ChatModel):
    """A model at Anthropic."""

    provider = "anthropic"

    def __init__(
        self,
        name: str,
        *,
        key: str,
        base_url: str = "",
        options: AnthropicOptions | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.abilities = Abilities()
        self._options = options or AnthropicOptions()
        self._key, self._base_url, self._transport = key, base_url, transport
        self._failures = Provider(self.provider, "Anthropic", name, key)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Ask the model."""
        if not self._key:
            raise self._failures.failure("no_key")
        anthropic = await load("anthropic")
        gathered = _Gathered()
        async with self._client(
            anthropic, await http_client(self._transport, self._options.timeout)
        ) as client:
            try:
                async with aclosing(self._events(client, request, gathered)) as events:
                    async for event in events:
                        yield event
            except ModelError:
                raise
            except anthropic.APITimeoutError as error:
                raise self._failures.failure("timeout", str(error)) from error
            except anthropic.APIConnectionError as error:
                broken = self._failures.failure("cut_off", str(error.__cause__ or error))
                raise broken if gathered.id else self._failures.broken(error) from error
            except anthropic.APIStatusError as error:
                raise self._refused(error) from error
            except (anthropic.AnthropicError, ValueError, TypeError, AttributeError, KeyError) as error:
                raise self._failures.failure("malformed", f"{type(error).__name__}: {error}") from error
            except Exception as error:
                if "Timeout" in type(error).__name__:
                    raise self._failures.failure("timeout", str(error)) from error
                if type(error).__module__.split(".")[0] in ("httpx2", "httpx", "httpcore2"):
                    raise self._failures.failure("cut_off", str(error)) from error
                raise
        yield self._reply(gathered)

    def _client(self, anthropic: Any, client: Any) -> Any:
        return anthropic.AsyncAnthropic(
            api_key=self._key,
            base_url=self._base_url or ANTHROPIC,
            max_retries=self._options.retries,
            timeout=self._options.timeout,
            http_client=client,
        )

    def _refused(self, error: Any) -> ModelError:
        """The error for an answer that is one, also among the events of a stream that had begun with success."""
        inner = error.body.get("error", {}) if isinstance(error.body, Mapping) else {}
        inner = inner if isinstance(inner, Mapping) else {}
        kind, words = str(inner.get("type", "")), str(inner.get("message") or error.message)
        status = error.status_code if error.status_code >= 400 else _STATUSES.get(kind, 500)
        return self._failures.refused(status, words, kind)

    # The request

    def _parameters(self, request: Request) -> dict[str, Any]:
        options = self._options
        thinks = options.thinking is not None or options.effort is not None
        given: dict[str, Any] = {
            "model": self.name,
            "messages": rows(request.messages, cache=options.cache),
            "max_tokens": max(options.max_tokens or MAX_TOKENS, (options.thinking or 0) + 1024),
            "stream": True,
        }
        if options.max_tokens is not None and options.thinking is None:
            given["max_tokens"] = options.max_tokens
        told = [message.text for message in request.messages if message.role == "system" and message.text]
        if told:
            blocks: list[dict[str, Any]] = [{"type": "text", "text": text} for text in told]
            given["system"] = _cached(blocks) if options.cache else blocks
        if request.tools:
            given["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
                for tool in request.tools
            ]
            # A model that thinks cannot be forced to use tools.
            choice = "auto" if thinks and request.tool_choice == "required" else request.tool_choice
            if choice != "auto":
                given["tool_choice"] = {"type": _CHOICES[choice]}
        output: dict[str, Any] = {}
        if options.effort is not None:
            output["effort"] = options.effort
            given["thinking"] = {"type": "adaptive"}
        if options.thinking is not None:
            given["thinking"] = {"type": "enabled", "budget_tokens": options.thinking}
        if request.answer is not None:
            output["format"] = {"type": "json_schema", "schema": dict(request.answer.schema)}
        if output:
            given["output_config"] = output
        sampling = {"temperature": options.temperature, "top_p": options.top_p}
        if not thinks and (given_sampling := {n: v for n, v in sampling.items() if v is not None}):
            given["extra_body"] = given_sampling  # the SDK knows them no more; older models do
        if options.stop:
            given["stop_sequences"] = list(options.stop)
        return given

    # The answer

    async def _events(
        self, client: Any, request: Request, gathered: _Gathered
    ) -> AsyncGenerator[Event, None]:
        stream = await client.messages.create(**self._parameters(request))
        try:
            async for event in stream:
                match event.type:
                    case "message_start":
                        gathered.id, gathered.model = event.message.id or "-", event.message.model or ""
                        _count(event.message.usage, gathered)
                    case "content_block_start":
                        gathered.blocks[event.index] = {
                            "block": event.content_block,
                            "text": [],
                            "opaque": {},
                        }
                        if event.content_block.type == "text" and event.content_block.text:
                            gathered.blocks[event.index]["text"].append(event.content_block.text)
                            yield TextDelta(event.content_block.text)
                    case "content_block_delta":
                        told = _taken(event.delta, gathered.blocks[event.index])
                        if told is not None:
                            yield told
                    case "message_delta":
                        gathered.stop = event.delta.stop_reason or gathered.stop
                        _count(event.usage, gathered)
        finally:
            await stream.close()

    def _reply(self, gathered: _Gathered) -> Reply:
        if not gathered.id:
            raise self._failures.failure("malformed", "the answer holds no events.")
        if not gathered.stop:
            raise self._failures.failure("cut_off")
        parts = [
            part for _, block in sorted(gathered.blocks.items()) if (part := self._part(block)) is not None
        ]
        usage = Usage(
            input=gathered.fresh + gathered.cached + gathered.written,
            output=gathered.output,
            cached=gathered.cached,
            cache_writes=gathered.written,
            reasoning=gathered.reasoning,
        )
        return Reply(
            Message("assistant", tuple(parts)),
            _STOPS.get(gathered.stop, "end"),
            usage,
            gathered.model or self.name,
            {"id": gathered.id, "stop_reason": gathered.stop},
        )

    def _part(self, gathered: Mapping[str, Any]) -> Part | None:
        block, text = gathered["block"], "".join(gathered["text"])
        match block.type:
            case "text":
                return Text(text) if text else None
            case "thinking":
                return Reasoning(text, self.provider, gathered["opaque"])
            case "redacted_thinking":
                return Reasoning("", self.provider, {"data": block.data})
            case "tool_use":
                return read_call({"id": block.id, "name": block.name, "arguments": text}, 0)
        return None


_STATUSES: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}


def _count(usage: Any, gathered: _Gathered) -> None:
    """Take over what is told: the counts are cumulative."""
    if usage is None:
        return
    gathered.fresh = usage.input_tokens or gathered.fresh
    gathered.cached = usage.cache_read_input_tokens or gathered.cached
    gathered.written = usage.cache_creation_input_tokens or gathered.written
    gathered.output = usage.output_tokens or gathered.output
    details = getattr(usage, "output_tokens_details", None)
    gathered.reasoning = getattr(details, "thinking_tokens", None) or gathered.reasoning


def _taken(delta: Any, block: dict[str, Any]) -> Event | None:
    """Add a piece of a block; gives what is to be told of it."""
    match delta.type:
        case "text_delta":
            block["text"].append(delta.text)
            return TextDelta(delta.text)
        case "thinking_delta":
            block["text"].append(delta.thinking)
            return ReasoningDelta(delta.thinking)
        case "signature_delta":
            block["opaque"] = {"signature": block["opaque"].get("signature", "") + delta.signature}
        case "input_json_delta":
            block["text"].append(delta.partial_json)
    return None


def rows(messages: Sequence[Message], *, cache: bool) -> list[dict[str, Any]]:
    """A conversation in the provider's form: results of tools are said by the user; no message is empty."""
    found: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = [block for part in message.parts if (block := _block(part)) is not None]
        if not blocks:
            continue
        if found and found[-1]["role"] == role:
            found[-1]["content"] += blocks
        else:
            found.append({"role": role, "content": blocks})
    if cache and found:
        found[-1]["content"] = _cached(found[-1]["content"])
    return found


def _cached(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Blocks up to whose end the provider keeps what it has read."""
    return [*blocks[:-1], blocks[-1] | {"cache_control": {"type": "ephemeral"}}]


def _block(part: Part) -> dict[str, Any] | None:
    match part:
        case Text():
            return {"type": "text", "text": part.text} if part.text.strip() else None
        case Media():
            return _medium(part)
        case Reasoning() if part.provider == "anthropic" and "data" in part.opaque:
            return {"type": "redacted_thinking", "data": part.opaque["data"]}
        case Reasoning() if part.provider == "anthropic" and "signature" in part.opaque:
            return {"type": "thinking", "thinking": part.text, "signature": part.opaque["signature"]}
        case ToolCall():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": dict(part.arguments)}
        case ToolResult():
            block = {"type": "tool_result", "tool_use_id": part.call, "content": part.text}
            return block | {"is_error": True} if part.failed else block
    return None


def _medium(media: Media) -> dict[str, Any]:
    kind = media.mime_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind == "application/json":
        words = media.data.decode("utf-8", errors="replace")
        return {"type": "text", "text": f"{media.name}:\n{words}" if media.name else words}
    source = {"type": "base64", "media_type": kind, "data": base64.b64encode(media.data).decode()}
    return {"type": "image" if kind.startswith("image/") else "document", "source": source}


async def models_of(
    *, key: str, base_url: str = "", transport: httpx.AsyncBaseTransport | None = None
) -> list[str]:
    """The names of the models that an account may use, sorted. Raises `ModelError`."""
    anthropic = await load("anthropic")
    options = AnthropicOptions(timeout=20.0, retries=1)
    model = AnthropicModel("", key=key, base_url=base_url, options=options, transport=transport)
    async with model._client(anthropic, await http_client(transport, 20.0)) as client:
        try:
            return sorted({entry.id async for entry in client.models.list(limit=1000)})
        except anthropic.APIConnectionError as error:
            raise model._failures.broken(error) from error
        except anthropic.APIStatusError as error:
            raise model._refused(error) from error
        except (anthropic.AnthropicError, ValueError, TypeError, AttributeError) as error:
            raise model._failures.failure("malformed", str(error)) from error
