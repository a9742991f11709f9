"""Whoever begins to watch in the middle of an answer sees what was said before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest_asyncio

from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Hang, Turn, Wire
from tests.services.conftest import start_runtime
from tests.services.test_chats import assistant


@pytest_asyncio.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    started = await start_runtime(tmp_path, allow_hosts="127.0.0.1")
    yield started
    await started.stop()


async def test_a_late_watcher_sees_the_turn_and_its_words_once(runtime: Runtime) -> None:
    async with Wire(OpenAISpeaker(), [Hang(Turn(("Once ", "upon ", "a time")), pieces=3)]) as server:
        workflow = await assistant(runtime, server)
        execution = await runtime.executions.execute(COMMAND_LINE, workflow, {"chatInput": "A tale"})
        async with asyncio.timeout(20), aclosing(runtime.views.watch(COMMAND_LINE, execution)) as first:
            heard = ""
            async for change in first:  # it may have begun to speak before, or not
                heard += change.data["text"] if change.kind == "text" else ""
                if heard == "Once upon ":
                    break
        async with asyncio.timeout(20), aclosing(runtime.views.watch(COMMAND_LINE, execution)) as late:
            snapshot, step, discard, words = [await anext(late) for _ in range(4)]
            assert snapshot.kind == "snapshot"
            assert (step.data["node"], step.data["step"]["kind"], step.data["step"]["milliseconds"]) == (
                "ai",
                "model",
                None,
            )
            assert (discard.data["kind"], discard.data["text"]) == ("discard", "")
            assert (words.data["kind"], words.data["text"]) == ("text", "Once upon ")
            await runtime.executions.cancel(COMMAND_LINE, execution)
            rest = [change async for change in late]
        assert [change.data.get("text") for change in rest if change.kind == "text"] == []
        assert rest[-1].data["status"] == "cancelled"
    assert runtime.runner.live.doings(execution).steps() == []
