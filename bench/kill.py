"""Kill the server at random moments under load, and prove that nothing was lost or done twice.

    python -m bench.kill --times 200

A webhook is called without pause; each of its executions runs a chain of nodes that call a counter on loopback, one of them in
a loop. While the server is dead, its database is read: a node run whose outcome is stored has finished. Afterwards
1. every execution that was accepted has succeeded, exactly once;
2. no node run that had finished before a kill called the counter again after it;
3. no node run has two outcomes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter as Counted
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.documents import Document, node
from bench.load import request_bytes, round_trip
from bench.server import Server
from bench.sink import answer_calls, hang_up

PAUSE = 0.03
"""Seconds between two calls of one client, so that the server has time to finish executions as well as to accept them."""

NodeRun = tuple[str, str, str]
"""Execution, node, scope."""


def workflow(counter: int) -> Document:
    """Webhook → call → loop of two calls → call."""

    def call(id_: str) -> Document:
        url = f"=http://127.0.0.1:{counter}/{{{{ $execution.id }}}}/{id_}/{{{{ $json.n ?? '' }}}}"
        return node(id_, "http-request", method="POST", url=url)

    return {
        "name": "Kill",
        "nodes": [
            node("in", "webhook", path="kill", method="POST", respond="immediately"),
            call("first"),
            node("loop", "loop-over-items", batch_size=1),
            call("each"),
            node(
                "keep",
                "edit-fields",
                mode="manual",
                fields=[{"name": "done", "type": "boolean", "value": True}],
            ),
            call("last"),
        ],
        "edges": [
            {"source": "in", "target": "first"},
            {"source": "first", "target": "loop"},
            {"source": "loop", "sourceHandle": "loop", "target": "each"},
            {"source": "each", "target": "keep"},
            {"source": "keep", "target": "loop"},
            {"source": "loop", "sourceHandle": "done", "target": "last"},
        ],
    }


@dataclass
class Counter:
    """The side effects of the nodes, in order."""

    calls: list[NodeRun] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls of one connection: `POST /<execution>/<node>/<n>`."""
        await answer_calls(reader, writer, self.note)

    def note(self, path: str, headers: Mapping[str, str]) -> object:
        """Remember a call; gives what it is answered with."""
        execution, called, n = path.lstrip("/").split("/")
        self.calls.append((execution, called, f"loop:{int(n) - 1}" if called == "each" else ""))
        return [{"n": 1}, {"n": 2}] if called == "first" else {"n": int(n or 0)}


def stored(database: Path) -> tuple[Counted[NodeRun], dict[str, str]]:
    """Decided outcomes per node run, and the status of each execution, read from the database file."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "select execution_id, node, scope from outcomes where status in ('success', 'error')"
        )
        decided = Counted((execution, node_id, scope) for execution, node_id, scope in rows)
        return decided, dict(connection.execute("select id, status from executions").fetchall())


def check(finished: Counted[NodeRun], calls: list[NodeRun]) -> list[str]:
    """Calls by node runs that had finished before."""
    return [f"ran again although finished: {run}" for run in calls if run in finished]


async def call_until_killed(port: int, accepted: list[str]) -> None:
    """Call the webhook again and again; note what was accepted."""
    request = request_bytes("POST", "/webhook/kill", b"{}")
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return
    try:
        while True:
            status, body = await round_trip(reader, writer, request)
            if status == 200:
                accepted.append(json.loads(body)["execution_id"])
            await asyncio.sleep(PAUSE)
    except (ConnectionError, asyncio.IncompleteReadError):
        await hang_up(writer)


async def prove(times: int, clients: int, folder: Path, *, quiet: bool = False) -> tuple[int, list[str]]:
    """Kill so many times; gives back how many executions were accepted, and what went wrong."""
    counter = Counter()
    counting = await asyncio.start_server(counter.serve, "127.0.0.1", 0)
    counter_port = counting.sockets[0].getsockname()[1]
    server = Server(
        folder / "data",
        FLOWSTUDIO_ALLOW_HOSTS=f"127.0.0.1:{counter_port}",
        FLOWSTUDIO_RETENTION_COUNT="1000000",
    )
    server.data_dir.mkdir()
    database = server.data_dir / "flowstudio.db"
    await asyncio.to_thread(server.start)
    with server.client() as client:
        answer = client.post("/api/workflows/", json=workflow(counter_port)).raise_for_status().json()
        client.post(f"/api/workflows/{answer['id']}/activate/").raise_for_status()
    accepted: list[str] = []
    wrong: list[str] = []
    finished_then: Counted[NodeRun] = Counted()
    checked_from = 0
    begin = time.monotonic()
    for kill in range(1, times + 1):
        load = [asyncio.create_task(call_until_killed(server.port, accepted)) for _ in range(clients)]
        await asyncio.sleep(random.uniform(0.05, 2.5))
        await asyncio.to_thread(server.kill)
        await asyncio.gather(*load)
        finished, statuses = stored(database)
        lost = [execution for execution in accepted if execution not in statuses]
        wrong += [f"kill {kill}: accepted, but not stored: {execution}" for execution in lost]
        wrong += check(finished_then, counter.calls[checked_from:])
        finished_then, checked_from = finished, len(counter.calls)
        await asyncio.to_thread(server.start)
        if not quiet and kill % 10 == 0:
            print(
                f"{kill} kills, {len(accepted)} executions accepted, {time.monotonic() - begin:.0f} s",
                flush=True,
            )
    with server.client() as client:
        while client.get("/api/executions/", params={"status": "running", "limit": 1}).json()["items"]:
            await asyncio.sleep(0.2)
    await asyncio.to_thread(server.stop)
    wrong += check(finished_then, counter.calls[checked_from:])
    decided, statuses = stored(database)
    wrong += [
        f"accepted, but ended as {statuses.get(e)}: {e}" for e in accepted if statuses.get(e) != "success"
    ]
    wrong += [f"two outcomes: {run}" for run, n in decided.items() if n > 1]
    counting.close()
    await counting.wait_closed()
    again = sum(n - 1 for n in Counted(run for run in counter.calls if run[1] != "last").values())
    print(
        f"{times} kills under load: {len(accepted)} executions accepted, {sum(decided.values())} node runs stored, "
        f"{again} unfinished node runs repeated, {len(wrong)} violations."
    )
    return len(accepted), wrong


def main() -> None:
    """Run it, print what went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowstudio-kill-") as folder:
        _, wrong = asyncio.run(prove(options.times, options.clients, Path(folder)))
    for line in wrong[:50]:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
