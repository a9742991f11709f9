"""The system calls that a caged process may make, and the kernel filter that says so."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable

Syscalls = dict[str, int]

# Numbers from the kernel's syscall tables; a call that an architecture does not have is missing from its table.
X86_64: Syscalls = {
    "read": 0,
    "write": 1,
    "open": 2,
    "close": 3,
    "stat": 4,
    "fstat": 5,
    "lstat": 6,
    "lseek": 8,
    "mmap": 9,
    "mprotect": 10,
    "munmap": 11,
    "brk": 12,
    "rt_sigaction": 13,
    "rt_sigprocmask": 14,
    "rt_sigreturn": 15,
    "pread64": 17,
    "access": 21,
    "sched_yield": 24,
    "mremap": 25,
    "madvise": 28,
    "nanosleep": 35,
    "getpid": 39,
    "exit": 60,
    "fcntl": 72,
    "getcwd": 79,
    "gettimeofday": 96,
    "getrusage": 98,
    "times": 100,
    "getuid": 102,
    "getgid": 104,
    "geteuid": 107,
    "getegid": 108,
    "getppid": 110,
    "sigaltstack": 131,
    "gettid": 186,
    "time": 201,
    "futex": 202,
    "sched_getaffinity": 204,
    "getdents64": 217,
    "restart_syscall": 219,
    "clock_gettime": 228,
    "clock_getres": 229,
    "clock_nanosleep": 230,
    "exit_group": 231,
    "openat": 257,
    "newfstatat": 262,
    "faccessat": 269,
    "getrandom": 318,
    "statx": 332,
    "rseq": 334,
    "faccessat2": 439,
    "capset": 126,
}
AARCH64: Syscalls = {
    "getcwd": 17,
    "fcntl": 25,
    "faccessat": 48,
    "openat": 56,
    "close": 57,
    "getdents64": 61,
    "lseek": 62,
    "read": 63,
    "write": 64,
    "pread64": 67,
    "newfstatat": 79,
    "fstat": 80,
    "capset": 91,
    "exit": 93,
    "exit_group": 94,
    "futex": 98,
    "nanosleep": 101,
    "clock_gettime": 113,
    "clock_getres": 114,
    "clock_nanosleep": 115,
    "sched_getaffinity": 123,
    "sched_yield": 124,
    "restart_syscall": 128,
    "sigaltstack": 132,
    "rt_sigaction": 134,
    "rt_sigprocmask": 135,
    "rt_sigreturn": 139,
    "times": 153,
    "getrusage": 165,
    "gettimeofday": 169,
    "getpid": 172,
    "getppid": 173,
    "getuid": 174,
    "geteuid": 175,
    "getgid": 176,
    "getegid": 177,
    "gettid": 178,
    "brk": 214,
    "munmap": 215,
    "mremap": 216,
    "mmap": 222,
    "mprotect": 226,
    "madvise": 233,
    "getrandom": 278,
    "statx": 291,
    "rseq": 293,
    "faccessat2": 439,
}
TABLES: dict[str, tuple[int, Syscalls]] = {
    "x86_64": (0xC000003E, X86_64),
    "aarch64": (0xC00000B7, AARCH64),
}
"""Machine name to the kernel's architecture mark and the numbers of the calls."""

COMPUTE = (
    "read write close brk munmap mremap madvise futex sched_yield nanosleep clock_nanosleep clock_gettime clock_getres "
    "gettimeofday time times getrandom getpid getppid gettid getrusage exit exit_group restart_syscall rt_sigreturn "
    "rt_sigprocmask rt_sigaction sigaltstack rseq mmap mprotect"
).split()
"""Enough to calculate, to wait and to answer."""
READ_FILES = (
    "open openat stat fstat lstat newfstatat statx lseek pread64 access faccessat faccessat2 getdents64 getcwd fcntl "
    "getuid geteuid getgid getegid sched_getaffinity"
).split()
"""Reading files; which ones is Landlock's part."""

_LOAD, _EQUAL, _GREATER_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _DENY = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
_NUMBER, _ARCHITECTURE, _X32 = 0, 4, 0x40000000
_PROT_EXEC = 4
_FCNTL_READS = (1, 2, 3)  # F_GETFD, F_SETFD, F_GETFL; F_SETOWN could send signals to others


def _argument(index: int) -> int:
    return 16 + 8 * index  # the low half, on little-endian machines


def _instruction(code: int, value: int, on_true: int = 0, on_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, on_true, on_false, value)


def program(allowed: Iterable[str], *, machine: str | None = None, native_code: bool = False) -> bytes:
    """The filter as an array of `struct sock_filter`.

    A call that is not allowed fails with EPERM, one of a foreign architecture kills. Without `native_code`, memory cannot be made
    executable. Raises `KeyError` for a machine without a table.
    """
    architecture, numbers = TABLES[machine or os.uname().machine]
    allow, deny = _instruction(_RETURN, _ALLOW), _instruction(_RETURN, _DENY)
    parts = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_EQUAL, architecture, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER),
        _instruction(_GREATER_EQUAL, _X32, 0, 1),
        _instruction(_RETURN, _KILL),
    ]
    for name in allowed:
        if name not in numbers:
            continue
        if name in ("mmap", "mprotect") and not native_code:
            rule = [_instruction(_LOAD, _argument(2)), _instruction(_ANY_BIT, _PROT_EXEC, 0, 1), deny, allow]
        elif name == "fcntl":
            load = _instruction(_LOAD, _argument(1))
            rule = [load]
            for value in _FCNTL_READS:
                rule += [_instruction(_EQUAL, value, 0, 1), allow]
            rule.append(deny)
        else:
            rule = [allow]
        parts.append(_instruction(_EQUAL, numbers[name], 0, len(rule)))
        parts += rule
    parts.append(deny)
    return b"".join(parts)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install(libc: ctypes.CDLL, filter_program: bytes) -> None:
    """Put the filter on this process, for good. Needs `no_new_privs`. Raises `OSError`."""
    buffer = ctypes.create_string_buffer(filter_program, len(filter_program))
    header = _Program(len(filter_program) // 8, ctypes.addressof(buffer))
    set_seccomp, mode_filter = 22, 2
    if libc.prctl(set_seccomp, mode_filter, ctypes.byref(header), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
