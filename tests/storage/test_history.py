"""Reading executions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flowstudio.engine.events import ErrorInfo
from flowstudio.engine.item import Item
from flowstudio.storage import Storage
from flowstudio.storage.records import ExecutionFilter
from tests.storage.samples import DOCUMENT, finished, full_outcome, new, outcome, rest, running


async def test_pages_show_every_execution_once_newest_first(storage: Storage) -> None:
    ids = [(await storage.executions.create(new())).id for _ in range(7)]
    seen: list[str] = []
    cursor = None
    while page := await storage.executions.page(ExecutionFilter(cursor=cursor, limit=3)):
        seen += [summary.id for summary in page]
        cursor = page[-1].id
    assert seen == ids[::-1]


async def test_an_execution_that_arrives_meanwhile_does_not_shift_the_next_page(storage: Storage) -> None:
    ids = [(await storage.executions.create(new())).id for _ in range(4)]
    first = await storage.executions.page(ExecutionFilter(limit=2))
    await storage.executions.create(new())
    second = await storage.executions.page(ExecutionFilter(limit=2, cursor=first[-1].id))
    assert [summary.id for summary in (*first, *second)] == ids[::-1]


async def test_filters_narrow_the_list(storage: Storage) -> None:
    one = await finished(storage, workflow_id="v", mode="webhook")
    two = await finished(storage, "error", workflow_id="w")
    three = (await storage.executions.create(new(workflow_id="w"))).id
    now = datetime.now(UTC)

    async def found(**wanted: object) -> list[str]:
        return [s.id for s in await storage.executions.page(ExecutionFilter(**wanted))]  # type: ignore[arg-type]  # filter fields by name

    assert await found(workflow_id="w") == [three, two]
    assert await found(status="success") == [one]
    assert await found(mode="manual", status="error") == [two]
    assert await found(since=now + timedelta(hours=1)) == []
    assert await found(until=now - timedelta(hours=1)) == []
    assert await found(since=now - timedelta(hours=1), until=now + timedelta(hours=1)) == [three, two, one]


async def test_totals_count_by_status_whatever_page_and_status_are_asked_for(storage: Storage) -> None:
    await finished(storage, workflow_id="v", mode="webhook")
    await finished(storage, "error", workflow_id="w")
    await finished(storage, "error", workflow_id="w")
    last = (await storage.executions.create(new(workflow_id="w"))).id
    totals = storage.executions.totals
    assert await totals(ExecutionFilter()) == {"success": 1, "error": 2, "queued": 1}
    assert await totals(ExecutionFilter(workflow_id="w", status="error", cursor=last, limit=1)) == {
        "error": 2,
        "queued": 1,
    }
    assert await totals(ExecutionFilter(mode="webhook")) == {"success": 1}
    assert await totals(ExecutionFilter(since=datetime.now(UTC) + timedelta(hours=1))) == {}


async def test_the_log_goes_on_after_a_position(storage: Storage) -> None:
    created = await storage.executions.create(new())
    for fence in (1, 2):
        claim = await storage.executions.claim(created.id, "me", 30)
        assert claim is not None
        journal = storage.executions.journal(created.id, "me", fence)
        await journal.append([outcome(f"{fence}a"), outcome(f"{fence}b")])
        await storage.executions.release("me")
    first = await storage.executions.node_runs_after(created.id, None, 3)
    assert [run.node for _, run in first] == ["1a", "1b", "2a"]
    rest = await storage.executions.node_runs_after(created.id, first[-1][0], 3)
    assert [(position, run.node) for position, run in rest] == [((2, 1), "2b")]


async def test_executions_that_one_started_are_found_with_their_call_keys(storage: Storage) -> None:
    parent = await finished(storage)
    child = (await storage.executions.create(new(parent_id=parent, call_key="call:x/5"))).id
    report = (await storage.executions.create(new(parent_id=parent))).id
    found = await storage.executions.called_by(parent)
    assert [(key, summary.id) for key, summary in found] == [("call:x/5", child), (None, report)]


async def test_the_newest_execution_of_each_workflow_is_found(storage: Storage) -> None:
    for name in ("a", "b", "c"):
        await storage.workflows.create(id=name, name=name, document=DOCUMENT)
    await finished(storage, workflow_id="a")
    a, b = await finished(storage, workflow_id="a"), await finished(storage, workflow_id="b")
    newest = await storage.executions.last_of(["a", "b", "c"])
    assert {workflow: summary.id for workflow, summary in newest.items()} == {"a": a, "b": b}
    assert await storage.executions.last_of([]) == {}


async def test_an_error_is_shown_with_its_node(storage: Storage) -> None:
    error = ErrorInfo("node", "It failed.", node="a", detail={"status": 500})
    created = await running(storage)
    await storage.executions.journal(created.id, "me", 1).append([], rest("error", error=error))
    summary = await storage.executions.get(created.id)
    assert summary is not None
    assert summary.error == error


async def test_what_does_not_exist_is_none(storage: Storage) -> None:
    assert await storage.executions.get("nothing") is None
    assert await storage.executions.load("nothing") is None
    assert await storage.executions.outcomes("nothing") == []
    assert await storage.executions.outputs("nothing", "a") == {}


async def test_node_runs_tell_everything_but_items(storage: Storage) -> None:
    id_ = await finished(storage, log=[outcome("a"), full_outcome()])
    [other, run] = await storage.executions.node_runs(id_)
    whole = full_outcome()
    assert other.node == "a"
    for field in (
        *("node", "scope", "attempt", "status", "error", "inputs", "usage", "stdout", "response", "wake_at"),
        *("started_at", "finished_at"),
    ):
        assert getattr(run, field) == getattr(whole, field), field
    assert run.items == {"main": 2, "empty": 0}
    assert run.milliseconds == 0.001
    assert [one.node for one in await storage.executions.node_runs(id_, "a")] == ["a"]


async def test_outputs_are_those_of_the_last_run_unless_told(storage: Storage) -> None:
    def run(text: str, **changes: object) -> object:
        return outcome("n", outputs={"main": [Item({"text": text})]}, **changes)

    log = [
        run("failed", status="retrying", scope=("l:0",)),
        run("first", scope=("l:0",), attempt=2),
        run("second", scope=("l:1",)),
    ]
    id_ = await finished(storage, log=log)

    async def text(*which: object) -> object:
        ports = await storage.executions.outputs(id_, "n", *which)  # type: ignore[arg-type]  # scope and attempt
        return ports["main"][0].json["text"]

    assert await text() == "second"
    assert await text(("l:0",)) == "first"
    assert await text(("l:0",), 1) == "failed"
    assert await storage.executions.outputs(id_, "n", ("l:2",)) == {}


async def test_outputs_come_in_pages(storage: Storage) -> None:
    ports = {"main": [Item({"i": i}) for i in range(10)], "other": [Item({"o": 1})]}
    id_ = await finished(storage, log=[outcome("n", outputs=ports)])
    page = await storage.executions.outputs(id_, "n", port="main", offset=8, limit=5)
    assert page == {"main": ports["main"][8:]}
    assert await storage.executions.outputs(id_, "n") == ports
