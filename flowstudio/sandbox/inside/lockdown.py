"""The lock: what a process gives up, once and for good, before it looks at user code."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from flowstudio.sandbox.inside import landlock, seccomp

_SET_PARENT_DEATH_SIGNAL, _SET_DUMPABLE, _DROP_CAPABILITY, _SET_NO_NEW_PRIVILEGES = 1, 4, 24, 38
_LAST_CAPABILITY = 63
_CAPABILITY_VERSION = 0x20080522


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use."""

    memory: int
    """Bytes of address space above what the process has when it is born."""
    cpu: int
    """Seconds of processor time."""


class Lock:
    """A lock made ready by the zygote, so that a child only has to close it."""

    def __init__(self, readable: Sequence[str], *, native_code: bool) -> None:
        """`readable` are the folders that stay readable; without any, no file can be opened at all."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.landlock_version = landlock.version(self._libc)
        self.reads_files = bool(readable) and self.landlock_version > 0
        """Whether files can be opened: without Landlock there is no way to say which, so there are none."""
        self._ruleset = (
            landlock.ruleset(self._libc, readable if self.reads_files else ())
            if self.landlock_version
            else None
        )
        allowed = [*seccomp.COMPUTE, *(seccomp.READ_FILES if self.reads_files else ())]
        self._program = seccomp.program(allowed, native_code=native_code and self.reads_files)
        self._capset = seccomp.TABLES[os.uname().machine][1]["capset"]

    def _control(self, option: int, value: int) -> None:
        if self._libc.prctl(option, value, 0, 0, 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"prctl {option}: {os.strerror(number)}")

    def die_with(self, parent: int) -> None:
        """Have the kernel kill this process when its parent ends; ends at once if that has happened already."""
        self._control(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)

    def close(self, limits: Limits, *, parent: int) -> None:
        """Close the lock behind this process. Raises `OSError`: then it must not run anything."""
        space = limits.memory + _address_space()
        for kind, soft, hard in (
            (resource.RLIMIT_AS, space, space),
            (resource.RLIMIT_CPU, limits.cpu, limits.cpu + 1),
            (resource.RLIMIT_FSIZE, 0, 0),
            (resource.RLIMIT_CORE, 0, 0),
            (resource.RLIMIT_NPROC, 0, 0),
            (resource.RLIMIT_NOFILE, 64, 64),
            (resource.RLIMIT_MEMLOCK, 0, 0),
            (resource.RLIMIT_MSGQUEUE, 0, 0),
        ):
            most = resource.getrlimit(kind)[1]
            if most != resource.RLIM_INFINITY:
                soft, hard = min(soft, most), min(hard, most)
            resource.setrlimit(kind, (soft, hard))
        self._drop_capabilities()
        self.die_with(parent)  # a change of credentials forgets the signal, so this comes after it
        self._control(_SET_DUMPABLE, 0)
        self._control(_SET_NO_NEW_PRIVILEGES, 1)
        if self._ruleset is not None:
            landlock.restrict(self._libc, self._ruleset)
            os.close(self._ruleset)
        seccomp.install(self._libc, self._program)

    def _drop_capabilities(self) -> None:
        for capability in range(_LAST_CAPABILITY + 1):
            if self._libc.prctl(_DROP_CAPABILITY, capability, 0, 0, 0) != 0:
                break  # not privileged, or past the last one that the kernel knows
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
        nothing = (ctypes.c_uint32 * 6)()
        if self._libc.syscall(self._capset, header, nothing) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"capset: {os.strerror(number)}")


def _address_space() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def close_descriptors(keep: Sequence[int]) -> None:
    """Close everything above the standard streams but the given descriptors."""
    low = 3
    for descriptor in sorted(keep):
        os.closerange(low, descriptor)
        low = descriptor + 1
    with contextlib.suppress(OSError):
        os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
