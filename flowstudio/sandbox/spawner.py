"""Starts the zygote of a language and talks to the locked children that it forks."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import socket
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from flowstudio.errors import CodeOutput, SandboxUnavailable
from flowstudio.sandbox.inside import wire
from flowstudio.sandbox.payload import MAX_RESULT

Language: TypeAlias = Literal["javascript", "python"]

MAX_STDOUT = 100_000
"""Bytes of printed text that are kept."""
_FLOOD = 1 << 20
_START_TIMEOUT = 60.0
_EXIT_TIMEOUT = 5.0
_CPU = 3600

_HOME = Path(__file__).resolve().parent
_BOOT = """
import sys, types
for name, path in (("flowstudio", {root!r}), ("flowstudio.sandbox", {home!r})):
    package = types.ModuleType(name)
    package.__path__ = [path]
    sys.modules[name] = package
from flowstudio.sandbox.inside.zygote import main
main(sys.argv[1:])
"""
"""Imports the inside without the packages around it, which would load the whole server."""


def zone_folders() -> list[str]:
    """Folders that may hold the time zone database, the `tzdata` package's last."""
    folders = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"]
    spec = importlib.util.find_spec("tzdata")
    if spec is not None and spec.origin is not None:
        folders.append(str(Path(spec.origin).parent / "zoneinfo"))
    return [folder for folder in folders if Path(folder, "UTC").exists()]


def settings(language: Language) -> dict[str, Any]:
    """What the zygote of a language has to load. Raises `SandboxUnavailable` when a part is not installed."""
    if language == "python":
        library = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
        library.add(str(Path(sysconfig.get_path("stdlib"), "lib-dynload").resolve()))
        return {"library": sorted(library), "zones": zone_folders()}
    spec = importlib.util.find_spec("_quickjs")
    if spec is None or spec.origin is None:
        raise SandboxUnavailable(
            "The package quickjs-ng is not installed, so expressions cannot run; install it with pip."
        )
    files = [*_HOME.glob("prelude/*.js"), *_HOME.glob("vendor/*.js")]
    sources = {file.name.partition(".")[0]: str(file) for file in files}
    locales = str(_HOME / "vendor" / "locales.json")
    return {"extension": spec.origin, "sources": sources, "locales": locales, "zones": zone_folders()}


@dataclass(slots=True)
class Reply:
    """What a child answered."""

    ok: bool
    payload: bytes
    """JSON: the result, or `{kind, message, line}` of a failure."""
    stdout: str


class ChildGone(Exception):
    """The child ended before it answered; `status` is its exit code, negative for a signal, None when nobody knows."""

    def __init__(self, status: int | None, stdout: str) -> None:
        super().__init__(status)
        self.status = status
        self.stdout = stdout


class Child:
    """The server's end of one locked process. Serves one question at a time."""

    def __init__(self, spawner: Spawner, token: int, connection: socket.socket) -> None:
        self._spawner = spawner
        self._token = token
        self._connection = connection
        self._buffer = bytearray()
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.printed = bytearray()
        """What the present question has printed so far."""
        self.spent = 0.0
        """Seconds for which it has worked."""

    async def ask(self, payload: bytes) -> Reply:
        """Send a request and wait for the answer. Whoever gives up waiting must `kill`. Raises `ChildGone` and `CodeOutput`."""
        loop = asyncio.get_running_loop()
        self.printed.clear()
        flood = 0
        if self._buffer:
            raise CodeOutput("The cage answered before it was asked.")
        try:
            await loop.sock_sendall(self._connection, wire.HEADER.pack(wire.REQUEST, len(payload)) + payload)
            while True:
                kind, size = wire.HEADER.unpack(await self._read(wire.HEADER.size))
                if size > (MAX_RESULT if kind != wire.STDOUT else MAX_STDOUT):
                    raise CodeOutput(f"The result is larger than {MAX_RESULT >> 20} MiB.", stdout=self.stdout)
                data = await self._read(size)
                if kind != wire.STDOUT:
                    return Reply(kind == wire.RESULT, data, self.stdout)
                flood += len(data) + wire.HEADER.size
                self.printed += data[: MAX_STDOUT - len(self.printed)]
                if flood > _FLOOD:
                    raise CodeOutput("The code prints without end.", stdout=self.stdout)
        except (EOFError, ConnectionError) as error:
            raise ChildGone(await self._status(), self.stdout) from error

    @property
    def stdout(self) -> str:
        """What the present question has printed so far, as text."""
        return self.printed.decode("utf-8", "replace")

    async def _read(self, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        buffer = self._buffer
        while len(buffer) < size:
            chunk = await loop.sock_recv(self._connection, 1 << 18)
            if not chunk:
                raise EOFError
            buffer += chunk
        data = bytes(buffer[:size])
        del buffer[:size]
        return data

    async def _status(self) -> int | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EXIT_TIMEOUT):
                return await asyncio.shield(self.exited)
        return None

    def kill(self) -> None:
        """End the process, at once."""
        self._connection.close()
        self._spawner.kill(self._token)


