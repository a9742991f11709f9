"""A server on loopback that speaks the wire formats of embedders."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

Answer = tuple[int, Any]
"""Status and body; a body of bytes is sent as it is, None never answers."""


class Wire:
    """Answers each request as told; keeps the requests. Use as a context manager."""

    def __init__(self, answer: Callable[[str, dict[str, Any]], Answer]) -> None:
        self.answer = answer
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    async def __aenter__(self) -> Self:
        self._stop = asyncio.Event()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._stop.set()
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            body = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))) or b"{}")
            path = head[0].split(" ")[1]
            self.requests.append((path, headers, body))
            status, found = self.answer(path, body)
            if found is None:
                await self._stop.wait()
                return
            data = found if isinstance(found, bytes) else json.dumps(found).encode()
            writer.write(
                b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                % (status, len(data), data)
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def openai(path: str, body: dict[str, Any]) -> Answer:
    """OpenAI's answer: a vector that tells the length of the text, in the wrong order."""
    rows = [
        {"object": "embedding", "index": index, "embedding": [3.0 * len(text), 4.0 * len(text), 0.0]}
        for index, text in enumerate(body["input"])
    ]
    usage = {"prompt_tokens": 7 * len(rows), "total_tokens": 7 * len(rows)}
    return 200, {"object": "list", "data": rows[::-1], "model": body["model"], "usage": usage}


def google(path: str, body: dict[str, Any]) -> Answer:
    """Google's answer."""
    return 200, {"embeddings": [{"values": [3.0, 4.0, 0.0]} for _ in body["requests"]]}
