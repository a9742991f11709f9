"""Print the measures of this machine: `python -m bench` (or `make bench`).

Each figure is the median of several rounds against a real server with durability on; client and server share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench import always, canvas, chat_panel, chats, passages, workers
from bench.documents import Document, filter_and_expressions, webhook_chain, wide_graph
from bench.load import Load, measure, request_bytes
from bench.server import Server

N8N = {1: 13, 20: 18, "chain": 9}
"""Requests/s of n8n 2.37 on a machine with two cores, for comparison."""


def store(client: httpx.Client, document: Document, *, activate: bool) -> str:
    """Create a workflow, give back its id."""
    answer = client.post("/api/workflows/", json=document)
    answer.raise_for_status()
    id_ = str(answer.json()["id"])
    if activate:
        client.post(f"/api/workflows/{id_}/activate/").raise_for_status()
    return id_


def webhook(server: Server, path: str, connections: int, rounds: int, seconds: float) -> Load:
    """The median round of a webhook under load."""
    request = request_bytes("POST", f"/webhook/{path}", b'{"name":"Ada"}')
    loads = [
        asyncio.run(measure(server.port, request, connections=connections, seconds=seconds))
        for _ in range(rounds)
    ]
    return sorted(loads, key=lambda load: load.per_second)[len(loads) // 2]


def median_seconds(action: Callable[[], Any], rounds: int) -> float:
    """Median duration."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def execute(client: httpx.Client, workflow: str, data: Any = None) -> None:
    """Run to the end; anything but success is an error."""
    answer = client.post(
        f"/api/workflows/{workflow}/execute/", json={"trigger_data": data, "wait": True, "timeout": 60}
    )
    answer.raise_for_status()
    status = answer.json()["execution"]["status"]
    if status != "success":
        raise RuntimeError(f"The execution ended as {status}.")


def plan_seconds(rounds: int) -> float:
    """Compiling a graph of 1,000 nodes, in this process."""
    import flowstudio.nodes
    from flowstudio.engine.plan import compile_plan
    from flowstudio.engine.registry import discover
    from flowstudio.engine.workflow import load_workflow

    registry = discover(flowstudio.nodes)
    document = load_workflow(wide_graph(1000))
    return median_seconds(lambda: compile_plan(document, registry), rounds)


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    figures: dict[str, Any] = {}

    def say(name: str, value: float, unit: str, note: str = "") -> None:
        figures[name] = {"value": round(value, 3), "unit": unit}
        print(f"{name:<58} {value:>10,.2f} {unit:<6} {note}", flush=True)

    print(
        f"{platform.python_implementation()} {platform.python_version()}, {psutil.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()} {platform.release()}; "
        f"medians of {options.rounds} rounds\n"
    )
    with tempfile.TemporaryDirectory(prefix="flowstudio-bench-") as folder:
        server = Server(Path(folder) / "data")
        server.data_dir.mkdir()
        say("cold start (new data folder)", server.start(), "s")
        server.stop()
        warm = []
        for _ in range(options.rounds):
            warm.append(server.start())
            server.stop()
        say("warm start", statistics.median(warm), "s")
        server.start()
        time.sleep(2)
        memory = server.memory()
        say("idle memory, server", memory["server"], "MB")
        say("idle memory, with its workers", memory["all"], "MB")
        try:
            with server.client() as client:
                store(client, webhook_chain("bench-one", 1), activate=True)
                store(client, webhook_chain("bench-ten", 8), activate=True)
                for connections in (1, 20):
                    load = webhook(server, "bench-one", connections, options.rounds, options.seconds)
                    title = f"webhook, edit, respond: {connections} connection{'s'[: connections > 1]}"
                    say(
                        title,
                        load.per_second,
                        "1/s",
                        f"{load.per_second / N8N[connections]:.0f} x n8n; {load.failed} failed",
                    )
                    say(f"{title}, p50", load.p50, "ms")
                    say(f"{title}, p99", load.p99, "ms")
                for connections in (1, 20):
                    load = webhook(server, "bench-ten", connections, options.rounds, options.seconds)
                    title = f"chain of ten nodes: {connections} connection{'s'[: connections > 1]}"
                    say(
                        title,
                        load.per_second,
                        "1/s",
                        f"{load.per_second / N8N['chain']:.0f} x n8n; {load.failed} failed",
                    )
                    say(f"{title}, p50", load.p50, "ms")
                    say(f"{title}, p99", load.p99, "ms")
                items = store(client, filter_and_expressions(), activate=False)
                rows = [{"n": n, "name": f"item {n}", "tags": ["a", "b", str(n)]} for n in range(10_000)]
                say(
                    "10,000 items, filter and 5 expressions, stored",
                    median_seconds(lambda: execute(client, items, rows), options.rounds),
                    "s",
                )
                graph = store(client, wide_graph(1000), activate=False)
                say(
                    "graph of 1,000 nodes, run and stored",
                    median_seconds(lambda: execute(client, graph), options.rounds),
                    "s",
                )
            say("graph of 1,000 nodes, planned", plan_seconds(options.rounds) * 1000, "ms")
            for figure in canvas.measure(server, options.rounds):
                say(figure.name, figure.value, figure.unit, figure.aim)
            for told in chat_panel.measure(options.rounds):
                say(told.name, told.value, told.unit, told.aim)
            for measured in passages.measure():
                say(measured.name, measured.value, measured.unit, measured.aim)
            for figure in chats.measure():
                say(figure.name, figure.value, figure.unit, figure.aim)
            memory = server.memory()
            say("memory afterwards, server", memory["server"], "MB")
        finally:
            server.stop()
    for figure in (*always.measure(), *workers.measured(options.rounds, options.seconds)):
        say(figure.name, figure.value, figure.unit, figure.aim)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
