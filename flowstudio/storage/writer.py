"""Group commit: one thread and one connection write what many tasks wait for, a whole group in one transaction."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from flowstudio.engine.failure import leave_for_later
from flowstudio.errors import ConfigurationError

T = TypeVar("T")

GROUP_LIMIT = 500
"""Pieces of work in one transaction."""
RETRY_WAITS = (0.05, 0.2, 0.8, 2.0)
"""Seconds before each new try after a failure that may pass."""
PASSING_STATES = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03"})
"""PostgreSQL: serialization failure, deadlock, lock not available, the server shuts down or starts."""

Result: TypeAlias = Any
"""What a piece of work gives, or the exception it raises."""


class Work(Protocol):
    """A piece of work. All pieces of one class in a group are handed over together."""

    rank: int
    """Classes with a lower rank go first within a group."""
    retried: bool
    """An earlier try failed in a way that leaves open whether it was committed."""

    @classmethod
    def apply(cls, connection: Connection, works: Sequence[Any], /) -> list[Result]:
        """Do all of them within the open transaction; for each its result, or an exception for its caller.

        A piece that gives an exception must not have changed anything. Raises only when the database fails.
        """


class Call(Generic[T]):
    """Work given by a function. Takes part in the group's transaction, behind a savepoint of its own."""

    rank = 9

    def __init__(self, function: Callable[[Connection], T]) -> None:
        self.function = function
        self.retried = False

    @classmethod
    def apply(cls, connection: Connection, works: Sequence[Call[Any]]) -> list[Result]:
        """Call the functions one after another."""
        results: list[Result] = []
        for work in works:
            savepoint = connection.begin_nested()
            try:
                results.append(work.function(connection))
                savepoint.commit()
            except DBAPIError:
                raise
            except Exception as error:
                savepoint.rollback()
                results.append(error)
        return results


class Alone(Call[T]):
    """Work that must not stand in a transaction, such as a checkpoint."""


class Writer:
    """The thread that writes.

    Invariants: a future is resolved after the commit of its work; work that fails does not fail other work of its group;
    work that was submitted before `close` is done.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[tuple[Work, asyncio.Future[Any]] | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="storage-writer", daemon=True)
        self._thread.start()
        self.groups = 0
        """Transactions so far."""
        self.works = 0
        """Pieces of work so far."""

    async def do(self, work: Work) -> Any:
        """Wait until the work is durable; gives its result. Cancelling the wait does not undo the work."""
        if self._closed:
            raise ConfigurationError("The storage is closed; nothing can be written any more.")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._queue.put((work, future))
        return await future

    async def close(self) -> None:
        """Finish what was submitted, then end the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (entry := self._queue.get()) is not None:
            group = [entry]
            ending = False
            try:
                while len(group) < GROUP_LIMIT:
                    following = self._queue.get_nowait()
                    if following is None:
                        ending = True
                        break
                    group.append(following)
            except Empty:
                pass
            self._finish(group)
            if ending:
                break
        if self._connection is not None:
            self._connection.close()

    def _finish(self, group: list[tuple[Work, asyncio.Future[Any]]]) -> None:
        together = [entry for entry in group if not isinstance(entry[0], Alone)]
        done: list[tuple[asyncio.Future[Any], Result]] = []
        try:
            results = self._commit([work for work, _ in together]) if together else []
            done += [(future, result) for (_, future), result in zip(together, results, strict=True)]
        except Exception as error:
            # One piece may have spoilt the transaction of the others.
            uncertain = isinstance(error, DBAPIError)
            for work, future in together:
                work.retried = work.retried or uncertain
                done.append((future, self._commit_one(work, error if len(together) == 1 else None)))
        for work, future in group:
            if isinstance(work, Alone):
                done.append((future, self._run_alone(work)))
        self._loop.call_soon_threadsafe(_resolve, done)

    def _commit(self, works: Sequence[Work]) -> list[Result]:
        """Write works in one transaction; results in their order."""
        connection = self._connect()
        results: dict[int, Result] = {}
        try:
            with connection.begin():
                for kind in sorted({type(work) for work in works}, key=lambda kind: kind.rank):
                    same = [(i, work) for i, work in enumerate(works) if type(work) is kind]
                    given = kind.apply(connection, [work for _, work in same])
                    results.update(zip((i for i, _ in same), given, strict=True))
        except DBAPIError as error:
            if error.connection_invalidated:
                self._disconnect()
            raise
        self.groups += 1
        self.works += len(works)
        return [results[i] for i in range(len(works))]

    def _commit_one(self, work: Work, error: Exception | None) -> Result:
        """Write one piece, again and again while its failure may pass."""
        for wait in (0.0, *RETRY_WAITS):
            if error is not None and not may_pass(error):
                return error
            time.sleep(wait)
            try:
                return self._commit([work])[0]
            except Exception as caught:
                error = caught
                work.retried = work.retried or isinstance(caught, DBAPIError)
        return error

    def _run_alone(self, work: Alone[Any]) -> Result:
        try:
            with self._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                return work.function(connection)
        except Exception as error:
            return error

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def may_pass(error: Exception) -> bool:
    """Whether doing the same again may work: a lost connection, a deadlock, a locked database."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in PASSING_STATES or state.startswith("08")
    return isinstance(error, OperationalError) and (
        "locked" in str(error.orig) or getattr(error.orig, "sqlite_errorcode", None) is None
    )


leave_for_later(may_pass)


def _resolve(done: list[tuple[asyncio.Future[Any], Result]]) -> None:
    for future, result in done:
        if future.done():
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
