"""Measure how soon somebody sees the status of a step, when another process than the browser's server executes it.

    python -m bench.watch --rounds 5

A workflow is run in the editor, in a real browser, at an embedded server and at a server beside a worker on PostgreSQL, by
turns. A delay runs from the moment that the process which executes writes down to the moment that the card says so, and to
the frame after it.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.canvas import signed_in
from bench.databases import database_server
from bench.documents import chain, node
from bench.figures import Figure, percentile, show
from bench.live import DELAYS, Editor
from bench.queue import Worker
from bench.server import Server
from flowstudio import frontend
from scripts import browser

AIM = 200.0
"""Milliseconds until each status is seen."""
STEPS = 30
PAUSE = 0.1
"""Seconds that each step takes."""


def store(server: Server) -> str:
    """Create the workflow; gives its id."""
    steps = [
        node(f"n{i}", "wait", resume="after_time", amount=PAUSE, unit="seconds") for i in range(1, STEPS)
    ]
    document = chain("bench watch", [node("n0", "manual-trigger"), *steps])
    for i, each in enumerate(document["nodes"]):
        each["position"] = {"x": (i % 4) * 336, "y": (i // 4) * 128}
    with server.client() as client:
        return str(client.post("/api/workflows/", json=document).raise_for_status().json()["id"])


def measured(rounds: int) -> Iterator[Figure]:
    """The figures."""
    frontend.build()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flowstudio-bench-")))
        database = stack.enter_context(database_server("many"))
        many = Server(folder / "many", FLOWSTUDIO_DATABASE_URL=database.url("many"), FLOWSTUDIO_MODE="scaled")
        servers = {"embedded, SQLite": Server(folder / "sqlite"), "server and worker": many}
        chromium = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=browser.provide(), args=["--no-sandbox", "--disable-gpu"]
        )
        stack.callback(chromium.close)
        editors: dict[str, Editor] = {}
        for name, server in servers.items():
            server.data_dir.mkdir()
            server.start()
            stack.callback(server.stop)
            editors[name] = Editor(signed_in(chromium, server).new_page(), store(server))
        stack.enter_context(Worker(many))
        delays: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
        for _ in range(rounds):
            for name, editor in editors.items():
                editor.page.bring_to_front()
                editor.started()
                editor.ended()
                delays[name] += editor.page.evaluate(DELAYS)
    for name, found in delays.items():
        for place, seen in enumerate(("in the page", "painted")):
            each = [delay[place] for delay in found]
            for title, value in (("p50", statistics.median(each)), ("p95", percentile(each, 0.95))):
                yield Figure(
                    f"status {seen}, {name}, {title}", value, "ms", f"aim < {AIM:.0f}; {len(each)} statuses"
                )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    show(measured(options.rounds))


if __name__ == "__main__":
    main()
