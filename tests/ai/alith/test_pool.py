"""Alith's worker processes: they can be killed, they know no secrets, and they hold nobody up."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from flowstudio.ai.alith import AlithModel, AlithOptions, AlithPool
from flowstudio.ai.alith import pool as pools
from flowstudio.ai.alith.pool import Worker
from flowstudio.ai.message import ToolCall, assistant, user
from flowstudio.ai.model import Request, ToolSpec
from flowstudio.errors import ModelError
from tests.ai.providers.alith import AlithSpeaker
from tests.ai.providers.wire import Behaviour, Hang, Turn, Wire
from tests.promptness import prompt

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-very-secret-key"
HELLO = Request(messages=(user("Hi!"),))
LOOK = ToolSpec("look", "Looks.", {"type": "object", "properties": {}})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[AlithPool]:
    """Workers for all tests."""
    opened = AlithPool()
    yield opened
    await opened.stop()


def wire(*behaviours: Behaviour) -> Wire:
    return Wire(AlithSpeaker(), list(behaviours))


def model(pool: AlithPool, server: Wire, **options: Any) -> AlithModel:
    given = AlithOptions(**{"retries": 0, "timeout": 60.0} | options)
    return AlithModel("model-a", pool=pool, base_url=f"{server.url}/v1/", key=KEY, options=given)


async def hanging(server: Wire, count: int) -> None:
    """Wait until so many calls hang."""
    async with asyncio.timeout(60):
        while server.open < count:
            server.reached.clear()
            await server.reached.wait()


def working(pool: AlithPool) -> Worker:
    """The only process with a turn."""
    (worker,) = (worker for worker in pool._all if worker not in pool._idle)
    return worker


async def longest_stall() -> float:
    """The longest time for which the event loop was late, in about a second."""
    gaps = []
    for _ in range(200):
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        gaps.append(time.perf_counter() - began - 0.005)
    return max(gaps)


def writable(pid: int) -> Iterator[bytes]:
    """The memory that a process may have put something into."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        place, rights, *_, name = [*line.split(maxsplit=5), ""][:6]
        if rights.startswith("rw") and name not in ("[vvar]", "[vsyscall]"):
            start, end = (int(text, 16) for text in place.split("-"))
            with Path(f"/proc/{pid}/mem").open("rb") as memory:
                memory.seek(start)
                yield memory.read(end - start)


