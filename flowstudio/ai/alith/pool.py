"""Worker processes for Alith: started when they are needed, killed when their turn is given up, ended when nobody asks."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from flowstudio.ai.alith.relay import Answer, Line, Relay
from flowstudio.errors import ModelError

AT_ONCE: Final = 8
"""Turns at the same time; more of them wait. A worker takes about 80 MB."""
TURNS: Final = 1000
"""Turns after which a worker is replaced."""
_LINE: Final = 64 << 20
_START: Final = 20.0
_GRACE: Final = 30.0
"""Seconds that a worker gets on top of what the provider may take: it may have to make its agent first."""
_WORKER: Final = Path(__file__).with_name("worker.py")

UNAVAILABLE: Final = (
    "Alith is not available here: there is no build of it for this Python or this system. "
    "Attach the chat model of the provider itself instead."
)


class WorkerGone(Exception):
    """A worker ended in the middle of a turn."""


def folder_of_alith() -> str | None:
    """Where the package is installed, found without importing it; None where it is not."""
    spec = importlib.util.find_spec("alith")
    places = spec.submodule_search_locations if spec is not None else None
    return next(iter(places), None) if places else None


class Worker:
    """One process. Makes one turn at a time."""

    def __init__(self, process: asyncio.subprocess.Process, line: Line) -> None:
        self._process = process
        self.line = line
        self.turns = 0
        self.likes = ""
        """What its last turn was about; the next one of that kind is quick."""
        self.retirement: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def hear(self) -> dict[str, Any]:
        """The next thing that it says. Raises `WorkerGone`."""
        assert self._process.stdout is not None
        try:
            said = await self._process.stdout.readline()
        except ValueError as error:  # longer than a line may be
            raise WorkerGone from error
        if not said.endswith(b"\n"):
            raise WorkerGone
        found: dict[str, Any] = json.loads(said)
        return found

    async def turn(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Make one turn: `text` and `calls`, or `error`. Whoever gives up waiting must `kill`. Raises `WorkerGone`."""
        assert self._process.stdin is not None
        self.turns += 1
        try:
            self._process.stdin.write(json.dumps({**asked, "address": self.line.address}).encode() + b"\n")
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise WorkerGone from error
        return await self.hear()

    def kill(self) -> None:
        """End the process, at once."""
        if self.retirement is not None:
            self.retirement.cancel()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def wait_gone(self) -> None:
        """Wait until the process has ended, and let go of its pipes."""
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


class AlithPool:
    """The workers of one installation. Costs nothing until the first turn."""

    def __init__(self, *, at_once: int = AT_ONCE, idle_after: float = 120.0) -> None:
        """Workers that nobody needed for `idle_after` seconds are ended."""
        self._relay = Relay()
        self._room = asyncio.Semaphore(at_once)
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._idle_after = idle_after
        self._ends: set[asyncio.Task[None]] = set()

    @property
    def workers(self) -> list[int]:
        """Process ids of all workers."""
        return sorted(worker.pid for worker in self._all)

    async def turn(self, asked: Mapping[str, Any], answer: Answer, *, timeout: float) -> dict[str, Any]:
        """Make one turn; `answer` gets what Alith would send to the provider, and its failure is raised.

        `asked` has `model`, `prompt`, `history` (pairs of role and words) and `tools`. Raises `TimeoutError` when nothing came for
        clearly longer than `timeout` seconds, `WorkerGone`, and `ModelError` where Alith cannot run. Given up turns end at once.
        """
        kind = json.dumps([asked["model"], asked["tools"]])
        async with self._worker(kind) as worker:
            with worker.line.open(answer):
                async with asyncio.timeout(timeout + _GRACE):
                    found = await worker.turn(asked)
                if worker.line.failure is not None:
                    raise worker.line.failure
                return found

    async def stop(self) -> None:
        """End all workers."""
        for worker in list(self._all):
            self._end(worker)
        await asyncio.gather(*self._ends)
        await self._relay.stop()

    @asynccontextmanager
    async def _worker(self, kind: str) -> AsyncIterator[Worker]:
        """A worker for a turn. One that was left while it worked is killed."""
        async with self._room:
            worker = self._taken(kind) or await self._started()
            worker.likes = kind
            busy = True
            try:
                try:
                    yield worker
                    busy = False
                except Exception as error:
                    busy = error is not worker.line.failure  # else it has answered, and is well
                    raise
            finally:
                if busy or worker.turns >= TURNS:
                    self._end(worker)
                else:
                    loop = asyncio.get_running_loop()
                    worker.retirement = loop.call_later(self._idle_after, self._end, worker)
                    self._idle.append(worker)

    def _taken(self, kind: str) -> Worker | None:
        """An idle worker: best one that did the same before, else the one that has waited longest."""
        worker = next((one for one in reversed(self._idle) if one.likes == kind), None)
        worker = worker or next(iter(self._idle), None)
        if worker is not None:
            self._idle.remove(worker)
            if worker.retirement is not None:
                worker.retirement.cancel()
        return worker

    async def _started(self) -> Worker:
        folder = folder_of_alith()
        if folder is None:
            raise ModelError("unsupported", UNAVAILABLE)
        line = await self._relay.line()
        # No secret goes along: neither in the arguments nor in the environment, nor later.
        environment = {"ALITH_DISABLE_LOG": "1", "NO_PROXY": "127.0.0.1"}
        environment |= {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-B", str(_WORKER), folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            limit=_LINE,
        )
        worker = Worker(process, line)
        self._all.add(worker)
        try:
            async with asyncio.timeout(_START):
                ready = await worker.hear()
        except BaseException as error:
            self._end(worker)
            if isinstance(error, TimeoutError):
                raise WorkerGone from error
            raise
        if not ready["ready"]:
            self._end(worker)
            raise ModelError("unsupported", UNAVAILABLE, detail={"reason": ready["error"]})
        return worker

    def _end(self, worker: Worker) -> None:
        """Kill a worker; its remains are cleared away aside."""
        worker.kill()
        self._relay.hang_up(worker.line)
        if worker in self._idle:
            self._idle.remove(worker)
        if worker in self._all:
            self._all.discard(worker)
            task = asyncio.ensure_future(worker.wait_gone())
            self._ends.add(task)
            task.add_done_callback(self._ends.discard)
