"""The attempts of the self-test: each must fail in a locked process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import socket
from collections.abc import Callable


def _read_file() -> None:
    os.close(os.open("/etc/passwd", os.O_RDONLY))


def _read_environment() -> None:
    os.close(os.open("/proc/self/environ", os.O_RDONLY))


def _list_folder() -> None:
    os.listdir("/")


def _write_file() -> None:
    path = f"/tmp/flowstudio-cage-{os.getpid()}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    os.unlink(path)


def _open_internet_socket() -> None:
    socket.socket(socket.AF_INET).close()


def _open_unix_socket() -> None:
    socket.socket(socket.AF_UNIX).close()


def _fork() -> None:
    process = os.fork()
    if not process:
        os._exit(0)
    os.waitpid(process, 0)


def _execute() -> None:
    os.posix_spawn("/bin/true", ["true"], {})


def _signal_parent() -> None:
    os.kill(os.getppid(), 0)


def _signal_self() -> None:
    os.kill(os.getpid(), signal.SIGCONT)


def _raise_limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (1000, 1000))


def _new_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def _trace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, os.getppid(), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


ATTEMPTS: dict[str, Callable[[], None]] = {
    "read a file": _read_file,
    "read the environment": _read_environment,
    "list a folder": _list_folder,
    "write a file": _write_file,
    "open an internet socket": _open_internet_socket,
    "open a unix socket": _open_unix_socket,
    "start a process": _fork,
    "run a program": _execute,
    "signal the parent": _signal_parent,
    "send a signal": _signal_self,
    "raise a limit": _raise_limit,
    "enter a namespace": _new_namespace,
    "trace the parent": _trace,
}


def escapes() -> list[str]:
    """The attempts that succeeded: none, if the lock holds."""
    found = []
    for name, attempt in ATTEMPTS.items():
        with contextlib.suppress(OSError, ValueError):  # setrlimit says ValueError when it is refused
            attempt()
            found.append(name)
    return found
