"""Do everything that goes wrong to many processes at work, and prove that no execution is lost and no finished step repeated.

    python -m bench.chaos --minutes 30        (or `make chaos`; --seed N repeats the choice of faults, --short takes 10 seconds,
                                               --old FOLDER lets every second worker run the older version that is there)

Two servers, three workers and PostgreSQL are started on loopback. Webhooks, schedules of one and two seconds, short and durable
waits, calls that wake, loops, sub-workflows, answers of a streaming model, a workflow with a limit, cancelled executions and
bursts come in, while at random processes are killed, frozen for longer than their lease, asked to stop, cut off from the
database or started with a wrong clock, and the database crashes. Every step calls a counter on loopback, with the process that
made the call and the idempotency key of the step; PostgreSQL notes when each outcome was committed. Afterwards
1. every execution that was accepted has ended, as it should;
2. no step was called after its outcome was committed; but for the last words of a process that had been frozen, away from
   the database or starved of the processor since before, so that it lost its lease, which nothing can hold back: they carry the
   same idempotency key, and are counted;
3. no step has two outcomes, and no call two executions;
4. every moment of every schedule started one execution, and not before its time; no pause was too short, whatever the clocks said;
5. every execution is counted once in the totals of Insights;
6. whoever watches an execution is told of its end.
Prints its figures and what is wrong, and ends with 1 if something is.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter as Counted
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import uvloop

from bench.callers import Callers
from bench.figures import Figure, percentile
from bench.house import LOST, Process, crash_database
from bench.sink import due, gaps
from bench.turmoil import AFTERMATH, EARLY, FINAL, MIX, PAUSES, PERSIST, NodeRun, Plan, Seen, rhythm
from flowstudio import frontend
from flowstudio.storage.codec import decode, unpack_scope
from scripts import postgres


class Chaos(Callers):
    """One run, from the first start to the last check."""

    async def run(self) -> list[Figure]:
        """Do it all; gives the figures. What is wrong is in `seen.wrong`."""
        await asyncio.to_thread(frontend.build)
        sink = await asyncio.start_server(self.counter.serve, "127.0.0.1", 0, backlog=1024)
        model = await self.model.start()
        await asyncio.to_thread(self.database.__enter__)
        try:
            await self._open(sink.sockets[0].getsockname()[1], model)
            async with httpx.AsyncClient(timeout=20, limits=httpx.Limits(max_connections=400)) as self._http:
                await self._store(sink.sockets[0].getsockname()[1])
                self._say("everything runs")
                await self._rage()
                await self._rest()
                await asyncio.to_thread(self._check)
        finally:
            for task in self._calls:
                task.cancel()
            await asyncio.gather(
                *self._calls, *(process.stop() for process in self.processes), return_exceptions=True
            )
            for process in self.processes:
                if process.proxy is not None:
                    process.proxy.stop()
            await asyncio.to_thread(self.database.__exit__)
            await self.model.stop()
            sink.close()
        return self._figures()

    async def _rage(self) -> None:
        """Load and faults together."""
        until = time.monotonic() + self.plan.seconds
        async with asyncio.TaskGroup() as group:
            group.create_task(self._load(until))
            group.create_task(self._faults(until))

    # Faults

    async def _faults(self, until: float) -> None:
        kinds: dict[str, tuple[int, Callable[[], Awaitable[str]]]] = {
            "worker killed": (4, lambda: self._kill(self.workers)),
            "server killed": (2, lambda: self._kill(self.servers)),
            "worker frozen beyond its lease": (
                3,
                lambda: self._freeze(self.workers, self.plan.lease + self.chance.uniform(1, 5)),
            ),
            "worker frozen for a moment": (
                1,
                lambda: self._freeze(self.workers, self.chance.uniform(0.5, self.plan.lease / 3)),
            ),
            "server frozen": (
                1,
                lambda: self._freeze(self.servers, self.chance.uniform(1, self.plan.lease / 2)),
            ),
            "worker asked to stop": (3, lambda: self._stop(self.workers)),
            "server asked to stop": (1, lambda: self._stop(self.servers)),
            "database crashed": (2, self._crash),
            "connections cut": (3, self._cut),
            "away from the database beyond the lease": (2, self._isolate),
            "wrong clock": (2, self._skew),
            "burst": (2, self._burst),
        }
        firsts = list(self.plan.first)
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(
                    self.chance.expovariate(1 / self.plan.pause) if not firsts else self.plan.pause
                )
                if time.monotonic() > until and not firsts:
                    break
                kind = (
                    firsts.pop(0)
                    if firsts
                    else self.chance.choices(list(kinds), [weight for weight, _ in kinds.values()])[0]
                )
                group.create_task(self._do(kind, kinds[kind][1]))

    async def _do(self, kind: str, fault: Callable[[], Awaitable[str]]) -> None:
        self.seen.faults[kind] += 1
        begin = time.monotonic()
        what = await fault()
        self._say(f"{kind}: {what} ({time.monotonic() - begin:.1f} s)")

    async def _kill(self, among: list[Process]) -> str:
        process = self.chance.choice(among)
        process.signal(signal.SIGKILL, self.chance.uniform(0.2, self.plan.down))
        return process.mark

    async def _freeze(self, among: list[Process], seconds: float) -> str:
        process = self.chance.choice(among)
        mark = process.mark
        await process.freeze(seconds)
        return mark

    async def _stop(self, among: list[Process]) -> str:
        process = self.chance.choice(among)
        process.signal(signal.SIGTERM, self.chance.uniform(0.2, self.plan.down))
        return process.mark

    async def _crash(self) -> str:
        async with self._crashing:
            return await crash_database(self.database, self.chance, self.chance.uniform(0.5, self.plan.down))

    async def _cut(self) -> str:
        some = self.chance.sample(self.processes, self.chance.randint(1, len(self.processes)))
        count = sum(process.proxy.cut() for process in some if process.proxy is not None)
        return f"{count} of {len(some)} processes"

    async def _isolate(self) -> str:
        process = self.chance.choice(self.processes)
        mark = process.mark
        await process.isolate(self.plan.lease + self.chance.uniform(1, 5), cut=self.chance.random() < 0.5)
        return mark

    async def _skew(self) -> str:
        process = self.chance.choice(self.processes)
        process.skew = self.chance.choice((0.0, -1.0, 1.0)) * self.chance.uniform(2, self.plan.skew)
        process.signal(signal.SIGKILL, 0.2)
        return f"{process.mark} by {process.skew:.0f} s from its next start"

    async def _burst(self) -> str:
        for _ in range(self.plan.burst):
            self._call("burst")
        return f"{self.plan.burst} calls"

    # The end

    async def _rest(self) -> None:
        """No more faults; switch the schedules off, and wait until nothing is under way."""
        self._say("no more faults")
        for process in self.processes:
            process.skew = 0.0
        try:
            async with asyncio.timeout(self.plan.patience):
                for number in self.armed:
                    while not self._caught_up(number):  # what is switched off makes up for nothing
                        await asyncio.sleep(0.2)
                    end = time.time() - 3
                    await self._insist("POST", f"/api/workflows/{self.ids[f'clock {number}']}/deactivate/")
                    self.armed[number] = (self.armed[number][0], end)
                while self._calls:
                    await asyncio.wait(list(self._calls))
                self._say("every call is answered")
                while left := await asyncio.to_thread(self._under_way):
                    await asyncio.sleep(0.2)
            self._say("nothing is under way")
        except TimeoutError:
            left = await asyncio.to_thread(self._under_way)
            self.seen.wrong += [
                f"not at its end after {self.plan.patience:.0f} s: {task.get_name()}" for task in self._calls
            ]
            self.seen.wrong += [f"not at rest after {self.plan.patience:.0f} s: {row}" for row in left[:20]]

    def _caught_up(self, number: int) -> bool:
        """Whether a schedule has come to the present."""
        newest = max(self.counter.moments[number], default="")
        return bool(newest) and due(f"/{newest}").timestamp() > time.time() - 5

    def _query(self, sql: str) -> list[Any]:
        with psycopg.connect(self._conninfo("chaos"), autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()

    def _under_way(self) -> list[Any]:
        return self._query(
            "SELECT id, workflow_name, status, owner, lease_until, wake_at, now() FROM executions "
            "WHERE status IN ('queued', 'running', 'waiting')"
        )

    def _check(self) -> None:
        wrong = self.seen.wrong
        rows = self._query(
            "SELECT id, workflow_name, status, error, extract(epoch FROM finished_at) FROM executions"
        )
        statuses = {row[0]: row[2] for row in rows}
        self.seen.statuses = statuses
        ended = {row[0]: row[4] for row in rows}
        errors = {row[0]: f": {decode(bytes(row[3]))}" for row in rows if row[3]}
        names = {row[0]: row[1].removeprefix("Chaos ") for row in rows}
        runs = self._query(
            "SELECT execution_id, node, scope, status, extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM outcomes"
        )
        decided: dict[NodeRun, list[float]] = defaultdict(list)
        for execution, step, scope, status, committed in runs:
            if status in ("success", "error"):
                decided[(execution, step, tuple(unpack_scope(scope)))].append(float(committed))
        self.seen.outcomes = sum(len(times) for times in decided.values())
        wrong += [
            f"{len(times)} outcomes: {run} of {names.get(run[0])}"
            for run, times in decided.items()
            if len(times) > 1
        ]
        of_number: dict[str, set[str]] = defaultdict(set)
        for call in self.counter.calls:
            if names.get(call.run[0]) in MIX or names.get(call.run[0]) == "burst":
                of_number[call.n].add(call.run[0])
        for execution, (name, number, at) in self.seen.accepted.items():
            found = of_number.get(str(number), set())
            id_ = next(iter(found), "") if execution.startswith("call ") else execution
            status = statuses.get(id_)
            fine = ("success", "cancelled") if id_ in self.seen.cancelled else ("success",)
            if status not in fine:
                wrong.append(
                    f"accepted, but ended as {status}: {id_} of {name}, call {number}{errors.get(id_, '')}"
                )
            elif ended[id_] is not None:
                self.seen.took[name].append(float(ended[id_]) - at)
        wrong += [
            f"call {number} ran as {len(found)} executions: {found}"
            for number, found in of_number.items()
            if len(found) > 1
        ]
        wrong += [
            f"ended as {row[2]}: {row[0]} of {row[1]}{errors.get(row[0], '')}"
            for row in rows
            if row[2] not in FINAL or (row[2] == "error" and row[0] not in self.seen.accepted)
        ]
        self._check_calls(decided, names)
        wrong += self.counter.early[:20]
        wrong += self._short_pauses(names)
        for number, (since, until) in self.armed.items():
            moments = self.counter.moments.get(number, {})
            wrong += [
                f"schedule {number} started {len(found)} executions for {moment}"
                for moment, found in moments.items()
                if len(found) > 1
            ]
            fired = [
                datetime.fromisoformat(m.replace("%3A", ":").replace("%2B", "+")).timestamp() for m in moments
            ]
            wrong += self._gaps(number, fired, since, until)
        counted = self._query("SELECT sum(runs) FROM execution_days")[0][0]
        final = sum(status in FINAL for status in statuses.values())
        if counted != final:
            wrong.append(f"{final} executions have ended, Insights counts {counted}")

    def _short_pauses(self, names: dict[str, str]) -> Iterator[str]:
        """Which executions went on before the pause between `a` and `b` was over."""
        first: dict[tuple[str, str], float] = {}
        for call in self.counter.calls:
            first.setdefault(call.run[:2], call.at)
        for (execution, step), at in first.items():
            least = PAUSES.get(names.get(execution, ""), 0.0) if step == "b" else 0.0
            if least and at < first[(execution, "a")] + least - EARLY:
                yield f"paused for {at - first[(execution, 'a')]:.1f} s instead of {least:.1f} s: {execution}"

    @staticmethod
    def _gaps(number: int, fired: list[float], since: float, until: float) -> Iterator[str]:
        """`bench.sink` knows rhythms of 1 to 5 seconds, by number; these are of 1 and 2."""
        return gaps(rhythm(number) - 1, fired, since, until)

    def _check_calls(self, decided: dict[NodeRun, list[float]], names: dict[str, str]) -> None:
        """Which calls came after their step's outcome was committed."""
        again = Counted(call.run for call in self.counter.calls)
        self.seen.repeated = sum(count - 1 for count in again.values())
        absent = {mark: spans for process in self.processes for mark, spans in process.absent.items()}
        lost = {mark: told for process in self.processes for mark, told in process.sayings().items()}
        for call in self.counter.calls:
            committed = min(decided.get(call.run, [float("inf")]))
            if call.at <= committed:
                continue
            spans = absent.get(call.process, [])
            away = any(begin <= committed + 0.5 and call.at <= end + AFTERMATH for begin, end in spans)
            if away or f"{LOST} execution={call.run[0]}" in lost.get(call.process, ""):
                self.seen.zombies += 1
            else:
                self.seen.wrong.append(
                    f"called {call.at - committed:.2f} s after its outcome was stored: {call.run} of {names.get(call.run[0])} by {call.process}"
                )

    def _figures(self) -> list[Figure]:
        seen = self.seen
        every = [seconds for times in seen.took.values() for seconds in times]
        quick = seen.took["plain"]
        faults = ", ".join(f"{count} × {kind}" for kind, count in seen.faults.most_common())
        kinds = Counted(name for name, _, _ in seen.accepted.values())
        return [
            Figure(f"minutes, seed {self.plan.seed}", self.plan.seconds / 60, ""),
            Figure("faults", sum(seen.faults.values()), "", faults),
            Figure(
                "calls accepted",
                len(seen.accepted),
                "",
                ", ".join(f"{c} {k}" for k, c in kinds.most_common()),
            ),
            Figure("calls that had to be repeated", seen.retried, ""),
            Figure("calls never accepted", seen.given_up, "", f"nobody answered for {PERSIST:.0f} s"),
            Figure("executions, by clocks and calls of workflows too", len(seen.statuses), ""),
            Figure("moments of schedules", sum(len(m) for m in self.counter.moments.values()), ""),
            Figure("executions woken by a call", seen.woken, ""),
            Figure("executions cancelled", len(seen.cancelled), ""),
            Figure("executions watched", seen.watched, ""),
            Figure("outcomes of steps", seen.outcomes, ""),
            Figure(
                "steps that had not finished and were repeated",
                seen.repeated,
                "",
                f"{seen.zombies} of them by a process that had been away",
            ),
            Figure("three steps, p50", statistics.median(quick or [0.0]), "s", "from acceptance to the end"),
            Figure("three steps, p99", percentile(quick, 0.99), "s"),
            Figure("the longest of all", max(every, default=0.0), "s"),
            Figure("lost, double or wrong", len(seen.wrong), ""),
        ]