def holds(pid: int, text: str) -> bool:
    """Whether a process has a text in its memory, its arguments or its environment."""
    told = (Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
    return any(text.encode() in part for part in (*told, *writable(pid)))


async def test_the_event_loop_never_stalls_while_eight_calls_wait(pool: AlithPool) -> None:
    async with wire(Hang()) as server:
        asked = [asyncio.create_task(model(pool, server).reply(HELLO)) for _ in range(8)]
        await hanging(server, 8)
        await prompt(longest_stall, 0.05)
        assert not any(task.done() for task in asked)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


async def test_a_call_that_is_given_up_kills_its_process_and_the_next_one_gets_another(
    pool: AlithPool,
) -> None:
    async def attempt() -> float:
        async with wire(Hang(), Turn(("Hello.",))) as server:
            asked = asyncio.create_task(model(pool, server).reply(HELLO))
            await hanging(server, 1)
            worker = working(pool)
            began = time.perf_counter()
            asked.cancel()
            with suppress(asyncio.CancelledError):
                await asked
            await worker.wait_gone()
            took = time.perf_counter() - began
            assert worker.pid not in pool.workers
            assert (await model(pool, server).reply(HELLO)).message == assistant("Hello.")
            return took

    await prompt(attempt, 0.2)


async def test_a_process_that_dies_fails_its_call_and_is_replaced(pool: AlithPool) -> None:
    async with wire(Hang(), Turn(("Hello.",))) as server:
        asked = asyncio.create_task(model(pool, server).reply(HELLO))
        await hanging(server, 1)
        os.kill(working(pool).pid, signal.SIGKILL)
        with pytest.raises(ModelError, match="process ended") as caught:
            await asked
        assert caught.value.retryable
        assert (await model(pool, server).reply(HELLO)).message.text == "Hello."


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_process_knows_neither_the_key_nor_the_providers_address(pool: AlithPool) -> None:
    async with wire(Turn(("Hello.",))) as server:
        await model(pool, server).reply(HELLO)
        assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
        assert pool.workers
        for pid in pool.workers:
            assert not holds(pid, KEY)
            assert not holds(pid, server.url)
            assert holds(pid, "model-a")  # what it does know is found


async def test_the_relay_answers_only_a_process_whose_turn_it_is(pool: AlithPool) -> None:
    async with wire(Turn(("Hello.",))) as server, httpx.AsyncClient(trust_env=False) as stranger:
        await model(pool, server).reply(HELLO)
        address = pool._idle[-1].line.address
        home = address.rpartition("/")[0]
        for path, status in (
            (f"{home}/chat/completions", 404),
            (f"{home}/guess/chat/completions", 404),
            (f"{address}/models", 404),
            (f"{address}/chat/completions", 400),
        ):
            assert (await stranger.post(path, json={"model": "x"})).status_code == status
        assert (await stranger.post(f"{address}/chat/completions", content=b"{")).status_code == 400
        assert len(server.asked) == 1


async def test_idle_processes_end_and_stopping_ends_them_all() -> None:
    async with wire(Turn(("Hello.",))) as server:
        short = AlithPool(idle_after=0)
        await model(short, server).reply(HELLO)
        for worker in list(short._all):
            await worker.wait_gone()
        await asyncio.sleep(0)
        assert short.workers == []
        await short.stop()
        long = AlithPool()
        await model(long, server).reply(HELLO)
        (worker,) = long._all
        await long.stop()
        assert worker._process.returncode is not None


async def test_where_alith_is_not_installed_the_error_says_what_to_do(
    pool: AlithPool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with wire(Turn(("Hello.",))) as server:
        empty = AlithPool()
        for folder in (None, str(tmp_path)):  # not there at all; without its native part
            monkeypatch.setattr(pools, "folder_of_alith", lambda folder=folder: folder)
            with pytest.raises(ModelError, match="no build of it for this Python") as caught:
                await model(empty, server).reply(HELLO)
            assert caught.value.kind == "unsupported"
        assert empty.workers == []
        await empty.stop()
        assert server.asked == []


@pytest.mark.parametrize("words", [9_000, 40_000])
async def test_a_conversation_that_is_too_long_is_refused(pool: AlithPool, words: int) -> None:
    async with wire(Turn(("Hello.",))) as server:
        with pytest.raises(ModelError, match=r"too long for Alith \(.* takes 8,182 tokens at most") as caught:
            await model(pool, server).reply(Request(messages=(user("word " * words),)))
        assert (caught.value.kind, server.asked) == ("too_long", [])


async def test_a_tool_that_there_is_not_becomes_a_call_that_the_agent_can_refuse(pool: AlithPool) -> None:
    async with wire(Turn(calls=(("look", {}), ("guess", {})))) as server:
        reply = await model(pool, server).reply(Request(messages=HELLO.messages, tools=(LOOK,)))
    assert reply.message.calls == (ToolCall("call_0", "look", {}), ToolCall("call_1", "guess", {}))


async def test_many_turns_with_many_calls_neither_crash_nor_mix(pool: AlithPool) -> None:
    turn = Turn(("Look.\n\x1e",), calls=tuple(("look", {"n": n}) for n in range(20)))
    async with wire(turn) as server:
        for _ in range(30):
            reply = await model(pool, server).reply(Request(messages=HELLO.messages, tools=(LOOK,)))
            assert [call.arguments["n"] for call in reply.message.calls] == list(range(20))
            assert reply.message.text.startswith("Look.")
