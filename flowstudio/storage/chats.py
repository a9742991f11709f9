"""The chat repository: chats as people see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from flowstudio.engine.item import Json
from flowstudio.errors import Conflict
from flowstudio.storage.clock import current_time
from flowstudio.storage.database import Database
from flowstudio.storage.ids import new_id
from flowstudio.storage.records import ChatThread, ChatTurn, ThreadKind, TurnStatus
from flowstudio.storage.tables import chat_threads, chat_turns

TITLE = 120
"""Characters of the first message that a chat is called by."""
_threads, _turns = chat_threads.c, chat_turns.c

OPEN = ("running", "waiting")
"""Of turns that are not answered yet."""


class ChatRepository:
    """Threads and their turns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def thread(self, workflow: str, name: str) -> ChatThread | None:
        """A chat by the name of its session."""
        row = await self._database.first(
            select(chat_threads).where(_threads.workflow_id == workflow, _threads.name == name)
        )
        return _thread(row) if row is not None else None

    async def threads(
        self,
        workflow: str,
        kind: ThreadKind | None = None,
        owner: str | None = None,
        *,
        before: tuple[datetime, str] | None = None,
        limit: int = 50,
    ) -> list[ChatThread]:
        """Chats of a workflow, the last used first; those after the one that `before` names."""
        query = select(chat_threads).where(_threads.workflow_id == workflow)
        if kind is not None:
            query = query.where(_threads.kind == kind)
        if owner is not None:
            query = query.where(_threads.owner == owner)
        if before is not None:
            at, id_ = before
            query = query.where(
                or_(_threads.updated_at < at, and_(_threads.updated_at == at, _threads.id < id_))
            )
        query = query.order_by(_threads.updated_at.desc(), _threads.id.desc()).limit(limit)
        return [_thread(row) for row in await self._database.rows(query)]

    async def kind(self, thread: str) -> ThreadKind | None:
        """Where a chat takes place."""
        found: ThreadKind | None = await self._database.scalar(
            select(_threads.kind).where(_threads.id == thread)
        )
        return found

    async def turns(self, thread: str, *, before: int | None = None, limit: int = 100) -> list[ChatTurn]:
        """The last turns of a chat, or the last before a number; oldest first."""
        query = select(chat_turns).where(_turns.thread_id == thread)
        if before is not None:
            query = query.where(_turns.number < before)
        rows = await self._database.rows(query.order_by(_turns.number.desc()).limit(limit))
        return [_turn(row) for row in reversed(rows)]

    async def turn(self, thread: str, number: int) -> ChatTurn | None:
        """One turn."""
        row = await self._database.first(
            select(chat_turns).where(_turns.thread_id == thread, _turns.number == number)
        )
        return _turn(row) if row is not None else None

    async def add(
        self,
        workflow: str,
        name: str,
        kind: ThreadKind,
        owner: str,
        asked: Json,
        execution: str,
        *,
        skipped: int = 0,
        replaces: int | None = None,
    ) -> tuple[ChatThread, ChatTurn]:
        """Add a message, after the last one or in place of one and all that came after it; makes the chat if need be.

        Raises `Conflict` when another message came at the same moment.
        """

        def store(connection: Connection) -> tuple[str, int]:
            now = current_time(connection)
            place = and_(_threads.workflow_id == workflow, _threads.name == name)
            found = connection.execute(
                select(_threads.id, _threads.turns).where(place).with_for_update()
            ).first()
            if found is None:
                id_, last = new_id(), 0
                new = {
                    "id": id_,
                    "workflow_id": workflow,
                    "name": name,
                    "kind": kind,
                    "owner": owner,
                    "title": title_of(asked),
                    "turns": 0,
                    "created_at": now,
                    "updated_at": now,
                }
                connection.execute(insert(chat_threads).values(new))
            else:
                id_, last = found.id, found.turns
            if replaces is not None and replaces <= last:
                connection.execute(
                    delete(chat_turns).where(_turns.thread_id == id_, _turns.number >= replaces)
                )
                last = replaces - 1
            turn = {
                "thread_id": id_,
                "number": last + 1,
                "execution_id": execution,
                "skipped": skipped,
                "asked": asked,
                "said": None,
                "status": "running",
                "rating": 0,
                "created_at": now,
                "finished_at": None,
            }
            connection.execute(insert(chat_turns).values(turn))
            changed: Json = {"turns": last + 1, "updated_at": now}
            if last == 0:
                changed["title"] = title_of(asked)
            connection.execute(update(chat_threads).where(_threads.id == id_).values(changed))
            return id_, last + 1

        try:
            id_, number = await self._database.write(store)
        except IntegrityError as error:
            raise Conflict("Another message of this chat came at the same moment; send it again.") from error
        thread, turn = await self.thread(workflow, name), await self.turn(id_, number)
        if thread is None or turn is None:
            raise Conflict("The chat was cleared meanwhile; send the message again.")
        return thread, turn

    async def settle(self, thread: str, number: int, status: TurnStatus, said: Json) -> None:
        """Note the answers to a message, unless they are noted."""

        def store(connection: Connection) -> None:
            connection.execute(
                update(chat_turns)
                .where(_turns.thread_id == thread, _turns.number == number, _turns.status.in_(OPEN))
                .values(status=status, said=said, finished_at=current_time(connection))
            )

        await self._database.write(store)

    async def remove_turn(self, thread: str, number: int) -> None:
        """Take back a message that nothing was started for; a chat without any is removed."""

        def remove(connection: Connection) -> None:
            connection.execute(delete(chat_turns).where(_turns.thread_id == thread, _turns.number == number))
            if number == 1:
                connection.execute(delete(chat_threads).where(_threads.id == thread))
            else:
                connection.execute(update(chat_threads).where(_threads.id == thread).values(turns=number - 1))

        await self._database.write(remove)

    async def rate(self, thread: str, number: int, rating: int) -> bool:
        """Note what somebody thinks of an answer; whether there is such a turn."""

        def store(connection: Connection) -> bool:
            place = and_(_turns.thread_id == thread, _turns.number == number)
            return bool(connection.execute(update(chat_turns).where(place).values(rating=rating)).rowcount)

        return await self._database.write(store)

    async def clear(self, thread: str) -> None:
        """Delete a chat."""

        def remove(connection: Connection) -> None:
            connection.execute(delete(chat_threads).where(_threads.id == thread))

        await self._database.write(remove)

    async def prune(self, before: datetime, keep: int) -> None:
        """Delete chats that nobody used since a time, and the least recently used ones beyond so many."""
        newest = select(_threads.updated_at).order_by(_threads.updated_at.desc())

        def remove(connection: Connection) -> None:
            last = connection.scalar(newest.limit(1).offset(keep - 1))
            since = before if last is None else max(before, last)
            connection.execute(delete(chat_threads).where(_threads.updated_at < since))

        await self._database.write(remove)


def title_of(asked: Json) -> str:
    """What a chat is called that begins with this message."""
    words = " ".join(str(asked.get("text", "")).split())
    names = ", ".join(str(file["name"]) for file in asked.get("files", ()))
    return (words or names)[:TITLE]


def _thread(row: Any) -> ChatThread:
    return ChatThread(**row._mapping)


def _turn(row: Any) -> ChatTurn:
    return ChatTurn(**row._mapping)
