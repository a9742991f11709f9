"""Encrypted credentials and the rotation of their key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from flowstudio.config import Settings
from flowstudio.errors import ConfigurationError, CredentialError, NotFound
from flowstudio.storage import Storage
from flowstudio.storage import credentials as repository
from flowstudio.storage.records import NewExecution
from flowstudio.storage.tables import credentials
from flowstudio.storage.vault import fingerprint, make_key_file, new_key, read_key_file, replace_key_file
from tests.storage.conftest import make_settings

VALUES = {"token": "s3cret", "host": "example.org"}


async def add(storage: Storage, name: str = "Mail", type_: str = "api-key") -> str:
    return (await storage.credentials.create(name=name, type=type_, values=VALUES, owner_id="me")).id


async def test_values_come_back_to_who_opens_them_and_to_nobody_else(storage: Storage) -> None:
    id_ = await add(storage)
    assert await storage.credentials.open(id_, ["api-key"]) == {**VALUES, "type": "api-key"}
    record = await storage.credentials.get(id_)
    assert record is not None
    assert (record.name, record.type, record.owner_id) == ("Mail", "api-key", "me")
    assert "s3cret" not in repr(record)
    row = await storage.database.first(select(credentials.c.secret))
    assert row is not None
    assert b"s3cret" not in bytes(row.secret)


async def test_another_type_or_an_unknown_credential_is_refused(storage: Storage) -> None:
    id_ = await add(storage)
    with pytest.raises(
        CredentialError, match=r"'Mail' has the type 'api-key'; the node needs basic or oauth"
    ):
        await storage.credentials.open(id_, ["basic", "oauth"])
    with pytest.raises(CredentialError, match="'nothing'"):
        await storage.credentials.open("nothing", [])


async def test_names_and_values_can_be_changed(storage: Storage) -> None:
    id_ = await add(storage)
    assert (await storage.credentials.update(id_, name="Post")).name == "Post"
    assert (await storage.credentials.open(id_, []))["token"] == "s3cret"
    await storage.credentials.update(id_, values={"token": "new"})
    assert await storage.credentials.open(id_, []) == {"token": "new", "type": "api-key"}
    with pytest.raises(NotFound):
        await storage.credentials.update("nothing", name="x")


async def test_credentials_are_listed_by_name_and_deleted(storage: Storage) -> None:
    ids = [await add(storage, name) for name in ("b", "a")]
    assert [record.name for record in await storage.credentials.all()] == ["a", "b"]
    assert await storage.credentials.delete(ids[0])
    assert not await storage.credentials.delete(ids[0])
    assert [record.name for record in await storage.credentials.all()] == ["a"]


async def test_a_database_without_its_key_says_which_one_is_missing(settings: Settings) -> None:
    async with await Storage.open(settings):
        pass
    path = settings.data_dir / "key"
    [name] = (read_key_file(path) or pytest.fail("no key")).fingerprints
    kept = path.read_text()
    path.unlink()
    with pytest.raises(ConfigurationError, match=rf"{name}.*neither .* nor the file {path}"):
        await Storage.open(settings)
    assert not path.exists()
    other = make_key_file(path).fingerprints[0]
    with pytest.raises(ConfigurationError, match=rf"{name}.*{path} holds {other}"):
        await Storage.open(settings)
    path.write_text(kept)
    async with await Storage.open(settings):
        pass


async def test_a_key_from_the_environment_makes_no_file(tmp_path: Path) -> None:
    key = new_key()
    settings = make_settings(tmp_path, encryption_key=key)
    async with await Storage.open(settings) as storage:
        await add(storage)
    assert not (tmp_path / "key").exists()
    with pytest.raises(ConfigurationError, match=fingerprint(key)):
        await Storage.open(make_settings(tmp_path))


async def test_rotating_replaces_the_key_in_the_file(storage: Storage) -> None:
    ids = [await add(storage, str(i)) for i in range(3)]
    before = storage.vault.keys.fingerprints[0]
    after = await storage.credentials.rotate()
    assert after != before
    found = read_key_file(storage.settings.data_dir / "key")
    assert found is not None
    assert found.fingerprints == (after,)
    async with await Storage.open(storage.settings) as again:
        for id_ in ids:
            assert await again.credentials.open(id_, []) == {**VALUES, "type": "api-key"}


async def test_a_server_that_runs_while_another_process_rotates_goes_on(
    storage: Storage, other: Storage
) -> None:
    id_ = await add(storage)
    await other.credentials.rotate()
    assert (await storage.credentials.open(id_, []))["token"] == "s3cret"


async def test_what_a_server_stores_after_another_process_rotated_opens_with_the_new_key(
    storage: Storage, other: Storage
) -> None:
    changed = await add(storage)
    await other.credentials.rotate()
    made = await add(storage)
    await storage.credentials.update(changed, values=VALUES)
    await storage.server_settings.replace({}, "mail password")
    await other.credentials.rotate()
    async with await Storage.open(storage.settings) as again:
        for id_ in (made, changed):
            assert (await again.credentials.open(id_, []))["token"] == "s3cret"
        assert (await again.server_settings.get())[1] == "mail password"


async def test_rotating_by_the_environment_uses_its_first_key(tmp_path: Path) -> None:
    old, fresh = new_key(), new_key()
    async with await Storage.open(make_settings(tmp_path, encryption_key=old)) as storage:
        id_ = await add(storage)
        with pytest.raises(ConfigurationError, match="already"):
            await storage.credentials.rotate()
    async with await Storage.open(make_settings(tmp_path, encryption_key=f"{fresh},{old}")) as storage:
        assert await storage.credentials.rotate() == fingerprint(fresh)
    async with await Storage.open(make_settings(tmp_path, encryption_key=fresh)) as storage:
        assert (await storage.credentials.open(id_, []))["token"] == "s3cret"


@pytest.mark.parametrize("stop", ["reencrypt", "replace_key_file"])
async def test_a_rotation_stopped_anywhere_leaves_a_database_that_opens(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    id_ = await add(storage)

    def fail(*_: object) -> None:
        raise OSError("stopped")

    if stop == "reencrypt":
        monkeypatch.setattr(storage.credentials, "reencrypt", fail)
    else:
        calls: Iterator[Callable[..., None]] = iter([replace_key_file, fail])
        monkeypatch.setattr(repository, "replace_key_file", lambda *given: next(calls)(*given))
    with pytest.raises(OSError, match="stopped"):
        await storage.credentials.rotate()
    monkeypatch.undo()
    async with await Storage.open(storage.settings) as again:
        assert (await again.credentials.open(id_, []))["token"] == "s3cret"
        await again.credentials.rotate()
        assert (await again.credentials.open(id_, []))["token"] == "s3cret"


async def test_the_secrets_of_executions_that_wait_are_encrypted_anew(storage: Storage) -> None:
    given = {"openai": {"api_key": "given along"}}
    await storage.executions.create(
        NewExecution(id="e", document={}, mode="api", secrets=partial(storage.credentials.sealed, "e", given))
    )
    before = await storage.executions.load("e")
    await storage.credentials.rotate()
    stored = await storage.executions.load("e")
    assert stored is not None
    assert before is not None
    assert stored.options["secrets"] != before.options["secrets"]
    assert storage.credentials.unseal("e", stored.options["secrets"]) == given


async def test_what_is_on_its_way_while_another_process_rotates_opens_with_the_new_key(
    storage: Storage, other: Storage
) -> None:
    """The credentials of a run and a sign-in, begun before the rotation and stored after it, and the other way round."""
    credentials, given = storage.credentials, {"openai": {"api_key": "given along"}}
    id_ = await add(storage)
    ends = datetime.now(UTC) + timedelta(minutes=10)
    await credentials.begin_sign_in("before", "s", id_, {"verifier": "v"}, ends)
    new = NewExecution(id="e", document={}, mode="api", secrets=partial(credentials.sealed, "e", given))
    await other.credentials.rotate()
    await storage.executions.create(new)
    await credentials.begin_sign_in("after", "s", id_, {"verifier": "v"}, ends)
    async with await Storage.open(storage.settings) as again:
        stored = await again.executions.load("e")
        assert stored is not None
        assert again.credentials.unseal("e", stored.options["secrets"]) == given
        for state in ("before", "after"):
            entry = await again.credentials.end_sign_in(state, "s")
            assert entry is not None
            assert again.credentials.unseal(state, entry.sealed) == {"verifier": "v"}
