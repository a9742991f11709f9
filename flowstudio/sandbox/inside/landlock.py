"""Landlock: which files a caged process may read; nothing may be written, and no TCP, foreign socket or signal is left."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446  # the same on every architecture
_READ_FILE, _READ_DIRECTORY = 1 << 2, 1 << 3
_FIRST_VERSION = (1 << 13) - 1
_REFER, _TRUNCATE, _IOCTL = 1 << 13, 1 << 14, 1 << 15
_TCP = 0b11
_SCOPES = 0b11


def version(libc: ctypes.CDLL) -> int:
    """The version of the kernel's interface, 0 where there is none."""
    found = int(libc.syscall(_CREATE, None, 0, 1))
    return max(found, 0)


def ruleset(libc: ctypes.CDLL, readable: Iterable[str]) -> int:
    """A descriptor of the rules: only the named folders can be read. Raises `OSError`."""
    abi = version(libc)
    files = _FIRST_VERSION
    for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL)):
        if abi >= since:
            files |= right
    attributes = struct.pack("=Q", files)
    if abi >= 4:
        attributes += struct.pack("=Q", _TCP)
    if abi >= 6:
        attributes += struct.pack("=Q", _SCOPES)
    descriptor = int(libc.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0))
    if descriptor < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    for folder in readable:
        path = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        try:
            rule = struct.pack("=Qi", _READ_FILE | _READ_DIRECTORY, path)
            if libc.syscall(_ADD_RULE, descriptor, 1, rule, 0) != 0:
                number = ctypes.get_errno()
                raise OSError(number, f"Landlock, {folder}: {os.strerror(number)}")
        finally:
            os.close(path)
    return descriptor


def restrict(libc: ctypes.CDLL, descriptor: int) -> None:
    """Put the rules on this process, for good. Needs `no_new_privs`. Raises `OSError`."""
    if libc.syscall(_RESTRICT, descriptor, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
