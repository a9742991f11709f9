"""Gemini models of Google, by Google's own SDK."""

from __future__ import annotations

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
from flowstudio.ai.sdk import authorities, http_client, load
from flowstudio.ai.usage import Usage
from flowstudio.errors import ModelError

_STOPS: Final[Mapping[str, Stop]] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "SAFETY": "filtered",
    "RECITATION": "filtered",
    "BLOCKLIST": "filtered",
    "PROHIBITED_CONTENT": "filtered",
    "SPII": "filtered",
    "IMAGE_SAFETY": "filtered",
    "LANGUAGE": "refused",
}
_AGAIN: Final = (408, 429, 500, 502, 503, 504, 529)
"""Statuses after which another try may help."""
_CHOICES: Final = {"auto": "AUTO", "required": "ANY", "none": "NONE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleOptions:
    """How the model should answer; what is None is left to the provider."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    thinking: int | None = None
    """Tokens that it may think before it answers; 0: it does not, -1: as many as it wants."""
    level: Literal["minimal", "low", "medium", "high"] | None = None
    """How much it thinks, for models that take a level instead."""
    thoughts: bool = True
    """Whether a summary of what it thinks is told."""
    timeout: float = 120.0
    """Seconds without anything from the provider."""
    retries: int = 2
    """How often the SDK tries again when that may help."""


@dataclass(slots=True)
class _Gathered:
    """What came of a reply so far."""

    parts: list[Part] = field(default_factory=list)
    finish: str = ""
    blocked: str = ""
    model: str = ""
    id: str = ""
    usage: Any = None
    begun: bool = False


class GoogleModel(ChatModel):
    """A Gemini model at Google."""

    provider = "google"

    def __init__(
        self,
        name: str,
        *,
        key: str,
        base_url: str = "",
        options: GoogleOptions | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.abilities = Abilities()
        self._options = options or GoogleOptions()
        self._key, self._base_url, self._transport = key, base_url, transport
        self._failures = Provider(self.provider, "Google", name, key)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Ask the model."""
        if not self._key:
            raise self._failures.failure("no_key")
        genai = await load("google.genai")
        gathered = _Gathered()
        async with await http_client(self._transport, self._options.timeout) as http:
            try:
                client = self._client(genai, http)
                async with aclosing(self._events(genai, client, request, gathered)) as events:
                    async for event in events:
                        yield event
            except ModelError:
                raise
            except genai.errors.APIError as error:
                raise self._refused(error) from error
            except (ValueError, TypeError, AttributeError, KeyError) as error:
                raise self._failures.failure("malformed", f"{type(error).__name__}: {error}") from error
            except Exception as error:
                raise self._lost(error, gathered.begun) from error
        yield self._reply(gathered)

    def _client(self, genai: Any, http: Any) -> Any:
        types = genai.types
        retries = types.HttpRetryOptions(
            attempts=self._options.retries + 1,
            initial_delay=0.5,
            max_delay=20.0,
            http_status_codes=list(_AGAIN),
        )
        return genai.Client(
            vertexai=False,
            api_key=self._key,
            http_options=types.HttpOptions(
                base_url=self._base_url or None,
                httpx_async_client=http,
                client_args={"verify": authorities()},
                async_client_args={"ssl": authorities()},
                timeout=int(self._options.timeout * 1000),
                retry_options=retries if self._options.retries else types.HttpRetryOptions(attempts=1),
            ),
        )

    def _refused(self, error: Any) -> ModelError:
        return self._failures.refused(
            int(error.code or 500), str(error.message or error), str(error.status or "")
        )

    def _lost(self, error: Exception, begun: bool) -> Exception:
        """A connection that failed: the SDK lets its HTTP client's own errors through."""
        module, name = type(error).__module__.split(".")[0], type(error).__name__
        if "Timeout" in name:
            return self._failures.failure("timeout", str(error))
        if module in ("httpx2", "httpx", "httpcore2", "aiohttp"):
            lost = self._failures.failure("cut_off", str(error))
            return lost if begun or name == "RemoteProtocolError" else self._failures.broken(error)
        if module == "google":
            return self._failures.failure("malformed", str(error))
        return error

    # The request

    def _config(self, types: Any, request: Request) -> Any:
        options = self._options
        given: dict[str, Any] = {
            "temperature": options.temperature,
            "top_p": options.top_p,
            "max_output_tokens": options.max_tokens,
            "stop_sequences": list(options.stop) or None,
            "automatic_function_calling": types.AutomaticFunctionCallingConfig(disable=True),
        }
        told = "\n\n".join(m.text for m in request.messages if m.role == "system" and m.text)
        if told:
            given["system_instruction"] = told
        if options.thinking is not None or options.level is not None:
            given["thinking_config"] = types.ThinkingConfig(
                include_thoughts=options.thoughts and options.thinking != 0,
                thinking_budget=options.thinking,
                thinking_level=options.level.upper() if options.level else None,
            )
        if request.tools:
            functions = [
                types.FunctionDeclaration(
                    name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters)
                )
                for tool in request.tools
            ]
            given["tools"] = [types.Tool(function_declarations=functions)]
            if request.tool_choice != "auto":
                calling = types.FunctionCallingConfig(mode=_CHOICES[request.tool_choice])
                given["tool_config"] = types.ToolConfig(function_calling_config=calling)
        if request.answer is not None:
            given["response_mime_type"] = "application/json"
            given["response_json_schema"] = dict(request.answer.schema)
        return types.GenerateContentConfig(
            **{name: value for name, value in given.items() if value is not None}
        )

    # The answer

    async def _events(
        self, genai: Any, client: Any, request: Request, gathered: _Gathered
    ) -> AsyncGenerator[Event, None]:
        types = genai.types
        stream = await client.aio.models.generate_content_stream(
            model=self.name, contents=_contents(types, request.messages), config=self._config(types, request)
        )
        async with aclosing(stream):
            async for chunk in stream:
                gathered.id = chunk.response_id or gathered.id
                gathered.model = chunk.model_version or gathered.model
                gathered.usage = chunk.usage_metadata or gathered.usage
                if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
                    gathered.blocked = str(chunk.prompt_feedback.block_reason.value)
                for candidate in chunk.candidates or ():
                    gathered.begun = True
                    if candidate.finish_reason:
                        gathered.finish = str(candidate.finish_reason.value)
                    for part in (candidate.content.parts if candidate.content else None) or ():
                        told = self._taken(part, gathered)
                        if told is not None:
                            yield told

    def _taken(self, part: Any, gathered: _Gathered) -> Event | None:
        """Add a piece of the answer; gives what is to be told of it."""
        parts, signature = gathered.parts, part.thought_signature
        opaque = {"signature": signature} if signature else {}
        if part.function_call is not None:
            call = part.function_call
            number = sum(isinstance(known, ToolCall) for known in parts)
            parts.append(
                ToolCall(
                    call.id or f"call_{number}",
                    call.name or "",
                    dict(call.args or {}),
                    {**opaque, "id": call.id},
                )
            )
            return None
        text = part.text or ""
        last = parts[-1] if parts else None
        if part.thought:
            if isinstance(last, Reasoning) and not opaque:
                parts[-1] = Reasoning(last.text + text, self.provider, last.opaque)
            else:
                parts.append(Reasoning(text, self.provider, opaque))
            return ReasoningDelta(text) if text else None
        if opaque and not text:
            parts.append(Reasoning("", self.provider, opaque))
            return None
        if isinstance(last, Text):
            parts[-1] = Text(last.text + text)
        elif text:
            parts.append(Text(text))
        return TextDelta(text) if text else None

    def _reply(self, gathered: _Gathered) -> Reply:
        if not gathered.finish and not gathered.blocked:
            raise self._failures.failure(
                "cut_off" if gathered.begun else "malformed", "the answer holds no end."
            )
        parts = tuple(gathered.parts)
        stop = _STOPS.get(gathered.finish, "filtered" if gathered.blocked else "end")
        if any(isinstance(part, ToolCall) for part in parts):
            stop = "tools"
        if gathered.finish == "MALFORMED_FUNCTION_CALL" and stop == "end":
            raise self._failures.failure("malformed", "the model called a tool in a way that cannot be read.")
        return Reply(
            Message("assistant", parts),
            stop,
            _usage(gathered.usage),
            gathered.model or self.name,
            {"id": gathered.id, "finish_reason": gathered.finish or gathered.blocked},
        )


