"""Who has room for executions: they are handed to a worker by message, past the queue, as long as one does.

The way through the queue takes several transactions. When all workers are busy it decides who goes first; when one has room
there is nothing to decide.

Invariants
1. A hand-over is a hint like any other: the claim decides. What does not begin soon is hinted through the queue.
2. A worker that gets more than it has room for passes it on to the queue.
3. Nothing overtakes: when all were full, places that become free belong to the queue, until a worker says that it has room all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.events import Event, ExecutionFinished, ExecutionStarted
from flowstudio.engine.workflow import Queue
from flowstudio.services.bus import Messenger
from flowstudio.services.runner import Runner

EVERY = 5.0
"""Seconds between two announcements of a worker."""
GONE = 12.0
"""Seconds without one after which nothing is handed to it."""
LATE = 1.0
"""Seconds after which an execution that was handed over and has not begun is hinted to everybody."""
RESERVE = 10
"""A part of that size of a worker's room is left to what the queue gives it."""


@dataclass(slots=True)
class Worker:
    """What another process knows of a worker."""

    queues: Collection[str]
    room: int
    until: float
    """By this process's clock: when it is taken for gone."""


@dataclass(slots=True)
class Handed:
    """An execution that was handed to a worker."""

    worker: str
    late: asyncio.TimerHandle


class Workforce:
    """Knows the workers of the installation. A worker's own also says how much room it has."""

    def __init__(self, runner: Runner, messenger: Messenger, queues: Collection[Queue]) -> None:
        self._runner, self._messenger, self._queues = runner, messenger, queues
        self._others: dict[str, Worker] = {}
        self._handed: dict[str, Handed] = {}
        self._full: set[Queue] = set()
        """Queues in which executions may wait for a worker with room."""
        self._announcing: asyncio.Task[None] | None = None
        self.hint: Callable[[str, Queue], None] | None = None
        """Hints an execution through the queue. Set before use."""

    def start(self) -> None:
        """Say every now and then how much room is here."""
        if self._runner.works:
            self._announcing = asyncio.create_task(self._announce_again())

    async def stop(self) -> None:
        """Take nothing more."""
        if self._announcing is not None:
            self._announcing.cancel()
            await asyncio.gather(self._announcing, return_exceptions=True)
            self.announce()
        for handed in self._handed.values():
            handed.late.cancel()

    async def _announce_again(self) -> None:
        while True:
            self.announce()
            await asyncio.sleep(EVERY)

    def announce(self) -> None:
        """Tell the others how much room is here."""
        if self._runner.works:
            room = max(0, self._runner.room - self._runner.limit // RESERVE)
            self._messenger.send("room", [self._runner.owner, list(self._queues), room])

    # Handing over

    def hand(self, execution: str, queue: Queue) -> bool:
        """Hand an execution to whoever has most room; False when nobody has."""
        if self._runner.works and queue in self._queues and self._runner.room > 0:
            self._runner.submit(execution)
            return True
        now = asyncio.get_running_loop().time()
        able = [
            (name, worker)
            for name, worker in self._others.items()
            if worker.room > 0 and queue in worker.queues and worker.until > now
        ]
        if not able:
            self._full.add(queue)
            return False
        name, chosen = max(able, key=lambda each: each[1].room)
        chosen.room -= 1
        late = asyncio.get_running_loop().call_later(LATE, self._is_late, execution, queue)
        self._handed[execution] = Handed(name, late)
        self._messenger.send("take", [name, execution, queue], urgent=True)
        return True

    def _is_late(self, execution: str, queue: Queue) -> None:
        handed = self._handed.pop(execution, None)
        if handed is not None:
            worker = self._others.get(handed.worker)
            if worker is not None:
                worker.room = 0  # until it says something
            self._pass_on(execution, queue)

    def _pass_on(self, execution: str, queue: Queue) -> None:
        assert self.hint is not None, "set before use"
        self.hint(execution, queue)

    def follow(self, event: Event) -> None:
        """An execution began, or came to rest, somewhere else."""
        handed = self._handed.get(event.execution)
        if handed is None:
            return
        match event:
            case ExecutionStarted():
                handed.late.cancel()
            case ExecutionFinished():
                handed.late.cancel()
                del self._handed[event.execution]
                worker = self._others.get(handed.worker)
                if worker is not None and self._full.isdisjoint(worker.queues):
                    worker.room += 1

    def hear(self, kind: str, data: Any) -> None:
        """Another process says how much room it has, or hands something over."""
        match kind, data:
            case "room", [name, queues, room]:
                until = asyncio.get_running_loop().time() + GONE
                self._others = {
                    key: worker for key, worker in self._others.items() if worker.until > until - GONE
                }
                self._others[name] = Worker(queues, room, until)
                if room > 0:
                    self._full.difference_update(queues)
            case "take", [name, execution, queue] if name == self._runner.owner:
                if self._runner.room > 0:
                    self._runner.submit(execution)
                else:
                    self._pass_on(execution, queue)

    def missed(self) -> None:
        """Messages were lost: what was handed over may have begun, or never will."""
        for handed in self._handed.values():
            handed.late.cancel()
        self._handed.clear()
