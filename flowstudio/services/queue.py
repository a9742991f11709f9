"""Hints between processes, carried by Procrastinate on the PostgreSQL of the installation.

A hint is the id of an execution that wants a runner. It may be lost, come twice or come too late: the claim in the database
decides who runs an execution, and the reconciler makes missing hints anew. That is why nothing is retried here, and why the
tables of the queue can be thrown away at any time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Final

import psycopg
from procrastinate import App, PsycopgConnector, exceptions
from procrastinate.jobs import Job, Status
from procrastinate.schema import SchemaManager

from flowstudio.engine.workflow import Queue
from flowstudio.errors import ConfigurationError
from flowstudio.services.bus import Messenger
from flowstudio.storage import Storage
from flowstudio.storage.channel import conninfo

log = logging.getLogger(__name__)

SCHEMA: Final = "flowstudio_queue_1"
"""Where the tables of the queue are. Another number for tables of another form: then old and new processes do not share
them, and the reconciler makes hints for whoever is there."""
LOCK: Final = 0x464C4F58
TASK: Final = "run"
PRIORITIES: Final[dict[Queue, int]] = {"interactive": 100, "default": 50, "bulk": 0}
BATCH = 200
"""Hints that are written together."""
CONNECTIONS = 4
"""Connections to the queue that one process has at most."""
POLL = 2.0
"""Seconds after which a worker looks for hints of which it was not told."""
DEAD = 30.0
"""Seconds without a sign of life after which a worker's hints are thrown away."""
LOOK_EVERY = 5.0
"""Seconds after which a worker notices that it may run more, or fewer, at a time."""
AGAIN = 1.0
"""Seconds before a worker that lost the database looks again."""

Carry = Callable[[str], Awaitable[None]]
"""Claims an execution and runs it to rest, if nobody else does."""


class HintQueue:
    """Implements `Dispatcher`: hints the workers of all processes."""

    def __init__(self, storage: Storage, messenger: Messenger) -> None:
        self._executions = storage.executions
        self._messenger = messenger
        self._conninfo = conninfo(storage.database.url)
        self._app = App(
            connector=PsycopgConnector(
                conninfo=self._conninfo,
                kwargs={"options": f"-c search_path={SCHEMA} -c synchronous_commit=off"},
                min_size=1,
                max_size=CONNECTIONS,
            )
        )
        self.hand: Callable[[str, Queue], bool] | None = None
        """Hands an execution to a worker that has room, if there is one."""
        self._hints: dict[str, Queue | None] = {}
        self._due = asyncio.Event()
        self._sent = asyncio.Event()
        self._sent.set()
        self._sending: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Make the tables if need be, and begin to send. Raises `ConfigurationError` when that is not allowed."""
        logging.getLogger("procrastinate").setLevel(logging.ERROR)  # it tells of every hint
        await self._prepare()
        await self._app.open_async()
        self._sending = asyncio.create_task(self._send())

    async def close(self) -> None:
        """Send what is waiting, for a moment; then disconnect."""
        if self._sending is not None:
            await asyncio.wait([asyncio.ensure_future(self._sent.wait())], timeout=2.0)
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        await self._app.close_async()

    async def _prepare(self) -> None:
        try:
            async with await psycopg.AsyncConnection.connect(self._conninfo) as connection:
                await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
                found = await connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (SCHEMA,))
                if await found.fetchone() is None:
                    await connection.execute(f"CREATE SCHEMA {SCHEMA}")
                    await connection.execute(f"SET LOCAL search_path TO {SCHEMA}")
                    await connection.execute(SchemaManager.get_schema())
        except psycopg.errors.InsufficientPrivilege as error:
            raise ConfigurationError(
                f"The database user may not make the schema '{SCHEMA}' for the queue. "
                "Grant it CREATE on the database, once."
            ) from error

    # Hinting

    def submit(self, execution: str, queue: Queue | None = None) -> None:
        """Some worker should claim this execution soon; without a queue, the one that is stored with it counts."""
        if queue is None or self.hand is None or not self.hand(execution, queue):
            self.hint(execution, queue)

    def hint(self, execution: str, queue: Queue | None = None) -> None:
        """The same, by the queue alone."""
        self._hints[execution] = queue
        self._sent.clear()
        self._due.set()

    def cancel(self, execution: str) -> None:
        """Whoever runs this execution should look at its cancel flag now."""
        self._messenger.send("cancel", execution, urgent=True)

    async def flush(self) -> None:
        """Wait until what was submitted is sent, or cannot be."""
        await self._sent.wait()

    async def _send(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            while self._hints:
                few = [(id_, self._hints.pop(id_)) for id_ in list(self._hints)[:BATCH]]
                try:
                    await self._defer(few)
                except Exception:
                    log.exception("hinting workers failed; it is done again soon")
            self._sent.set()

    async def _defer(self, hints: Collection[tuple[str, Queue | None]]) -> None:
        unknown = [id_ for id_, queue in hints if queue is None]
        stored = await self._executions.queues_of(unknown) if unknown else {}
        jobs = [_job(id_, queue or stored.get(id_, "default")) for id_, queue in hints]
        try:
            await self._app.job_manager.batch_defer_jobs_async(jobs)
        except exceptions.AlreadyEnqueued:
            for job in jobs if len(jobs) > 1 else ():
                try:
                    await self._app.job_manager.defer_job_async(job)
                except exceptions.AlreadyEnqueued:
                    continue  # one hint is enough

    # Looking after

    async def tidy(self) -> None:
        """Throw away the hints that workers held which have died."""
        manager = self._app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD):
            await manager.finish_job(job, Status.FAILED, delete_job=True)

    # Working

    async def work(self, carry: Carry, *, queues: Collection[Queue], limit: Callable[[], int]) -> None:
        """Take hints, those of higher priority first, at most `limit` at a time; until cancelled.

        When this ends, what was carried goes on: whoever carries ends it.
        """

        @self._app.task(name=TASK)
        async def run(execution: str) -> None:
            await carry(execution)

        while True:
            allowed = limit()
            working = asyncio.create_task(self._work(queues, allowed))
            try:
                while not working.done() and limit() == allowed:
                    await asyncio.wait([working], timeout=LOOK_EVERY)
            finally:
                working.cancel()
                (ended,) = await asyncio.gather(working, return_exceptions=True)
            if not isinstance(ended, asyncio.CancelledError):
                log.warning("the queue was lost; the worker tries again", extra={"reason": str(ended)})
                await asyncio.sleep(AGAIN)

    async def _work(self, queues: Collection[Queue], limit: int) -> None:
        await self._app.run_worker_async(
            queues=list(queues),
            concurrency=limit,
            fetch_job_polling_interval=POLL,
            abort_job_polling_interval=3600.0,
            shutdown_graceful_timeout=0.0,
            delete_jobs="always",
            install_signal_handlers=False,
            stalled_worker_timeout=DEAD,
        )


def _job(execution: str, queue: Queue) -> Job:
    return Job(
        queue=queue,
        priority=PRIORITIES[queue],
        lock=None,
        queueing_lock=execution,
        task_name=TASK,
        task_kwargs={"execution": execution},
    )
