"""Schedules fire: once for each moment, also after the server was off. Time is the test's own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench.always import lateness, prepare
from bench.figures import percentile
from flowstudio.engine import clock as shared_clock
from flowstudio.engine.outcome import Rest
from flowstudio.errors import InvalidWorkflow
from flowstudio.runtime import Runtime
from flowstudio.services import runner
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.claimed import Claimed
from flowstudio.services.schedules import FIRST_LOOK, ScheduleService
from flowstudio.services.workflows import Workflow
from flowstudio.storage.records import ExecutionFilter
from tests.services.conftest import chain, edit, node, start_runtime

NOON = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)


class Watch:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def service(runtime: Runtime, watch: Watch) -> ScheduleService:
    """A second look at the same schedules, by another clock; its alarms are never set."""
    return ScheduleService(runtime.storage, runtime.workflows, runtime.executions, timezone="UTC", now=watch)


async def scheduled(runtime: Runtime, *nodes: Any, active: bool = True, **properties: Any) -> Workflow:
    """A workflow that starts by the clock."""
    await runtime.schedules.stop()  # the real clock is not asked in these tests
    document = chain(
        node("clock", "schedule", **properties), *(nodes or [edit("note", at="={{ $json.timestamp }}")])
    )
    workflow = await runtime.workflows.create(COMMAND_LINE, document)
    return await runtime.workflows.activate(COMMAND_LINE, workflow.record.id) if active else workflow


async def runs(runtime: Runtime, workflow: Workflow) -> list[str]:
    """The moments of the executions so far, oldest first, when all have ended."""
    listed = await runtime.storage.executions.page(ExecutionFilter(workflow_id=workflow.record.id, limit=500))
    found = []
    for execution in reversed(listed):
        await runtime.executions.wait(execution.id, 30)
        ports = await runtime.storage.executions.outputs(execution.id, "clock")
        found.append(ports["main"][0].json["timestamp"])
    return found


HOURLY: dict[str, Any] = {"rules": [{"every": "hours", "interval": 1}]}


async def test_each_moment_starts_one_execution(runtime: Runtime) -> None:
    workflow, watch = await scheduled(runtime, **HOURLY), Watch()
    clock = service(runtime, watch)
    place = (workflow.record.id, "clock")
    await clock.reload()
    assert await clock.fire(place) == []
    watch.now = NOON + timedelta(hours=1)
    assert len(await clock.fire(place)) == 1
    assert await clock.fire(place) == []
    watch.now = NOON + timedelta(hours=2, seconds=3)
    assert len(await clock.fire(place)) == 1
    assert await runs(runtime, workflow) == ["2026-03-28T13:00:00.000+00:00", "2026-03-28T14:00:00.000+00:00"]
    rows, _ = await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id=workflow.record.id))
    assert {row["mode"] for row in rows} == {"schedule"}


async def test_two_processes_that_look_at_the_clock_start_it_once(runtime: Runtime) -> None:
    workflow, watch = await scheduled(runtime, **HOURLY), Watch()
    one, two = service(runtime, watch), service(runtime, watch)
    await one.reload()
    await two.reload()
    watch.now = NOON + timedelta(hours=1)
    place = (workflow.record.id, "clock")
    started = await asyncio.gather(one.fire(place), two.fire(place))
    assert {len(ids) for ids in started} == {1}
    assert started[0] == started[1]
    assert len(await runs(runtime, workflow)) == 1


@pytest.mark.parametrize(("missed", "count"), [("skip", 0), ("once", 1), ("all", 5)])
async def test_what_was_missed_while_the_server_was_off(runtime: Runtime, missed: str, count: int) -> None:
    workflow, watch = await scheduled(runtime, missed=missed, **HOURLY), Watch()
    await service(runtime, watch).reload()
    watch.now = NOON + timedelta(hours=5, minutes=30)
    after = service(runtime, watch)
    await after.reload()
    assert len(await runs(runtime, workflow)) == count
    watch.now = NOON + timedelta(hours=6)
    await after.fire((workflow.record.id, "clock"))
    assert len(await runs(runtime, workflow)) == count + 1


async def test_a_start_does_not_wait_until_what_was_missed_is_made_up_for(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = NOON.replace(year=2096)  # its alarms do not ring
    workflow, watch = await scheduled(runtime, missed="once", **HOURLY), Watch(noon)
    await service(runtime, watch).reload()
    watch.now = noon + timedelta(hours=5, minutes=30)
    begun, held = asyncio.Event(), asyncio.Event()
    production = runtime.workflows.production

    async def slow(id_: str) -> Workflow:
        begun.set()
        await held.wait()
        return await production(id_)

    monkeypatch.setattr(runtime.workflows, "production", slow)
    after = service(runtime, watch)
    async with asyncio.timeout(30):
        await after.start()  # it would never end if it waited
        await begun.wait()
        held.set()
        await after.reload()
    await after.stop()
    assert await runs(runtime, workflow) == ["2096-03-28T17:00:00.000+00:00"]


async def test_a_run_is_left_out_while_the_one_before_goes_on(runtime: Runtime) -> None:
    long = node("long", "wait", resume="on_call")
    workflow, watch = await scheduled(runtime, long, overlap="skip", **HOURLY), Watch()
    clock = service(runtime, watch)
    await clock.reload()
    watch.now = NOON + timedelta(hours=1)
    (first,) = await clock.fire((workflow.record.id, "clock"))
    watch.now = NOON + timedelta(hours=2)
    assert await clock.fire((workflow.record.id, "clock")) == []
    await runtime.executions.cancel(COMMAND_LINE, first)
    await runtime.executions.wait(first, 30)
    watch.now = NOON + timedelta(hours=3)
    assert len(await clock.fire((workflow.record.id, "clock"))) == 1


async def test_a_run_waits_until_the_one_before_is_done(runtime: Runtime) -> None:
    long = node("long", "wait", resume="after_time", amount=50, unit="seconds")
    workflow, watch = await scheduled(runtime, long, overlap="queue", missed="all", **HOURLY), Watch()
    clock = service(runtime, watch)
    await clock.reload()
    watch.now = NOON + timedelta(hours=2)
    first, second = await clock.fire((workflow.record.id, "clock"))
    stored = await runtime.storage.executions.get(second)
    assert stored is not None
    assert stored.status == "queued"
    await runtime.executions.cancel(COMMAND_LINE, first)
    await runtime.executions.wait(first, 30)
    await runtime.executions.cancel(COMMAND_LINE, second)
    await runtime.executions.wait(second, 30)


async def test_runs_in_line_follow_each_other_at_once_also_beside_a_limit_of_the_workflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "RECOVERY", 3600.0)  # it does not look for what nobody told it of
    runtime = await start_runtime(tmp_path / "data")
    await runtime.schedules.stop()
    line = chain(
        node("clock", "schedule", overlap="queue", missed="all", **HOURLY),
        edit("note", a="b"),
        settings={"concurrency": 5},
    )
    workflow, watch = await runtime.workflows.create(COMMAND_LINE, line), Watch()
    await runtime.workflows.activate(COMMAND_LINE, workflow.record.id)
    clock = service(runtime, watch)
    await clock.reload()
    watch.now = NOON + timedelta(hours=4)
    ids = await clock.fire((workflow.record.id, "clock"))
    assert len(ids) == 4
    async with asyncio.timeout(60):
        for id_ in ids:
            await runtime.executions.wait(id_)
    stored = [await runtime.storage.executions.get(id_) for id_ in ids]
    spans = [
        (one.started_at, one.finished_at) for one in stored if one and one.started_at and one.finished_at
    ]
    assert len(spans) == 4
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))
    await runtime.stop()


async def test_a_process_that_wakes_from_a_freeze_starts_nothing_that_another_dealt_with(
    runtime: Runtime,
) -> None:
    long = node("long", "wait", resume="on_call")
    workflow, watch = await scheduled(runtime, long, overlap="skip", **HOURLY), Watch()
    frozen, other = service(runtime, watch), service(runtime, watch)
    await frozen.reload()
    await other.reload()
    place = (workflow.record.id, "clock")
    watch.now = NOON + timedelta(hours=1)
    (first,) = await other.fire(place)
    watch.now = NOON + timedelta(hours=2)
    assert await other.fire(place) == []
    await runtime.executions.cancel(COMMAND_LINE, first)
    await runtime.executions.wait(first, 30)
    watch.now = NOON + timedelta(hours=2, seconds=30)
    assert await frozen.fire(place) == []
    assert len(await runs(runtime, workflow)) == 1


async def test_a_machine_with_a_wrong_clock_fires_by_that_of_the_database(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = await scheduled(runtime, rules=[{"every": "seconds", "interval": 1}])
    ahead = timedelta(seconds=90)

    async def right() -> datetime:
        return datetime.now(UTC) - ahead

    monkeypatch.setattr(runtime.storage.leases, "now", right)
    monkeypatch.setattr(shared_clock, "_lacks", timedelta())  # set back at the end
    clock = ScheduleService(runtime.storage, runtime.workflows, runtime.executions, timezone="UTC")
    began = datetime.now(UTC) - ahead
    await clock.start()
    await fired(runtime, workflow, 2)
    await clock.stop()
    moments = [datetime.fromisoformat(moment) for moment in await runs(runtime, workflow)]
    assert all(began < moment < datetime.now(UTC) - ahead for moment in moments)

    # The same holds for what a step waits for, and for the times that are stored.
    pause = node("pause", "wait", resume="after_time", amount=1, unit="hours")
    made = await runtime.workflows.create(COMMAND_LINE, chain(node("start", "manual-trigger"), pause))
    execution = await runtime.executions.execute(COMMAND_LINE, made.record.id)
    async with asyncio.timeout(30):
        while len(log := await runtime.storage.executions.outcomes(execution)) < 2:  # noqa: ASYNC110  # of the runner
            await asyncio.sleep(0.01)
    slept = log[1]
    until = datetime.now(UTC) - ahead
    assert began < slept.started_at < until
    assert slept.wake_at is not None
    assert began < slept.wake_at - timedelta(hours=1) < until


PROCESS = """
import asyncio, sys
from pathlib import Path
from flowstudio.config import load_settings
from flowstudio.runtime import Runtime

