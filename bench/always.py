"""Measure a server with many schedules and webhooks that are switched on.

    python -m bench.always --schedules 1000 --webhooks 1000 --seconds 60

The schedules have rhythms of 30 to 90 seconds, and in a second round all the same one, so that all fire in the same moment.
How late one fires is how long after its moment its execution is stored. The workflows are put into the database before the
server starts, so that its start has all of them to arm.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from bench.documents import Document, chain, edit, node
from bench.figures import Figure, percentile, show
from bench.load import measure as measure_load
from bench.load import request_bytes
from bench.server import Server
from flowstudio import frontend

EPOCH_MICROSECONDS = 1_000_000
TOGETHER = 30
"""Seconds between two moments in which all schedules fire."""


def apart(number: int) -> int:
    """Seconds between two runs, 30 to 90."""
    return 30 + number % 61


def scheduled(number: int, rhythm: int) -> Document:
    """A workflow with a schedule."""
    rule = {"every": "seconds", "interval": rhythm}
    return chain(f"Schedule {number}", [node("clock", "schedule", rules=[rule]), edit("note", n=str(number))])


def hooked(number: int) -> Document:
    """A workflow with a webhook."""
    hook = node("in", "webhook", path=f"bench/{number}/:id", method="POST", respond="last-node")
    return chain(f"Webhook {number}", [hook, edit("note", n=str(number))])


async def prepare(folder: Path, schedules: int, webhooks: int, rhythm: Callable[[int], int] = apart) -> None:
    """Store the workflows and switch them on."""
    from flowstudio.config import load_settings
    from flowstudio.runtime import Runtime
    from flowstudio.services.callers import COMMAND_LINE

    runtime = Runtime(load_settings(data_dir=folder, port=1))
    await runtime.start()
    await runtime.schedules.stop()
    clocks = [scheduled(number, rhythm(number)) for number in range(schedules)]
    for document in [*clocks, *map(hooked, range(webhooks))]:
        workflow = await runtime.workflows.create(COMMAND_LINE, document)
        await runtime.workflows.activate(COMMAND_LINE, workflow.record.id)
    await runtime.stop()


def lateness(folder: Path, since: float) -> list[float]:
    """Seconds between the moments of scheduled executions, those since then, and their being stored."""
    database = sqlite3.connect(folder / "flowstudio.db")
    found = database.execute(
        "SELECT call_key, created_at FROM executions WHERE mode = 'schedule' AND created_at > ?",
        [int(since * EPOCH_MICROSECONDS)],
    ).fetchall()
    database.close()
    due = [datetime.fromisoformat(key.rsplit("/", 1)[1]).timestamp() for key, _ in found]
    late = (at / EPOCH_MICROSECONDS - moment for (_, at), moment in zip(found, due, strict=True))
    return [seconds for seconds, moment in zip(late, due, strict=True) if moment >= since]


def measure(schedules: int = 1000, webhooks: int = 1000, seconds: float = 60) -> Iterator[Figure]:
    """Start-up, lateness, and the answers of webhooks meanwhile."""
    frontend.build()
    many = f"{schedules:,} schedules"
    with tempfile.TemporaryDirectory(prefix="flowstudio-always-") as name:
        empty = Server(Path(name) / "empty")
        empty.data_dir.mkdir()
        empty.start()
        empty.stop()
        yield Figure("start with nothing switched on", empty.start(), "s", "for comparison")
        empty.stop()
        folder = Path(name) / "data"
        asyncio.run(prepare(folder, schedules, webhooks))
        server = Server(folder)
        yield Figure(f"start with {many} and {webhooks:,} webhooks", server.start(), "s", "below 5")
        since = time.time()
        try:
            calls = request_bytes("POST", f"/webhook/bench/{webhooks - 1}/7", b"{}")
            load = asyncio.run(measure_load(server.port, calls, connections=2, seconds=2))
            time.sleep(max(0.0, since + seconds - time.time()))
            memory = server.memory()["server"]
            late = lateness(folder, since)
        finally:
            server.stop()
        yield Figure(f"{many}: runs by the clock", len(late), "", "every 30 to 90 s")
        yield Figure("late by, median", statistics.median(late) * 1000, "ms")
        yield Figure("late by, p99", percentile(late, 0.99) * 1000, "ms", "below 1,000")
        yield Figure("a webhook among them, p50", load.p50, "ms", f"{load.failed} failed")
        yield Figure("memory, server", memory, "MB")
        yield from together(Path(name) / "together", schedules)


def together(folder: Path, schedules: int) -> Iterator[Figure]:
    """All schedules fire in the same moments."""
    asyncio.run(prepare(folder, schedules, 0, lambda _: TOGETHER))
    server = Server(folder)
    server.start()
    since = time.time()
    try:
        while len(late := lateness(folder, since)) < 2 * schedules and time.time() < since + 4 * TOGETHER:
            time.sleep(1)
    finally:
        server.stop()
    yield Figure(f"{schedules:,} schedules in the same moment: runs", len(late), "", "two moments")
    yield Figure("late by, p99", percentile(late, 0.99) * 1000, "ms", "below 1,000")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--webhooks", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = show(measure(options.schedules, options.webhooks, options.seconds))
    if options.json:
        print(json.dumps({figure.name: round(figure.value, 3) for figure in found}))


if __name__ == "__main__":
    main()
