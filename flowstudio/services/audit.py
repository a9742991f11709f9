"""Who did what, when: services write it down here, admins read it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Literal, TypeAlias, get_args

from flowstudio.engine.item import Json
from flowstudio.services.callers import Caller, require
from flowstudio.services.live import timestamp
from flowstudio.storage import Storage
from flowstudio.storage.records import AuditEntry, AuditFilter

calling_from: ContextVar[str] = ContextVar("calling_from", default="")
"""Where the request that is served came from."""

Action: TypeAlias = Literal[
    "session.opened",
    "session.refused",
    "session.closed",
    "session.ended",
    "user.created",
    "user.invited",
    "user.invitation_withdrawn",
    "user.joined",
    "user.changed",
    "user.deleted",
    "user.password_changed",
    "user.password_forgotten",
    "key.created",
    "key.revoked",
    "credential.created",
    "credential.changed",
    "credential.connected",
    "credential.deleted",
    "credential.tried",
    "workflow.created",
    "workflow.changed",
    "workflow.published",
    "workflow.unpublished",
    "workflow.activated",
    "workflow.deactivated",
    "workflow.deleted",
    "workflow.restored",
    "execution.started",
    "execution.retried",
    "execution.cancelled",
    "execution.deleted",
    "chat.deleted",
    "chat.read",
    "conversation.deleted",
    "collection.deleted",
    "worker.drained",
    "settings.network_changed",
    "settings.prices_changed",
    "settings.server_changed",
    "settings.mail_tried",
    "settings.encryption_key_rotated",
]
"""Everything that is written down."""
ACTIONS: tuple[Action, ...] = get_args(Action)
KINDS = tuple(dict.fromkeys(action.partition(".")[0] for action in ACTIONS))
"""What actions are done to."""

LONGEST = 500
"""Characters of a name that are kept."""
PAGE = 1000
"""Entries of an export that are read at once."""
COLUMNS = ("at", "actor", "via", "client", "action", "subject", "subject_id", "detail", "id")
RISKY = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that spreadsheets take for a formula."""


class Audit:
    """Writes entries. Never give it a secret, nor a text that a person may have mistyped a secret into."""

    def __init__(self, storage: Storage) -> None:
        self._entries = storage.audit

    async def record(
        self,
        caller: Caller | None,
        action: Action,
        subject: str = "",
        subject_id: str | None = None,
        **detail: Any,
    ) -> None:
        """Write down what a caller did, after it was done; None for somebody who is not signed in."""
        await self._entries.append(
            actor_id=(caller.user_id or None) if caller else None,
            actor=(caller.email or caller.name)[:LONGEST] if caller else "",
            via=caller.via if caller else "",
            client=calling_from.get(),
            action=action,
            subject_id=subject_id,
            subject=subject[:LONGEST],
            detail={name: value for name, value in detail.items() if value is not None},
        )


class AuditService:
    """What admins do with the log: look, and take a copy along. Nobody changes it."""

    def __init__(self, storage: Storage) -> None:
        self._entries = storage.audit

    async def page(self, caller: Caller, wanted: AuditFilter) -> tuple[list[Json], str | None]:
        """Entries, newest first, and the cursor of the next page."""
        require(caller, "admin")
        found = await self._entries.page(wanted)
        following = found[-1].id if len(found) == wanted.limit else None
        return [entry_json(entry) for entry in found], following

    def export(
        self, caller: Caller, wanted: AuditFilter, form: Literal["csv", "json"]
    ) -> AsyncIterator[bytes]:
        """All entries that fit, newest first: as a table, or as one JSON object a line."""
        require(caller, "admin")
        return self._export(replace(wanted, limit=PAGE), form)

    async def _export(self, wanted: AuditFilter, form: Literal["csv", "json"]) -> AsyncIterator[bytes]:
        if form == "csv":
            yield _csv([COLUMNS])
        while True:
            found = [entry_json(entry) for entry in await self._entries.page(wanted)]
            if found and form == "csv":
                yield _csv([tuple(_cell(entry[name]) for name in COLUMNS) for entry in found])
            elif found:
                yield "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in found).encode()
            if len(found) < wanted.limit:
                return
            wanted = replace(wanted, cursor=found[-1]["id"])


def entry_json(entry: AuditEntry) -> Json:
    """An entry as the API gives it."""
    return {
        "id": entry.id,
        "at": timestamp(entry.at),
        "actor": entry.actor,
        "actor_id": entry.actor_id,
        "via": entry.via,
        "client": entry.client,
        "action": entry.action,
        "subject": entry.subject,
        "subject_id": entry.subject_id,
        "detail": entry.detail,
    }


def _cell(value: Any) -> str:
    """A value for a spreadsheet, which must not take a name for a formula."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value or "")
    return f"'{text}" if text.startswith(RISKY) else text


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
