"""The zygote: a small process that has everything loaded and forks a locked child for each request to spawn one.

It never sees user code or data: those travel on the socket that comes with the request, which only the child keeps.

Control messages (one JSON object per packet), from the server: `{"spawn": token, "memory", "cpu"}` with one descriptor and
`{"kill": token}`; to the server: `{"ready": {...}}`, `{"exit": token, "status"}`.
"""

from __future__ import annotations

import array
import contextlib
import gc
import json
import os
import select
import signal
import socket
from importlib import import_module
from typing import Any, Protocol, cast

from flowstudio.sandbox.inside.lockdown import Limits, Lock


class Cage(Protocol):
    """The module of a language."""

    NATIVE_CODE: bool
    """Whether shared libraries are loaded after the lock is closed."""

    def prepare(self, settings: dict[str, Any]) -> list[str]:
        """Load what the children need, in the zygote. Gives back the folders that stay readable."""

    def serve(self, descriptor: int) -> int:
        """Answer requests in a locked child. Gives back the exit status."""


class Zygote:
    """The loop of the zygote."""

    def __init__(self, control: socket.socket, lock: Lock, cage: Cage) -> None:
        self._control = control
        self._lock = lock
        self._cage = cage
        self._children: dict[int, int] = {}
        """Token by process id."""
        self._wake, wake = socket.socketpair()
        self._wake.setblocking(False)
        wake.setblocking(False)
        self._wake_writer = wake
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)

    def run(self) -> None:
        """Serve until the server goes away."""
        os.dup2(1, 2)  # the start is over; what children write there is lost on purpose
        self._tell({"ready": {"landlock": self._lock.landlock_version, "files": self._lock.reads_files}})
        while True:
            readable, _, _ = select.select([self._control, self._wake], [], [])
            if self._wake in readable:
                with contextlib.suppress(BlockingIOError):
                    while self._wake.recv(4096):
                        pass
                self._reap()
            if self._control in readable and not self._serve():
                break
        for process in self._children:
            os.kill(process, signal.SIGKILL)

    def _tell(self, message: dict[str, object]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._control.send(json.dumps(message).encode())

    def _serve(self) -> bool:
        size = array.array("i").itemsize
        packet, ancillary, _, _ = self._control.recvmsg(4096, socket.CMSG_SPACE(size))
        if not packet:
            return False
        message = json.loads(packet)
        if "kill" in message:
            for process, token in self._children.items():
                if token == message["kill"]:
                    os.kill(process, signal.SIGKILL)
            return True
        descriptor = array.array("i", ancillary[0][2][:size])[0]
        self._spawn(message["spawn"], descriptor, Limits(message["memory"], message["cpu"]))
        os.close(descriptor)
        return True

    def _spawn(self, token: int, descriptor: int, limits: Limits) -> None:
        parent = os.getpid()
        process = os.fork()
        if process:
            self._children[process] = token
            return
        status = os.EX_SOFTWARE
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for inherited in (self._control, self._wake, self._wake_writer):
                inherited.close()
            self._lock.close(limits, parent=parent)
            status = self._cage.serve(descriptor)
        finally:
            os._exit(status)

    def _reap(self) -> None:
        while self._children:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                break
            token = self._children.pop(process, None)
            if token is not None:
                self._tell({"exit": token, "status": os.waitstatus_to_exitcode(status)})


def main(arguments: list[str]) -> None:
    """Start as `zygote <language> <descriptor> <server's pid> <JSON of the cage's settings>`."""
    language, descriptor, parent, settings = arguments
    cage = cast(Cage, import_module(f"flowstudio.sandbox.inside.{language}"))
    lock = Lock(cage.prepare(json.loads(settings)), native_code=cage.NATIVE_CODE)
    lock.die_with(int(parent))
    gc.collect()
    gc.freeze()
    Zygote(socket.socket(fileno=int(descriptor)), lock, cage).run()
