"""What `/metrics` tells: counted here, written in the text format of Prometheus."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from pathlib import Path

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram's buckets, in seconds."""

_STARTED = time.time()


class Measures:
    """Counts answered requests by kind (`api`, `webhook`), method and status, and how long they took by kind."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str, int], int] = {}
        self._buckets: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def answered(self, kind: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (kind, method, status)
        self._answers[key] = self._answers.get(key, 0) + 1
        buckets = self._buckets.get(kind)
        if buckets is None:
            buckets = self._buckets[kind] = [0] * (len(BOUNDS) + 1)
        buckets[bisect_left(BOUNDS, seconds)] += 1
        self._sums[kind] = self._sums.get(kind, 0.0) + seconds

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """Everything; `gauges` are further values by name, with their help."""
        lines = [
            "# HELP flowstudio_requests_total Requests answered.",
            "# TYPE flowstudio_requests_total counter",
        ]
        for (kind, method, status), count in sorted(self._answers.items()):
            labels = f'kind="{kind}",method="{method}",status="{status}"'
            lines.append(f"flowstudio_requests_total{{{labels}}} {count}")
        lines += [
            "# HELP flowstudio_request_seconds Time until a request was answered.",
            "# TYPE flowstudio_request_seconds histogram",
        ]
        for kind, buckets in sorted(self._buckets.items()):
            total = 0
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), buckets, strict=True):
                total += count
                lines.append(f'flowstudio_request_seconds_bucket{{kind="{kind}",le="{bound}"}} {total}')
            lines.append(f'flowstudio_request_seconds_sum{{kind="{kind}"}} {self._sums[kind]:.6f}')
            lines.append(f'flowstudio_request_seconds_count{{kind="{kind}"}} {total}')
        for name, (help_text, value) in gauges.items():
            lines += [f"# HELP {name} {help_text}", f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join([*lines, *_process(), ""])


def _process() -> Iterable[str]:
    times = os.times()
    yield "# HELP process_cpu_seconds_total CPU time of the server process."
    yield "# TYPE process_cpu_seconds_total counter"
    yield f"process_cpu_seconds_total {times.user + times.system:.2f}"
    yield "# HELP process_start_time_seconds When the server process started."
    yield "# TYPE process_start_time_seconds gauge"
    yield f"process_start_time_seconds {_STARTED:.3f}"
    memory = Path("/proc/self/statm")
    if memory.is_file():
        pages = int(memory.read_text().split()[1])
        yield "# HELP process_resident_memory_bytes Resident memory of the server process."
        yield "# TYPE process_resident_memory_bytes gauge"
        yield f"process_resident_memory_bytes {pages * os.sysconf('SC_PAGE_SIZE')}"


measures = Measures()
"""Those of this process."""
