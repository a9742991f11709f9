"""Many people talk to a workflow at the same time: the short form of `bench.chats`."""

from __future__ import annotations

import asyncio
import statistics
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.chats import DOCUMENT, talk
from bench.model import LoopbackModel
from tests.api.conftest import running

CHATS, TOKENS, PAUSE = 50, 10, 0.2


@pytest.fixture
def model() -> Iterator[int]:
    """The port of a model that streams, in a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    speaking = LoopbackModel(TOKENS, PAUSE)
    yield asyncio.run_coroutine_threadsafe(speaking.start(), loop).result(10)
    asyncio.run_coroutine_threadsafe(speaking.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_fifty_chats_at_once_lose_nothing_and_their_words_pass_at_once(
    model: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{model}/v1")
    with running(tmp_path, allow_hosts="127.0.0.1") as server, server.client() as owner:
        workflow = owner.post("/api/workflows/", json=DOCUMENT).raise_for_status().json()["id"]
        heard = asyncio.run(talk(server.port, server.keys["owner"], workflow, CHATS, TOKENS, 2.0))
    assert heard.faults == []
    assert heard.whole == CHATS
    assert len(heard.latencies) == CHATS * TOKENS
    # Model, server and clients share one interpreter here, and perhaps a busy machine: `make bench` tells the milliseconds.
    assert statistics.median(heard.latencies) < TOKENS * PAUSE * 1000 / 2
