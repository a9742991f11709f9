"""Measure how many executions a second an installation runs, with 1, 2 and 4 workers beside its server, and embedded.

    python -m bench.workers --rounds 3 --seconds 4

A webhook is called and answered over many connections at the same time; an answered call is an execution that has ended. It
is done with a short workflow, which computes, and with one whose step waits for another service, where every process takes so
few executions at a time that they could not wait for all calls together. The embedded installations are measured by turns
with each number of workers: so each ratio compares what met the same load of the machine. And it prints what the time of
one worker goes to.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.databases import create, database_server
from bench.documents import Document, chain, edit, node, webhook_chain
from bench.figures import Figure, show
from bench.load import Load, measure, request_bytes
from bench.queue import Worker
from bench.server import Server, free_port
from flowstudio import frontend
from tests.postgres import PostgresServer

NUMBERS = (1, 2, 4)
"""Workers."""
CONNECTIONS = 60
WAIT = 0.5
"""Seconds that the other service takes."""
SQLITE, POSTGRES, MANY = "embedded, SQLite", "embedded, PostgreSQL", "server and workers"


@dataclass(frozen=True)
class Task:
    """What is measured."""

    path: str
    title: str
    at_a_time: int
    """Executions that one process runs at the same time."""


TASKS = (Task("short", "short", 200), Task("waiting", f"waits {WAIT:.1f} s, 10 at a time", 10))


def waiting(port: int) -> Document:
    """Webhook → a call of a service that takes its time → respond."""
    return chain(
        "bench waiting",
        [
            node("in", "webhook", path="bench-waiting", method="POST", respond="respond-node"),
            node("call", "http-request", method="GET", url=f"http://127.0.0.1:{port}/"),
            edit("edit", a="1"),
            node("out", "respond-to-webhook", respond_with="first_item"),
        ],
    )


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The other service."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(WAIT)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    writer.close()


class Installations:
    """The servers, each with the same workflow, and the workers beside one of them."""

    def __init__(
        self, folder: Path, database: PostgresServer, task: Task, stack: contextlib.ExitStack
    ) -> None:
        self._stack, self._task = stack, task
        self._samples = folder / "samples.json"
        self._service = free_port()
        one, many = f"{task.path}_one", f"{task.path}_many"
        create(database, one, many)
        same = {"FLOWSTUDIO_CONCURRENCY": str(task.at_a_time), "FLOWSTUDIO_ALLOW_HOSTS": "127.0.0.1"}
        self.many = Server(
            folder / "many",
            None,
            FLOWSTUDIO_DATABASE_URL=database.url(many),
            FLOWSTUDIO_MODE="scaled",
            SAMPLED_FILE=str(self._samples),
            **same,
        )
        self.servers = {
            SQLITE: Server(folder / "sqlite", None, **same),
            POSTGRES: Server(folder / "one", None, FLOWSTUDIO_DATABASE_URL=database.url(one), **same),
            MANY: self.many,
        }
        document = webhook_chain("bench-short", 2) if task.path == "short" else waiting(self._service)
        for server in self.servers.values():
            server.data_dir.mkdir()
            server.start()
            stack.callback(server.stop)
            with server.client() as client:
                made = client.post("/api/workflows/", json=document).raise_for_status().json()
                client.post(f"/api/workflows/{made['id']}/activate/").raise_for_status()

    def hire(self) -> Worker:
        """One more worker; it stays until the end."""
        return self._stack.enter_context(Worker(self.many, "bench.sampled"))

    def run(self, server: Server, seconds: float) -> Load:
        """Call the workflow for some seconds. Raises `RuntimeError` when a call fails."""

        async def call() -> Load:
            service = await asyncio.start_server(serve, "127.0.0.1", self._service)
            request = request_bytes("POST", f"/webhook/bench-{self._task.path}", b'{"name":"Ada"}')
            async with service:
                return await measure(
                    server.port, request, connections=CONNECTIONS, seconds=seconds, warm_up=1.0
                )

        done = asyncio.run(call())
        if done.failed:
            raise RuntimeError(f"{done.failed} calls failed at {server.data_dir.name}.")
        return done

    def sampled(self, worker: Worker, seconds: float) -> dict[str, float]:
        """What a worker does while the workflow is called: shares of the time that passes, by part of the program."""
        worker.send(signal.SIGUSR1)
        self.run(self.many, seconds)
        worker.send(signal.SIGUSR2)
        while not self._samples.exists():
            time.sleep(0.05)
        found = json.loads(self._samples.read_text())
        busy = found["busy"] / found["seconds"]
        count = sum(found["samples"].values())
        shares = {name: busy * part / count for name, part in found["samples"].items()}
        idle = {"waits: for something to do, the database, or a core": 1 - busy}
        return idle | dict(sorted(shares.items(), key=lambda each: -each[1]))


def measured(rounds: int, seconds: float) -> Iterator[Figure]:
    """The figures, as they come."""
    frontend.build()
    with contextlib.ExitStack() as outer:
        folder = Path(outer.enter_context(tempfile.TemporaryDirectory(prefix="flowstudio-bench-")))
        database = outer.enter_context(database_server())
        for task in TASKS:
            (place := folder / task.path).mkdir()
            with contextlib.ExitStack() as stack:
                yield from compared(Installations(place, database, task, stack), task, rounds, seconds)


def compared(here: Installations, task: Task, rounds: int, seconds: float) -> Iterator[Figure]:
    """The figures of one workflow."""
    first = here.hire()
    for server in here.servers.values():
        here.run(server, 1.0)
    shares = here.sampled(first, seconds)
    embedded: dict[str, list[float]] = {SQLITE: [], POSTGRES: []}
    hired = 1
    for number in NUMBERS:
        for _ in range(number - hired):
            here.hire()
        hired = number
        rates: dict[str, list[float]] = {name: [] for name in here.servers}
        for _ in range(rounds):
            for name, server in here.servers.items():
                rates[name].append(here.run(server, seconds).per_second)
        middle = {name: statistics.median(each) for name, each in rates.items()}
        for name, each in embedded.items():
            each += rates[name]
        ratios = ", ".join(f"{middle[MANY] / middle[name]:.2f} x {name}" for name in embedded)
        workers = f"server and {number} worker{'s'[: number > 1]}"
        yield Figure(f"{task.title}: {workers}", middle[MANY], "1/s", ratios)
    for name, each in embedded.items():
        yield Figure(f"{task.title}: {name}", statistics.median(each), "1/s")
    for part, share in shares.items():
        yield Figure(f"{task.title}: one worker's time, {part}", share * 100, "%")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    show(measured(options.rounds, options.seconds))


if __name__ == "__main__":
    main()
