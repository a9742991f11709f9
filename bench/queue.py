"""Measure what it adds to the time of an execution that another process runs it.

    python -m bench.queue --executions 300

A workflow of three steps is called and waited for, by turns at an embedded server on SQLite, an embedded server on PostgreSQL,
and a server beside a worker on the same PostgreSQL: so all of them meet the same load of the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.databases import database_server
from bench.documents import chain, edit, node
from bench.figures import Figure, percentile, show
from bench.server import Server
from flowstudio import frontend

AIM = 20.0
"""Milliseconds that the queue may add, at the median."""
WARM_UP = 20


class Worker:
    """`flowstudio worker` in a child process, with the settings of a server."""

    def __init__(self, server: Server, program: str = "flowstudio.cli") -> None:
        self._server, self._program = server, program

    def __enter__(self) -> Worker:
        folder = self._server.data_dir
        self._log = (folder.parent / f"{folder.name}-worker.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", self._program, "worker"],
            env=self._server.environment,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._process.stdout is not None
        if "worker is ready" not in self._process.stdout.readline():
            raise RuntimeError(f"The worker did not start; see {self._log.name}.")
        return self

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def __exit__(self, *failure: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)
        self._log.close()


def store(client: httpx.Client) -> str:
    """Create the workflow of three steps; gives its id."""
    nodes = [node("start", "manual-trigger"), edit("one", a="1"), edit("two", b="={{ $json.a }}")]
    answer = client.post("/api/workflows/", json=chain("bench queue", nodes))
    answer.raise_for_status()
    return str(answer.json()["id"])


def execute(client: httpx.Client, workflow: str) -> float:
    """Run to the end; gives milliseconds."""
    begin = time.perf_counter()
    answer = client.post(f"/api/workflows/{workflow}/execute/", json={"wait": True, "timeout": 60})
    took = (time.perf_counter() - begin) * 1000
    answer.raise_for_status()
    if answer.json()["execution"]["status"] != "success":
        raise RuntimeError(f"The execution failed: {answer.text}")
    return took


def measure(executions: int = 300) -> Iterator[Figure]:
    """Print how busy the machine is; give the figures."""
    frontend.build()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flowstudio-bench-")))
        database = stack.enter_context(database_server("one", "many"))
        servers = {
            "embedded, SQLite": Server(folder / "sqlite"),
            "embedded, PostgreSQL": Server(folder / "one", FLOWSTUDIO_DATABASE_URL=database.url("one")),
            "server and worker": Server(
                folder / "many", FLOWSTUDIO_DATABASE_URL=database.url("many"), FLOWSTUDIO_MODE="scaled"
            ),
        }
        clients: dict[str, tuple[httpx.Client, str]] = {}
        for name, server in servers.items():
            server.data_dir.mkdir()
            server.start()
            stack.callback(server.stop)
            client = stack.enter_context(server.client())
            clients[name] = client, store(client)
        stack.enter_context(Worker(servers["server and worker"]))
        times: dict[str, list[float]] = {name: [] for name in servers}
        for round_ in range(-WARM_UP, executions):
            for name, (client, workflow) in clients.items():
                took = execute(client, workflow)
                if round_ >= 0:
                    times[name].append(took)
    for name, taken in times.items():
        yield Figure(f"three steps, {name}, p50", statistics.median(taken), "ms")
        yield Figure(f"three steps, {name}, p95", percentile(taken, 0.95), "ms")
    queued = times["server and worker"]
    for name, base in (("SQLite", "embedded, SQLite"), ("PostgreSQL", "embedded, PostgreSQL")):
        for title, part in (("p50", 0.5), ("p95", 0.95)):
            added = percentile(queued, part) - percentile(times[base], part)
            aim = f"aim < {AIM:.0f}" if part == 0.5 else ""
            yield Figure(f"added to an embedded server on {name}, {title}", added, "ms", aim)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=300)
    options = parser.parse_args()
    show(measure(options.executions))


if __name__ == "__main__":
    main()
