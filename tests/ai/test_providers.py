"""Every chat model against its provider's wire format, by the real SDK over real HTTP: one suite for all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from flowstudio.ai import anthropic as anthropic_api
from flowstudio.ai import google as google_api
from flowstudio.ai.anthropic import AnthropicModel, AnthropicOptions
from flowstudio.ai.google import GoogleModel, GoogleOptions
from flowstudio.ai.message import (
    Media,
    Message,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    assistant,
    system,
    user,
)
from flowstudio.ai.model import Answer, ChatModel, ReasoningDelta, Reply, Request, Stop, TextDelta, ToolSpec
from flowstudio.ai.openai import OpenAIModel, OpenAIOptions, models_of
from flowstudio.errors import ModelError, ModelFault, OutboundRefused
from tests.ai.providers.anthropic import AnthropicSpeaker
from tests.ai.providers.google import GoogleSpeaker
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import (
    Behaviour,
    Cut,
    Garbage,
    Hang,
    Heard,
    Speaker,
    Status,
    Turn,
    Wire,
    drained,
)

KEY = "sk-very-secret-key"
WEATHER = ToolSpec(
    "weather",
    "Tells the weather.",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
FORM = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Vendor:
    """A provider under test."""

    name: str
    speaker: Callable[[], Speaker]
    make: Callable[..., ChatModel]
    """`make(url, retries=0, timeout=5.0, transport=None, **options)`"""


def openai(
    url: str, *, retries: int = 0, timeout: float = 5.0, transport: Any = None, key: str = KEY, **options: Any
) -> ChatModel:
    return OpenAIModel(
        "model-a",
        key=key,
        base_url=f"{url}/v1",
        options=OpenAIOptions(retries=retries, timeout=timeout, **options),
        transport=transport,
    )


def compatible(
    url: str, *, retries: int = 0, timeout: float = 5.0, transport: Any = None, key: str = KEY, **options: Any
) -> ChatModel:
    return OpenAIModel(
        "model-a",
        key=key,
        base_url=f"{url}/v1",
        compatible=True,
        options=OpenAIOptions(retries=retries, timeout=timeout, **options),
        transport=transport,
    )


def anthropic(
    url: str, *, retries: int = 0, timeout: float = 5.0, transport: Any = None, key: str = KEY, **options: Any
) -> ChatModel:
    given = AnthropicOptions(retries=retries, timeout=timeout, **options)
    return AnthropicModel("model-a", key=key, base_url=url, options=given, transport=transport)


def google(
    url: str, *, retries: int = 0, timeout: float = 5.0, transport: Any = None, key: str = KEY, **options: Any
) -> ChatModel:
    given = GoogleOptions(retries=retries, timeout=timeout, **options)
    return GoogleModel("model-a", key=key, base_url=url, options=given, transport=transport)


VENDORS = [
    Vendor("openai", OpenAISpeaker, openai),
    Vendor("compatible", OpenAISpeaker, compatible),
    Vendor("anthropic", AnthropicSpeaker, anthropic),
    Vendor("google", GoogleSpeaker, google),
]


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    found: Vendor = request.param
    return found


def wire(vendor: Vendor, *behaviours: Behaviour, **options: Any) -> Wire:
    return Wire(vendor.speaker(), list(behaviours), **options)


def heard(server: Wire) -> Heard:
    """The last request."""
    return server.speaker.heard(server.asked[-1])


HELLO = Request(messages=(system("Be brief."), user("Hi!")))


async def test_a_plain_answer(vendor: Vendor) -> None:
    async with wire(vendor, Turn(("Hel", "lo."))) as server:
        reply = await vendor.make(server.url).reply(HELLO)
    assert reply.message == assistant("Hello.")
    assert reply.stop == "end"
    assert reply.model.startswith("model-a")
    assert heard(server).system == "Be brief."
    assert heard(server).said == [("user", "Hi!")]
    assert any(KEY in value for value in (*server.asked[0].headers.values(), server.asked[0].path))


async def test_words_come_as_they_are_said(vendor: Vendor) -> None:
    async with (
        wire(vendor, Hang(Turn(("One ", "two ", "three")), 4)) as server,
        aclosing(vendor.make(server.url).stream(HELLO)) as stream,
    ):
        first = await anext(stream)
        await server.reached.wait()
        assert isinstance(first, TextDelta)
        assert first.text.startswith("One")
    async with wire(vendor, Turn(("One ", "two ", "three"))) as server:
        events = await drained(vendor.make(server.url).stream(HELLO))
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["One ", "two ", "three"]
    assert isinstance(events[-1], Reply)
    assert sum(isinstance(event, Reply) for event in events) == 1


async def test_usage_is_told(vendor: Vendor) -> None:
    async with wire(vendor, Turn(("Hi",))) as server:
        usage = (await vendor.make(server.url).reply(HELLO)).usage
    assert (usage.input, usage.output, usage.cached, usage.reasoning, usage.calls) == (120, 30, 100, 10, 1)


async def test_tools_are_offered_called_and_answered(vendor: Vendor) -> None:
    asks = Turn(("Let me see.",), calls=(("weather", {"city": "Oslo"}), ("weather", {"city": "Rom ü"})))
    async with wire(vendor, asks, Turn(("Cold and warm.",))) as server:
        model = vendor.make(server.url)
        first = await model.reply(Request(messages=HELLO.messages, tools=(WEATHER,)))
        assert heard(server).tools == ["weather"]
        calls = first.message.calls
        results = tuple(ToolResult(call.id, call.name, f'{{"t": {i}}}') for i, call in enumerate(calls))
        messages = (*HELLO.messages, first.message, Message("tool", results))
        second = await model.reply(Request(messages=messages, tools=(WEATHER,)))
    assert first.stop == "tools"
    assert first.message.text == "Let me see."
    assert [(call.name, call.arguments, call.fault) for call in calls] == [
        ("weather", {"city": "Oslo"}, ""),
        ("weather", {"city": "Rom ü"}, ""),
    ]
    assert len({call.id for call in calls}) == 2
    assert second.message.text == "Cold and warm."
    said = heard(server).said
    assert ("assistant", "weather {'city': 'Oslo'}") in said
    assert [text.partition(": ")[2] for role, text in said if role == "tool"] == ['{"t": 0}', '{"t": 1}']


async def test_failed_tools_are_told_as_such(vendor: Vendor) -> None:
    call = ToolCall("call_0", "weather", {"city": "Oslo"})
    messages = (
        user("Weather?"),
        Message("assistant", (call,)),
        Message("tool", (ToolResult("call_0", "weather", "Error: no line", failed=True),)),
    )
    async with wire(vendor, Turn(("Sorry.",))) as server:
        reply = await vendor.make(server.url).reply(Request(messages=messages, tools=(WEATHER,)))
    assert reply.message.text == "Sorry."
    assert any("Error: no line" in text for role, text in heard(server).said if role == "tool")


@pytest.mark.parametrize("choice", ["auto", "required", "none"])
async def test_the_use_of_tools_can_be_demanded_and_forbidden(vendor: Vendor, choice: Any) -> None:
    async with wire(vendor, Turn(("Fine.",))) as server:
        await vendor.make(server.url).reply(
            Request(messages=HELLO.messages, tools=(WEATHER,), tool_choice=choice)
        )
    assert heard(server).choice == choice


async def test_an_answer_can_be_held_to_a_schema(vendor: Vendor) -> None:
    async with wire(vendor, Turn(('{"n"', ": 3}"))) as server:
        model = vendor.make(server.url)
        if not model.abilities.structured:
            pytest.skip("has no way of its own")
        reply = await model.reply(Request(messages=HELLO.messages, answer=Answer(FORM)))
    assert reply.message.text == '{"n": 3}'
    assert heard(server).schema == FORM


async def test_pictures_and_files_go_along(vendor: Vendor) -> None:
    question = user(
        "What is this?", Media(PNG, "image/png", "a.png"), Media(b"%PDF-1.7", "application/pdf", "a.pdf")
    )
    async with wire(vendor, Turn(("A cat.",))) as server:
        await vendor.make(server.url).reply(Request(messages=(question,)))
    assert heard(server).media == [("image/png", PNG), ("application/pdf", b"%PDF-1.7")]
    assert ("user", "What is this?") in heard(server).said


async def test_text_files_go_along_as_words(vendor: Vendor) -> None:
    question = user("Sum it up.", Media("Größe: 3".encode(), "text/plain", "note.txt"))
    async with wire(vendor, Turn(("3",))) as server:
        await vendor.make(server.url).reply(Request(messages=(question,)))
    assert any("Größe: 3" in text for _, text in heard(server).said)


async def test_settings_reach_the_provider(vendor: Vendor) -> None:
    async with wire(vendor, Turn(("Hi",))) as server:
        model = vendor.make(server.url, temperature=0.5, top_p=0.9, max_tokens=77, stop=("END",))
        await model.reply(HELLO)
    assert heard(server).options == {"temperature": 0.5, "top_p": 0.9, "max_tokens": 77, "stop": ["END"]}


async def test_thoughts_are_told_apart_from_the_answer(vendor: Vendor) -> None:
    async with wire(vendor, Turn(("4",), thoughts=("Two ", "twos."))) as server:
        model = vendor.make(server.url)
        events = await drained(model.stream(HELLO))
        reply = events[-1]
        await model.reply(Request(messages=(*HELLO.messages, reply.message, user("Sure?"))))
    assert [event.text for event in events if isinstance(event, ReasoningDelta)] == ["Two ", "twos."]
    assert reply.message.text == "4"
    assert [part.text for part in reply.message.parts if isinstance(part, Reasoning)] == ["Two twos."]


@pytest.mark.parametrize(
    ("turn", "stop"),
    [
        (Turn(("One two",), stop="length"), "length"),
        (Turn((), stop="filtered"), "filtered"),
        (Turn(("I may not.",), stop="refused"), "refused"),
    ],
)
async def test_the_reason_of_the_end_is_told(vendor: Vendor, turn: Turn, stop: Stop) -> None:
    async with wire(vendor, turn) as server:
        reply = await vendor.make(server.url).reply(HELLO)
    # Anthropic says `refusal` for both.
    assert reply.stop == ("refused" if vendor.name == "anthropic" and stop == "filtered" else stop)


async def test_arguments_that_are_no_json_are_a_fault_of_the_call(vendor: Vendor) -> None:
    if vendor.name == "google":
        pytest.skip("its arguments are JSON by the wire format")
    async with wire(vendor, Turn(calls=(("weather", {}),), arguments='{"city": "Os')) as server:
        reply = await vendor.make(server.url).reply(Request(messages=HELLO.messages, tools=(WEATHER,)))
    (call,) = reply.message.calls
    assert call.name == "weather"
    assert "not JSON" in call.fault


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (Status(400, "messages.0: wrong"), "bad_request", False),
        (Status(400, "This model's maximum context length is 8192 tokens."), "too_long", False),
        (Status(401, f"Incorrect API key provided: {KEY}"), "wrong_key", False),
        (Status(403), "wrong_key", False),
        (Status(404), "unknown_model", False),
        (Status(413), "too_long", False),
        (Status(429, "Slow down."), "rate_limited", True),
        (Status(429, "You exceeded your current quota, check your billing details."), "no_quota", False),
        (Status(500), "overloaded", True),
        (Status(503), "overloaded", True),
        (Status(529), "overloaded", True),
    ],
    ids=lambda value: f"{value.code}-{value.words[:9]}" if isinstance(value, Status) else "",
)
async def test_errors_say_what_to_do(
    vendor: Vendor, status: Status, kind: ModelFault, retryable: bool
) -> None:
    async with wire(vendor, status) as server:
        with pytest.raises(ModelError) as caught:
            await vendor.make(server.url).reply(HELLO)
    error = caught.value
    assert (error.kind, error.retryable) == (kind, retryable)
    assert error.detail["status"] == status.code
    assert error.message.endswith(".")
    assert KEY not in f"{error.message}{error.detail}"


async def test_calls_that_may_be_repeated_are_repeated(vendor: Vendor) -> None:
    async with wire(vendor, Status(529), Turn(("Hello.",))) as server:
        reply = await vendor.make(server.url, retries=1).reply(HELLO)
    assert reply.message.text == "Hello."
    assert len(server.asked) == 2


async def test_a_provider_that_does_not_answer_is_given_up(vendor: Vendor) -> None:
    async with wire(vendor, Hang()) as server:
        with pytest.raises(ModelError) as caught:
            await vendor.make(server.url, timeout=0.3).reply(HELLO)
    assert caught.value.kind == "timeout"


async def test_a_provider_that_falls_silent_is_given_up(vendor: Vendor) -> None:
    async with wire(vendor, Hang(Turn(("One ", "two")), 3)) as server:
        with pytest.raises(ModelError) as caught:
            await vendor.make(server.url, timeout=0.3).reply(HELLO)
    assert caught.value.kind == "timeout"


async def test_an_answer_that_breaks_off_is_no_answer(vendor: Vendor) -> None:
    async with wire(vendor, Cut(Turn(("One ", "two ", "three")), 3)) as server:
        with pytest.raises(ModelError) as caught:
            await vendor.make(server.url).reply(HELLO)
    assert caught.value.kind == "cut_off"
    assert caught.value.retryable


@pytest.mark.parametrize(
    "garbage",
    [
        Garbage(),
        Garbage(b"data: {nonsense\n\n", "text/event-stream"),
        Garbage(b'{"answer": 42}', "application/json"),
        Garbage(b"", "text/event-stream"),
        Garbage(b"data: [1, 2]\n\ndata: [DONE]\n\n", "text/event-stream"),
    ],
    ids=["page", "half", "other", "empty", "list"],
)
async def test_what_is_no_answer_is_named(vendor: Vendor, garbage: Garbage) -> None:
    async with wire(vendor, garbage) as server:
        with pytest.raises(ModelError) as caught:
            await vendor.make(server.url).reply(HELLO)
    assert caught.value.kind in ("malformed", "cut_off")


async def test_an_address_where_nobody_listens_is_unreachable(vendor: Vendor) -> None:
    async with wire(vendor, Turn(())) as server:
        url = server.url
    with pytest.raises(ModelError) as caught:
        await vendor.make(url).reply(HELLO)
    assert caught.value.kind == "unreachable"


async def test_cancelling_ends_the_call_at_once(vendor: Vendor) -> None:
    async with wire(vendor, Hang(Turn(("One ", "two")), 2)) as server:
        task = asyncio.create_task(vendor.make(server.url).reply(HELLO))
        await server.reached.wait()
        began = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await server.left.wait()
        assert time.perf_counter() - began < 0.2


async def test_closing_the_stream_ends_the_call(vendor: Vendor) -> None:
    async with wire(vendor, Hang(Turn(("One ", "two ", "three")), 4)) as server:
        async with aclosing(vendor.make(server.url).stream(HELLO)) as events:
            await anext(events)
        async with asyncio.timeout(5):
            await server.left.wait()


async def test_calls_go_through_the_transport_that_is_given(vendor: Vendor) -> None:
    class Refusing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise OutboundRefused("That address is not allowed.")

    async with wire(vendor, Turn(("Hi",))) as server:
        with pytest.raises(OutboundRefused):
            await vendor.make(server.url, transport=Refusing()).reply(HELLO)
        assert server.asked == []
        through = httpx.AsyncHTTPTransport()
        reply = await vendor.make(server.url, transport=through).reply(HELLO)
        assert reply.message.text == "Hi"
        await through.aclose()


async def test_calls_at_the_same_time_do_not_wait_for_each_other(vendor: Vendor) -> None:
    async with wire(vendor, Hang()) as server:
        model = vendor.make(server.url)
        tasks = [asyncio.create_task(model.reply(HELLO)) for _ in range(8)]
        async with asyncio.timeout(20):
            while server.most < 8:
                server.reached.clear()
                await server.reached.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_thoughts_of_another_provider_do_not_disturb(vendor: Vendor) -> None:
    foreign = Message("assistant", (Reasoning("Hm.", "elsewhere", {"signature": "x"}), Text("4")))
    async with wire(vendor, Turn(("Yes.",))) as server:
        reply = await vendor.make(server.url).reply(Request(messages=(user("2+2?"), foreign, user("Sure?"))))
    assert reply.message.text == "Yes."
    assert heard(server).said == [("user", "2+2?"), ("assistant", "4"), ("user", "Sure?")]


LISTS: dict[str, Any] = {"anthropic": anthropic_api.models_of, "google": google_api.models_of}


async def test_models_are_listed(vendor: Vendor) -> None:
    ask = LISTS.get(vendor.name, models_of)
    tail = "/v1" if ask is models_of else ""
    async with wire(vendor, Turn()) as server:
        assert await ask(key=KEY, base_url=server.url + tail) == ["model-a", "model-b"]
        url = server.url
    with pytest.raises(ModelError) as caught:
        await ask(key=KEY, base_url=url + tail)
    assert caught.value.kind == "unreachable"


async def test_without_a_key_the_provider_is_not_called(vendor: Vendor) -> None:
    if vendor.name == "compatible":
        pytest.skip("may be without a key")
    async with wire(vendor, Turn(("Hi",))) as server:
        with pytest.raises(ModelError) as caught:
            await vendor.make(server.url, key="").reply(HELLO)
        assert server.asked == []
    assert caught.value.kind == "no_key"


async def test_compatible_servers_need_no_key_and_may_keep_their_usage_to_themselves() -> None:
    speaker = OpenAISpeaker()
    speaker.usage = None
    async with Wire(speaker, [Turn(("Some words",))]) as server:
        reply = await compatible(server.url, key="").reply(HELLO)
    assert reply.usage.output > 0
    assert reply.raw["usage_estimated"] is True
