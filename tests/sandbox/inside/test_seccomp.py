"""Runs the filter in a small interpreter of the kernel's filter machine, for both architectures."""

from __future__ import annotations

import struct

import pytest

from flowstudio.sandbox.inside.seccomp import AARCH64, COMPUTE, READ_FILES, TABLES, X86_64, program

ALLOW, KILL, DENY = 0x7FFF0000, 0x80000000, 0x00050001
MACHINES = ("x86_64", "aarch64")


def _verdict(code: bytes, architecture: int, number: int, *arguments: int) -> int:
    padded = [*arguments, *([0] * (6 - len(arguments)))]
    data = struct.pack("=IIQ6Q", number, architecture, 0, *padded)
    instructions = list(struct.iter_unpack("=HBBI", code))
    accumulator = position = 0
    while True:
        operation, on_true, on_false, value = instructions[position]
        position += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x15:
                position += on_true if accumulator == value else on_false
            case 0x35:
                position += on_true if accumulator >= value else on_false
            case 0x45:
                position += on_true if accumulator & value else on_false
            case 0x06:
                return int(value)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_listed_call_is_allowed_and_no_other(machine: str) -> None:
    architecture, numbers = TABLES[machine]
    names = {*COMPUTE, *READ_FILES}
    code = program([*COMPUTE, *READ_FILES], machine=machine, native_code=True)
    special = {"fcntl"}
    allowed = {numbers[name] for name in names - special if name in numbers}
    for number in range(600):
        if number != numbers["fcntl"]:
            assert _verdict(code, architecture, number) == (ALLOW if number in allowed else DENY), number


@pytest.mark.parametrize("machine", MACHINES)
def test_memory_cannot_be_made_executable_without_native_code(machine: str) -> None:
    architecture, numbers = TABLES[machine]
    code = program(COMPUTE, machine=machine)
    for name in ("mmap", "mprotect"):
        assert _verdict(code, architecture, numbers[name], 0, 4096, 3) == ALLOW
        assert _verdict(code, architecture, numbers[name], 0, 4096, 5) == DENY


@pytest.mark.parametrize("machine", MACHINES)
def test_fcntl_reads_flags_but_sends_no_signals(machine: str) -> None:
    architecture, numbers = TABLES[machine]
    code = program(READ_FILES, machine=machine)
    assert [_verdict(code, architecture, numbers["fcntl"], 0, command) for command in (1, 2, 3)] == [
        ALLOW
    ] * 3
    assert [_verdict(code, architecture, numbers["fcntl"], 0, command) for command in (0, 4, 8, 15)] == [
        DENY
    ] * 4


def test_foreign_architectures_are_killed() -> None:
    code = program(COMPUTE, machine="x86_64")
    assert _verdict(code, 0x40000003, 1) == KILL  # 32-bit x86
    assert _verdict(code, TABLES["x86_64"][0], 0x40000000 | 1) == KILL  # x32
    assert _verdict(code, TABLES["aarch64"][0], 64) == KILL


def test_nothing_that_leads_out_is_listed() -> None:
    listed = {*COMPUTE, *READ_FILES}
    out = (
        "socket socketpair connect bind clone clone3 fork vfork execve execveat kill tgkill tkill ptrace process_vm_readv "
        "process_vm_writev prctl seccomp setrlimit prlimit64 ioctl io_uring_setup bpf userfaultfd memfd_create unlink rename "
        "mkdir symlink link chmod chown truncate mount unshare setns keyctl perf_event_open pidfd_open pidfd_getfd capset "
        "sendmsg recvmsg dup dup3 readlink"
    ).split()
    assert not listed.intersection(out)
    assert listed - set(AARCH64) == {"open", "stat", "lstat", "access", "time"}  # older than the architecture
    assert listed <= set(X86_64)