SHORT = Plan(
    seconds=4, servers=1, workers=2, rate=8, clocks=2, burst=30, lease=3, pause=0.8, down=0.5, skew=30, patience=300,
    first=("worker frozen beyond its lease", "burst", "database crashed", "worker killed", "connections cut"),
)  # fmt: skip
"""The form that runs with the tests."""


async def rage(
    plan: Plan, folder: Path, programs: Path, say: Callable[[str], None] = lambda _: None
) -> tuple[list[Figure], Seen]:
    """Do it; gives the figures, and what was seen."""
    made = Chaos(plan, folder, programs, say)
    return await made.run(), made.seen


def main() -> None:
    """Run it, print the figures and what went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--short", action="store_true", help="the form that runs with the tests")
    parser.add_argument(
        "--old", default="", help="a folder with an older version's code, for every second worker"
    )
    parser.add_argument("--keep", type=Path, help="a folder for what the processes say, which stays")
    options = parser.parse_args()
    programs = postgres.provide()
    if programs is None:
        sys.exit(postgres.REMEDY)
    plan = (
        replace(SHORT, seed=options.seed, old=options.old)
        if options.short
        else Plan(seconds=options.minutes * 60, seed=options.seed, old=options.old)
    )
    print(f"seed {plan.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="flowstudio-chaos-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        figures, seen = uvloop.run(rage(plan, folder, programs, lambda text: print(text, flush=True)))
    for figure in figures:
        print(figure, flush=True)
    kinds: dict[str, list[str]] = defaultdict(list)
    for line in seen.wrong:
        kinds[re.sub(r"[0-9.]+", "#", line)[:30]].append(line)
    for lines in kinds.values():
        print(f"{len(lines)} of this kind:", *lines[:20], sep="\n    ")
    sys.exit(1 if seen.wrong else 0)


if __name__ == "__main__":
    main()