async def main():
    runtime = Runtime(load_settings(data_dir=Path(sys.argv[1]), port=1, database_url=sys.argv[2]))
    await runtime.start()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def start_process(folder: Path, database: str) -> subprocess.Popen[str]:
    """A FlowStudio in a process of its own, without a server."""
    command = [sys.executable, "-c", PROCESS, str(folder), database]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@pytest.mark.postgres
async def test_of_two_processes_one_fires_and_the_other_takes_over_when_it_is_killed(
    tmp_path: Path, migrated_database: str
) -> None:
    process = start_process(tmp_path / "data", migrated_database)
    assert process.stdout is not None
    assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
    runtime = await start_runtime(tmp_path / "data", database_url=migrated_database)
    try:
        assert not runtime.schedules.leads
        document = chain(
            node("clock", "schedule", rules=[{"every": "seconds", "interval": 1}]), edit("x", a="b")
        )
        workflow = await runtime.workflows.create(COMMAND_LINE, document)
        await runtime.workflows.activate(COMMAND_LINE, workflow.record.id)  # the other learns of it
        before = await fired(runtime, workflow, 3)
        assert not runtime.schedules.leads
        process.kill()
        killed = time.monotonic()
        ids = await fired(runtime, workflow, len(before) + 3)
        assert time.monotonic() - killed < 10
        assert runtime.schedules.leads
        ports = [await runtime.storage.executions.outputs(id_, "clock") for id_ in reversed(ids)]
    finally:
        process.kill()
        process.communicate()
        await runtime.stop()
    seconds = [datetime.fromisoformat(given["main"][0].json["timestamp"]) for given in ports]
    assert {later - earlier for earlier, later in pairwise(seconds)} == {timedelta(seconds=1)}


