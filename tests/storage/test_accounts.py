"""The account repository."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from flowstudio.errors import Conflict, NotFound
from flowstudio.storage import Storage
from flowstudio.storage.records import Role, User
from tests.storage.samples import NOON


async def add(storage: Storage, email: str = "Ann@Example.org", role: Role = "editor") -> User:
    return await storage.accounts.create_user(email=email, name="Ann", role=role, password_hash="hash")


async def test_an_account_is_found_by_its_address_in_any_case(storage: Storage) -> None:
    user = await add(storage, " Ann@Example.org ")
    assert user.email == "Ann@Example.org"
    assert await storage.accounts.user_by_email("aNN@example.ORG") == user
    assert await storage.accounts.user(user.id) == user
    assert await storage.accounts.users() == [user]


async def test_addresses_that_differ_in_case_only_are_one(storage: Storage) -> None:
    await add(storage, "straße@example.org")
    with pytest.raises(Conflict, match=r"STRASSE@EXAMPLE\.ORG"):
        await add(storage, "STRASSE@EXAMPLE.ORG")


async def test_of_many_set_ups_at_the_same_time_one_makes_the_owner(storage: Storage, other: Storage) -> None:
    assert not await storage.accounts.has_owner()
    results = await asyncio.gather(
        *(add((storage, other)[i % 2], f"owner{i}@example.org", "owner") for i in range(10)),
        return_exceptions=True,
    )
    [owner] = [result for result in results if isinstance(result, User)]
    assert all(isinstance(result, (User, Conflict)) for result in results)
    assert await storage.accounts.owner() == owner
    assert await storage.accounts.has_owner()
    assert len(await storage.accounts.users()) == 1


async def test_nobody_becomes_a_second_owner(storage: Storage) -> None:
    await add(storage, "owner@example.org", "owner")
    user = await add(storage)
    with pytest.raises(Conflict, match="owner"):
        await storage.accounts.update_user(user.id, role="owner")
    with pytest.raises(Conflict, match="e-mail"):
        await storage.accounts.update_user(user.id, email="OWNER@example.org")


async def test_what_is_given_changes_and_the_rest_stays(storage: Storage) -> None:
    user = await add(storage)
    changed = await storage.accounts.update_user(user.id, name="Bea", email="Bea@example.org")
    assert (changed.name, changed.email, changed.role) == ("Bea", "Bea@example.org", "editor")
    assert await storage.accounts.user_by_email("bea@EXAMPLE.org") == changed
    assert await storage.accounts.user_by_email("ann@example.org") is None
    with pytest.raises(NotFound):
        await storage.accounts.update_user("nothing", name="x")


async def test_sessions_are_found_extended_and_ended(storage: Storage) -> None:
    user = await add(storage)
    for name in ("one", "two", "three"):
        await storage.accounts.create_session(name, user.id, NOON)
    await storage.accounts.extend_session("one", NOON + timedelta(days=1))
    found = await storage.accounts.session("one")
    assert found is not None
    assert (found[0].expires_at, found[1]) == (NOON + timedelta(days=1), user)
    assert await storage.accounts.prune_sessions(NOON) == 2
    await storage.accounts.delete_session("one")
    assert await storage.accounts.session("one") is None
    await storage.accounts.create_session("four", user.id, NOON)
    assert await storage.accounts.delete_sessions(user.id) == 1


async def test_keys_are_found_by_their_hash_and_revoked(storage: Storage) -> None:
    user, stranger = await add(storage), await add(storage, "b@example.org")
    key = await storage.accounts.create_key("CI", "fs_abcd", "hash", user.id, expires_at=NOON)
    assert await storage.accounts.key("hash") == (key, user)
    assert (key.prefix, key.expires_at, key.last_used_at, key.revoked_at) == ("fs_abcd", NOON, None, None)
    await storage.accounts.touch_key(key.id, NOON)
    assert await storage.accounts.revoke_key(key.id)
    assert not await storage.accounts.revoke_key(key.id)
    [known] = await storage.accounts.keys(user.id)
    assert known.last_used_at == NOON
    assert known.revoked_at is not None
    assert await storage.accounts.keys(stranger.id) == []
    assert len(await storage.accounts.keys()) == 1


async def test_a_deleted_account_takes_sessions_and_keys_along(storage: Storage) -> None:
    user = await add(storage)
    await storage.accounts.create_session("token", user.id, NOON)
    await storage.accounts.create_key("CI", "fs_abcd", "hash", user.id)
    assert await storage.accounts.delete_user(user.id)
    assert await storage.accounts.session("token") is None
    assert await storage.accounts.key("hash") is None
    assert not await storage.accounts.delete_user(user.id)


async def test_hashes_do_not_show_when_records_are_printed(storage: Storage) -> None:
    user = await storage.accounts.create_user(email="a@b.c", name="A", role="viewer", password_hash="s3cret")
    key = await storage.accounts.create_key("CI", "fs_abcd", "s3cret", user.id)
    assert "s3cret" not in f"{user!r} {key!r}"
