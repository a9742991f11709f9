"""`flowstudio` in a process that a test of faults has prepared: `python -m bench.child worker`.

From the environment: CHAOS_LEASE is the lease of executions in seconds, CHAOS_SKEW by how many seconds the clock of this process
is wrong, CHAOS_HOST the name of the machine that it believes to be on. What is missing stays as it is.
"""

from __future__ import annotations

import ctypes
import datetime
import gc
import os
import socket
import time
from typing import Any


def shift_clock(seconds: float) -> None:
    """Let every look at the clock of the wall be wrong by so much; the monotonic clock stays right, as on a real machine."""
    by = datetime.timedelta(seconds=seconds)
    now, today, wall, nanoseconds = datetime.datetime.now, datetime.datetime.utcnow, time.time, time.time_ns
    time.time = lambda: wall() + seconds
    time.time_ns = lambda: nanoseconds() + int(seconds * 1e9)
    methods: dict[str, Any] = gc.get_referents(datetime.datetime.__dict__)[
        0
    ]  # the class itself refuses changes
    methods["now"] = classmethod(lambda cls, tz=None: now(tz) + by)
    methods["utcnow"] = classmethod(lambda cls: today() + by)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))
    if abs((datetime.datetime.now(datetime.UTC) - now(datetime.UTC)) - by) > datetime.timedelta(seconds=1):
        raise RuntimeError("the clock of this process cannot be shifted")


def set_lease(seconds: float) -> None:
    """Let claims of executions hold for so long; before anything reads how long they do."""
    from flowstudio.services import runner

    runner.LEASE = seconds


def main() -> None:
    """Prepare this process, then be FlowStudio."""
    if host := os.environ.get("CHAOS_HOST"):
        socket.gethostname = lambda: host
    if skew := float(os.environ.get("CHAOS_SKEW", "0")):
        shift_clock(skew)
    from flowstudio.cli import main as flowstudio

    if lease := float(os.environ.get("CHAOS_LEASE", "0")):
        set_lease(lease)
    flowstudio()


if __name__ == "__main__":
    main()