async def fired(runtime: Runtime, workflow: Workflow, count: int) -> list[str]:
    """The ids of the executions, once there are so many."""
    wanted = ExecutionFilter(workflow_id=workflow.record.id, limit=500)
    async with asyncio.timeout(30):
        while (  # noqa: ASYNC110  # other processes tell nothing
            len(found := await runtime.storage.executions.page(wanted)) < count
        ):
            await asyncio.sleep(0.05)
    return [execution.id for execution in found]


async def test_switching_off_and_on_makes_up_for_nothing(runtime: Runtime) -> None:
    workflow, watch = await scheduled(runtime, missed="all", **HOURLY), Watch()
    clock = service(runtime, watch)
    await clock.reload()
    await runtime.workflows.deactivate(COMMAND_LINE, workflow.record.id)
    await clock.reload()
    watch.now = NOON + timedelta(hours=5)
    assert await clock.fire((workflow.record.id, "clock")) == []
    assert clock.next_runs() == {}
    await runtime.workflows.activate(COMMAND_LINE, workflow.record.id)
    await clock.reload()
    assert await runs(runtime, workflow) == []
    assert clock.next_runs() == {workflow.record.id: NOON + timedelta(hours=6)}


async def test_what_is_published_counts_not_the_draft(runtime: Runtime) -> None:
    workflow, watch = await scheduled(runtime, **HOURLY), Watch()
    clock = service(runtime, watch)
    daily = chain(node("clock", "schedule", rules=[{"every": "days", "hour": 23}]), edit("note", a="b"))
    await runtime.workflows.update(COMMAND_LINE, workflow.record.id, daily)
    await clock.reload()
    assert clock.next_runs() == {workflow.record.id: NOON + timedelta(hours=1)}
    await runtime.workflows.publish(COMMAND_LINE, workflow.record.id)
    await clock.reload()
    assert clock.next_runs() == {workflow.record.id: NOON + timedelta(hours=11)}