class Spawner:
    """The zygote of one language; started when the first child is needed, stopped when it has been idle."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.facts: dict[str, Any] = {}
        """What the zygote found out about the machine: `landlock` version, whether `files` can be read."""
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._ready: asyncio.Future[None] | None = None
        self._children: dict[int, Child] = {}
        self._next = 1
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Process id of the zygote, None while there is none."""
        return self._process.pid if self._process is not None and self._control is not None else None

    async def spawn(self, *, memory: int, cpu: int = _CPU) -> Child:
        """A fresh locked child. Raises `SandboxUnavailable`."""
        async with self._starting:
            if self._control is None:
                await self._start()
        control = self._control
        if control is None:
            raise SandboxUnavailable(f"The cage of {self.language} ended while it was starting; try again.")
        here, there = socket.socketpair()
        here.setblocking(False)
        token, self._next = self._next, self._next + 1
        child = Child(self, token, here)
        self._children[token] = child
        message = json.dumps({"spawn": token, "memory": memory, "cpu": cpu}).encode()
        try:
            socket.send_fds(control, [message], [there.fileno()])
        except OSError as error:
            here.close()
            self._lost()
            raise SandboxUnavailable(f"The cage of {self.language} has ended; try again.") from error
        finally:
            there.close()
        return child

    def kill(self, token: int) -> None:
        """End a child."""
        if self._control is not None and token in self._children:
            with contextlib.suppress(OSError):
                self._control.send(json.dumps({"kill": token}).encode())

    async def _start(self) -> None:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        here.setblocking(False)
        boot = _BOOT.format(root=str(_HOME.parent), home=str(_HOME))
        facts = settings(self.language)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-B", "-c", boot),
                *(self.language, str(there.fileno()), str(os.getpid()), json.dumps(facts)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(there.fileno(),),
                env={},
                cwd="/",
            )
        except OSError as error:
            here.close()
            raise SandboxUnavailable(f"The cage of {self.language} cannot be started: {error}") from error
        finally:
            there.close()
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        self._control = here
        loop.add_reader(here.fileno(), self._listen)
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                await self._ready
        except (TimeoutError, ConnectionError) as error:
            reason = await self._last_words()
            await self.stop()
            raise SandboxUnavailable(f"The cage of {self.language} did not start: {reason}") from error

    async def _last_words(self) -> str:
        if self._process is None or self._process.stderr is None:
            return "no reason known"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                text = (await self._process.stderr.read()).decode("utf-8", "replace").strip()
                return text.rpartition("\n")[2] or "no reason known"
        return "it took too long"

    def _listen(self) -> None:
        control = self._control
        while control is not None and self._control is control:
            try:
                packet = control.recv(4096)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if not packet:
                self._lost()
                return
            self._heard(json.loads(packet))

    def _heard(self, message: Mapping[str, Any]) -> None:
        if "ready" in message:
            self.facts = dict(message["ready"])
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(None)
        elif (child := self._children.pop(message["exit"], None)) is not None and not child.exited.done():
            child.exited.set_result(message["status"])

    def _lost(self) -> None:
        """The zygote has ended, and its children with it."""
        control, self._control = self._control, None
        if control is not None:
            asyncio.get_running_loop().remove_reader(control.fileno())
            control.close()
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(ConnectionError("the zygote ended"))
        for child in self._children.values():
            if not child.exited.done():
                child.exited.cancel()
        self._children.clear()

    async def stop(self) -> None:
        """End the zygote and all its children."""
        children = list(self._children.values())
        self._lost()
        for child in children:
            child.kill()
        process, self._process = self._process, None
        if process is None:
            return
        try:
            async with asyncio.timeout(_EXIT_TIMEOUT):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
