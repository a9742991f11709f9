"""Shapes of the processes of an installation."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from flowstudio.api.models.common import View
from flowstudio.services.processes import Processes, id_of
from flowstudio.storage.processes import Process


class ProcessView(View):
    """One process."""

    id: str
    kind: Literal["server", "worker"]
    version: str
    host: str
    pid: int
    queues: list[str]
    """What a worker takes."""
    capacity: int
    """Executions that it runs at the same time at most."""
    running: int
    """Executions that it runs."""
    leases: int
    """Executions that it holds in the database."""
    draining: bool
    """It finishes what it runs and takes nothing more."""
    started_at: datetime
    seen_at: datetime

    @classmethod
    def of(cls, process: Process) -> Self:
        """As the API gives it."""
        return cls(
            id=id_of(process),
            kind=process.kind,
            version=process.version,
            host=process.host,
            pid=process.pid,
            queues=[queue for queue in process.queues.split(",") if queue],
            capacity=process.capacity,
            running=process.running,
            leases=process.leases,
            draining=process.draining,
            started_at=process.started_at,
            seen_at=process.seen_at,
        )


class QueueView(View):
    """What waits for workers."""

    queue: str
    waiting: int
    oldest: datetime | None
    """When the one was accepted that waits longest."""


class ProcessesView(View):
    """All processes and queues; both lists are empty where one process does everything."""

    mode: Literal["embedded", "scaled"]
    processes: list[ProcessView]
    queues: list[QueueView]

    @classmethod
    def of(cls, found: Processes) -> Self:
        """As the API gives it."""
        return cls(
            mode=found.mode,
            processes=[ProcessView.of(process) for process in found.processes],
            queues=[QueueView(queue=q.queue, waiting=q.waiting, oldest=q.oldest) for q in found.queues],
        )
