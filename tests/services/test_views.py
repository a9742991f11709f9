"""What is told about executions: the run log, and what called what."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from flowstudio.engine.events import NodeFinished
from flowstudio.errors import NotFound
from flowstudio.runtime import Runtime
from flowstudio.services import views
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.tries import live_run
from flowstudio.services.views import caller_of
from flowstudio.storage.records import ExecutionFilter
from tests.services.conftest import Document, chain, edit, node
from tests.services.test_executions import LONG, create, execute


def looping() -> Document:
    """start -> loop -> (call | print) -> back to loop"""
    code = "print('hello', _items[0]['json']['n'])\nreturn _items"
    document = chain(
        node("start", "manual-trigger"),
        node("loop", "loop-over-items", batch_size=1),
        node("call", "execute-workflow", workflow="called"),
        node("print", "code", language="python", mode="all-items", code=code),
    )
    document["edges"][1]["sourceHandle"] = "loop"
    document["edges"].append({"source": "print", "target": "loop"})
    return document


async def test_the_log_tells_tries_iterations_prints_and_called_executions(runtime: Runtime) -> None:
    await create(runtime, chain(node("start", "manual-trigger"), edit("done", yes="yes")), "called")
    view = await execute(runtime, await create(runtime, looping()), [{"n": 1}, {"n": 2}])
    assert view["status"] == "success", view["error"]

    log = await runtime.views.log(COMMAND_LINE, view["id"])
    runs = {(run["node"], tuple(run["scope"])): run for run in log["runs"]}
    assert runs["start", ()]["received"] == 0
    assert (runs["loop", ()]["received"], runs["loop", ()]["items"]) == (2, {"done": 2})
    assert runs["print", ("loop:1",)]["received"] == 1
    assert [key for key, run in runs.items() if run["printed"]] == [
        ("print", ("loop:0",)),
        ("print", ("loop:1",)),
    ]
    assert all("stdout" not in run for run in log["runs"])
    assert log["labels"] == {"start": "start", "loop": "loop", "call": "call", "print": "print"}
    assert [(child["node"], child["scope"], child["status"]) for child in log["children"]] == [
        ("call", ["loop:0"], "success"),
        ("call", ["loop:1"], "success"),
    ]


async def test_the_log_goes_on_where_it_was_read_to(runtime: Runtime) -> None:
    workflow = await create(runtime, chain(node("start", "manual-trigger"), edit("a"), edit("b")))
    view = await execute(runtime, workflow)
    first = await runtime.views.log(COMMAND_LINE, view["id"], limit=2)
    assert (first["more"], [run["node"] for run in first["runs"]]) == (True, ["start", "a"])
    fence, _, number = first["position"].partition(".")
    rest = await runtime.views.log(COMMAND_LINE, view["id"], after=(int(fence), int(number)), limit=2)
    assert (rest["more"], [run["node"] for run in rest["runs"]]) == (False, ["b"])
    assert "labels" not in rest
    with pytest.raises(NotFound):
        await runtime.views.log(COMMAND_LINE, "missing")


async def test_totals_name_every_status(runtime: Runtime) -> None:
    workflow = await create(runtime, chain(node("start", "manual-trigger")))
    await execute(runtime, workflow)
    totals = await runtime.views.totals(COMMAND_LINE, ExecutionFilter(workflow_id=workflow.record.id))
    assert totals == {"queued": 0, "running": 0, "waiting": 0, "success": 1, "error": 0, "cancelled": 0}


async def test_pinned_items_of_the_trigger_start_a_run_from_the_editor(runtime: Runtime) -> None:
    document = chain(node("start", "manual-trigger"), edit("a"))
    document["nodes"][0]["data"]["pinned"] = [{"n": 1}, {"n": 2}]
    workflow = await create(runtime, document)
    counts = []
    for data, pinned in ((None, True), (None, False), ([{}, {}, {}], True)):
        view = await execute(runtime, workflow, data, pinned=pinned)
        counts.append(view["node_states"]["start"]["items"]["main"])
    assert counts == [2, 1, 3]


@pytest.mark.parametrize(
    ("key", "caller"),
    [
        ("call:x/n", ("n", [])),
        ("call:x/n/5:0/6:2/1/try 2", ("n", ["5:0", "6:2"])),
        ("call:x/a/b/5:1", ("a/b", ["5:1"])),
        ("call:y/n", None),
        ("error:x", None),
        (None, None),
    ],
)
def test_a_call_key_names_who_called(key: str | None, caller: tuple[str, list[str]] | None) -> None:
    assert caller_of("x", key, ["n", "a", "a/b"]) == caller


def test_a_try_that_will_be_repeated_is_told_live_as_such() -> None:
    event = NodeFinished(
        execution="x",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        node="n",
        status="error",
        milliseconds=1500.0,
        will_retry=True,
    )
    told = live_run(event)
    assert (told["status"], told["started_at"]) == ("retrying", "2025-12-31T23:59:58.500Z")


async def test_an_execution_that_succeeded_runs_anew_as_a_whole(runtime: Runtime) -> None:
    workflow = await create(
        runtime, chain(node("start", "manual-trigger"), edit("a", at="={{ $now.toMillis() }}"))
    )
    first = await execute(runtime, workflow, [{"n": 1}, {"n": 2}])
    again = await runtime.executions.retry(COMMAND_LINE, first["id"])
    assert await runtime.executions.wait(again, 30) is not None
    before, after = [await runtime.views.log(COMMAND_LINE, id_) for id_ in (first["id"], again)]
    assert [run["items"] for run in after["runs"]] == [run["items"] for run in before["runs"]]
    assert after["runs"][-1]["started_at"] > before["runs"][-1]["started_at"]


async def test_notes_have_no_part_in_what_is_told_of_an_execution(runtime: Runtime) -> None:
    document = chain(node("start", "manual-trigger"), edit("done", yes="yes"))
    document["nodes"] += [node("remark", "sticky-note", text="Ask Ada"), edit("apart", no="no")]
    view = await execute(runtime, await create(runtime, document))
    assert view["status"] == "success", view["error"]
    statuses = {id_: state["status"] for id_, state in view["node_states"].items()}
    assert statuses == {"start": "success", "done": "success", "apart": "skipped"}


async def test_a_change_is_told_at_once_unless_another_was_told_just_before(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "COALESCE", 3600.0)
    short = node("short", "wait", resume="after_time", amount=0.3, unit="seconds")
    workflow = await create(runtime, chain(node("start", "manual-trigger"), short, edit("after"), LONG))
    execution = await runtime.executions.execute(COMMAND_LINE, workflow.record.id)
    changes = runtime.views.watch(COMMAND_LINE, execution)
    async with asyncio.timeout(30):
        while (await anext(changes)).kind != "node":
            pass
    await changes.aclose()
    await runtime.executions.cancel(COMMAND_LINE, execution)
