"""What executions come to, counted for `/metrics`: by their status and duration, node runs, tokens; and how late the loop is."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime

from flowstudio.engine.events import Event, ExecutionFinished, ExecutionStarted, NodeFinished, StepChanged

BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 3600.0)
"""Upper bounds of the histogram of durations, in seconds."""
STARTS_KEPT = 10_000
LAG_EVERY = 0.5
"""Seconds between two measurements of the event loop's lag."""
TOKENS = ("input_tokens", "output_tokens")


class Figures:
    """Counts what this process hears of its executions."""

    def __init__(self) -> None:
        self._executions: dict[str, int] = {}
        self._nodes: dict[str, int] = {}
        self._tokens = dict.fromkeys(TOKENS, 0.0)
        self._buckets = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0
        self._started: OrderedDict[str, datetime] = OrderedDict()
        self._lags: list[float] = []

    def hear(self, event: Event) -> None:
        """Count an event."""
        match event:
            case ExecutionStarted():
                self._started[event.execution] = event.at
                if len(self._started) > STARTS_KEPT:
                    self._started.popitem(last=False)
            case ExecutionFinished():
                self._executions[event.status] = self._executions.get(event.status, 0) + 1
                began = self._started.pop(event.execution, None)
                if began is not None and event.status != "waiting":
                    seconds = max(0.0, (event.at - began).total_seconds())
                    self._buckets[bisect_left(BOUNDS, seconds)] += 1
                    self._seconds += seconds
            case NodeFinished():
                self._nodes[event.status] = self._nodes.get(event.status, 0) + 1
            case StepChanged() if event.step["kind"] == "model" and event.step["milliseconds"] is not None:
                for name in TOKENS:
                    self._tokens[name] += event.step["usage"].get(name, 0)

    async def watch_the_loop(self) -> None:
        """Measure again and again how much later than asked the loop gets to something. Never ends."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(LAG_EVERY)
            self._lags = [*self._lags[-119:], max(0.0, loop.time() - before - LAG_EVERY)]

    def lines(self) -> Iterator[str]:
        """In the text format of Prometheus."""
        yield "# HELP flowstudio_executions_total Executions that came to rest, by status."
        yield "# TYPE flowstudio_executions_total counter"
        for status, count in sorted(self._executions.items()):
            yield f'flowstudio_executions_total{{status="{status}"}} {count}'
        yield "# HELP flowstudio_execution_seconds Time from the start of an execution to its end."
        yield "# TYPE flowstudio_execution_seconds histogram"
        total = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self._buckets, strict=True):
            total += count
            yield f'flowstudio_execution_seconds_bucket{{le="{bound}"}} {total}'
        yield f"flowstudio_execution_seconds_sum {self._seconds:.6f}"
        yield f"flowstudio_execution_seconds_count {total}"
        yield "# HELP flowstudio_node_runs_total Tries of nodes, by what they came to."
        yield "# TYPE flowstudio_node_runs_total counter"
        for status, count in sorted(self._nodes.items()):
            yield f'flowstudio_node_runs_total{{status="{status}"}} {count}'
        yield "# HELP flowstudio_tokens_total Tokens that models counted."
        yield "# TYPE flowstudio_tokens_total counter"
        for name, amount in self._tokens.items():
            yield f'flowstudio_tokens_total{{kind="{name.removesuffix("_tokens")}"}} {amount:.0f}'
        yield "# HELP flowstudio_loop_lag_seconds How late the event loop was at most within the last minute."
        yield "# TYPE flowstudio_loop_lag_seconds gauge"
        yield f"flowstudio_loop_lag_seconds {max(self._lags, default=0.0):.4f}"
