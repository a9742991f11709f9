"""The conversation repository: what people and models said to each other, for the models' next answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from flowstudio.ai.memory import Conversations, spoken, worded
from flowstudio.ai.message import Message
from flowstudio.storage.clock import current_time
from flowstudio.storage.database import Database
from flowstudio.storage.ids import new_id
from flowstudio.storage.records import ChatMessage, ChatSession
from flowstudio.storage.tables import chat_messages, chat_sessions, workflows

KEPT = 2000
"""Messages of a session; older ones go."""
TITLE = 120
"""Characters of the first message that a session is called by."""
TRIES = 5
_sessions, _messages = chat_sessions.c, chat_messages.c


class ConversationRepository(Conversations):
    """Sessions and their messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, workflow: str, session: str, count: int) -> Sequence[Message]:
        """The last messages of a session, oldest first."""
        query = (
            select(_messages.role, _messages.text)
            .join(chat_sessions, _sessions.id == _messages.session_id)
            .where(_place(workflow, session))
            .order_by(_messages.number.desc())
            .limit(count)
        )
        return [spoken(row.role, row.text) for row in reversed(await self._database.rows(query))]

    async def add(
        self, workflow: str, session: str, messages: Sequence[Message], *, collection: str = ""
    ) -> None:
        """Add messages in one transaction. Of two that come at the same time, one is added after the other."""
        said = [(message.role, text) for message in messages if (text := worded(message))]
        if not said:
            return

        def store(connection: Connection) -> None:
            now = current_time(connection)
            found = connection.execute(
                select(_sessions.id, _sessions.messages).where(_place(workflow, session)).with_for_update()
            ).first()
            if found is None:
                id_, number = new_id(), 0
                connection.execute(
                    insert(chat_sessions).values(
                        id=id_,
                        workflow_id=workflow,
                        name=session,
                        title=said[0][1][:TITLE],
                        collection=collection,
                        messages=0,
                        created_at=now,
                        updated_at=now,
                    )
                )
            else:
                id_, number = found.id, found.messages
            rows = [
                {"session_id": id_, "number": number + i, "role": role, "text": text, "created_at": now}
                for i, (role, text) in enumerate(said, 1)
            ]
            connection.execute(insert(chat_messages), rows)
            total = number + len(said)
            connection.execute(
                update(chat_sessions).where(_sessions.id == id_).values(messages=total, updated_at=now)
            )
            connection.execute(
                delete(chat_messages).where(_messages.session_id == id_, _messages.number <= total - KEPT)
            )

        for attempt in range(TRIES):
            try:
                await self._database.write(store)
                return
            except IntegrityError:  # somebody else made the session just now
                if attempt == TRIES - 1:
                    raise

    async def sessions(
        self, workflow: str | None, *, before: tuple[datetime, str] | None = None, limit: int = 50
    ) -> list[ChatSession]:
        """Sessions, of one workflow or of all, the last used first; those after the one that `before` names."""
        conditions: list[ColumnElement[bool]] = []
        if workflow is not None:
            conditions.append(_sessions.workflow_id == workflow)
        if before is not None:
            at, id_ = before
            conditions.append(
                or_(_sessions.updated_at < at, and_(_sessions.updated_at == at, _sessions.id < id_))
            )
        query = (
            _listed()
            .where(*conditions)
            .order_by(_sessions.updated_at.desc(), _sessions.id.desc())
            .limit(limit)
        )
        return [_session(row) for row in await self._database.rows(query)]

    async def session(self, id_: str) -> ChatSession | None:
        """One session."""
        row = await self._database.first(_listed().where(_sessions.id == id_))
        return _session(row) if row is not None else None

    async def collection(self, workflow: str, session: str) -> str:
        """The collection in which a session is remembered by meaning; empty where it is not."""
        row = await self._database.first(select(_sessions.collection).where(_place(workflow, session)))
        return str(row.collection) if row is not None else ""

    async def messages(self, id_: str, *, before: int | None = None, limit: int = 100) -> list[ChatMessage]:
        """Messages of a session, oldest first: the last ones, or the last before a number."""
        conditions = [_messages.session_id == id_]
        if before is not None:
            conditions.append(_messages.number < before)
        query = select(chat_messages).where(*conditions).order_by(_messages.number.desc()).limit(limit)
        rows = reversed(await self._database.rows(query))
        return [ChatMessage(row.number, row.role, row.text, row.created_at) for row in rows]

    async def clear(self, id_: str) -> bool:
        """Delete a session with all that was said; whether there was one."""

        def remove(connection: Connection) -> bool:
            return bool(connection.execute(delete(chat_sessions).where(_sessions.id == id_)).rowcount)

        return await self._database.write(remove)

    async def forget_since(self, workflow: str, session: str, at: datetime) -> None:
        """Forget what was said in a session since a time, as when a message is taken back."""

        def remove(connection: Connection) -> None:
            ids = select(_sessions.id).where(_place(workflow, session))
            connection.execute(
                delete(chat_messages).where(_messages.session_id.in_(ids), _messages.created_at >= at)
            )

        await self._database.write(remove)

    async def unused_since(self, before: datetime, limit: int = 500) -> list[ChatSession]:
        """Sessions that nobody used since a time."""
        query = _listed().where(_sessions.updated_at < before).limit(limit)
        return [_session(row) for row in await self._database.rows(query)]


def _place(workflow: str, session: str) -> ColumnElement[bool]:
    return and_(_sessions.workflow_id == workflow, _sessions.name == session)


def _listed() -> Any:
    size = func.coalesce(workflows.c.name, "").label("workflow_name")
    return select(chat_sessions, size).outerjoin(workflows, workflows.c.id == _sessions.workflow_id)


def _session(row: Any) -> ChatSession:
    return ChatSession(
        id=row.id,
        workflow_id=row.workflow_id,
        workflow_name=row.workflow_name,
        name=row.name,
        title=row.title,
        messages=row.messages,
        collection=row.collection,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
