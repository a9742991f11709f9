"""Chat models of OpenAI, and of every server that speaks its chat completions interface, by OpenAI's own SDK."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Iterable, Mapping
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
from flowstudio.ai.sdk import http_client, load
from flowstudio.ai.tokens import estimate_tokens
from flowstudio.ai.usage import Usage
from flowstudio.errors import ModelError

OPENAI: Final = "https://api.openai.com/v1"
_STOPS: Final[Mapping[str, Stop]] = {
    "stop": "end",
    "length": "length",
    "tool_calls": "tools",
    "function_call": "tools",
    "content_filter": "filtered",
}
_AUDIO: Final = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIOptions:
    """How the model should answer; what is None is left to the provider."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    reasoning: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    timeout: float = 120.0
    """Seconds without anything from the provider."""
    retries: int = 2
    """How often the SDK tries again when that may help."""


@dataclass(slots=True)
class _Gathered:
    """What came of a reply so far."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    finish: str = ""
    model: str = ""
    id: str = ""
    usage: Any = None


class OpenAIModel(ChatModel):
    """A model at OpenAI or, with a `base_url`, at a compatible server."""

    def __init__(
        self,
        name: str,
        *,
        key: str = "",
        base_url: str = "",
        organization: str = "",
        options: OpenAIOptions | None = None,
        abilities: Abilities | None = None,
        compatible: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`compatible` is for servers other than OpenAI's: they get the older names of parameters."""
        self.provider = "compatible" if compatible else "openai"
        self.name = name
        self.abilities = abilities or Abilities()
        self._options = options or OpenAIOptions()
        self._key, self._base_url, self._organization = key, base_url, organization
        self._compatible, self._transport = compatible, transport
        label = "The server" if compatible else "OpenAI"
        self._failures = Provider(self.provider, label, name, key)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Ask the model."""
        if not self._key and not self._compatible:
            raise self._failures.failure("no_key")
        openai = await load("openai")
        gathered = _Gathered()
        async with self._client(openai, await http_client(self._transport, self._options.timeout)) as client:
            try:
                async with aclosing(self._events(client, request, gathered)) as events:
                    async for event in events:
                        yield event
            except ModelError:
                raise
            except openai.APITimeoutError as error:
                raise self._failures.failure("timeout", str(error)) from error
            except openai.APIConnectionError as error:
                broken = self._failures.failure("cut_off", str(error.__cause__ or error))
                raise broken if gathered.id else self._failures.broken(error) from error
            except openai.APIStatusError as error:
                code = str(error.code or "") + " " + str(error.type or "")
                raise self._failures.refused(error.status_code, _words(error), code) from error
            except openai.APIError as error:  # an error among the events of a stream
                raise self._failures.refused(_status(error), _words(error), str(error.code or "")) from error
            except (openai.OpenAIError, ValueError, TypeError, AttributeError, KeyError) as error:
                raise self._failures.failure("malformed", f"{type(error).__name__}: {error}") from error
            except Exception as error:
                raise self._lost(error, bool(gathered.id)) from error
        yield self._reply(request, gathered)

    def _client(self, openai: Any, client: Any) -> Any:
        return openai.AsyncOpenAI(
            api_key=self._key or "none",
            base_url=self._base_url or OPENAI,
            organization=self._organization or None,
            max_retries=self._options.retries,
            timeout=self._options.timeout,
            http_client=client,
        )

    def _lost(self, error: Exception, begun: bool) -> Exception:
        """A connection that broke while the answer came: the SDK lets its HTTP client's own errors through there."""
        if "Timeout" in type(error).__name__:
            return self._failures.failure("timeout", str(error))
        if type(error).__module__.split(".")[0] in ("httpx2", "httpx", "httpcore2"):
            return self._failures.failure("cut_off" if begun else "unreachable", str(error))
        return error

    # The request

    def _parameters(self, request: Request) -> dict[str, Any]:
        options = self._options
        given: dict[str, Any] = {
            "model": self.name,
            "messages": [row for message in request.messages for row in _rows(message)],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": options.temperature,
            "top_p": options.top_p,
            "max_tokens" if self._compatible else "max_completion_tokens": options.max_tokens,
            "stop": list(options.stop) or None,
            "reasoning_effort": options.reasoning,
        }
        if request.tools:
            given["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": dict(tool.parameters),
                    },
                }
                for tool in request.tools
            ]
            if request.tool_choice != "auto":
                given["tool_choice"] = request.tool_choice
        if request.answer is not None:
            form = {"name": request.answer.name, "schema": request.answer.schema}
            given["response_format"] = {
                "type": "json_schema",
                "json_schema": form | {"strict": is_strict(request.answer.schema)},
            }
        return {name: value for name, value in given.items() if value is not None}

    # The answer

    async def _events(
        self, client: Any, request: Request, gathered: _Gathered
    ) -> AsyncGenerator[Event, None]:
        # As plain objects: making the SDK's own of each piece takes more time than all the rest together.
        stream = await client.post(
            "/chat/completions",
            body=self._parameters(request),
            cast_to=object,
            stream=True,
            stream_cls=(await load("openai")).AsyncStream[object],
        )
        try:
            async for chunk in stream:
                gathered.id = chunk.get("id") or gathered.id or "-"
                gathered.model = chunk.get("model") or gathered.model
                gathered.usage = chunk.get("usage") or gathered.usage
                for choice in chunk.get("choices") or ():
                    gathered.finish = choice.get("finish_reason") or gathered.finish
                    for event in _taken(choice.get("delta") or {}, gathered):
                        yield event
        finally:
            await stream.close()

    def _reply(self, request: Request, gathered: _Gathered) -> Reply:
        if not gathered.id:
            raise self._failures.failure("malformed", "the answer holds no events.")
        if not gathered.finish:
            raise self._failures.failure("cut_off")
        text, refusal = "".join(gathered.text), "".join(gathered.refusal)
        parts: list[Part] = []
        if gathered.reasoning:
            parts.append(Reasoning("".join(gathered.reasoning), self.provider))
        if text or refusal:
            parts.append(Text(text or refusal))
        parts += [read_call(call, index) for index, call in sorted(gathered.calls.items())]
        stop = _STOPS.get(gathered.finish, "end")
        if refusal:
            stop = "refused"
        elif gathered.calls and stop == "end":
            stop = "tools"  # some servers say `stop` for tool calls too
        usage, estimated = self._usage(request, gathered)
        raw = {"id": gathered.id, "finish_reason": gathered.finish}
        return Reply(
            Message("assistant", tuple(parts)),
            stop,
            usage,
            gathered.model or self.name,
            raw | {"usage_estimated": True} if estimated else raw,
        )

    def _usage(self, request: Request, gathered: _Gathered) -> tuple[Usage, bool]:
        told = gathered.usage
        if not isinstance(told, Mapping):  # some compatible servers leave it out
            asked = sum(estimate_tokens(message.text) for message in request.messages)
            return Usage(asked, estimate_tokens("".join(gathered.text))), True
        return Usage(
            input=_number(told, "prompt_tokens"),
            output=_number(told, "completion_tokens"),
            cached=_number(told.get("prompt_tokens_details"), "cached_tokens"),
            reasoning=_number(told.get("completion_tokens_details"), "reasoning_tokens"),
        ), False


