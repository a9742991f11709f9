"""A small HTTP/1.1 load generator on raw asyncio streams, so that the client costs little beside the server."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What one round measured. Times in milliseconds."""

    per_second: float
    p50: float
    p99: float
    failed: int


def request_bytes(method: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """One keep-alive request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [
        f"{name}: {value}" for name, value in {"Content-Type": "application/json", **(headers or {})}.items()
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def round_trip(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes]:
    """Send a request, read the whole answer: status and body."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lower = head.lower()
    at = lower.find(b"content-length:")
    if at >= 0:
        return status, await reader.readexactly(int(lower[at + 15 : lower.find(b"\r\n", at)]))
    body = b""
    while b"transfer-encoding: chunked" in lower:
        size = int(await reader.readuntil(b"\r\n"), 16)
        body += (await reader.readexactly(size + 2))[:-2]
        if size == 0:
            break
    return status, body


async def measure(
    port: int, request: bytes, *, connections: int, seconds: float, warm_up: float = 0.5
) -> Load:
    """Send the request over so many connections, one after the other on each."""
    times: list[float] = []
    failed = 0
    begin = time.perf_counter() + warm_up
    end = begin + seconds

    async def client() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (start := time.perf_counter()) < end:
            status, _ = await round_trip(reader, writer, request)
            if start >= begin:
                times.append(time.perf_counter() - start)
                failed += status >= 300
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(client() for _ in range(connections)))
    times.sort()
    return Load(
        per_second=len(times) / seconds,
        p50=statistics.median(times) * 1000,
        p99=times[int(len(times) * 0.99)] * 1000,
        failed=failed,
    )
