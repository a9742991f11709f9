"""`flowstudio` in a process that notes what it computes: `python -m bench.sampled worker`.

From SIGUSR1 to SIGUSR2 a signal comes for every few milliseconds of processor time, and what runs then is counted under the
part of the program on whose behalf it runs; time that the main thread did not take is that of the others. The counts go to
the file that SAMPLED_FILE names.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

EVERY = 0.002
"""Seconds of processor time between two samples."""
PARTS = (
    ("JSON", ("/flowstudio/storage/codec.py", "/flowstudio/services/wire.py", "/json/")),
    ("hints of the queue", ("/procrastinate/", "/flowstudio/services/queue.py")),
    ("database: SQLAlchemy", ("/sqlalchemy/",)),
    ("database: driver", ("/psycopg/", "/psycopg_pool/")),
    ("database: own code", ("/flowstudio/storage/",)),
    (
        "messages between processes",
        ("/flowstudio/services/bus.py", "/flowstudio/services/workforce.py", "/flowstudio/services/neighbours.py"),
    ),
    ("engine and steps", ("/flowstudio/engine/", "/flowstudio/nodes/", "/flowstudio/expressions/", "/flowstudio/sandbox/", "/pydantic/")),
    ("HTTP calls of steps", ("/httpx/", "/httpcore/", "/h11/", "/flowstudio/outbound/")),
    ("runner", ("/flowstudio/services/",)),
    ("event loop", ("/asyncio/", "/uvloop/")),
)  # fmt: skip
"""What counts for which part, by the file of a function. What stands first wins, wherever it is in the stack."""
OTHER = "other"
THREADS = "other threads: the group commit of the log, leases"


def part_of(files: list[str]) -> str:
    """On whose behalf something runs, from the files of the functions that called each other."""
    for name, marks in PARTS:
        if any(mark in file for file in files for mark in marks):
            return name
    return OTHER


def files_of(frame: FrameType | None) -> Iterator[str]:
    """The files of the functions that called each other, the innermost first."""
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


class Sampler:
    """Counts while it is on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._counts: Counter[str] = Counter()
        self._since = (0.0, 0.0)
        self._main = 0.0

    def install(self) -> None:
        """Wait for the signals."""
        signal.signal(signal.SIGUSR1, self._begin)
        signal.signal(signal.SIGUSR2, self._end)
        signal.signal(signal.SIGPROF, self._sample)

    def _begin(self, number: int, frame: FrameType | None) -> None:
        self._counts.clear()
        self._since = (time.monotonic(), time.process_time())
        self._main = time.thread_time()
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)

    def _sample(self, number: int, frame: FrameType | None) -> None:
        before, self._main = self._main, time.thread_time()
        here = self._main - before >= EVERY / 2
        self._counts[part_of(list(files_of(frame))) if here else THREADS] += 1

    def _end(self, number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        wall, busy = self._since
        found = {
            "seconds": time.monotonic() - wall,
            "busy": time.process_time() - busy,
            "samples": self._counts,
        }
        whole = self._file.with_suffix(".part")
        whole.write_text(json.dumps(found))
        whole.replace(self._file)


def main() -> None:
    """Prepare this process, then be FlowStudio."""
    with contextlib.suppress(KeyError):
        Sampler(Path(os.environ["SAMPLED_FILE"])).install()
    from flowstudio.cli import main as flowstudio

    flowstudio()


if __name__ == "__main__":
    main()
