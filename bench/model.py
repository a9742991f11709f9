"""A chat model on loopback that streams tokens at a steady pace, each with the moment when it was sent.

`python -m bench.model` prints its port and serves until its standard input closes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class LoopbackModel:
    """Speaks OpenAI's chat completions. A token is the time in nanoseconds (monotonic, the same in all processes) and a blank."""

    tokens: int = 40
    pause: float = 0.25
    """Seconds between two tokens of an answer."""
    answered: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> int:
        """Listen; gives the port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Hang up."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                at = head.index(b"content-length:")
                await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)]))
                await self._answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + _chunk({"role": "assistant", "content": ""}))
        for _ in range(self.tokens):
            await asyncio.sleep(self.pause)
            if writer.is_closing():
                raise ConnectionResetError
            writer.write(_chunk({"content": f"{time.monotonic_ns()} "}))
        writer.write(_chunk({}, "stop") + _part(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await writer.drain()
        self.answered += 1


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "loopback",
        "choices": [choice],
    }
    if finish:
        body["usage"] = {"prompt_tokens": 10, "completion_tokens": 40, "total_tokens": 50}
    return _part(b"data: " + json.dumps(body).encode() + b"\n\n")


def _part(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def main() -> None:
    """Serve until the standard input closes."""
    tokens, pause = int(sys.argv[1]), float(sys.argv[2])
    model = LoopbackModel(tokens, pause)
    print(await model.start(), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await model.stop()


if __name__ == "__main__":
    uvloop.run(main())
