"""Let a server work for a long time, and prove that it loses nothing, does nothing twice and does not grow.

    python -m bench.soak --minutes 30        (or `make soak`)

Webhooks, schedules and chats come in at half of the rate that this machine was measured to serve just before. Schedules, and every
second webhook, call a counter on loopback, so that what was done is known from outside; a model on loopback answers the chats.
Afterwards
1. every call was answered with its own number, and the workflow ran once for it, also where the call was made twice under one
   idempotency key;
2. every moment of every schedule came to the counter once;
3. every chat got its whole answer, and the model was asked once for it;
4. the totals of Insights are the same numbers, without a failure;
5. the memory of the server is what it was after the first third, and the database is bounded by the retention.
Prints its figures and what is wrong, and ends with 1 if something is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter as Counted
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.documents import Document, chain, edit, node
from bench.figures import Figure, percentile
from bench.load import request_bytes, round_trip
from bench.model import LoopbackModel
from bench.server import Server
from bench.sink import Sink, due, gaps, hang_up, rhythm
from flowstudio import frontend

TOKENS, PAUSE = 40, 0.02
"""Of an answer of the model, and the seconds between them."""
HOOKS = 8
"""Webhooks; every second one calls the counter, every fourth is called twice under one key."""
CONNECTIONS = 8
PATIENCE = 60.0
"""Seconds after which a call or a chat counts as lost."""
GROWTH_MB, GROWTH_SHARE = 12.0, 0.06
"""By how much the memory of a server may vary between the middle and the end of a long soak."""
BYTES_EACH = 12_000
"""A generous size of an execution of these workflows in the database."""
FLOOR_MB = 24.0
"""Of a database with nothing in it, its write-ahead log at its limit."""


@dataclass(frozen=True)
class Plan:
    """How long and how much."""

    seconds: float = 1800.0
    measured: float = 15.0
    """Seconds of measuring what the machine can do."""
    schedules: int = 20
    chats: float = 0.5
    """Chats that begin each second."""
    retention: int = 5_000
    """Executions that are kept."""
    interval: float = 30.0
    """Seconds between two clean-ups."""
    share: float = 0.5
    """Of the measured capacity."""
    slack: float = 10.0
    """Seconds by which the last runs by the clock may be late before they are switched off."""


@dataclass
class Seen:
    """What the load did and got."""

    calls: Counted[str] = field(default_factory=Counted)
    """Webhook calls that were answered rightly, by workflow; those under one key count once."""
    told: set[str] = field(default_factory=set)
    """Addresses of the counter that have to be called once."""
    chats: int = 0
    times: list[float] = field(default_factory=list)
    words: list[float] = field(default_factory=list)
    """Seconds until the first word of a chat."""
    late: int = 0
    """Calls that could not be made at their time because all connections were busy."""
    wrong: list[str] = field(default_factory=list)


def tell(id_: str, sink: int, path: str) -> Document:
    """A node that calls the counter."""
    return node(id_, "http-request", method="POST", url=f"=http://127.0.0.1:{sink}/{path}")


def documents(sink: int, schedules: int) -> Iterator[tuple[str, Document]]:
    """The workflows by what they are called here."""
    for number in range(schedules):
        rules = [{"every": "seconds", "interval": rhythm(number)}]
        clock = node(
            "clock", "schedule", rules=rules, missed="all"
        )  # a busy machine may be late, not forgetful
        told = tell("tell", sink, f"clock/{number}/{{{{ $json.timestamp }}}}")
        yield f"clock {number}", chain(f"Clock {number}", [clock, told])
    for number in range(HOOKS):
        steps = [node("in", "webhook", path=f"soak/{number}", method="POST", respond="last-node")]
        if number % 2:
            steps.append(tell("tell", sink, f"hook/{number}/{{{{ $json.body.n }}}}"))
        steps.append(edit("note", n="={{ $('in').item.json.body.n }}"))
        yield f"hook {number}", chain(f"Hook {number}", steps)
    chat = [
        node("in", "when-chat-received"),
        node("ai", "ai-agent", prompt="Help."),
        node("out", "respond-to-chat"),
    ]
    yield "chat", chain("Chat", chat)


class Soak:
    """One soak, from the first start to the last check."""

    def __init__(self, plan: Plan, folder: Path, say: Callable[[str], None] = lambda _: None) -> None:
        self.plan = plan
        self.folder = folder
        self.say = say
        self.seen = Seen()
        self.sink = Sink()
        self.model = LoopbackModel(TOKENS, PAUSE)
        self.server: Server
        self.ids: dict[str, str] = {}
        self.armed: dict[str, tuple[float, float]] = {}
        """When the schedules were certainly on: from, until."""
        self.memory: list[float] = []
        self.size: list[float] = []
        self.kept: list[int] = []
        self.capacity = 0.0
        self.rate = 0.0
        self._number = 0

    async def run(self) -> list[Figure]:
        """Do it all; gives the figures. What is wrong is in `seen.wrong`."""
        async with self._servers():
            await self._talk(asyncio.get_running_loop().time())  # loads what chats need
            self.capacity = await self._measure()
            self.rate = self.capacity * self.plan.share
            self.say(
                f"measured {self.capacity:.0f} webhooks/s beside schedules and chats; soaking with {self.rate:.0f}/s"
            )
            await self._soak()
            await self._rest()
            await self._check()
        return self._figures()

    @asynccontextmanager
    async def _servers(self) -> AsyncIterator[None]:
        sink = await asyncio.start_server(self.sink.serve, "127.0.0.1", 0)
        port = sink.sockets[0].getsockname()[1]
        model = await self.model.start()
        self.server = Server(
            self.folder / "data",
            FLOWSTUDIO_ALLOW_HOSTS="127.0.0.1",
            FLOWSTUDIO_RETENTION_COUNT=str(self.plan.retention),
            FLOWSTUDIO_RETENTION_INTERVAL=str(self.plan.interval),
            OPENAI_API_KEY="sk-loopback",
            OPENAI_BASE_URL=f"http://127.0.0.1:{model}/v1",
        )
        self.server.data_dir.mkdir()
        await asyncio.to_thread(frontend.build)
        await asyncio.to_thread(self.server.start)
        try:
            await asyncio.to_thread(self._store, port)
            yield
        finally:
            await asyncio.to_thread(self.server.stop)
            await self.model.stop()
            sink.close()
            await sink.wait_closed()

    def _store(self, sink: int) -> None:
        with self.server.client() as client:
            for name, document in documents(sink, self.plan.schedules):
                made = client.post("/api/workflows/", json=document).raise_for_status().json()
                self.ids[name] = str(made["id"])
                client.post(f"/api/workflows/{made['id']}/activate/").raise_for_status()
                self.armed[name] = (time.time() + 1, 0.0)

    # Load

    async def _measure(self) -> float:
        """Webhooks a second with all connections busy, beside the schedules and chats of the soak."""
        until = asyncio.get_running_loop().time() + self.plan.measured
        before = sum(self.seen.calls.values())
        await asyncio.gather(*(self._flat_out(until) for _ in range(CONNECTIONS)), self._chats(until))
        return (sum(self.seen.calls.values()) - before) / self.plan.measured

    async def _flat_out(self, until: float) -> None:
        async with self._connection() as connection:
            while asyncio.get_running_loop().time() < until:
                await self._call(*connection)

    async def _soak(self) -> None:
        self.seen.times.clear()
        self.seen.words.clear()
        self.sink.lateness.clear()
        until = asyncio.get_running_loop().time() + self.plan.seconds
        async with asyncio.TaskGroup() as group:
            work = [group.create_task(self._paced(until)), group.create_task(self._chats(until))]
            while not all(task.done() for task in work):
                await asyncio.wait(
                    work, timeout=max(0.5, self.plan.seconds / 300), return_when=asyncio.FIRST_EXCEPTION
                )
                self.memory.append((await asyncio.to_thread(self.server.memory))["server"])
                await asyncio.to_thread(self._look)

    async def _paced(self, until: float) -> None:
        """Calls at their times, however long others take."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Queue[float | None] = asyncio.Queue(CONNECTIONS * 8)

        async def client() -> None:
            async with self._connection() as connection:
                while await ready.get() is not None:
                    await self._call(*connection)

        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS * 2):
                group.create_task(client())
            at = loop.time()
            while at < until:
                at += random.expovariate(self.rate)
                await asyncio.sleep(max(0.0, at - loop.time()))
                if ready.full():
                    self.seen.late += 1
                await ready.put(at)
            for _ in range(CONNECTIONS * 2):
                await ready.put(None)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=1 << 22)
        try:
            yield reader, writer
        finally:
            await hang_up(writer)

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Call a webhook; of some twice with the same key."""
        self._number += 1
        number, hook = self._number, self._number % HOOKS
        headers = {"Idempotency-Key": f"soak-{number}"} if hook % 4 == 0 else {}
        request = request_bytes("POST", f"/webhook/soak/{hook}", json.dumps({"n": number}).encode(), headers)
        self.seen.calls[f"hook {hook}"] += 1
        if hook % 2:
            self.seen.told.add(f"/hook/{hook}/{number}")
        for _ in range(2 if headers else 1):
            begin = time.perf_counter()
            try:
                async with asyncio.timeout(PATIENCE):
                    status, body = await round_trip(reader, writer, request)
            except TimeoutError:
                raise RuntimeError(f"call {number} was not answered within {PATIENCE:.0f} s") from None
            self.seen.times.append(time.perf_counter() - begin)
            if status != 200 or f'"{number}"'.encode() not in body:
                self.seen.wrong.append(f"call {number} was answered with {status}: {body[:200]!r}")

    async def _chats(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            at = loop.time()
            while (at := at + random.expovariate(self.plan.chats)) < until:
                await asyncio.sleep(max(0.0, at - loop.time()))
                group.create_task(self._talk(at))

    async def _talk(self, at: float) -> None:
        """One chat of one message; its answer has to come whole."""
        self.seen.chats += 1
        body = json.dumps(
            {"message": "How are you?", "session_id": f"visitor-{self.seen.chats % 50}"}
        ).encode()
        address = f"/api/workflows/{self.ids['chat']}/chat"
        words, turn, kind = "", {"status": "none", "messages": []}, b""
        try:
            async with asyncio.timeout(PATIENCE), self._connection() as (reader, writer):
                writer.write(request_bytes("POST", address, body, {"X-API-Key": self.server.key}))
                head = await reader.readuntil(b"\r\n\r\n")
                if (
                    b" 409 " in head[:20]
                ):  # somebody still talks in this chat: not a fault, and nothing was asked
                    self.seen.chats -= 1
                    return
                while line := await reader.readline():
                    if line.startswith(b"event: "):
                        kind = line[7:].strip()
                    elif line.startswith(b"data: ") and kind in (b"text", b"turn"):
                        told = json.loads(line[6:])
                        words += told["text"] if kind == b"text" else so_far(told["turn"])
                        if words and kind == b"text" and len(words.split()) == 1:
                            self.seen.words.append(asyncio.get_running_loop().time() - at)
                    elif line.startswith(b"data: ") and kind == b"done":
                        turn = json.loads(line[6:])
                        break
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            self.seen.wrong.append(f"a chat broke off: {type(error).__name__} {error}")
            return
        said = so_far({"live": "", **turn})
        if turn["status"] != "success" or len(said.split()) != TOKENS or said.split() != words.split():
            self.seen.wrong.append(f"a chat got {len(words.split())} words: {json.dumps(turn)[:300]}")

    # Looking

    def _look(self) -> None:
        data = self.server.data_dir
        self.size.append(sum(path.stat().st_size for path in data.glob("flowstudio.db*")) / 2**20)
        with sqlite3.connect(f"file:{data / 'flowstudio.db'}?mode=ro", uri=True) as connection:
            self.kept.append(int(connection.execute("SELECT count(*) FROM executions").fetchone()[0]))

    async def _rest(self) -> None:
        """Switch everything off, and wait until nothing runs."""

        def switch_off() -> None:
            with self.server.client() as client:
                for name, id_ in self.ids.items():
                    self.armed[name] = (self.armed[name][0], time.time() - self.plan.slack)
                    client.post(f"/api/workflows/{id_}/deactivate/").raise_for_status()
                wait_for_rest(client)

        await asyncio.to_thread(switch_off)

    async def _check(self) -> None:
        wrong = self.seen.wrong
        if self.model.answered != self.seen.chats:
            wrong.append(f"{self.seen.chats} chats, but the model was asked {self.model.answered} times")
        hooks = {path: count for path, count in self.sink.calls.items() if path.startswith("/hook/")}
        wrong += [
            f"called the counter {hooks.get(path, 0)} times: {path}"
            for path in self.seen.told
            if hooks.get(path) != 1
        ]
        wrong += [f"nobody asked for it: {path}" for path in hooks.keys() - self.seen.told]
        moments: dict[int, list[float]] = {}
        for path, count in self.sink.calls.items():
            if path.startswith("/clock/"):
                moments.setdefault(int(path.split("/")[2]), []).extend([due(path).timestamp()] * count)
        for number in range(self.plan.schedules):
            wrong += gaps(number, moments.get(number, []), *self.armed[f"clock {number}"])
        await asyncio.to_thread(self._compare, {number: len(found) for number, found in moments.items()})
        wrong += self._grown()

    def _compare(self, fired: dict[int, int]) -> None:
        """The server's own totals with what was seen from outside."""
        expected = {f"clock {number}": count for number, count in fired.items()}
        expected |= self.seen.calls | {"chat": self.seen.chats}
        with self.server.client() as client:
            for name, count in expected.items():
                query: dict[str, str | int] = {"days": 2, "workflow": self.ids[name]}
                total = client.get("/api/insights/", params=query).raise_for_status().json()["total"]
                if (total["runs"], total["failures"]) != (count, 0):
                    self.seen.wrong.append(
                        f"{name}: {count} expected, Insights tells {total['runs']}, {total['failures']} failed"
                    )

    def _grown(self) -> Iterator[str]:
        before, after = middle_and_end(self.memory)
        if after > before + max(GROWTH_MB, before * GROWTH_SHARE):
            yield f"the server's memory grew from {before:.0f} to {after:.0f} MB"
        started = self.rate + self.plan.chats + sum(1 / rhythm(n) for n in range(self.plan.schedules))
        most = self.plan.retention + started * self.plan.interval * 2 + 200
        if max(self.kept) > most:
            yield f"{max(self.kept)} executions were stored, more than {most:.0f}"
        if max(self.size) > FLOOR_MB + most * BYTES_EACH / 2**20:
            yield f"the database took {max(self.size):.0f} MB for {max(self.kept)} executions at most"

    def _figures(self) -> list[Figure]:
        seen, (before, after) = self.seen, middle_and_end(self.memory)
        minutes = f"{self.plan.seconds / 60:.1f} minutes"
        clocks = sum(count for path, count in self.sink.calls.items() if path.startswith("/clock/"))
        return [
            Figure("measured capacity, webhooks", self.capacity, "1/s"),
            Figure(
                f"soaked for {minutes} with",
                self.rate,
                "1/s",
                f"{seen.late} calls had to wait for a connection",
            ),
            Figure("webhook runs", sum(seen.calls.values()), ""),
            Figure("runs by the clock", clocks, "", f"{self.plan.schedules} schedules, every 1 to 5 s"),
            Figure("chats", seen.chats, "", f"{TOKENS} tokens each"),
            Figure("webhooks, p50", statistics.median(seen.times) * 1000, "ms"),
            Figure("webhooks, p99", percentile(seen.times, 0.99) * 1000, "ms"),
            Figure(
                "first word of a chat, p50",
                statistics.median(seen.words or [0.0]) * 1000,
                "ms",
                f"the model takes {PAUSE * 1000:.0f}",
            ),
            Figure(
                "runs by the clock at the counter, late by p99",
                percentile(self.sink.lateness, 0.99) * 1000,
                "ms",
            ),
            Figure("memory after a third", before, "MB"),
            Figure("memory at the end", after, "MB"),
            Figure("executions stored at most", max(self.kept), "", f"{self.plan.retention} are kept"),
            Figure("database at most", max(self.size), "MB"),
            Figure("database at the end", self.size[-1], "MB"),
            Figure("lost, double or wrong", len(seen.wrong), ""),
        ]


