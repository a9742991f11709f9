"""A model's server on loopback for tests without an event loop of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Behaviour, Wire

STARTS = 10.0
"""Seconds that it may take to listen."""


@contextmanager
def served(behaviours: Sequence[Behaviour], models: Sequence[str]) -> Iterator[Wire]:
    """OpenAI's wire format, spoken from a thread. `behaviours` may be replaced between two requests."""
    wire = Wire(OpenAISpeaker(), list(behaviours), models=models)
    listening = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with wire:
            listening.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert listening.wait(STARTS)
    try:
        yield wire
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(STARTS)
        loop.close()