def _number(place: Any, name: str) -> int:
    """A count, if it is told."""
    value = place.get(name) if isinstance(place, Mapping) else None
    return value if isinstance(value, int) else 0


def _taken(delta: Mapping[str, Any], gathered: _Gathered) -> Iterable[Event]:
    """Add a piece of the answer; gives what is to be told of it."""
    thought = delta.get("reasoning_content") or delta.get("reasoning")
    if isinstance(thought, str) and thought:
        gathered.reasoning.append(thought)
        yield ReasoningDelta(thought)
    if content := delta.get("content"):
        if not isinstance(content, str):
            raise TypeError("a piece of the answer is not text")
        gathered.text.append(content)
        yield TextDelta(content)
    if refusal := delta.get("refusal"):
        gathered.refusal.append(str(refusal))
    for piece in delta.get("tool_calls") or ():
        index = piece.get("index")
        if index is None:
            index = len(gathered.calls)
        call = gathered.calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        call["id"] = piece.get("id") or call["id"]
        function = piece.get("function") or {}
        call["name"] += function.get("name") or ""
        call["arguments"] += function.get("arguments") or ""


def read_call(call: Mapping[str, str], index: int) -> ToolCall:
    """A tool call from its texts; arguments that are no JSON object are a fault of the call."""
    try:
        arguments = json.loads(call["arguments"] or "{}")
    except ValueError as error:
        return ToolCall(
            call["id"] or f"call_{index}", call["name"], {}, fault=f"The arguments are not JSON: {error}."
        )
    if not isinstance(arguments, dict):
        return ToolCall(
            call["id"] or f"call_{index}", call["name"], {}, fault="The arguments must be a JSON object."
        )
    return ToolCall(call["id"] or f"call_{index}", call["name"], arguments)


