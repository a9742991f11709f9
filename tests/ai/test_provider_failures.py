"""Every chat model when its provider fails, hangs, breaks off or is not there, and when its call is given up."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

import httpx
import pytest

from flowstudio.errors import ModelError, ModelFault, OutboundRefused
from tests.ai.providers.vendors import HELLO, KEY, Vendor, wire
from tests.ai.providers.wire import (
    Cut,
    Garbage,
    Hang,
    Status,
    Turn,
)
from tests.promptness import prompt

pytestmark = pytest.mark.asyncio(loop_scope="module")  # Alith's workers outlive a test


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
    async def attempt() -> float:
        async with wire(vendor, Hang(Turn(("One ", "two")), 2)) as server:
            task = asyncio.create_task(vendor.make(server.url).reply(HELLO))
            await server.reached.wait()
            began = time.perf_counter()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(30):
                await server.left.wait()
            return time.perf_counter() - began

    await prompt(attempt, 0.2)


async def test_closing_the_stream_ends_the_call(vendor: Vendor) -> None:
    if not vendor.make("").abilities.streaming:
        pytest.skip("has nothing to close before the whole answer is there")
    async with wire(vendor, Hang(Turn(("One ", "two ", "three")), 4)) as server:
        async with aclosing(vendor.make(server.url).stream(HELLO)) as events:
            await anext(events)
        async with asyncio.timeout(30):
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
        model = vendor.make(server.url, timeout=60)
        count = (
            8 if model.abilities.streaming else 3
        )  # Alith needs a process for each; its own tests take eight
        tasks = [asyncio.create_task(model.reply(HELLO)) for _ in range(count)]
        async with asyncio.timeout(60):
            while server.most < count:
                server.reached.clear()
                await server.reached.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_without_a_key_the_provider_is_not_called(vendor: Vendor) -> None:
    if vendor.name == "compatible":
        pytest.skip("may be without a key")
    async with wire(vendor, Turn(("Hi",))) as server:
        with pytest.raises(ModelError) as caught:
            await vendor.make(server.url, key="").reply(HELLO)
        assert server.asked == []
    assert caught.value.kind == "no_key"
