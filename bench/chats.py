"""Many people who talk to a workflow at the same time, over REST, while a model on loopback streams its answers.

`python -m bench.chats [CHATS [TOKENS_A_SECOND [SECONDS]]]` runs it alone. Model, server and clients share the machine. A token's
way takes from the model's sending it to its reaching the client; what FlowStudio adds is the difference to clients that read the
same answers, at the same pace, from the model itself. Where the machine has other work, `chrt -r 1` before the command (as root)
keeps that out of the figures.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic_ns
from typing import Any

import uvloop

from bench.figures import Figure, percentile, show
from bench.load import request_bytes
from bench.server import Server

CHATS = 500
PACE = 2.0
"""Tokens of a chat within a second: 1,000 for all chats together."""
SECONDS = 40.0
"""How long an answer takes."""
OPENING = 30.0
"""Seconds over which the chats begin."""
DOCUMENT: dict[str, Any] = {
    "name": "Chat",
    "nodes": [
        {"id": "1", "type": "when-chat-received", "data": {"properties": {"channel": "general"}}},
        {"id": "2", "type": "ai-agent", "data": {"properties": {"prompt": "You are a helpful assistant."}}},
        {"id": "3", "type": "respond-to-chat", "data": {"properties": {}}},
    ],
    "edges": [{"source": "1", "target": "2"}, {"source": "2", "target": "3"}],
}


@dataclass
class Heard:
    """What all chats heard together."""

    latencies: list[float] = field(default_factory=list)
    """Of each token, in milliseconds."""
    whole: int = 0
    """Chats whose answer was complete, in pieces and as a whole."""
    faults: list[str] = field(default_factory=list)
    open: int = 0
    most: int = 0
    """Chats that were being answered at the same time."""


async def talk(port: int, key: str, workflow: str, chats: int, tokens: int, opening: float) -> Heard:
    """Hold so many chats at once; they begin evenly within `opening` seconds."""
    return await _all(lambda heard: _chat(port, key, workflow, tokens, heard), chats, opening)


async def ask(port: int, chats: int, tokens: int, opening: float) -> Heard:
    """Ask the model itself as often, as a measure of the way that there is without FlowStudio."""
    return await _all(lambda heard: _direct(port, tokens, heard), chats, opening)


async def _all(one: Callable[[Heard], Awaitable[None]], chats: int, opening: float) -> Heard:
    heard = Heard()

    async def chat(number: int) -> None:
        await asyncio.sleep(opening * number / chats)
        heard.open += 1
        heard.most = max(heard.most, heard.open)
        try:
            await one(heard)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            heard.faults.append(f"{type(error).__name__}: {error}")
        finally:
            heard.open -= 1

    await asyncio.gather(*(chat(number) for number in range(chats)))
    return heard


async def _chat(port: int, key: str, workflow: str, tokens: int, heard: Heard) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    body = json.dumps({"message": "Hello", "draft": True}).encode()
    writer.write(request_bytes("POST", f"/api/workflows/{workflow}/chat", body, {"X-API-Key": key}))
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head[:20]:
        raise ValueError(f"{head[:60]!r} {(await reader.read(500))!r}")
    words, kind, turn = "", b"", {"status": "", "messages": []}
    while True:
        line = await reader.readline()
        now = monotonic_ns()
        if line.startswith(b"event: "):
            kind = line[7:].strip()
        elif line.startswith(b"data: ") and kind == b"turn":
            words += json.loads(line[6:])["turn"]["live"]  # said before anybody listened
        elif line.startswith(b"data: ") and kind == b"text":
            text = json.loads(line[6:])["text"]
            words += text
            heard.latencies += [(now - int(token)) / 1e6 for token in text.split()]
        elif line.startswith(b"data: ") and kind == b"done":
            turn = json.loads(line[6:])
            break
        elif not line:
            raise ValueError("the answer broke off")
    writer.close()
    said = "".join(message["text"] for message in turn["messages"])
    if turn["status"] != "success" or said.strip() != words.strip() or len(words.split()) != tokens:
        raise ValueError(f"{turn['status']}: {len(words.split())} tokens, {turn.get('error')}")
    heard.whole += 1


async def _direct(port: int, tokens: int, heard: Heard) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    writer.write(request_bytes("POST", "/v1/chat/completions", b"{}"))
    words = 0
    while (line := await reader.readline()) and not line.startswith(b"data: [DONE]"):
        now = monotonic_ns()
        if line.startswith(b"data: "):
            for choice in json.loads(line[6:])["choices"]:
                for token in choice["delta"].get("content", "").split():
                    heard.latencies.append((now - int(token)) / 1e6)
                    words += 1
    writer.close()
    if words != tokens:
        raise ValueError(f"{words} tokens")
    heard.whole += 1


def measure(chats: int = CHATS, pace: float = PACE, seconds: float = SECONDS) -> Iterator[Figure]:
    """Hold the chats with a server of their own."""
    tokens, pause = round(seconds * pace), 1 / pace
    model = subprocess.Popen(
        [sys.executable, "-m", "bench.model", str(tokens), str(pause)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert model.stdout is not None
    port = int(model.stdout.readline())
    direct = uvloop.run(ask(port, chats, tokens, OPENING))
    with tempfile.TemporaryDirectory(prefix="flowstudio-chats-") as folder:
        server = Server(
            Path(folder) / "data",
            FLOWSTUDIO_ALLOW_HOSTS="127.0.0.1",
            FLOWSTUDIO_CONCURRENCY=str(chats + 100),
            OPENAI_API_KEY="sk-loopback",
            OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1",
        )
        server.data_dir.mkdir()
        server.start(timeout=300)  # the front end may have to be built first
        try:
            with server.client() as client:
                made = client.post("/api/workflows/", json=DOCUMENT).raise_for_status().json()
            workflow, key = str(made["id"]), server.api_key()
            uvloop.run(talk(server.port, key, workflow, 5, tokens, 0.1))  # loads the SDK
            before, spent = server.memory()["server"], server.cpu()
            peak, heard = uvloop.run(_watched(server, key, workflow, chats, tokens))
            spent = server.cpu() - spent
        finally:
            server.stop()
            model.communicate()
    title = f"{chats} chats, {pace:g} tokens/s each"
    aim = f"{heard.most} at the same time; {chats - heard.whole} lost {' '.join(heard.faults[:1])[:200]}"
    yield Figure(f"{title}: complete answers", heard.whole, "", aim)
    way, itself = statistics.median(heard.latencies or [0.0]), statistics.median(direct.latencies or [0.0])
    yield Figure(
        f"{title}: added to a token, p50",
        way - itself,
        "ms",
        f"under 5; {way:.1f} with, {itself:.1f} without",
    )
    late, early = percentile(heard.latencies, 0.99), percentile(direct.latencies, 0.99)
    yield Figure(
        f"{title}: added to a token, p99", late - early, "ms", f"{late:.1f} with, {early:.1f} without"
    )
    each = spent / (chats * tokens) * 1000
    yield Figure(f"{title}: server's CPU for a token", each, "ms", "its share of everything else included")
    yield Figure(f"{title}: memory, server", peak, "MB", f"{before:.0f} before")


async def _watched(server: Server, key: str, workflow: str, chats: int, tokens: int) -> tuple[float, Heard]:
    """The chats, and the most memory that the server took meanwhile."""
    peak = 0.0
    talking = asyncio.create_task(talk(server.port, key, workflow, chats, tokens, OPENING))
    while not talking.done():
        await asyncio.wait([talking], timeout=3.0)
        peak = max(peak, (await asyncio.to_thread(server.memory))["server"])
    return peak, await talking


def main() -> None:
    """Measure and print."""
    show(measure(*(kind(text) for kind, text in zip((int, float, float), sys.argv[1:], strict=False))))


if __name__ == "__main__":
    main()