async def test_a_workflow_with_nothing_but_a_schedule_can_be_switched_on(runtime: Runtime) -> None:
    manual = await runtime.workflows.create(
        COMMAND_LINE, chain(node("start", "manual-trigger"), edit("x", a="b"))
    )
    with pytest.raises(InvalidWorkflow, match="Schedule"):
        await runtime.workflows.activate(COMMAND_LINE, manual.record.id)
    assert (await scheduled(runtime, **HOURLY)).active


async def test_the_real_clock_fires_and_a_restart_arms_again(
    tmp_path: Path, database: dict[str, str]
) -> None:
    runtime = await start_runtime(tmp_path / "data", **database)
    document = chain(node("clock", "schedule", rules=[{"every": "seconds", "interval": 1}]), edit("x", a="b"))
    workflow = await runtime.workflows.create(COMMAND_LINE, document)
    await runtime.workflows.activate(COMMAND_LINE, workflow.record.id)

    [listed] = [each for each in (await runtime.workflows.page(COMMAND_LINE))[0] if each["active"]]
    assert listed["next_run_at"] is not None, "the list tells at once when it runs"
    await ended(runtime, 2)
    await runtime.stop()
    runtime = await start_runtime(tmp_path / "data", **database)
    await ended(runtime, 1)
    await runtime.stop()


async def ended(runtime: Runtime, count: int) -> None:
    """Wait until so many more executions have ended well."""
    rests: asyncio.Queue[str] = asyncio.Queue()
    before = runtime.runner.after_rest
    assert before is not None

    async def after_rest(claimed: Claimed, rest: Rest) -> None:
        await before(claimed, rest)
        rests.put_nowait(rest.status)

    runtime.runner.after_rest = after_rest
    async with asyncio.timeout(30):
        assert [await rests.get() for _ in range(count)] == ["success"] * count


async def test_what_is_due_is_read_ahead_and_starts_without_asking_the_database_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = await start_runtime(tmp_path / "data")
    workflow = await scheduled(runtime, **HOURLY)
    await runtime.stop()
    runtime = await start_runtime(tmp_path / "data")
    warming = runtime.schedules._warming
    assert warming is not None
    await warming

    async def read(*_: object) -> None:
        raise AssertionError("the workflow is read although it was read before")

    monkeypatch.setattr(runtime.storage.workflows, "get", read)
    monkeypatch.setattr(runtime.storage.versions, "get", read)
    watch = Watch(datetime.now(UTC))
    clock = service(runtime, watch)
    await clock.reload()
    watch.now = (watch.now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    assert len(await clock.fire((workflow.record.id, "clock"))) == 1
    await runtime.stop()


async def test_a_schedule_that_is_late_for_its_next_moment_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look takes longer than the second between two moments: the next alarm is due before the last has ended."""
    fire = ScheduleService.fire

    async def slowly(self: ScheduleService, place: Any) -> list[str]:
        started = await fire(self, place)
        await asyncio.sleep(1.1)  # the machine is busy
        return started

    monkeypatch.setattr(ScheduleService, "fire", slowly)
    folder = tmp_path / "data"
    await prepare(folder, 1, 0, lambda _: 1)
    runtime = await start_runtime(folder)
    await ended(runtime, 4)
    await runtime.stop()


async def test_many_schedules_that_are_due_in_the_same_moment_fire_together(tmp_path: Path) -> None:
    """`python -m bench.always` measures that a thousand do within a second; here the machine may be busy."""
    folder = tmp_path / "data"
    await prepare(folder, 30, 0, lambda _: 2)
    runtime = await start_runtime(folder)
    since = time.time() + FIRST_LOOK
    await ended(runtime, 90)
    await runtime.stop()
    late = lateness(folder, since)
    assert len(late) >= 30
    assert percentile(late, 0.99) < 3


def test_a_preview_tells_the_rhythm_and_the_next_ten_moments() -> None:
    made = ScheduleService.__new__(ScheduleService)
    made._clock, made._offset, made._timezone = Watch(), timedelta(), "Europe/Berlin"
    told = made.preview(COMMAND_LINE, {"rules": [{"every": "weeks", "weekdays": ["monday"], "hour": 8}]})
    assert told["words"] == "Every week on Monday at 08:00"
    assert told["next"][0] == "2026-03-30T08:00:00+02:00"
    assert len(told["next"]) == 10
    assert made.preview(COMMAND_LINE, {"timezone": "Mars/Olympus"})["problem"]
