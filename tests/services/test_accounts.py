from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from flowstudio.config import Settings
from flowstudio.errors import (
    ConfigurationError,
    Conflict,
    FlowStudioError,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unauthorized,
)
from flowstudio.services import accounts as module
from flowstudio.services.accounts import REMEMBERED, SESSION_LIFE, AccountService, token_hash
from flowstudio.services.callers import COMMAND_LINE, Caller
from flowstudio.storage import Storage
from flowstudio.storage.records import Role

PASSWORD = "correct horse battery"


class Clock:
    """Both clocks of the service, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.begin = datetime.now(UTC)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.begin + timedelta(seconds=self.seconds - 1000)

    def forward(self, **time: float) -> None:
        self.seconds += timedelta(**time).total_seconds()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    opened = await Storage.open(Settings(data_dir=tmp_path))
    yield opened
    await opened.close()


def service(storage: Storage, clock: Clock, **settings: Any) -> AccountService:
    return AccountService(storage, Settings(**settings), clock=clock.monotonic, now=clock.now)


@pytest.fixture
async def accounts(storage: Storage, clock: Clock) -> AccountService:
    return service(storage, clock)


@pytest.fixture
async def owner(accounts: AccountService) -> Caller:
    await accounts.create_owner("Ada", "ada@example.com", PASSWORD)
    return await accounts.act_for(None)


async def member(accounts: AccountService, owner: Caller, role: Role, name: str = "Bob") -> Caller:
    await accounts.create_user(owner, name, f"{name.lower()}@example.com", PASSWORD, role)
    return await accounts.act_for(f"{name.lower()}@example.com")


def content(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def test_set_up_is_needed_until_there_is_an_owner(accounts: AccountService) -> None:
    assert await accounts.setup_needed()
    user = await accounts.create_owner(" Ada ", " Ada@Example.com ", PASSWORD)
    assert (user.name, user.email, user.role) == ("Ada", "Ada@Example.com", "owner")
    assert not await accounts.setup_needed()
    with pytest.raises(Conflict, match="set up already"):
        await accounts.create_owner("Eve", "eve@example.com", PASSWORD)


async def test_of_many_set_ups_at_the_same_time_one_wins(accounts: AccountService) -> None:
    tries = [accounts.create_owner(f"U{n}", f"u{n}@example.com", PASSWORD) for n in range(6)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(isinstance(result, Conflict) for result in results if isinstance(result, BaseException))


@pytest.mark.parametrize(
    ("name", "email", "password", "culprit"),
    [
        ("", "a@b.c", PASSWORD, "name"),
        ("x\ny", "a@b.c", PASSWORD, "name"),
        ("Ada", "nonsense", PASSWORD, "'nonsense' is not an e-mail"),
        ("Ada", "a b@c.d", PASSWORD, "not an e-mail"),
        ("Ada", "a@b.c", "short", "5 characters"),
    ],
)
async def test_a_bad_account_is_refused_by_name(
    accounts: AccountService, name: str, email: str, password: str, culprit: str
) -> None:
    with pytest.raises(InvalidRequest, match=culprit):
        await accounts.create_owner(name, email, password)
    assert await accounts.setup_needed()


async def test_the_settings_make_the_owner_once(storage: Storage, clock: Clock) -> None:
    settings = {"owner_email": "ada@example.com", "owner_password": SecretStr(PASSWORD)}
    await service(storage, clock, **settings).create_configured_owner()
    again = service(storage, clock, owner_email="eve@example.com", owner_password=SecretStr(PASSWORD))
    await again.create_configured_owner()
    assert (await again.act_for(None)).email == "ada@example.com"


@pytest.mark.parametrize(
    "settings",
    [
        {"owner_email": "ada@example.com"},
        {"owner_password": SecretStr(PASSWORD)},
        {"owner_email": "ada@example.com", "owner_password": SecretStr("short")},
    ],
)
async def test_a_bad_owner_in_the_settings_names_the_variable(
    storage: Storage, clock: Clock, settings: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match="FLOWSTUDIO_OWNER_PASSWORD"):
        await service(storage, clock, **settings).create_configured_owner()


async def test_a_session_says_who_has_it_until_they_sign_out(accounts: AccountService, owner: Caller) -> None:
    token = await accounts.sign_in(" ADA@example.com", PASSWORD, client="c")
    caller = await accounts.identify_session(token)
    assert caller is not None
    assert (caller.user_id, caller.role, caller.via) == (owner.user_id, "owner", "session")
    assert await accounts.identify_session_hash(token_hash(token)) == caller
    await accounts.sign_out(token)
    assert await accounts.identify_session(token) is None


async def test_tokens_are_not_stored(accounts: AccountService, owner: Caller, tmp_path: Path) -> None:
    token = await accounts.sign_in("ada@example.com", PASSWORD, client="c")
    _, key = await accounts.create_key(owner, "deploy")
    assert len(token) >= 43
    stored = await asyncio.to_thread(content, tmp_path)
    assert token_hash(token).encode() in stored
    assert token.encode() not in stored
    assert key.encode() not in stored
    assert PASSWORD.encode() not in stored


async def test_a_session_ends_two_weeks_after_its_last_use(
    accounts: AccountService, owner: Caller, clock: Clock
) -> None:
    token = await accounts.sign_in("ada@example.com", PASSWORD, client="c")
    for _ in range(3):
        clock.forward(days=SESSION_LIFE.days - 1)
        assert await accounts.identify_session(token) is not None
    clock.forward(days=SESSION_LIFE.days, seconds=REMEMBERED)
    assert await accounts.identify_session(token) is None


async def test_an_identification_is_remembered_for_seconds_only(
    accounts: AccountService, owner: Caller, clock: Clock, storage: Storage
) -> None:
    token = await accounts.sign_in("ada@example.com", PASSWORD, client="c")
    assert await accounts.identify_session(token) is not None
    await storage.accounts.delete_session(token_hash(token))
    assert await accounts.identify_session(token) is not None
    clock.forward(seconds=REMEMBERED)
    assert await accounts.identify_session(token) is None


async def test_what_is_remembered_is_bounded(
    accounts: AccountService, owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    for _ in range(8):
        await accounts.identify_session(await accounts.open_session(owner.user_id))
    assert len(accounts._known) <= 3


async def test_unknown_addresses_and_wrong_passwords_get_the_same_words(
    accounts: AccountService, owner: Caller
) -> None:
    words = []
    for email in ("ada@example.com", "nobody@example.com"):
        with pytest.raises(Unauthorized) as refused:
            await accounts.sign_in(email, "wrong password", client="c")
        words.append(str(refused.value))
    assert words[0] == words[1]


async def test_guessing_is_slowed_down_for_a_client_but_the_owner_gets_in_from_elsewhere(
    accounts: AccountService, owner: Caller, clock: Clock
) -> None:
    for _ in range(5):
        with pytest.raises(Unauthorized):
            await accounts.sign_in("ada@example.com", "guess guess", client="attacker")
    with pytest.raises(RateLimited) as limited:
        await accounts.sign_in("ada@example.com", PASSWORD, client="attacker")
    assert 0 < limited.value.retry_after <= 300
    await accounts.sign_in("ada@example.com", PASSWORD, client="home")
    clock.forward(minutes=5)
    await accounts.sign_in("ada@example.com", PASSWORD, client="attacker")


async def test_guessing_at_many_addresses_is_slowed_down_too(accounts: AccountService, owner: Caller) -> None:
    outcomes = []
    for n in range(25):
        try:
            await accounts.sign_in(f"user{n}@example.com", "guess guess", client="attacker")
        except FlowStudioError as error:
            outcomes.append(type(error))
    assert outcomes == [Unauthorized] * 20 + [RateLimited] * 5


async def test_a_key_acts_for_its_maker_until_it_is_revoked(accounts: AccountService, owner: Caller) -> None:
    bob = await member(accounts, owner, "editor")
    record, key = await accounts.create_key(bob, "deploy")
    assert key.startswith("fs_")
    assert key.startswith(record.prefix)
    caller = await accounts.identify_key(key)
    assert caller is not None
    assert (caller.user_id, caller.role, caller.via) == (bob.user_id, "editor", "api_key")
    assert await accounts.identify_key(key + "x") is None
    assert (await accounts.keys(bob))[0].last_used_at is not None
    await accounts.revoke_key(bob, record.id)
    assert await accounts.identify_key(key) is None
    assert await accounts.keys(bob) == []
    with pytest.raises(NotFound):
        await accounts.revoke_key(bob, record.id)


async def test_keys_of_others_are_seen_and_revoked_by_admins_alone(
    accounts: AccountService, owner: Caller
) -> None:
    bob = await member(accounts, owner, "editor")
    record, _ = await accounts.create_key(owner, "owner's")
    assert await accounts.keys(bob) == []
    with pytest.raises(NotFound):
        await accounts.revoke_key(bob, record.id)
    eve = await member(accounts, owner, "admin", "Eve")
    assert [key.name for key in await accounts.keys(eve)] == ["owner's"]
    await accounts.revoke_key(eve, record.id)


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_only_admins_look_after_people(accounts: AccountService, owner: Caller, role: Role) -> None:
    bob = await member(accounts, owner, role)
    for forbidden in (
        accounts.users(bob),
        accounts.create_user(bob, "X", "x@example.com", PASSWORD, "viewer"),
        accounts.update_user(bob, bob.user_id, role="admin"),
        accounts.delete_user(bob, owner.user_id),
    ):
        with pytest.raises(Forbidden, match=f"{role}.*admin"):
            await forbidden
    assert len(await accounts.users(owner)) == 2


async def test_nobody_becomes_a_second_owner(accounts: AccountService, owner: Caller) -> None:
    bob = await member(accounts, owner, "admin")
    with pytest.raises(InvalidRequest, match="one owner"):
        await accounts.create_user(owner, "Eve", "eve@example.com", PASSWORD, "owner")
    with pytest.raises(Conflict, match="one owner"):
        await accounts.update_user(owner, bob.user_id, role="owner")
    with pytest.raises(Conflict, match="one owner"):
        await accounts.update_user(owner, owner.user_id, role="admin")


async def test_an_admin_cannot_touch_the_owner(accounts: AccountService, owner: Caller) -> None:
    bob = await member(accounts, owner, "admin")
    with pytest.raises(Forbidden, match="owner"):
        await accounts.update_user(bob, owner.user_id, password="another password")
    with pytest.raises(Conflict, match="owner"):
        await accounts.delete_user(bob, owner.user_id)
    with pytest.raises(Conflict, match="own"):
        await accounts.delete_user(bob, bob.user_id)
    with pytest.raises(Conflict, match="own role"):
        await accounts.update_user(bob, bob.user_id, role="viewer")


async def test_an_address_has_one_account(accounts: AccountService, owner: Caller) -> None:
    with pytest.raises(Conflict, match=r"ADA@example\.com"):
        await accounts.create_user(owner, "Eve", "ADA@example.com", PASSWORD, "viewer")


async def test_a_changed_role_holds_at_once(accounts: AccountService, owner: Caller) -> None:
    bob = await member(accounts, owner, "editor")
    token = await accounts.open_session(bob.user_id)
    assert (await accounts.identify_session(token) or owner).role == "editor"
    await accounts.update_user(owner, bob.user_id, role="viewer", name="Robert")
    caller = await accounts.identify_session(token)
    assert caller is not None
    assert (caller.role, caller.name) == ("viewer", "Robert")


async def test_a_deleted_account_loses_its_sessions_and_keys(accounts: AccountService, owner: Caller) -> None:
    bob = await member(accounts, owner, "editor")
    token = await accounts.open_session(bob.user_id)
    _, key = await accounts.create_key(bob, "deploy")
    assert await accounts.identify_session(token) is not None
    assert await accounts.identify_key(key) is not None
    await accounts.delete_user(owner, bob.user_id)
    assert await accounts.identify_session(token) is None
    assert await accounts.identify_key(key) is None
    with pytest.raises(NotFound):
        await accounts.delete_user(owner, bob.user_id)


async def test_a_new_password_ends_all_sessions(accounts: AccountService, owner: Caller) -> None:
    token = await accounts.sign_in("ada@example.com", PASSWORD, client="c")
    caller = await accounts.identify_session(token)
    assert caller is not None
    with pytest.raises(Forbidden, match="present password"):
        await accounts.change_password(caller, "wrong password", "another password", client="c")
    await accounts.change_password(caller, PASSWORD, "another password", client="c")
    assert await accounts.identify_session(token) is None
    with pytest.raises(Unauthorized):
        await accounts.sign_in("ada@example.com", PASSWORD, client="c")
    await accounts.sign_in("ada@example.com", "another password", client="c")


async def test_an_admin_resets_a_password(accounts: AccountService, owner: Caller) -> None:
    bob = await member(accounts, owner, "editor")
    token = await accounts.open_session(bob.user_id)
    await accounts.update_user(owner, bob.user_id, password="another password")
    assert await accounts.identify_session(token) is None
    await accounts.sign_in("bob@example.com", "another password", client="c")


async def test_the_command_line_needs_an_account_to_act_for(accounts: AccountService) -> None:
    with pytest.raises(NotFound, match="flowstudio user create"):
        await accounts.act_for(None)
    with pytest.raises(NotFound, match=r"bob@example\.com"):
        await accounts.act_for("bob@example.com")
    assert COMMAND_LINE.may("owner")
