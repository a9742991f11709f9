"""What runs come to: counted as they end, exactly once, and read fast however many there were."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowstudio.engine.events import ErrorInfo
from flowstudio.engine.outcome import Outcome, Rest
from flowstudio.errors import LeaseLost
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.starting import StartRequest
from flowstudio.storage.records import NewExecution
from flowstudio.storage.statistics import Count, add_counts
from tests.services.conftest import chain, edit, node, start_runtime

TODAY = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


async def test_runs_are_counted_when_they_end_and_outlive_their_executions(runtime: Runtime) -> None:
    good = await runtime.workflows.create(COMMAND_LINE, chain(node("t", "manual-trigger"), edit("a", b="c")))
    bad = await runtime.workflows.create(
        COMMAND_LINE,
        chain(node("t", "manual-trigger"), node("stop", "stop-and-error", message="No"), name="Bad"),
    )
    ids = [
        await runtime.executions.start(StartRequest(workflow=workflow, mode="manual"))
        for workflow in (good, good, bad)
    ]
    for id_ in ids:
        await runtime.executions.wait(id_, 30)
    await runtime.executions.delete(COMMAND_LINE, ids)
    told = await runtime.insights.read(COMMAND_LINE, 7)
    assert (told["total"]["runs"], told["total"]["failures"]) == (3, 1)
    assert [day["runs"] for day in told["days"]] == [0, 0, 0, 0, 0, 0, 3]
    assert [(row["name"], row["runs"], row["failures"]) for row in told["workflows"]] == [
        ("Chain", 2, 0),
        ("Bad", 1, 1),
    ]
    only = await runtime.insights.read(COMMAND_LINE, 7, bad.record.id)
    assert only["total"]["runs"] == 1
    assert only["total"]["p95"] is not None


async def test_what_models_used_counts_once_and_not_for_a_runner_that_lost_its_lease(
    runtime: Runtime,
) -> None:
    document = chain(node("t", "manual-trigger"))
    new = NewExecution(document=document, mode="manual", status="running", owner="me", workflow_id="w")
    await runtime.storage.executions.create(new)
    usage = {"input_tokens": 1200, "output_tokens": 34, "cost": 0.25}
    outcome = Outcome(
        node="t", attempt=1, status="success", outputs={}, started_at=TODAY, finished_at=TODAY, usage=usage
    )
    with pytest.raises(LeaseLost):
        await runtime.storage.executions.journal(new.id, "another", 1).append([outcome])
    rest = Rest(status="error", error=ErrorInfo("x", "No"), finished_at=TODAY)
    await runtime.storage.executions.journal(new.id, "me", 1).append([outcome], rest)
    with pytest.raises(LeaseLost):
        await runtime.storage.executions.journal(new.id, "me", 1).append([outcome], rest)
    told = await runtime.insights.read(COMMAND_LINE, 1, "w", now=TODAY)
    total = told["total"]
    assert (total["runs"], total["failures"]) == (1, 1)
    assert (total["input_tokens"], total["output_tokens"], total["cost"]) == (1200, 34, 0.25)


async def test_a_hundred_thousand_runs_are_read_at_once_with_the_right_percentiles(tmp_path: Path) -> None:
    runtime = await start_runtime(tmp_path / "data")
    chance = random.Random(7)
    took = [chance.lognormvariate(6, 0.5) for _ in range(100_000)]
    counts = [_count(at, milliseconds) for at, milliseconds in enumerate(took)]
    await runtime.storage.database.write(lambda connection: add_counts(connection, counts))
    told, spent = await runtime.insights.read(COMMAND_LINE, 30, now=TODAY), []
    for _ in range(2):
        began = time.process_time()
        told = await runtime.insights.read(COMMAND_LINE, 30, now=TODAY)
        spent.append(time.process_time() - began)
    assert (told["total"]["runs"], told["total"]["failures"]) == (100_000, 1_000)
    took.sort()
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        assert told["total"][name] == pytest.approx(took[int(share * len(took))], rel=0.06)
    assert min(spent) < 1.0
    await runtime.stop()


def _count(at: int, milliseconds: float) -> Count:
    ended = TODAY - timedelta(days=at % 30)
    began = ended - timedelta(milliseconds=milliseconds)
    return Count.of_run(f"w{at // 30 % 10}", began, ended, failed=at % 100 == 0)
