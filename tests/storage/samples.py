"""Executions and outcomes to store."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from flowstudio.engine.events import ErrorInfo, ExecutionStatus
from flowstudio.engine.item import Binary, Item, Pair
from flowstudio.engine.outcome import InputReference, Outcome, Rest
from flowstudio.storage import Storage
from flowstudio.storage.records import Created, NewExecution

NOON = datetime(2030, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {"name": "Orders", "nodes": [{"id": "a", "type": "no-op"}], "edges": []}
FILE = Binary("ab" * 32, "text/plain", "a.txt", 5)


def outcome(node: str = "a", **changes: Any) -> Outcome:
    """A successful outcome with one item."""
    values: dict[str, Any] = {
        "status": "success",
        "outputs": {"main": [Item({"node": node})]},
        "started_at": NOON,
        "finished_at": NOON + timedelta(milliseconds=5),
    }
    return Outcome(node=node, **(values | changes))


def full_outcome() -> Outcome:
    """An outcome in which every field is used."""
    return Outcome(
        node="é-node",
        scope=("loop:0", "inner:3"),
        attempt=2,
        status="success",
        outputs={
            "main": [
                Item({"n": 1, "deep": {"list": [1, 2.5, None, True, "ü\x00"]}}, None, (Pair(3),)),
                Item({}, {"data": FILE}, (Pair(0), Pair(1, "second"))),
            ],
            "empty": [],
        },
        inputs=(InputReference("main", "before", ("loop:0",), "done", 4),),
        error=ErrorInfo("node", "went on", node="é-node", item=1, detail={"status": 500}),
        started_at=NOON,
        finished_at=NOON + timedelta(microseconds=1),
        stdout="printed\nlines \x00",
        usage={"tokens": 12},
        response={"status": 200, "headers": {}, "body": b"\x00\xff", "file": FILE, "json": {"$bytes": "no"}},
        wake_at=NOON + timedelta(hours=1),
    )


def rest(status: ExecutionStatus = "success", **changes: Any) -> Rest:
    """How an execution came to rest."""
    values: dict[str, Any] = {"finished_at": NOON, "last_node": "a"}
    return Rest(status=status, **(values | changes))


def new(**changes: Any) -> NewExecution:
    """A queued execution."""
    values: dict[str, Any] = {"workflow_name": "Orders", "document": DOCUMENT, "mode": "manual"}
    return NewExecution(**(values | changes))


async def running(storage: Storage, **changes: Any) -> Created:
    """Store an execution that its creator, `me`, runs."""
    return await storage.executions.create(new(status="running", owner="me", **changes))


async def finished(storage: Storage, status: ExecutionStatus = "success", **changes: Any) -> str:
    """Store an execution with one outcome that has finished."""
    outcomes = changes.pop("log", [outcome()])
    at = changes.pop("at", NOON)
    created = await running(storage, **changes)
    journal = storage.executions.journal(created.id, "me", created.fence)
    await journal.append(outcomes, rest(status, finished_at=at))
    return created.id


def owner_of_an_ended_process() -> str:
    """The name of a runner whose process is gone."""
    program = "from flowstudio.storage.owners import new_owner; print(new_owner())"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return made.stdout.strip()