def so_far(turn: dict[str, Any]) -> str:
    """What had been said when somebody began to listen."""
    return "".join(message["text"] for message in turn["messages"]) + str(turn["live"])


def wait_for_rest(client: httpx.Client) -> None:
    """Until no execution is under way."""
    for status in ("queued", "running"):
        begin = time.monotonic()
        while client.get("/api/executions/", params={"status": status, "limit": 1}).json()["items"]:
            if time.monotonic() > begin + PATIENCE:
                raise RuntimeError(f"executions are still {status}")
            time.sleep(0.1)


def middle_and_end(values: list[float]) -> tuple[float, float]:
    """Medians of the second and of the last third."""
    third = max(1, len(values) // 3)
    return statistics.median(values[third : 2 * third] or values), statistics.median(values[-third:])


async def soak(
    plan: Plan, folder: Path, say: Callable[[str], None] = lambda _: None
) -> tuple[list[Figure], list[str]]:
    """Soak a server of its own; gives the figures, and what was wrong."""
    made = Soak(plan, folder, say)
    return await made.run(), made.seen.wrong


def main() -> None:
    """Run it, print the figures and what went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--share", type=float, default=0.5, help="of the measured capacity")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowstudio-soak-") as folder:
        work: Coroutine[Any, Any, tuple[list[Figure], list[str]]] = soak(
            Plan(seconds=options.minutes * 60, share=options.share),
            Path(folder),
            lambda text: print(text, flush=True),
        )
        figures, wrong = asyncio.run(work)
    for figure in figures:
        print(figure, flush=True)
    for line in wrong[:50]:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
