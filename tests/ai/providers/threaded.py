"""A provider on loopback for tests that are not asynchronous: it runs in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Behaviour, Wire


@dataclass
class TimedWire(Wire):
    """Notes when it sends each event of an answer, as seconds since 1970."""

    sent: list[float] = field(default_factory=list)
    pause_after: int = 0
    """Of the events of the next answer, those that are sent before `go` is set; 0: all."""
    go: threading.Event = field(default_factory=threading.Event)

    async def _stream(self, writer: asyncio.StreamWriter, events: Sequence[bytes]) -> None:
        self.sent.clear()
        for at, event in enumerate(events):
            if not at:
                await super()._stream(writer, [event])
            else:
                if at == self.pause_after:
                    await asyncio.to_thread(self.go.wait)
                await asyncio.sleep(self.delay)
                writer.write(b"%x\r\n%s\r\n" % (len(event), event))
                await writer.drain()
            self.sent.append(time.time())


@contextmanager
def threaded(behaviours: Sequence[Behaviour], *, delay: float = 0.0) -> Iterator[TimedWire]:
    """A server that speaks OpenAI's format. Set its `behaviours` to what it should do next."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin() -> TimedWire:
        return await TimedWire(OpenAISpeaker(), list(behaviours), delay=delay).__aenter__()

    async def end(wire: TimedWire) -> None:
        wire.go.set()
        await wire.__aexit__()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    try:
        wire = asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
        try:
            yield wire
        finally:
            asyncio.run_coroutine_threadsafe(end(wire), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
