"""Conversations in the database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from flowstudio.ai.message import Media, assistant, user
from flowstudio.storage import Storage
from flowstudio.storage.conversations import KEPT


async def test_what_was_said_is_recalled_in_its_order(storage: Storage) -> None:
    chats = storage.conversations
    await chats.add("w", "s", [user("Hi"), assistant("Hello")])
    await chats.add("w", "s", [user("Look", Media(b"x", "image/png", "cat.png")), assistant("A cat")])
    await chats.add("w", "other", [user("Mine")])
    await chats.add("w2", "s", [user("Elsewhere")])
    assert [(m.role, m.text) for m in await chats.last("w", "s", 3)] == [
        ("assistant", "Hello"),
        ("user", "[cat.png]\nLook"),
        ("assistant", "A cat"),
    ]
    assert await chats.last("w", "nobody", 3) == []


async def test_messages_that_come_at_the_same_time_all_stay(storage: Storage) -> None:
    chats = storage.conversations
    await asyncio.gather(*(chats.add("w", "s", [user(f"q{n}"), assistant(f"a{n}")]) for n in range(8)))
    said = [message.text for message in await chats.last("w", "s", 100)]
    assert sorted(said) == sorted([f"q{n}" for n in range(8)] + [f"a{n}" for n in range(8)])
    assert all(said[i + 1] == f"a{said[i][1:]}" for i in range(0, 16, 2))


async def test_a_session_keeps_its_last_messages(storage: Storage) -> None:
    chats = storage.conversations
    many = [user(str(n)) for n in range(KEPT + 10)]
    await chats.add("w", "s", many)
    (session,) = await chats.sessions("w")
    found = await chats.messages(session.id, limit=KEPT + 100)
    assert (session.messages, len(found), found[0].text) == (KEPT + 10, KEPT, "10")


async def test_sessions_are_listed_read_and_cleared(storage: Storage) -> None:
    chats = storage.conversations
    for name in ("a", "b", "c"):
        await chats.add("w", name, [user(f"I am {name}"), assistant("Hello")], collection="memories")
    await chats.add("w", "a", [user("Again")])
    listed = await chats.sessions(None)
    assert [(s.name, s.title, s.messages) for s in listed] == [
        ("a", "I am a", 3),
        ("c", "I am c", 2),
        ("b", "I am b", 2),
    ]
    assert [s.name for s in await chats.sessions("w", before=(listed[0].updated_at, listed[0].id))] == [
        "c",
        "b",
    ]
    assert [m.text for m in await chats.messages(listed[0].id, before=3, limit=1)] == ["Hello"]
    assert await chats.clear(listed[0].id)
    assert not await chats.clear(listed[0].id)
    assert await chats.last("w", "a", 10) == []
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert {s.name for s in await chats.unused_since(soon)} == {"b", "c"}
    assert await chats.unused_since(datetime.now(UTC) - timedelta(hours=1)) == []
