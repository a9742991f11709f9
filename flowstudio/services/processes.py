"""The processes of the installation: what admins see of them, and asking a worker to take nothing more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, get_args

from flowstudio.engine.workflow import Queue
from flowstudio.errors import NotFound
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.storage import Storage
from flowstudio.storage.processes import Process, QueueLength

Mode = Literal["embedded", "scaled"]
QUEUES: tuple[Queue, ...] = get_args(Queue)


@dataclass(frozen=True, slots=True)
class Processes:
    """All of them, and what waits for them. Both are empty where one process does everything."""

    mode: Mode
    processes: Sequence[Process]
    queues: Sequence[QueueLength]


def id_of(process: Process) -> str:
    """A process's name as it fits into an address."""
    return sha256(process.name.encode()).hexdigest()[:16]


class ProcessService:
    """Shows processes to admins."""

    def __init__(self, storage: Storage, mode: Mode) -> None:
        self._processes, self._mode = storage.processes, mode
        self._audit = Audit(storage)

    async def get(self, caller: Caller) -> Processes:
        """Who is there."""
        require(caller, "admin")
        return await self._look()

    async def _look(self) -> Processes:
        if self._mode == "embedded":
            return Processes(self._mode, (), ())
        waiting = {length.queue: length for length in await self._processes.waiting()}
        queues = [waiting.get(queue) or QueueLength(queue, 0, None) for queue in QUEUES]
        return Processes(self._mode, await self._processes.all(), queues)

    async def drain(self, caller: Caller, id_: str) -> None:
        """Have a worker finish what it runs and take nothing more. It does so within seconds."""
        require(caller, "admin")
        for process in (await self._look()).processes:
            if id_of(process) == id_ and await self._processes.ask_to_drain(process.name):
                where = f"{process.host}, {process.pid}"
                await self._audit.record(caller, "worker.drained", where, id_)
                return
        raise NotFound("There is no such worker, or it has ended.")

    async def lines(self) -> Iterator[str]:
        """In the text format of Prometheus."""
        return _lines(await self._look())


def _lines(found: Processes) -> Iterator[str]:
    if found.mode == "embedded":
        return
    yield "# HELP flowstudio_processes Processes that share the database, by what they are and their version."
    yield "# TYPE flowstudio_processes gauge"
    kinds = Counter((process.kind, process.version) for process in found.processes)
    for (kind, version), count in sorted(kinds.items()):
        yield f'flowstudio_processes{{kind="{kind}",version="{version}"}} {count}'
    workers = [process for process in found.processes if process.kind == "worker"]
    for name, words, value in (
        (
            "capacity",
            "Executions that all workers run at the same time at most.",
            sum(w.capacity for w in workers),
        ),
        ("running", "Executions that all workers run.", sum(w.running for w in workers)),
        ("leases", "Executions that workers hold in the database.", sum(w.leases for w in workers)),
        ("draining", "Workers that take nothing more.", sum(w.draining for w in workers)),
    ):
        yield f"# HELP flowstudio_workers_{name} {words}"
        yield f"# TYPE flowstudio_workers_{name} gauge"
        yield f"flowstudio_workers_{name} {value}"
    yield "# HELP flowstudio_queue_length Executions that wait for a worker."
    yield "# TYPE flowstudio_queue_length gauge"
    for queue in found.queues:
        yield f'flowstudio_queue_length{{queue="{queue.queue}"}} {queue.waiting}'
    yield "# HELP flowstudio_queue_age_seconds Since when the oldest of them waits."
    yield "# TYPE flowstudio_queue_age_seconds gauge"
    now = datetime.now(UTC)
    for queue in found.queues:
        age = max(0.0, (now - queue.oldest).total_seconds()) if queue.oldest is not None else 0.0
        yield f'flowstudio_queue_age_seconds{{queue="{queue.queue}"}} {age:.1f}'
