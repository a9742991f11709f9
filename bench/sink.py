"""A counter on loopback: what workflows did, seen from outside."""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Counted
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bench.kill import hang_up


@dataclass
class Sink:
    """A counter on loopback: the side effects of workflows."""

    calls: Counted[str] = field(default_factory=Counted)
    lateness: list[float] = field(default_factory=list)
    """Of the runs of schedules, in seconds."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls of one connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.lower().split(b"\r\n")
                length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
                await reader.readexactly(length)
                path = head.split(b" ")[1].decode()
                self.calls[path] += 1
                if path.startswith("/clock/"):
                    self.lateness.append(time.time() - due(path).timestamp())
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            await hang_up(writer)


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
