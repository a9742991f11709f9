"""Handing executions to workers that have room."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from flowstudio.engine.events import ExecutionFinished, ExecutionStarted
from flowstudio.services import workforce
from flowstudio.services.runner import Runner
from flowstudio.services.workforce import Workforce


@dataclass
class FakeRunner:
    """As much of a runner as the workforce sees."""

    owner: str
    works: bool
    room: int = 0
    limit: int = 20
    submitted: list[str] = field(default_factory=list)

    def submit(self, execution: str) -> None:
        self.submitted.append(execution)


@dataclass
class Process:
    """One process: what it hands over reaches the others at once, what it gives to the queue is noted."""

    runner: FakeRunner
    others: list[Process] = field(default_factory=list)
    deaf: bool = False
    queued: list[str] = field(default_factory=list)
    gave_up: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.workforce = Workforce(cast(Runner, self.runner), self, ["default"])
        self.workforce.hint = self._hint

    def _hint(self, execution: str, queue: str) -> None:
        self.queued.append(execution)
        self.gave_up.set()

    def send(self, kind: str, data: Any, *, urgent: bool = False) -> None:
        for other in self.others:
            if not other.deaf:
                other.workforce.hear(kind, data)


def processes(**rooms: int) -> tuple[Process, dict[str, Process]]:
    server = Process(FakeRunner("server", works=False))
    workers = {name: Process(FakeRunner(name, works=True, room=room)) for name, room in rooms.items()}
    server.others = list(workers.values())
    for worker in workers.values():
        worker.others = [server]
        worker.workforce.announce()
    return server, workers


async def test_whoever_has_most_room_gets_it_and_the_queue_when_nobody_has() -> None:
    server, workers = processes(small=4, large=5)  # a tenth of 20 is left to the queue
    given = [server.workforce.hand(str(n), "default") for n in range(6)]
    assert given == [True] * 5 + [False]
    assert (workers["large"].runner.submitted, workers["small"].runner.submitted) == (
        ["0", "2", "4"],
        ["1", "3"],
    )
    assert not server.workforce.hand("6", "bulk"), "none of them takes from that queue"
    now = datetime.now(UTC)
    server.workforce.follow(ExecutionFinished(execution="1", at=now, status="success"))
    assert not server.workforce.hand("7", "default"), "what waits in the queue comes before it"
    workers["small"].runner.room = 3
    workers["small"].workforce.announce()
    assert server.workforce.hand("8", "default")
    assert workers["small"].runner.submitted == ["1", "3", "8"]
    server.workforce.follow(ExecutionFinished(execution="8", at=now, status="success"))
    assert server.workforce.hand("9", "default")
    server.workforce.missed()


async def test_what_does_not_begin_soon_and_what_finds_no_room_goes_to_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workforce, "LATE", 0.01)
    server, workers = processes(frozen=20, other=10)
    frozen = workers["frozen"]
    frozen.deaf = True
    assert server.workforce.hand("a", "default")
    await asyncio.wait_for(server.gave_up.wait(), 30)
    assert server.queued == ["a"]
    monkeypatch.setattr(workforce, "LATE", 60)
    assert server.workforce.hand("b", "default")
    assert workers["other"].runner.submitted == ["b"], "nothing more for who did not answer"

    frozen.deaf = False
    frozen.workforce.announce()
    frozen.runner.room = 0  # others have filled it meanwhile
    assert server.workforce.hand("c", "default")
    assert (frozen.queued, frozen.runner.submitted) == (["c"], [])
    server.workforce.follow(
        ExecutionStarted(execution="b", at=datetime.now(UTC), workflow=None, resumed=False)
    )
    server.workforce.missed()
