"""The only server that a worker process may talk to: an HTTP server on loopback that hands requests to our own code.

Every worker has an address of its own that nobody can guess, and it is answered only while a turn of that worker goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import h11

from flowstudio.errors import FlowStudioError

Answer: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Gives the provider's answer to a request. What it raises ends the turn."""

LIMIT: Final = 32 << 20
"""Bytes of a request."""
PATH: Final = "/chat/completions"


class Line:
    """A worker's address, and what happens on it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.failure: BaseException | None = None
        """Why the present turn failed."""
        self._answer: Answer | None = None
        self._running: asyncio.Task[Mapping[str, Any]] | None = None

    @contextlib.contextmanager
    def open(self, answer: Answer) -> Any:
        """Answer requests within the block; what goes on at its end is cancelled."""
        self.failure, self._answer = None, answer
        try:
            yield
        finally:
            self._answer = None
            if self._running is not None:
                self._running.cancel()

    async def ask(self, body: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """Status and body for a request. A failure is kept for whoever opened the line; the worker learns only that there is one."""
        if self._answer is None or self.failure is not None:
            return 400, _refusal("Nothing is asked now.")
        self._running = asyncio.ensure_future(self._answer(body))
        try:
            return 200, await self._running
        except asyncio.CancelledError:
            if not self._running.cancelled():
                raise
            return 400, _refusal("It is over.")
        except Exception as error:
            self.failure = error
            # A status that Alith does not retry: who retries, and how often, is decided by the model's settings.
            return 400, _refusal(error.message if isinstance(error, FlowStudioError) else "It failed.")
        finally:
            self._running = None


class Relay:
    """The server. Started by the first line that is asked for."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._server: asyncio.Server | None = None
        self._starting = asyncio.Lock()
        self._connections: set[asyncio.Task[None]] = set()

    async def line(self) -> Line:
        """A new address."""
        async with self._starting:
            if self._server is None:
                self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        token = secrets.token_urlsafe(24)
        port = self._server.sockets[0].getsockname()[1]
        line = self._lines[token] = Line(f"http://127.0.0.1:{port}/{token}")
        return line

    def hang_up(self, line: Line) -> None:
        """Take an address away."""
        self._lines.pop(line.address.rpartition("/")[2], None)

    async def stop(self) -> None:
        """Close all connections and stop to listen."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._lines.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            connection = h11.Connection(h11.SERVER, max_incomplete_event_size=64 << 10)
            while await self._exchange(connection, reader, writer):
                connection.start_next_cycle()
        except (ConnectionError, h11.ProtocolError, asyncio.CancelledError):
            pass  # the worker went away, or was killed
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(
        self, connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; whether another one may follow."""
        request: h11.Request | None = None
        body = bytearray()
        while True:
            match connection.next_event():
                case h11.NEED_DATA:
                    connection.receive_data(await reader.read(1 << 16))
                case h11.Request() as request:
                    pass
                case h11.Data() as data:
                    body += data.data
                    if len(body) > LIMIT:
                        return False
                case h11.EndOfMessage():
                    break
                case _:
                    return False
        assert request is not None
        status, answer = await self._answer(request, bytes(body))
        content = json.dumps(answer).encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(content)))]
        for event in (
            h11.Response(status_code=status, headers=headers),
            h11.Data(data=content),
            h11.EndOfMessage(),
        ):
            writer.write(connection.send(event) or b"")
        await writer.drain()
        return connection.our_state is h11.DONE and connection.their_state is h11.DONE

    async def _answer(self, request: h11.Request, body: bytes) -> tuple[int, Mapping[str, Any]]:
        token, _, rest = request.target.decode("ascii", "replace").removeprefix("/").partition("/")
        line = self._lines.get(token)
        if line is None or request.method != b"POST" or f"/{rest}" != PATH:
            return 404, _refusal("There is nothing here.")
        try:
            asked = json.loads(body)
        except ValueError:
            return 400, _refusal("The request is not JSON.")
        return await line.ask(asked)


def _refusal(words: str) -> Mapping[str, Any]:
    return {"error": {"message": words, "type": "relay", "param": None, "code": "relay"}}
