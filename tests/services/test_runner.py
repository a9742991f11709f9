"""The runner: what becomes of executions that cannot go on, are cancelled at bad moments or are called while they run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from flowstudio.engine.item import Item
from flowstudio.engine.outcome import Rest
from flowstudio.engine.workflow import SCHEMA_VERSION, dump_workflow, load_workflow
from flowstudio.errors import InvalidRequest
from flowstudio.runtime import Runtime
from flowstudio.services import runner as runner_module
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.claimed import Claimed
from flowstudio.services.starting import StartRequest
from flowstudio.services.webhook_calls import WebhookRequest
from flowstudio.services.workflows import Workflow
from flowstudio.storage.journal import StoredJournal
from flowstudio.storage.records import ExecutionFilter, NewExecution, Snapshot
from tests.services.conftest import Document, chain, edit, node, start_runtime

PAUSE = node("pause", "wait", resume="after_time", amount=60, unit="seconds")
CALL = node("call", "wait", resume="on_call")


async def create(runtime: Runtime, document: Document) -> Workflow:
    return await runtime.workflows.create(COMMAND_LINE, document)


async def start(runtime: Runtime, document: Document) -> str:
    return await runtime.executions.start(StartRequest(workflow=await create(runtime, document), mode="api"))


async def until_status(runtime: Runtime, execution: str, status: str) -> None:
    """Wait until an execution says so."""
    async for change in runtime.views.watch(COMMAND_LINE, execution):
        if change.data.get("status") == status:
            return
    raise AssertionError(f"execution ended before it was {status}")


class Gate:
    """Stands in for what follows a rest, and holds it up until it is opened."""

    def __init__(self, runtime: Runtime) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self.passed: list[str] = []
        self._inner = runtime.runner.after_rest
        runtime.runner.after_rest = self

    async def __call__(self, claimed: Claimed, rest: Rest) -> None:
        self.reached.set()
        await self.opened.wait()
        assert self._inner is not None
        await self._inner(claimed, rest)
        self.passed.append(rest.status)


async def test_an_execution_whose_document_no_longer_compiles_fails_for_good(runtime: Runtime) -> None:
    created = await runtime.storage.executions.create(
        NewExecution(document={"nodes": [{"id": "x", "type": "withdrawn"}], "edges": []}, mode="webhook")
    )
    runtime.runner.submit(created.id)
    rest = await runtime.executions.wait(created.id, 10)
    assert rest is not None
    assert rest.status == "error"
    assert rest.error is not None
    assert "withdrawn" in rest.error.message
    assert await runtime.storage.executions.recoverable() == []


async def test_an_outcome_that_cannot_be_stored_fails_the_execution(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = StoredJournal.append

    async def refusing(self: StoredJournal, new: Any, rest: Rest | None = None) -> None:
        if new:
            raise InvalidRequest("The data cannot be stored as JSON.")
        await append(self, new, rest)

    monkeypatch.setattr(StoredJournal, "append", refusing)
    execution = await start(runtime, chain(node("start", "manual-trigger"), edit("a", x="1")))
    rest = await runtime.executions.wait(execution, 10)
    assert rest is not None
    assert rest.status == "error"
    assert rest.error is not None
    assert "cannot be stored" in rest.error.message


async def test_cancelling_does_not_wait_for_a_free_slot(tmp_path: Any) -> None:
    runtime = await start_runtime(tmp_path / "data", concurrency=1)
    try:
        document = chain(node("start", "manual-trigger"), PAUSE)
        first = await start(runtime, document)
        second = await start(runtime, document)
        await runtime.executions.cancel(COMMAND_LINE, second)
        rest = await runtime.executions.wait(second, 10)
        assert rest is not None
        assert rest.status == "cancelled"
        summary = await runtime.storage.executions.get(first)
        assert summary is not None
        assert summary.status == "running"
    finally:
        await runtime.stop()


async def test_cancelling_after_the_rest_does_not_stop_what_follows_it(runtime: Runtime) -> None:
    gate = Gate(runtime)
    execution = await start(runtime, chain(node("start", "manual-trigger"), edit("a", x="1")))
    await gate.reached.wait()
    runtime.runner.cancel(execution)
    gate.opened.set()
    rest = await runtime.executions.wait(execution, 10)
    assert rest is not None
    assert rest.status == "success"
    assert gate.passed == ["success"]


@pytest.mark.parametrize("told", ["while it falls asleep", "when it sleeps"])
async def test_a_wish_to_cancel_that_meets_a_sleeper_falling_asleep_is_fulfilled(
    runtime: Runtime, told: str
) -> None:
    gate = Gate(runtime)
    append, asked = StoredJournal.append, asyncio.Event()
    execution = ""

    async def asking(self: StoredJournal, new: Any, rest: Rest | None = None) -> None:
        if rest is not None and rest.status == "waiting":
            await runtime.storage.executions.request_cancel(execution)
            asked.set()
        await append(self, new, rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StoredJournal, "append", asking)
        workflow = await create(runtime, chain(node("start", "manual-trigger"), CALL))
        request = StartRequest(workflow=workflow, mode="api")
        execution = request.id
        await runtime.executions.start(request)
        await asked.wait()
        await gate.reached.wait()
        asleep = runtime.runner.finished(execution)
        assert asleep is not None
        if told == "when it sleeps":
            gate.opened.set()
            await asleep
        runtime.runner.cancel(execution)
        gate.opened.set()
        rest = await runtime.executions.wait(execution, 3)
    assert rest is not None
    assert rest.status == "cancelled"


async def test_a_call_that_comes_while_an_execution_falls_asleep_wakes_it_at_once(runtime: Runtime) -> None:
    gate = Gate(runtime)
    execution = await start(runtime, chain(node("start", "manual-trigger"), CALL, edit("after", x="1")))
    await gate.reached.wait()
    answer = await runtime.webhooks.resume(WebhookRequest(method="POST", path=execution, body=b""))
    assert answer.status == 200
    gate.opened.set()
    rest = await runtime.executions.wait(execution, 3)
    assert rest is not None
    assert rest.status == "success"


async def test_a_wish_to_cancel_that_comes_during_the_claim_is_fulfilled(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """queued → claimed → (the wish comes here) → read → run"""
    workflow = await create(runtime, chain(node("start", "manual-trigger"), PAUSE))
    created = await runtime.storage.executions.create(
        NewExecution(document=workflow.snapshot, mode="api", start_node="start", start_items=[Item({})])
    )
    take = runtime.storage.executions.take

    async def taking(id_: str, owner: str, seconds: float) -> Any:
        taken = await take(id_, owner, seconds)
        await runtime.storage.executions.request_cancel(id_)
        runtime.runner.cancel(id_)
        return taken

    monkeypatch.setattr(runtime.storage.executions, "take", taking)
    runtime.runner.submit(created.id)
    rest = await runtime.executions.wait(created.id, 5)
    assert rest is not None
    assert rest.status == "cancelled"


async def test_a_long_backlog_is_taken_up_in_order_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred executions that nobody runs: the oldest have finished before the newest begin."""
    first = await start_runtime(tmp_path)
    workflow = await first.workflows.create(
        COMMAND_LINE, chain(node("start", "manual-trigger"), edit("a", x="={{ 1 + 1 }}"), edit("b", y="2"))
    )
    for _ in range(100):
        await first.storage.executions.create(
            NewExecution(
                workflow_id=workflow.id,
                document=workflow.snapshot,
                mode="api",
                start_node="start",
                start_items=[Item({})],
            )
        )
    ids = await first.storage.executions.recoverable()
    await first.stop()
    monkeypatch.setattr(runner_module, "SETTLE", 30.0)
    second = await start_runtime(tmp_path)
    try:
        for id_ in ids:
            rest = await second.executions.wait(id_, 60)
            assert rest is not None
            assert rest.status == "success"
        spans = [await second.storage.executions.get(id_) for id_ in ids]
        finished = [
            span.finished_at for span in spans[:20] if span is not None and span.finished_at is not None
        ]
        began = [span.started_at for span in spans[20:] if span is not None and span.started_at is not None]
        assert max(finished) <= min(began)
    finally:
        await second.stop()