def _rows(message: Message) -> Iterable[dict[str, Any]]:
    """A message in the provider's form: several when it holds results of tools."""
    if message.role == "tool":
        for part in message.parts:
            if isinstance(part, ToolResult):
                yield {"role": "tool", "tool_call_id": part.call, "content": part.text}
        return
    row: dict[str, Any] = {"role": message.role, "content": message.text}
    media = [part for part in message.parts if isinstance(part, Media)]
    if media:
        row["content"] = [
            *map(_medium, media),
            *([{"type": "text", "text": message.text}] if message.text else []),
        ]
    if message.calls:
        row["content"] = message.text or None
        row["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for call in message.calls
        ]
    yield row


def _medium(media: Media) -> dict[str, Any]:
    """A picture, a sound or a file in the provider's form; plain text goes along as text."""
    kind = media.mime_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind == "application/json":
        words = media.data.decode("utf-8", errors="replace")
        return {"type": "text", "text": f"{media.name}:\n{words}" if media.name else words}
    data = base64.b64encode(media.data).decode()
    if kind in _AUDIO:
        return {"type": "input_audio", "input_audio": {"data": data, "format": _AUDIO[kind]}}
    url = f"data:{kind};base64,{data}"
    if kind.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": url}}
    return {"type": "file", "file": {"filename": media.name or "file", "file_data": url}}


def is_strict(schema: Any) -> bool:
    """Whether OpenAI can hold a model strictly to a schema: every object is closed and needs all of its properties."""
    if not isinstance(schema, Mapping) or not schema:
        return False
    if any(key in schema for key in ("oneOf", "allOf", "not", "patternProperties", "if")):
        return False
    kinds = schema.get("type")
    if kinds == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        return (
            schema.get("additionalProperties") is False
            and set(schema.get("required", ())) == set(properties)
            and all(is_strict(child) for child in properties.values())
        )
    if kinds == "array":
        return is_strict(schema.get("items", {}))
    if "anyOf" in schema:
        return all(is_strict(child) for child in schema["anyOf"])
    return True


def _words(error: Any) -> str:
    """The provider's own words."""
    body = error.body
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        said = inner.get("message") if isinstance(inner, Mapping) else inner
        if said:
            return str(said)
    return str(error.message)


def _status(error: Any) -> int:
    """The status that an error among the events of a stream would have had."""
    code = str(error.code or "")
    if code.isdigit():
        return int(code)
    return {"rate_limit_exceeded": 429, "insufficient_quota": 429, "invalid_api_key": 401}.get(code, 500)


async def models_of(
    *, key: str, base_url: str = "", organization: str = "", transport: httpx.AsyncBaseTransport | None = None
) -> list[str]:
    """The names of the models that an account may use, sorted. Raises `ModelError`."""
    openai = await load("openai")
    model = OpenAIModel(
        "",
        key=key,
        base_url=base_url,
        organization=organization,
        options=OpenAIOptions(timeout=20.0, retries=1),
        compatible=bool(base_url),
        transport=transport,
    )
    async with model._client(openai, await http_client(transport, 20.0)) as client:
        try:
            return sorted({entry.id async for entry in client.models.list()})
        except openai.APIConnectionError as error:
            raise model._failures.broken(error) from error
        except openai.APIStatusError as error:
            raise model._failures.refused(error.status_code, _words(error), str(error.code or "")) from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise model._failures.failure("malformed", str(error)) from error