def _usage(told: Any) -> Usage:
    if told is None:
        return Usage()
    thoughts = told.thoughts_token_count or 0
    return Usage(
        input=(told.prompt_token_count or 0) + (told.tool_use_prompt_token_count or 0),
        output=(told.candidates_token_count or 0) + thoughts,
        cached=told.cached_content_token_count or 0,
        reasoning=thoughts,
    )


def _contents(types: Any, messages: Sequence[Message]) -> list[Any]:
    """A conversation in the provider's form."""
    found: list[Any] = []
    for message in messages:
        if message.role == "system":
            continue
        parts = [made for part in message.parts if (made := _part(types, part)) is not None]
        if parts:
            found.append(types.Content(role="model" if message.role == "assistant" else "user", parts=parts))
    return found


def _part(types: Any, part: Part) -> Any:
    match part:
        case Text():
            return types.Part(text=part.text) if part.text else None
        case Media():
            return _medium(types, part)
        case Reasoning() if part.provider == "google" and part.opaque.get("signature"):
            return types.Part(text=part.text, thought=True, thought_signature=part.opaque["signature"])
        case ToolCall():
            own = part.opaque.get("id")
            call = types.FunctionCall(id=own, name=part.name, args=dict(part.arguments))
            return types.Part(function_call=call, thought_signature=part.opaque.get("signature"))
        case ToolResult():
            said = {"error" if part.failed else "result": part.text}
            own = None if part.call.startswith("call_") else part.call
            return types.Part(function_response=types.FunctionResponse(id=own, name=part.name, response=said))
    return None


def _medium(types: Any, media: Media) -> Any:
    kind = media.mime_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind == "application/json":
        words = media.data.decode("utf-8", errors="replace")
        return types.Part(text=f"{media.name}:\n{words}" if media.name else words)
    return types.Part(inline_data=types.Blob(data=media.data, mime_type=kind))


async def models_of(
    *, key: str, base_url: str = "", transport: httpx.AsyncBaseTransport | None = None
) -> list[str]:
    """The names of the models that can chat, sorted. Raises `ModelError`."""
    genai = await load("google.genai")
    model = GoogleModel(
        "", key=key, base_url=base_url, options=GoogleOptions(timeout=20.0, retries=1), transport=transport
    )
    async with await http_client(transport, 20.0) as http:
        try:
            pager = await model._client(genai, http).aio.models.list(config={"page_size": 1000})
            return sorted(
                {
                    (entry.name or "").removeprefix("models/")
                    async for entry in pager
                    if entry.name and "generateContent" in (entry.supported_actions or ["generateContent"])
                }
            )
        except genai.errors.APIError as error:
            raise model._refused(error) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise model._failures.failure("malformed", str(error)) from error
        except Exception as error:
            raise model._lost(error, False) from error
