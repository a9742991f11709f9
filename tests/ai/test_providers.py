"""Every chat model against its provider's wire format, by the real SDK over real HTTP: one suite for all of them."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest

from flowstudio.ai import anthropic as anthropic_api
from flowstudio.ai import google as google_api
from flowstudio.ai.message import (
    Media,
    Message,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    assistant,
    user,
)
from flowstudio.ai.model import Answer, ReasoningDelta, Reply, Request, Stop, TextDelta
from flowstudio.ai.openai import models_of
from flowstudio.errors import ModelError
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.vendors import HELLO, KEY, WEATHER, Vendor, compatible, heard, wire
from tests.ai.providers.wire import (
    Hang,
    Turn,
    Wire,
    drained,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")  # Alith's workers outlive a test

FORM = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
PNG = b"\x89PNG\r\n\x1a\n"


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
    if not vendor.make("").abilities.streaming:
        pytest.skip("says that it does not")
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
        model = vendor.make(server.url)
        if not model.abilities.images:
            with pytest.raises(ModelError, match="cannot look at pictures") as caught:
                await model.reply(Request(messages=(question,)))
            assert (caught.value.kind, server.asked) == ("unsupported", [])
            return
        await model.reply(Request(messages=(question,)))
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


THINKING: dict[str, list[tuple[dict[str, Any], Any]]] = {
    "openai": [({"reasoning": "high"}, lambda body: body["reasoning_effort"] == "high")],
    "anthropic": [
        ({"thinking": 2000}, lambda body: body["thinking"] == {"type": "enabled", "budget_tokens": 2000}),
        ({"effort": "low"}, lambda body: body["output_config"]["effort"] == "low"),
    ],
    "google": [
        (
            {"thinking": 2000},
            lambda body: body["generationConfig"]["thinkingConfig"]["thinking_budget"] == 2000,
        ),
        (
            {"level": "low"},
            lambda body: body["generationConfig"]["thinkingConfig"]["thinking_level"].lower() == "low",
        ),
    ],
}


async def test_how_much_a_model_thinks_reaches_the_provider(vendor: Vendor) -> None:
    for options, arrived in THINKING.get(vendor.name, ()):
        async with wire(vendor, Turn(("Hi",))) as server:
            await vendor.make(server.url, **options).reply(HELLO)
        assert arrived(server.asked[0].body), server.asked[0].body


async def test_anthropic_is_asked_to_keep_what_it_has_read(vendor: Vendor) -> None:
    if vendor.name != "anthropic":
        pytest.skip("keeps it by itself, or not at all")
    for cache in (True, False):
        async with wire(vendor, Turn(("Hi",))) as server:
            await vendor.make(server.url, cache=cache).reply(HELLO)
        body = server.asked[0].body
        places = (body["system"][-1], body["messages"][-1]["content"][-1])
        assert [("cache_control" in place) for place in places] == [cache, cache]


async def test_thoughts_are_told_apart_from_the_answer(vendor: Vendor) -> None:
    async with wire(vendor, Turn(("4",), thoughts=("Two ", "twos."))) as server:
        model = vendor.make(server.url)
        events = await drained(model.stream(HELLO))
        reply = events[-1]
        await model.reply(Request(messages=(*HELLO.messages, reply.message, user("Sure?"))))
    pieces = ["Two ", "twos."] if model.abilities.streaming else ["Two twos."]
    assert [event.text for event in events if isinstance(event, ReasoningDelta)] == pieces
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


async def test_compatible_servers_need_no_key_and_may_keep_their_usage_to_themselves() -> None:
    speaker = OpenAISpeaker()
    speaker.usage = None
    async with Wire(speaker, [Turn(("Some words",))]) as server:
        reply = await compatible(server.url, key="").reply(HELLO)
    assert reply.usage.output > 0
    assert reply.raw["usage_estimated"] is True
