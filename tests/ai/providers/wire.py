"""Servers on loopback that speak providers' wire formats over real HTTP: they stream, fail, hang and break off as told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self


@dataclass(frozen=True)
class Turn:
    """What a model says, in no provider's form."""

    text: tuple[str, ...] = ()
    """The pieces in which it comes."""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    thoughts: tuple[str, ...] = ()
    stop: str = ""
    """`length`, `filtered` or `refused`; empty: what follows from the rest."""
    arguments: str | None = None
    """The text of the arguments of the first call instead of its own."""


@dataclass(frozen=True)
class Status:
    """An error of the provider."""

    code: int
    words: str = ""


@dataclass(frozen=True)
class Hang:
    """No answer, or none any more after some pieces of a turn."""

    turn: Turn | None = None
    pieces: int = 0


@dataclass(frozen=True)
class Cut:
    """A turn that breaks off after some of its events."""

    turn: Turn
    pieces: int


@dataclass(frozen=True)
class Garbage:
    """Bytes that no provider sends."""

    body: bytes = b"<html>Welcome to nginx</html>"
    media_type: str = "text/html"


Behaviour = Turn | Status | Hang | Cut | Garbage


@dataclass
class Asked:
    """A request, in no provider's form."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Heard:
    """What a request says, in no provider's form."""

    system: str = ""
    said: list[tuple[str, str]] = field(default_factory=list)
    """Role and words; a call is `name arguments`, a result `id: text`."""
    media: list[tuple[str, bytes]] = field(default_factory=list)
    """Kind and content of pictures and files."""
    tools: list[str] = field(default_factory=list)
    choice: str = "auto"
    schema: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    """`temperature`, `max_tokens`, `stop`, `top_p`."""


class Speaker(Protocol):
    """One provider's way to say things."""

    def heard(self, asked: Asked) -> Heard:
        """Understand a request."""

    def events(self, turn: Turn, body: Mapping[str, Any], path: str) -> Sequence[bytes]:
        """The events of a streamed answer."""

    def error(self, status: Status) -> Any:
        """The body of an error."""

    def listed(self, models: Sequence[str]) -> Any:
        """The body of the answer to a question for models."""


@dataclass
class Wire:
    """A server; use as an asynchronous context manager. Behaviours are used up one by one, the last one stays."""

    speaker: Speaker
    behaviours: list[Behaviour]
    models: Sequence[str] = ("model-b", "model-a")
    delay: float = 0.0
    """Seconds before each event."""
    asked: list[Asked] = field(default_factory=list)
    open: int = 0
    """Requests that are being answered."""
    most: int = 0
    """Most of them at the same time."""

    def __post_init__(self) -> None:
        self.left = asyncio.Event()
        """A client went away before its answer was complete."""
        self.reached = asyncio.Event()
        """A request hangs."""
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in head[1:] if line)}
        raw = await self._body(reader, headers)
        if method == "GET":
            await self._whole(writer, 200, self.speaker.listed(self.models))
            return True
        asked = Asked(path, headers, json.loads(raw or b"{}"))
        self.asked.append(asked)
        behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        self.open += 1
        self.most = max(self.most, self.open)
        gone = asyncio.ensure_future(reader.read(1))
        try:
            answer = asyncio.ensure_future(self._answer(writer, behaviour, asked))
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                answer.cancel()
                self.left.set()
                return False
            return answer.result()
        finally:
            self.open -= 1
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)

    async def _body(self, reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return await reader.readexactly(int(headers.get("content-length", "0")))
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return body

    async def _answer(self, writer: asyncio.StreamWriter, behaviour: Behaviour, asked: Asked) -> bool:
        match behaviour:
            case Status():
                await self._whole(writer, behaviour.code, self.speaker.error(behaviour))
                return True
            case Garbage():
                await self._whole(writer, 200, behaviour.body, behaviour.media_type)
                return True
            case Turn():
                await self._stream(writer, self.speaker.events(behaviour, asked.body, asked.path))
                writer.write(b"0\r\n\r\n")
                await writer.drain()
                return True
            case Cut():
                events = self.speaker.events(behaviour.turn, asked.body, asked.path)
                await self._stream(writer, events[: behaviour.pieces])
                return False
            case Hang():
                if behaviour.turn is not None:
                    events = self.speaker.events(behaviour.turn, asked.body, asked.path)
                    await self._stream(writer, events[: behaviour.pieces])
                self.reached.set()
                await asyncio.Event().wait()
        raise AssertionError(behaviour)

    async def _stream(self, writer: asyncio.StreamWriter, events: Sequence[bytes]) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for event in events:
            if self.delay:
                await asyncio.sleep(self.delay)
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()

    async def _whole(
        self, writer: asyncio.StreamWriter, status: int, body: Any, media_type: str = "application/json"
    ) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        writer.write(
            b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (status, media_type.encode(), len(data), data)
        )
        await writer.drain()


def data(value: Any) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


async def drained(events: AsyncIterator[Any]) -> list[Any]:
    """All events of a stream."""
    return [event async for event in events]
