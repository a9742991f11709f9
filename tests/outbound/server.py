"""A small HTTP server on loopback that answers as a test says, byte for byte where wanted, and remembers what it got."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Received:
    """A request as it arrived; header names as sent."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What to answer. `body` is sent as it is; a dict or list is sent as JSON."""

    status: int = 200
    body: Any = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    drop: bool = False
    """Close the connection instead of answering."""

    def wire(self) -> bytes:
        headers = list(self.headers)
        names = {name.lower() for name, _ in headers}
        body = self.body
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = json.dumps(body).encode()
            if "content-type" not in names:
                headers.append(("Content-Type", "application/json"))
        if "content-length" not in names and self.status not in (204, 304):
            headers.append(("Content-Length", str(len(body))))
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Odd')}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (b"" if self.status == 204 else body)


REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    302: "Found",
    404: "Not Found",
    429: "Too Many Requests",
}
REASONS |= {401: "Unauthorized", 400: "Bad Request", 500: "Internal Server Error", 503: "Service Unavailable"}

Answer = Callable[[Received], Reply | Awaitable[Reply]]


class LoopbackServer:
    """Runs inside of the test's event loop."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.received: list[Received] = []
        self.connections = 0
        self.busy = 0
        self.busiest = 0
        """The most requests that were being answered at the same time."""
        self.port = 0
        self.scheme = "http"

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
                method, target, _ = first.split(" ")
                headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
                length = next((int(v) for n, v in headers if n.lower() == "content-length"), 0)
                request = Received(method, target, headers, await reader.readexactly(length))
                self.received.append(request)
                self.busy += 1
                self.busiest = max(self.busiest, self.busy)
                found = self.answer(request)
                reply = found if isinstance(found, Reply) else await found
                self.busy -= 1
                if reply.drop:
                    return
                wire = reply.wire()
                writer.write(wire if method != "HEAD" else wire[: wire.index(b"\r\n\r\n") + 4])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[LoopbackServer]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    server = LoopbackServer(answer)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(server.handle(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listening = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    server.scheme = "https" if tls else "http"
    try:
        yield server
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
