"""The processes of an installation on many machines, all on this one, and what can be done to them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import psutil

from tests.postgres import PostgresServer, die_with_parent

Role: TypeAlias = Literal["run", "worker"]
LOST = "execution taken over by another runner, or left to one"
"""What a process says of an execution whose lease it has lost."""
AGAIN = 0.5
"""Seconds before a process that ended by itself is started again, as a service manager does it."""


class Pipe(asyncio.Protocol):
    """One end of a connection that the proxy passes on."""

    def __init__(self, proxy: Proxy, other: Pipe | None = None) -> None:
        self.proxy, self.other = proxy, other
        self.transport: asyncio.Transport | None = None
        self.early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect the other end, when this is the client's."""
        transport = cast("asyncio.Transport", transport)  # what uvloop gives is no subclass
        self.transport = transport
        self.proxy.pipes.add(self)
        if self.proxy.held:
            transport.pause_reading()
        if self.other is None:
            self.other = Pipe(self.proxy, self)
            self.proxy.spawn(self._connect(self.other))
        elif self.other.transport is None or self.other.transport.is_closing():
            transport.abort()
        else:
            for data in self.other.early:
                transport.write(data)
            self.other.early.clear()

    async def _connect(self, other: Pipe) -> None:
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: other, str(self.proxy.target))
        except OSError:
            if self.transport is not None:
                self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        else:
            self.early.append(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Close the other end too."""
        self.proxy.pipes.discard(self)
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Proxy:
    """The way of one process to the database: a port on loopback, whose connections can be cut or held up."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.held = False
        self.pipes: set[Pipe] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; gives the port."""
        self._server = await asyncio.get_running_loop().create_server(lambda: Pipe(self), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Keep a task until it is done."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cut(self) -> int:
        """Break all connections; says how many."""
        pipes = list(self.pipes)
        for pipe in pipes:
            if pipe.transport is not None:
                pipe.transport.abort()
        return len(pipes) // 2

    def hold(self) -> None:
        """Pass nothing on any more; whoever sends waits."""
        self.held = True
        for pipe in self.pipes:
            if pipe.transport is not None:
                pipe.transport.pause_reading()

    def let_go(self) -> None:
        """Pass on again, what was held up first."""
        self.held = False
        for pipe in self.pipes:
            if pipe.transport is not None and not pipe.transport.is_closing():
                pipe.transport.resume_reading()

    def stop(self) -> None:
        """Listen no more."""
        self._server.close()
        self.cut()


@dataclass
class Process:
    """A server or worker that is started again whenever it ends."""

    name: str
    role: Role
    folder: Path
    environment: dict[str, str]
    port: int = 0
    """Where a server listens."""
    starts: int = 0
    skew: float = 0.0
    """By how many seconds the clock of the next start is wrong."""
    absent: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """When each start of it was frozen, or away from the database: from, until."""
    proxy: Proxy | None = None
    code: Path | None = None
    """Where another version's code is; None: this one's."""
    _process: subprocess.Popen[bytes] | None = None
    _watching: asyncio.Task[None] | None = None
    _pause: float = AGAIN

    @property
    def mark(self) -> str:
        """The name of this start of it."""
        return f"{self.name}.{self.starts}"

    @property
    def alive(self) -> bool:
        """Whether it runs, or is frozen."""
        return self._process is not None and self._process.poll() is None

    def sayings(self) -> dict[str, str]:
        """What each start of it has said."""
        parts = (self.folder / f"{self.name}.log").read_text(errors="replace").split("\n---- ")
        return {part.removeprefix("---- ").split(" ", 1)[0]: part for part in parts}

    def launch(self) -> None:
        """Start it once."""
        self.starts += 1
        skew = {"CHAOS_SKEW": str(self.skew)} if self.skew else {}
        with (self.folder / f"{self.name}.log").open("ab") as log:
            log.write(f"\n---- {self.mark} {time.strftime('%H:%M:%S')} {skew}\n".encode())
            log.flush()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.child", self.role],
                env=self.environment | {"CHAOS_NAME": self.mark} | skew,
                stdout=log,
                stderr=log,
                cwd=self.code,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,
            )

    def keep(self) -> None:
        """Start it, and again whenever it ends."""
        self._watching = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            self.launch()
            while self.alive:
                await asyncio.sleep(0.05)
            await asyncio.sleep(self._pause)
            self._pause = AGAIN

    def signal(self, number: int, pause: float = AGAIN) -> None:
        """Send a signal; when that ends it, it is started again after a pause."""
        if self.alive and self._process is not None:
            self._pause = pause
            self._process.send_signal(number)

    async def freeze(self, seconds: float) -> None:
        """Let it stand still."""
        mark, begin = self.mark, time.time()
        spans = self.absent.setdefault(mark, [])
        spans.append((begin, float("inf")))
        process = self._process
        self.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGCONT)
            spans[spans.index((begin, float("inf")))] = (begin, time.time())

    async def isolate(self, seconds: float, *, cut: bool) -> None:
        """Keep it away from the database; afterwards what it sent meanwhile arrives, or is lost."""
        assert self.proxy is not None, "every process has a way to the database"
        mark, begin = self.mark, time.time()
        spans = self.absent.setdefault(mark, [])
        spans.append((begin, float("inf")))
        self.proxy.hold()
        try:
            await asyncio.sleep(seconds)
        finally:
            if cut:
                self.proxy.cut()
            self.proxy.let_go()
            spans[spans.index((begin, float("inf")))] = (begin, time.time())

    async def stop(self) -> None:
        """End it for good."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)


async def crash_database(database: PostgresServer, chance: random.Random, seconds: float) -> str:
    """Crash it in one of three ways, and have it back after some seconds; says how."""
    how = chance.choice(("one of its processes killed", "all of its processes killed", "crashed"))
    if how == "one of its processes killed":
        with contextlib.suppress(psutil.NoSuchProcess):  # then it ends all sessions, and repairs its memory
            chance.choice(psutil.Process(database.pid).children()).send_signal(signal.SIGKILL)
        return how
    if how == "crashed":
        await asyncio.to_thread(database.crash)
    else:
        children = psutil.Process(database.pid).children()
        os.kill(database.pid, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.send_signal(signal.SIGKILL)
        await asyncio.to_thread(database.crash)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(database.start)
    return how
