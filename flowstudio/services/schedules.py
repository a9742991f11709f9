"""Schedules: the clock starts the workflows that are switched on.

Invariants
1. Each moment that a schedule is due starts at most one execution, whatever dies or freezes and however many processes look
   at the clock: `seen_until` moves beyond the moment in the transaction that stores the execution, and never back.
2. `seen_until` moves on only after what was due before it is accepted or left out.
3. One process at a time sets alarms: the one that holds the lease. The others take over when it is not renewed. The lease
   only spares work; that nothing runs twice follows from the first rule.
4. What is due is decided by the clock of the database. Else a machine with a wrong clock would fire too early, and whoever
   takes over from it would find nothing to do for as long; or it would take what is due for missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from pydantic import ValidationError

from flowstudio.engine import clock
from flowstudio.engine.item import Item, Json
from flowstudio.engine.parameters import faults, title_of
from flowstudio.engine.workflow import load_workflow
from flowstudio.errors import Conflict, FlowStudioError
from flowstudio.nodes.triggers.schedule import Schedule, described
from flowstudio.nodes.triggers.schedule_times import jittered
from flowstudio.services.callers import Caller, require
from flowstudio.services.executions import ExecutionService
from flowstudio.services.starting import StartRequest
from flowstudio.services.workflows import WorkflowService
from flowstudio.storage import Storage
from flowstudio.storage.owners import new_owner
from flowstudio.storage.schedules import Place

log = logging.getLogger(__name__)

LATE = timedelta(seconds=60)
"""What is due longer than this counts as missed: the server was off, or the machine slept."""
CATCH_UP = 1_000
"""Missed runs that are made up for at most, the newest ones."""
PREVIEW = 10
DUTY = "schedules"
LEASE = 6.0
"""Seconds after which another process may fire, when the one that did has been killed or hangs."""
LOOK = 2.0
"""Seconds between two looks at the lease, and at what other processes have switched on or off."""
OVERLAPPING = 1_000
"""Alarms of one schedule that may go off at once: one that is late sets the next for a moment that has passed, before it has
ended itself, and APScheduler would drop that one for good."""
TOLERATED = timedelta(seconds=0.25)
"""By how much the clock of this machine may differ from the database's."""
FIRST_LOOK = 0.5
"""Seconds after the start before many schedules are made up for, planned and read ahead: the server answers first."""
SOON = timedelta(seconds=2)
"""What was due so short a time ago may still be about to start."""


@dataclass(frozen=True, slots=True)
class Clockwork:
    """A Schedule node as it is published."""

    place: Place
    schedule: Schedule
    timezone: str


