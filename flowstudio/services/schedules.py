"""Schedules: the clock starts the workflows that are switched on.

Invariants
1. Each moment that a schedule is due starts at most one execution, whatever dies and however many processes look at the
   clock: the execution's call key names the moment.
2. `seen_until` moves on only after what was due before it is accepted or left out. After a crash in between, the moment is
   dealt with again, and finds its execution.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from pydantic import ValidationError

from flowstudio.engine.item import Item, Json
from flowstudio.engine.parameters import faults, title_of
from flowstudio.errors import FlowStudioError, NotFound
from flowstudio.nodes.triggers.schedule import Schedule, described
from flowstudio.nodes.triggers.schedule_times import jittered
from flowstudio.services.callers import Caller, require
from flowstudio.services.executions import ExecutionService, StartRequest
from flowstudio.services.workflows import WorkflowService
from flowstudio.storage import Storage
from flowstudio.storage.schedules import Place

log = logging.getLogger(__name__)

LATE = timedelta(seconds=60)
"""What is due longer than this counts as missed: the server was off, or the machine slept."""
CATCH_UP = 1_000
"""Missed runs that are made up for at most, the newest ones."""
PREVIEW = 10


@dataclass(frozen=True, slots=True)
class Armed:
    """A Schedule node of a workflow that is switched on."""

    place: Place
    schedule: Schedule
    timezone: str
    seen_until: datetime

    def due(self, after: datetime, until: datetime | None = None) -> Sequence[datetime]:
        """The first moment after a time, or all up to another."""
        found = self.schedule.due(after, self.timezone, until)
        return list(islice(found, 1)) if until is None else list(islice(found, 100_000))

    def at(self, due: datetime) -> datetime:
        """When to start what is due."""
        return jittered(due, self.schedule.jitter, "/".join(self.place))


class ScheduleService:
    """Fires the schedules of all workflows that are switched on."""

    def __init__(
        self,
        storage: Storage,
        workflows: WorkflowService,
        executions: ExecutionService,
        *,
        timezone: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._storage = storage
        self._workflows = workflows
        self._executions = executions
        self._timezone = timezone
        self._now = now
        self._armed: dict[Place, Armed] = {}
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._reload: asyncio.Task[None] | None = None
        self._stale = asyncio.Event()
        self._lock = asyncio.Lock()
        workflows.on_routes_changed.append(self._stale.set)

    # Life

    async def start(self) -> None:
        """Arm what is switched on, and make up for what was missed."""
        self._scheduler.start()
        await self.reload()
        self._reload = asyncio.create_task(self._keep_armed())

    async def stop(self) -> None:
        """Fire nothing more."""
        if self._reload is not None:
            self._reload.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _keep_armed(self) -> None:
        while True:
            await self._stale.wait()
            try:
                await self.reload()
            except Exception:
                log.exception("reading the schedules failed; it is tried again")
                self._stale.set()
                await asyncio.sleep(1)

    async def reload(self) -> None:
        """Arm the schedules of all workflows that are switched on, as they are published; disarm the others."""
        async with self._lock:
            self._stale.clear()
            seen, now = await self._storage.schedules.seen(), self._now()
            found: dict[Place, Armed] = {}
            for id_ in await self._storage.schedules.active():
                for place, schedule, timezone in await self._schedules_of(id_):
                    found[place] = Armed(place, schedule, timezone, seen.get(place, now))
            new = {place: now for place in found if place not in seen}
            await self._storage.schedules.arm(new, [place for place in seen if place not in found])
            for place in self._armed.keys() - found.keys():
                self._unplan(place)
            self._armed = found
        for armed in found.values():
            await self._tick(armed.place)

    async def _schedules_of(self, id_: str) -> list[tuple[Place, Schedule, str]]:
        try:
            workflow = await self._workflows.production(id_)
        except NotFound:
            return []
        timezone = workflow.document.settings.timezone or self._timezone
        found = []
        for node in workflow.document.nodes:
            if node.type == Schedule.type and not node.data.disabled:
                try:
                    schedule = Schedule.model_validate(node.data.properties)
                except ValueError:
                    log.warning("a schedule cannot be read", extra={"workflow": id_, "node": node.id})
                    continue
                found.append(((id_, node.id), schedule, timezone))
        return found

    # Firing

    async def _tick(self, place: Place) -> None:
        """Deal with what is due, then set the alarm for what is next."""
        try:
            await self.fire(place)
        except Exception:
            log.exception("a schedule failed", extra={"workflow": place[0], "node": place[1]})
            self._plan(place, self._now() + timedelta(seconds=5))
            return
        armed = self._armed.get(place)
        upcoming = armed.due(armed.seen_until) if armed is not None else ()
        if armed is not None and upcoming:
            self._plan(place, armed.at(upcoming[0]))

    def _plan(self, place: Place, at: datetime) -> None:
        self._scheduler.add_job(
            self._tick,
            DateTrigger(at),
            args=[place],
            id="/".join(place),
            replace_existing=True,
            misfire_grace_time=None,
        )

    def _unplan(self, place: Place) -> None:
        if self._scheduler.get_job("/".join(place)) is not None:
            self._scheduler.remove_job("/".join(place))

    async def fire(self, place: Place) -> list[str]:
        """Start what is due by now and not dealt with yet; gives the ids of the executions."""
        armed, now = self._armed.get(place), self._now()
        if armed is None:
            return []
        due = list(takewhile(lambda moment: armed.at(moment) <= now, armed.due(armed.seen_until, now)))
        if not due:
            return []
        late = [moment for moment in due if now - armed.at(moment) > LATE]
        wanted = {"skip": [], "once": late[-1:], "all": late[-CATCH_UP:]}[armed.schedule.missed]
        if len(wanted) < len(late):
            log.warning(
                "scheduled runs were missed",
                extra={"workflow": place[0], "node": place[1], "missed": len(late) - len(wanted)},
            )
        started = []
        for moment in [*wanted, *due[len(late) :]]:
            if armed.schedule.overlap == "skip" and await self._storage.schedules.running(place):
                log.info("a scheduled run is left out: the one before goes on", extra={"workflow": place[0]})
                continue
            started.append(await self._start(armed, moment))
        await self._storage.schedules.move(place, due[-1])
        if self._armed.get(place) is armed:
            self._armed[place] = Armed(place, armed.schedule, armed.timezone, due[-1])
        return started

    async def _start(self, armed: Armed, due: datetime) -> str:
        workflow = await self._workflows.production(armed.place[0])
        local = due.astimezone(armed.schedule.zone(armed.timezone))
        return await self._executions.start(
            StartRequest(
                workflow=workflow,
                mode="schedule",
                node=armed.place[1],
                items=[Item(described(local))],
                call_key=f"schedule/{armed.place[0]}/{armed.place[1]}/{due.isoformat()}",
                alone=armed.schedule.overlap == "queue",
            )
        )

    # Looking

    def next_runs(self) -> Mapping[str, datetime]:
        """When each workflow that is switched on is due next, by its id."""
        found: dict[str, datetime] = {}
        for armed in self._armed.values():
            if upcoming := armed.due(armed.seen_until):
                at = armed.at(upcoming[0])
                found[armed.place[0]] = min(at, found.get(armed.place[0], at))
        return found

    def preview(self, caller: Caller, properties: Json, timezone: str | None = None) -> Json:
        """The rhythm in words and the next moments of a Schedule node with these properties; starts nothing."""
        require(caller, "read")
        try:
            schedule = Schedule.model_validate(properties)
            zone = schedule.zone(timezone or self._timezone)
        except ValidationError as error:
            place, words = faults(error, properties)[0]
            return _unreadable(f"{title_of(Schedule, place)} {words}")
        except FlowStudioError as error:
            return _unreadable(error.message)
        found = islice(schedule.due(self._now(), timezone or self._timezone), PREVIEW)
        return {
            "words": schedule.words(),
            "timezone": str(zone),
            "next": [moment.astimezone(zone).isoformat() for moment in found],
            "problem": None,
        }


def _unreadable(problem: str) -> Json:
    return {"words": "", "timezone": "", "next": [], "problem": problem}
