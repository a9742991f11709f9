"""Measure a server with many schedules and webhooks that are switched on.

    python -m bench.always --schedules 1000 --webhooks 1000 --seconds 60

The schedules have rhythms of 30 to 90 seconds; how late one fires is how long after its moment its execution is stored. The
workflows are put into the database before the server starts, so that its start has all of them to arm.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path

from bench.documents import Document, chain, edit, node
from bench.figures import Figure, percentile
from bench.load import measure as measure_load
from bench.load import request_bytes
from bench.server import Server

EPOCH_MICROSECONDS = 1_000_000


def scheduled(number: int) -> Document:
    """A workflow with a schedule of its own rhythm."""
    rule = {"every": "seconds", "interval": 30 + number % 61}
    return chain(f"Schedule {number}", [node("clock", "schedule", rules=[rule]), edit("note", n=str(number))])


def hooked(number: int) -> Document:
    """A workflow with a webhook."""
    hook = node("in", "webhook", path=f"bench/{number}/:id", method="POST", respond="last-node")
    return chain(f"Webhook {number}", [hook, edit("note", n=str(number))])


async def prepare(folder: Path, schedules: int, webhooks: int) -> None:
    """Store the workflows and switch them on."""
    from flowstudio.config import load_settings
    from flowstudio.runtime import Runtime
    from flowstudio.services.callers import COMMAND_LINE

    runtime = Runtime(load_settings(data_dir=folder, port=1))
    await runtime.start()
    await runtime.schedules.stop()
    for document in [*map(scheduled, range(schedules)), *map(hooked, range(webhooks))]:
        workflow = await runtime.workflows.create(COMMAND_LINE, document)
        await runtime.workflows.activate(COMMAND_LINE, workflow.record.id)
    await runtime.stop()


def lateness(folder: Path, since: float) -> list[float]:
    """Seconds between the moments of scheduled executions and their being stored."""
    database = sqlite3.connect(folder / "flowstudio.db")
    found = database.execute(
        "SELECT call_key, created_at FROM executions WHERE mode = 'schedule' AND created_at > ?",
        [int(since * EPOCH_MICROSECONDS)],
    ).fetchall()
    database.close()
    due = [datetime.fromisoformat(key.rsplit("/", 1)[1]).timestamp() for key, _ in found]
    return [at / EPOCH_MICROSECONDS - moment for (_, at), moment in zip(found, due, strict=True)]


def measure(schedules: int = 1000, webhooks: int = 1000, seconds: float = 60) -> list[Figure]:
    """Start-up, lateness, and the answers of webhooks meanwhile."""
    with tempfile.TemporaryDirectory(prefix="flowstudio-always-") as name:
        folder = Path(name) / "data"
        asyncio.run(prepare(folder, schedules, webhooks))
        server = Server(folder)
        begun = server.start()
        since = time.time()
        try:
            calls = request_bytes("POST", f"/webhook/bench/{webhooks - 1}/7", b"{}")
            load = asyncio.run(measure_load(server.port, calls, connections=2, seconds=2))
            time.sleep(max(0.0, since + seconds - time.time()))
            memory = server.memory()["server"]
            late = sorted(lateness(folder, since))
        finally:
            server.stop()
        many = f"{schedules} schedules, {webhooks} webhooks"
        return [
            Figure(f"start with {many}", begun, "s", "below 5"),
            Figure(f"{many}: runs by the clock", len(late), "", ""),
            Figure("late by, median", statistics.median(late) * 1000, "ms"),
            Figure("late by, p99", percentile(late, 0.99) * 1000, "ms", "below 1000"),
            Figure("a webhook among them, p50", load.p50, "ms", f"{load.failed} failed"),
            Figure("memory, server", memory, "MB"),
        ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--webhooks", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.schedules, options.webhooks, options.seconds)
    for figure in found:
        print(f"{figure.name:<58} {figure.value:>10,.2f} {figure.unit:<6} {figure.aim}")
    if options.json:
        print(json.dumps({figure.name: round(figure.value, 3) for figure in found}))


if __name__ == "__main__":
    main()
