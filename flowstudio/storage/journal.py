"""The durable log of an execution: what a runner appends, under its fence.

Invariants: outcomes are stored if and only if the runner owns the execution in the same transaction; the order of the log is
(fence, seq); coming to rest gives up ownership.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, LargeBinary, bindparam, exists, or_, select, update

from flowstudio.engine.outcome import Outcome, Rest
from flowstudio.errors import LeaseLost
from flowstudio.storage.clock import current_time
from flowstudio.storage.codec import (
    decode,
    digests,
    encode,
    pack_error,
    pack_inputs,
    pack_ports,
    pack_response,
    pack_scope,
    serialise,
    squeeze,
    unpack_error,
    unpack_inputs,
    unpack_ports,
    unpack_response,
    unpack_scope,
)
from flowstudio.storage.database import Database
from flowstudio.storage.records import NodeRun
from flowstudio.storage.rows import insert_rows
from flowstudio.storage.statistics import Count, add_counts
from flowstudio.storage.tables import FINAL, binary_uses, executions, outcomes, resumptions
from flowstudio.storage.writer import Result

COMPRESS_ASIDE = 256 * 1024
"""Bytes from which outputs are compressed in a thread instead of in the event loop."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Outcomes, ready to be inserted."""

    rows: list[dict[str, Any]]
    files: list[dict[str, Any]]
    usage: Sequence[tuple[datetime, Mapping[str, float]]] = ()
    """What models used, and when."""


async def entries(execution: str, fence: int, first: int, stored: Sequence[Outcome]) -> Entries:
    """Make rows. Raises `InvalidRequest` for items that JSON cannot hold."""
    rows, files = [], set()
    for seq, outcome in enumerate(stored, first):
        rows.append(await _row(execution, fence, seq, outcome))
        if any(item.binary for items in outcome.outputs.values() for item in items):
            files |= digests(outcome.outputs)
    usage = [(outcome.finished_at, outcome.usage) for outcome in stored if outcome.usage]
    return Entries(rows, [{"digest": digest, "execution_id": execution} for digest in sorted(files)], usage)


async def _row(execution: str, fence: int, seq: int, outcome: Outcome) -> dict[str, Any]:
    data = serialise(pack_ports(outcome.outputs)) if outcome.outputs else None
    size = len(data) - 1 if data is not None else 0
    if data is not None:
        data = squeeze(data) if size < COMPRESS_ASIDE else await asyncio.to_thread(squeeze, data)
    detail: dict[str, Any] = {}
    if outcome.error is not None:
        detail["error"] = pack_error(outcome.error)
    if outcome.inputs:
        detail["inputs"] = pack_inputs(outcome.inputs)
    if outcome.usage:
        detail["usage"] = outcome.usage
    if outcome.wake_at is not None:
        detail["wake_at"] = outcome.wake_at.isoformat()
    log: dict[str, Any] = {}
    if outcome.stdout:
        log["stdout"] = outcome.stdout
    if outcome.steps:
        log["steps"] = list(outcome.steps)
    if outcome.response is not None:
        log["response"] = pack_response(outcome.response)
    return {
        "execution_id": execution,
        "fence": fence,
        "seq": seq,
        "node": outcome.node,
        "scope": pack_scope(outcome.scope),
        "attempt": outcome.attempt,
        "status": outcome.status,
        "started_at": outcome.started_at,
        "finished_at": outcome.finished_at,
        "items": orjson.dumps({port: len(items) for port, items in outcome.outputs.items()}).decode(),
        "size": size,
        "detail": encode(detail) if detail else None,
        "output_log": encode(log) if log else None,
        "outputs": data,
    }


def read_outcome(row: Any) -> Outcome:
    """The outcome of a row of `outcomes`."""
    run = read_node_run(row)
    return Outcome(
        node=run.node,
        scope=run.scope,
        attempt=run.attempt,
        status=run.status,
        outputs=unpack_ports(decode(bytes(row.outputs))) if row.outputs is not None else {},
        inputs=run.inputs,
        error=run.error,
        started_at=run.started_at,
        finished_at=run.finished_at,
        stdout=run.stdout,
        usage=run.usage,
        steps=run.steps,
        response=run.response,
        wake_at=run.wake_at,
    )


