"""Names of runners, from which one can tell on the same machine whether the process still lives.

Containers may have the same host name, and process numbers of their own: so the place is the machine's present boot and the
namespace of its process numbers, where the system tells them.
"""

from __future__ import annotations

import os
import secrets
import socket
from functools import lru_cache
from pathlib import Path


def new_owner() -> str:
    """A name for a runner of this process: `place/pid/start of the process/random`."""
    pid = os.getpid()
    return f"{_place()}/{pid}/{_started(pid)}/{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Whether the owner was a process of this machine that has ended. Owners of other machines are taken for alive."""
    host, _, rest = owner.partition("/")
    pid, _, rest = rest.partition("/")
    started, _, _ = rest.partition("/")
    if host != _place() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return _started(int(pid)) != started  # another process got the number


@lru_cache(maxsize=1)
def _place() -> str:
    """Within which process numbers are unique: `host`, or `host~boot~namespace`."""
    host = socket.gethostname().replace("/", "-")
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
        namespace = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        return host
    return f"{host}~{boot}~{namespace}"


def _started(pid: int) -> str:
    """When a process started, in ticks since the machine did; empty where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
