"""The audit log on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from flowstudio.storage import Storage
from flowstudio.storage.records import AuditFilter
from flowstudio.storage.tables import audit_log


async def add(storage: Storage, action: str, subject: str = "", **more: Any) -> None:
    given: dict[str, Any] = {
        "actor_id": "u",
        "actor": "ada@example.com",
        "via": "session",
        "client": "10.0.0.1",
        "subject_id": None,
        "detail": {"role": ["viewer", "editor"]},
    }
    await storage.audit.append(action=action, subject=subject, **given | more)


async def test_entries_come_newest_first_and_in_pages(storage: Storage) -> None:
    for number in range(5):
        await add(storage, "workflow.published", f"w{number}")
    first = await storage.audit.page(AuditFilter(limit=2))
    second = await storage.audit.page(AuditFilter(limit=9, cursor=first[-1].id))
    assert [entry.subject for entry in (*first, *second)] == ["w4", "w3", "w2", "w1", "w0"]
    assert first[0].detail == {"role": ["viewer", "editor"]}


async def test_entries_are_narrowed_down(storage: Storage) -> None:
    await add(storage, "user.created", "bob@example.com")
    await add(storage, "user.password_changed", "Bob_100%", actor_id=None, actor="", client="::1")
    await add(storage, "user_like.created", "Zoe", subject_id="z1")

    async def found(**wanted: Any) -> list[str]:
        return [entry.subject for entry in await storage.audit.page(AuditFilter(**wanted))]

    assert await found(action="user") == ["Bob_100%", "bob@example.com"]
    assert await found(action="user.created") == ["bob@example.com"]
    assert await found(actor_id="u") == ["Zoe", "bob@example.com"]
    assert await found(search="BOB") == ["Bob_100%", "bob@example.com"]
    assert await found(search="b_1") == ["Bob_100%"]
    assert await found(search="0%") == ["Bob_100%"]
    assert await found(search="z1") == ["Zoe"]
    [newest, *_] = await storage.audit.page(AuditFilter())
    assert await found(since=newest.at + timedelta(seconds=1)) == []
    assert len(await found(until=newest.at + timedelta(seconds=1))) == 3


@pytest.mark.parametrize("statement", [update(audit_log).values(actor="eve"), delete(audit_log)])
async def test_the_database_itself_refuses_to_change_an_entry(storage: Storage, statement: Any) -> None:
    await add(storage, "user.deleted", "bob@example.com")
    with pytest.raises(DBAPIError, match="only ever added to"):
        await storage.database.write(lambda connection: connection.execute(statement))
    assert await storage.database.scalar(select(func.count()).select_from(audit_log)) == 1
