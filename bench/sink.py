"""A counter on loopback: what workflows did, seen from outside."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter as Counted
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Sink:
    """A counter on loopback: the side effects of workflows."""

    calls: Counted[str] = field(default_factory=Counted)
    lateness: list[float] = field(default_factory=list)
    """Of the runs of schedules, in seconds."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls of one connection."""
        await answer_calls(reader, writer, self.note)

    def note(self, path: str, headers: Mapping[str, str]) -> object:
        """Remember a call."""
        self.calls[path] += 1
        if path.startswith("/clock/"):
            self.lateness.append(time.time() - due(path).timestamp())
        return {}


async def answer_calls(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answer: Callable[[str, Mapping[str, str]], object],
) -> None:
    """Answer the calls of one connection with JSON, made of the path and the headers (names in small letters)."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            found = (line.partition(":") for line in head[1:])
            headers = {name.lower(): value.strip() for name, _, value in found}
            told = answer(head[0].split(" ")[1], headers)
            await reader.readexactly(int(headers.get("content-length", "0")))
            body = json.dumps(told).encode()
            start = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            writer.write(start + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    except (asyncio.IncompleteReadError, ConnectionError):
        await hang_up(writer)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection whose other end may be gone."""
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def due(path: str) -> datetime:
    """The moment that a schedule told the counter: `/clock/<n>/<moment>`."""
    return datetime.fromisoformat(path.rsplit("/", 1)[1].replace("%3A", ":").replace("%2B", "+"))


def rhythm(number: int) -> int:
    """Seconds between two runs of a schedule: 1 to 5."""
    return 1 + number % 5


def gaps(number: int, moments: list[float], since: float, until: float) -> Iterator[str]:
    """What is missing or double in the moments of a schedule, between two times when it was certainly on."""
    wanted = set(range(int(since) // rhythm(number) * rhythm(number), int(until) + 1, rhythm(number)))
    wanted = {moment for moment in wanted if since <= moment <= until}
    for moment, count in Counted(int(moment) for moment in moments).items():
        if count > 1:
            yield f"schedule {number} ran {count} times for {moment}"
    for moment in sorted(wanted - {int(moment) for moment in moments}):
        yield f"schedule {number} did not run for {moment}"