@dataclass(frozen=True, slots=True)
class Armed:
    """A Schedule node of a workflow that is switched on."""

    clockwork: Clockwork
    seen_until: datetime

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.clockwork.place

    @property
    def schedule(self) -> Schedule:
        """What it says."""
        return self.clockwork.schedule

    def due(self, after: datetime, until: datetime | None = None) -> Sequence[datetime]:
        """The first moment after a time, or all up to another."""
        found = self.schedule.due(after, self.clockwork.timezone, until)
        return list(islice(found, 1)) if until is None else list(islice(found, 100_000))

    def at(self, due: datetime) -> datetime:
        """When to start what is due."""
        return jittered(due, self.schedule.jitter, "/".join(self.place))

    def next_run(self, now: datetime) -> datetime | None:
        """When it starts next, as far as one can say."""
        after = max(self.seen_until, now - SOON - timedelta(seconds=self.schedule.jitter))
        starts = (self.at(due) for due in islice(self.schedule.due(after, self.clockwork.timezone), 1_000))
        return next((at for at in starts if at > now - SOON), None)


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
        self._clock = now
        self._offset = timedelta()
        """What the clock of this machine lacks."""
        self._owner = new_owner()
        self._armed: dict[Place, Armed] = {}
        self._read: dict[str, tuple[str, list[Clockwork]]] = {}
        """By workflow: the hash of what is published, and the schedules in it."""
        self._active: Mapping[str, int | None] | None = None
        self._leads_until = math.inf
        """Until when alarms go off here, by the monotonic clock; one that was not started has nobody beside it."""
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._looking: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._stale = asyncio.Event()
        self._lock = asyncio.Lock()
        workflows.on_routes_changed.append(self._stale.set)
        workflows.next_runs = self.upcoming

    # Life

    async def start(self) -> None:
        """Arm what is switched on; or wait until the process that does has ended. What was missed is made up for from now on."""
        self._scheduler.start()
        self._leads_until = 0.0
        await self._lead()
        ticks = await self._read_anew()
        self._catching_up = asyncio.create_task(self._catch_up(ticks))
        self._looking = asyncio.create_task(self._keep_looking())
        self._warming = asyncio.create_task(self._warm())

    async def stop(self) -> None:
        """Fire nothing more; another process may."""
        if self._looking is not None and self._warming is not None and self._catching_up is not None:
            tasks = [self._looking, self._warming, self._catching_up]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._looking = None
            try:
                await self._storage.leases.give_up(DUTY, self._owner)
            except Exception:
                log.warning("others fire the schedules when the lease has run out; it could not be given up")
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _catch_up(self, places: Collection[Place]) -> None:
        await asyncio.sleep(FIRST_LOOK)
        await self._tick_all(places)

    async def _warm(self) -> None:
        """Read the workflows that are due next before they are."""
        await asyncio.sleep(FIRST_LOOK)
        soonest = sorted(self.next_runs().items(), key=lambda entry: entry[1])
        try:
            await self._workflows.warm(id_ for id_, _ in soonest)
        except Exception:
            log.exception("reading workflows ahead of their time failed")

    @property
    def leads(self) -> bool:
        """Whether alarms go off here."""
        return time.monotonic() < self._leads_until

    async def _keep_looking(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stale.wait(), LOOK)
            try:
                if await self._lead() or self._stale.is_set() or await self._changed_elsewhere():
                    await self.reload()
            except Exception:
                log.exception("reading the schedules failed; it is tried again")
                await asyncio.sleep(1)

    def _now(self) -> datetime:
        return self._clock() + self._offset

    async def compare_clocks(self) -> None:
        """Learn how wrong the clock of this machine is, for the whole process; alarms that were set by another clock are set anew."""
        before = datetime.now(UTC)
        right = await self._storage.leases.now()
        after = datetime.now(UTC)
        offset = right - (before + (after - before) / 2)
        if abs(offset) < TOLERATED:
            offset = timedelta()
        if abs(offset - self._offset) > TOLERATED + (after - before) / 2:
            log.warning("the clock differs from the database's", extra={"seconds": offset.total_seconds()})
            self._offset = offset
            clock.correct(offset)
            self._scheduler.remove_all_jobs()
            self._stale.set()

    async def _lead(self) -> bool:
        """Take the lease or renew it; True when this process begins to lead."""
        await self.compare_clocks()
        led, began = self.leads, time.monotonic()
        holds = await self._storage.leases.hold(DUTY, self._owner, LEASE)
        self._leads_until = began + LEASE if holds else 0.0
        if led and not holds:
            log.warning("another process fires the schedules now")
            self._scheduler.remove_all_jobs()
        return holds and not led

    async def _changed_elsewhere(self) -> bool:
        """Whether other workflows are switched on, or other versions published, than this process knows of."""
        versions = await self._storage.schedules.versions()
        if versions == self._active:
            return False
        await self._workflows.follow(versions)
        return True

    async def reload(self) -> None:
        """Arm the schedules of all workflows that are switched on, as they are published; disarm the others."""
        if self._catching_up is not None and not self._catching_up.done():
            await asyncio.wait([self._catching_up])
        await self._tick_all(await self._read_anew())

    async def _read_anew(self) -> list[Place]:
        """Read what is switched on and published; gives the schedules whose alarms are to be set."""
        async with self._lock:
            self._stale.clear()
            seen, now = await self._storage.schedules.seen(), self._now()
            active = await self._storage.schedules.active()
            await self._read_schedules(active)
            found: dict[Place, Armed] = {}
            for _, clockworks in self._read.values():
                for clockwork in clockworks:
                    found[clockwork.place] = Armed(clockwork, seen.get(clockwork.place, now))
            if self.leads:
                new = {place: now for place in found if place not in seen}
                await self._storage.schedules.arm(new, [place for place in seen if place not in found])
            for place in self._armed.keys() - found.keys():
                self._unplan(place)
            planned = {job.id for job in self._scheduler.get_jobs()}
            changed = [
                place
                for place, armed in found.items()
                if self._armed.get(place) != armed or "/".join(place) not in planned
            ]
            self._armed = found
            self._active = {id_: version for id_, (version, _) in active.items()}
        return changed if self.leads else []

    async def _tick_all(self, places: Collection[Place]) -> None:
        """Together, so that what is due after a pause shares transactions."""
        await asyncio.gather(*(self._tick(place) for place in places))

    async def _read_schedules(self, active: Mapping[str, tuple[int | None, str]]) -> None:
        """Read what is published anew; what is known stays."""
        self._read = {id_: self._read[id_] for id_ in active if id_ in self._read}
        new = {id_: hash_ for id_, (_, hash_) in active.items() if self._read.get(id_, ("",))[0] != hash_}
        documents = await self._storage.schedules.documents(new.values())
        for id_, hash_ in new.items():
            self._read[id_] = (hash_, self._schedules_of(id_, documents.get(hash_, {})))

    def _schedules_of(self, id_: str, raw: Json) -> list[Clockwork]:
        if not any(node.get("type") == Schedule.type for node in raw.get("nodes", ())):
            return []
        document = load_workflow(raw)
        found = []
        for node in document.nodes:
            if node.type == Schedule.type and not node.data.disabled:
                try:
                    schedule = Schedule.model_validate(node.data.properties)
                except ValueError:
                    log.warning("a schedule cannot be read", extra={"workflow": id_, "node": node.id})
                    continue
                timezone = document.settings.timezone or self._timezone
                found.append(Clockwork((id_, node.id), schedule, timezone))
        return found

    # Firing

    async def _tick(self, place: Place) -> None:
        """Deal with what is due, then set the alarm for what is next."""
        if not self.leads:
            return
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
            DateTrigger(at - self._offset),
            args=[place],
            id="/".join(place),
            replace_existing=True,
            misfire_grace_time=None,
            max_instances=OVERLAPPING,
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
        started: list[str] = []
        dealt_with: datetime | None = None
        for moment in [*wanted, *due[len(late) :]]:
            if armed.schedule.overlap == "skip" and await self._storage.schedules.running(place):
                log.info("a scheduled run is left out: the one before goes on", extra={"workflow": place[0]})
                continue
            try:
                started.append(await self._start(armed, moment))
                dealt_with = moment
            except Conflict:
                log.info("another process has dealt with a scheduled run", extra={"workflow": place[0]})
        if dealt_with != due[-1]:
            await self._storage.schedules.move(place, due[-1])
        if self._armed.get(place) is armed:
            self._armed[place] = replace(armed, seen_until=due[-1])
        return started

    async def _start(self, armed: Armed, due: datetime) -> str:
        workflow = await self._workflows.production(armed.place[0])
        local = due.astimezone(armed.schedule.zone(armed.clockwork.timezone))
        return await self._executions.start(
            StartRequest(
                workflow=workflow,
                mode="schedule",
                node=armed.place[1],
                items=[Item(described(local))],
                call_key=f"schedule/{armed.place[0]}/{armed.place[1]}/{due.isoformat()}",
                due=due,
                alone=armed.schedule.overlap == "queue",
            )
        )

    # Looking

    async def upcoming(self, workflows: Collection[str]) -> Mapping[str, datetime]:
        """When workflows are due next, also those that were switched on just now."""
        if self._looking is not None and self._lock.locked():
            async with self._lock:
                pass
        if self._looking is not None and self._stale.is_set():
            await self.reload()
        return self.next_runs(workflows)

    def next_runs(self, workflows: Collection[str] | None = None) -> Mapping[str, datetime]:
        """When workflows that are switched on are due next, by their id: all, or some of them."""
        found: dict[str, datetime] = {}
        now = self._now()
        for (id_, _), armed in self._armed.items():
            if workflows is None or id_ in workflows:
                at = armed.next_run(now)
                if at is not None:
                    found[id_] = min(at, found.get(id_, at))
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