async def test_what_a_dead_server_left_undone_after_an_end_is_done_once_by_the_next(tmp_path: Path) -> None:
    """A failure was stored, but its error workflow not started; a success was stored, but its data not dropped."""
    first = await start_runtime(tmp_path)

    async def die(claimed: Claimed, rest: Rest) -> None:
        """The server dies at this very moment."""

    first.runner.after_rest = die
    start_node, stop_node = node("start", "manual-trigger"), node("stop", "stop-and-error", message="On fire")
    await first.workflows.create(COMMAND_LINE, chain(node("start", "manual-trigger")), id_="alarm")
    failed = await start(first, chain(start_node, stop_node, settings={"error_workflow": "alarm"}))
    secret = await start(first, chain(start_node, settings={"save_success": "none"}))
    for id_ in (failed, secret):
        await first.executions.wait(id_, 30)
    await first.stop()
    for _ in range(2):
        runtime = await start_runtime(tmp_path)
        await runtime.executions.catch_up()
        alarms, _ = await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id="alarm"))
        assert [alarm["parent_id"] for alarm in alarms] == [failed]
        assert (await runtime.views.get(COMMAND_LINE, secret))["data_dropped"]
        await runtime.stop()


async def test_a_document_of_a_newer_version_is_left_for_a_newer_process(runtime: Runtime) -> None:
    document = chain(node("start", "manual-trigger"))
    newer = Snapshot.of({**dump_workflow(load_workflow(document)), "schema_version": SCHEMA_VERSION + 1})
    created = await runtime.storage.executions.create(
        NewExecution(document=newer, mode="api", start_node="start", start_items=[Item({})])
    )
    for _ in range(2):  # the second hint is not followed
        await runtime.runner.carry(created.id)
    stored = await runtime.storage.executions.load(created.id)
    assert stored is not None
    assert (stored.status, stored.owner, stored.fence) == ("running", None, 1)
    assert await runtime.storage.executions.claim(created.id, "newer", 30) is not None


async def test_a_database_that_is_away_while_a_step_asks_it_fails_no_execution(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = await create(runtime, chain(node("start", "manual-trigger"), edit("b", y="done"), name="Inner"))
    outer = chain(node("start", "manual-trigger"), node("call", "execute-workflow", workflow=inner.record.id))
    execution = await start(runtime, outer | {"name": "Before"})
    assert await runtime.executions.wait(execution, 10)
    asked = runtime.storage.executions.get
    away = 1

    async def get(id_: str) -> Any:
        nonlocal away
        if away:
            away -= 1
            lost = OperationalError("SELECT", {}, Exception("the connection is lost"))
            lost.connection_invalidated = True
            raise lost
        return await asked(id_)

    monkeypatch.setattr(runtime.storage.executions, "get", get)
    execution = await start(runtime, outer)

    async with asyncio.timeout(30):
        while away or runtime.runner.active:  # noqa: ASYNC110  # left, it tells nothing
            await asyncio.sleep(0.01)

    await runtime.storage.executions.release(runtime.runner.owner)  # else when the lease has run out
    runtime.runner.submit(execution)
    rest = await runtime.executions.wait(execution, 30)
    assert rest is not None
    assert (rest.status, rest.error) == ("success", None)
