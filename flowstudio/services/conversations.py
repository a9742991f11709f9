"""Conversations that agents remember, for people who look after them."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from flowstudio.ai.documents import Passage
from flowstudio.ai.vectors import Filter
from flowstudio.errors import InvalidRequest, NodeError, NotFound
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.storage import Storage
from flowstudio.storage.records import ChatMessage, ChatSession

log = logging.getLogger(__name__)

CURSOR: Final = r"^[0-9]{1,17}_[0-9a-f-]{1,64}$"
"""What the cursor of a page looks like: when the last session of the page before was used, in microseconds, and its id."""
MEMORIES: Final = 4000
"""Exchanges of a session that are looked through for those of a message that is taken back."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class ConversationService:
    """Lists, shows and clears sessions. Every method checks the caller first."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._audit = Audit(storage)

    async def page(
        self, caller: Caller, workflow: str | None, cursor: str | None, limit: int
    ) -> tuple[list[ChatSession], str | None]:
        """Sessions, the last used first, and the cursor of the next page."""
        require(caller, "read")
        found = await self._storage.conversations.sessions(workflow, before=place_of(cursor), limit=limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        following = cursor_of(last.updated_at, last.id) if last is not None else None
        return found[:limit], following

    async def get(
        self, caller: Caller, id_: str, *, before: int | None = None, limit: int = 100
    ) -> tuple[ChatSession, Sequence[ChatMessage]]:
        """A session and its last messages, or those before a number. Raises `NotFound`."""
        require(caller, "read")
        session = await self._get(id_)
        return session, await self._storage.conversations.messages(id_, before=before, limit=limit)

    async def clear(self, caller: Caller, id_: str) -> None:
        """Forget a session, what is found by meaning included. Raises `NotFound`."""
        require(caller, "edit")
        session = await self._get(id_)
        await self._forget(session)
        await self._audit.record(caller, "conversation.deleted", session.name, id_)

    async def forget_since(self, workflow: str, session: str, at: datetime) -> None:
        """Forget what was said in a session since a time, what is found by meaning included, as when a message is taken back."""
        kept = await self._storage.conversations.collection(workflow, session)
        if kept:
            await self._forget_memories(kept, workflow, session, at)
        await self._storage.conversations.forget_since(workflow, session, at)

    async def _forget_memories(self, name: str, workflow: str, session: str, at: datetime) -> None:
        vectors = self._storage.vectors
        collection = await vectors.collection(name)
        if collection is None:
            return
        where: Filter = {"workflow": [workflow], "session": [session]}
        anywhere = [1.0] + [0.0] * (collection.space.dimensions - 1)
        found = await vectors.search(name, collection.space, anywhere, limit=MEMORIES, where=where)
        since = [memory.source for memory in found if _said_at(memory) >= at]
        if since:
            await vectors.delete(name, {**where, "source": since})

    async def prune(self, before: datetime) -> None:
        """Forget sessions that nobody used since a time."""
        while found := await self._storage.conversations.unused_since(before):
            for session in found:
                await self._forget(session)

    async def _get(self, id_: str) -> ChatSession:
        session = await self._storage.conversations.session(id_)
        if session is None:
            raise NotFound(f"There is no chat session '{id_}'.")
        return session

    async def _forget(self, session: ChatSession) -> None:
        if session.collection:
            where = {"workflow": [session.workflow_id], "session": [session.name]}
            try:
                await self._storage.vectors.delete(session.collection, where)
            except NodeError as error:  # the collection was deleted by hand
                log.info("memories of a session were gone already", extra={"reason": error.message})
        await self._storage.conversations.clear(session.id)


def _said_at(memory: Passage) -> datetime:
    """When it was noted; what says nothing of it is older than everything."""
    try:
        return datetime.fromisoformat(str(memory.metadata.get("at")))
    except ValueError:
        return _EPOCH


def cursor_of(used: datetime, id_: str) -> str:
    """The cursor of a page that ends with what was last used then."""
    return f"{(used - _EPOCH) // _MICROSECOND}_{id_}"


def place_of(cursor: str | None) -> tuple[datetime, str] | None:
    """When the last of the page before was used, and its id. Raises `InvalidRequest`."""
    if cursor is None:
        return None
    if re.fullmatch(CURSOR, cursor) is None:
        raise InvalidRequest(f"'{cursor[:100]}' is not the cursor of a page.")
    at, _, id_ = cursor.partition("_")
    return _EPOCH + int(at) * _MICROSECOND, id_