def read_node_run(row: Any) -> NodeRun:
    """The same without items; needs no `outputs` column."""
    detail: Mapping[str, Any] = decode(bytes(row.detail)) if row.detail is not None else {}
    log: Mapping[str, Any] = decode(bytes(row.output_log)) if row.output_log is not None else {}
    wake_at = detail.get("wake_at")
    return NodeRun(
        node=row.node,
        scope=unpack_scope(row.scope),
        attempt=row.attempt,
        status=row.status,
        items=orjson.loads(row.items),
        size=row.size,
        error=unpack_error(detail.get("error")),
        inputs=unpack_inputs(detail.get("inputs", ())),
        usage=detail.get("usage", {}),
        stdout=log.get("stdout", ""),
        steps=tuple(log.get("steps", ())),
        response=unpack_response(log.get("response")),
        wake_at=datetime.fromisoformat(wake_at) if wake_at is not None else None,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def write_entries(connection: Connection, written: Iterable[Entries]) -> None:
    """Insert rows of several executions."""
    every = list(written)
    rows = [row for entry in every for row in entry.rows]
    files = [file for entry in every for file in entry.files]
    if rows:
        insert_rows(connection, outcomes, rows, skip_existing=True)
    if files:
        insert_rows(connection, binary_uses, files, skip_existing=True)


class Append:
    """Outcomes of one execution, and perhaps its rest, for the group commit."""

    rank = 2

    def __init__(self, execution: str, owner: str, fence: int, new: Entries, rest: Rest | None) -> None:
        self.execution = execution
        self.owner = owner
        self.fence = fence
        self.new = new
        self.rest = rest
        self.error = encode(pack_error(rest.error)) if rest is not None and rest.error is not None else None
        self.retried = False

    @classmethod
    def apply(cls, connection: Connection, works: Sequence[Append]) -> list[Result]:
        """Store those whose runner owns the execution; `LeaseLost` for the others."""
        held = {
            row.id: row for row in connection.execute(_HELD, {"ids": sorted({w.execution for w in works})})
        }
        results: list[Result] = []
        owned: list[Append] = []
        for work in works:
            row = held.get(work.execution)
            if row is not None and row.fence == work.fence and row.owner == work.owner:
                owned.append(work)
                results.append(None)
            elif work.retried and row is not None and work.stands_in(row):
                results.append(None)
            else:
                results.append(LeaseLost(f"Execution '{work.execution}' was taken over by another runner."))
        write_entries(connection, (work.new for work in owned))
        resting = [work for work in owned if work.rest is not None]
        if resting:
            connection.execute(_REST, [work.rest_values() for work in resting])
        add_counts(connection, (count for work in owned for count in work.counts(held[work.execution])))
        for work in resting:
            if work.rest is not None and work.rest.status == "waiting":
                _wake_if_called(connection, work.execution)
        return results

    def stands_in(self, row: Any) -> bool:
        """Whether an earlier try of this work was committed although its answer was lost."""
        return (
            self.rest is not None
            and row.owner is None
            and row.fence == self.fence
            and row.status == self.rest.status
        )

    def counts(self, row: Any) -> Iterable[Count]:
        """What adds to the totals of the day: the execution when it ends, and what models used."""
        workflow = row.workflow_id or ""
        for at, usage in self.new.usage:
            yield Count.of_usage(workflow, at, usage)
        if self.rest is not None and self.rest.status in FINAL:
            began = row.started_at or row.created_at
            yield Count.of_run(workflow, began, self.rest.finished_at, failed=self.rest.status == "error")

    def rest_values(self) -> dict[str, Any]:
        """How the execution's row changes."""
        rest = self.rest
        assert rest is not None, "only called for works that have one"
        return {
            "execution": self.execution,
            "new_status": rest.status,
            "new_error": self.error,
            "new_finished_at": rest.finished_at if rest.status in FINAL else None,
            "new_wake_at": rest.wake_at if rest.status == "waiting" else None,
            "new_last_node": rest.last_node,
        }


_HELD = (
    select(
        executions.c.id,
        executions.c.owner,
        executions.c.fence,
        executions.c.status,
        executions.c.workflow_id,
        executions.c.created_at,
        executions.c.started_at,
    )
    .where(executions.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(executions.c.id)
    .with_for_update(key_share=True)
)
"""Ordered, so that processes lock rows in the same order."""

_REST = (
    update(executions)
    .where(executions.c.id == bindparam("execution"))
    .values(
        status=bindparam("new_status"),
        error=bindparam("new_error", type_=LargeBinary),
        finished_at=bindparam("new_finished_at"),
        wake_at=bindparam("new_wake_at"),
        last_node=bindparam("new_last_node"),
        owner=None,
        lease_until=None,
    )
)


def pending_resumption(execution: Any) -> Any:
    """SQL condition: a call has come in for a node run that is not decided yet."""
    return exists(
        select(resumptions.c.node).where(
            resumptions.c.execution_id == execution,
            ~exists(
                select(outcomes.c.seq).where(
                    outcomes.c.execution_id == resumptions.c.execution_id,
                    outcomes.c.node == resumptions.c.node,
                    outcomes.c.scope == resumptions.c.scope,
                    outcomes.c.status.in_(("success", "error")),
                )
            ),
        )
    )


def _wake_if_called(connection: Connection, execution: str) -> None:
    """A call, or the wish to cancel, may have come in before the execution fell asleep."""
    connection.execute(
        update(executions)
        .where(
            executions.c.id == execution,
            or_(executions.c.cancel_requested, pending_resumption(executions.c.id)),
        )
        .values(wake_at=current_time(connection))
    )


class StoredJournal:
    """The journal of one execution, under one claim. Implements `engine.store.Journal`."""

    def __init__(self, database: Database, execution: str, owner: str, fence: int) -> None:
        self._database = database
        self._execution = execution
        self._owner = owner
        self._fence = fence
        self._next = 0

    async def append(self, new: Sequence[Outcome], rest: Rest | None = None) -> None:
        """Store in one transaction. Raises `LeaseLost`, or `InvalidRequest` for items that JSON cannot hold."""
        first, self._next = self._next, self._next + len(new)
        rows = await entries(self._execution, self._fence, first, new)
        await self._database.work(Append(self._execution, self._owner, self._fence, rows, rest))
