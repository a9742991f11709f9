"""The vault's keys."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from flowstudio.errors import ConfigurationError, CredentialError
from flowstudio.storage.vault import (
    Keys,
    Vault,
    find_keys,
    fingerprint,
    make_key_file,
    new_key,
    read_key_file,
    replace_key_file,
)
from tests.storage.conftest import make_settings


def test_the_key_file_is_for_this_account_only_and_made_once(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = make_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert make_key_file(path) == made == read_key_file(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_replaced_key_file_is_still_for_this_account_only(tmp_path: Path) -> None:
    path, keys = tmp_path / "key", [new_key(), new_key()]
    make_key_file(path)
    replace_key_file(path, keys)
    found = read_key_file(path)
    assert found is not None
    assert found.keys == tuple(keys)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    make_key_file(tmp_path / "key")
    one, two = new_key(), new_key()
    found = find_keys(make_settings(tmp_path, encryption_key=f"{one}, {two}"))
    assert found is not None
    assert (found.keys, found.source, found.file) == ((one, two), "FLOWSTUDIO_ENCRYPTION_KEY", None)
    assert find_keys(make_settings(tmp_path / "empty")) is None


@pytest.mark.parametrize(
    "text",
    ["short", "ä" * 44, "", ",", new_key() + ",", new_key() + ",nonsense"],
    ids=["short", "not-ascii", "empty", "comma", "key-comma", "key-nonsense"],
)
def test_a_malformed_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    if text.endswith(",") and len(text) > 1:
        assert read_key_file(tmp_path / "key") is not None
        return
    with pytest.raises(ConfigurationError, match="the file") as caught:
        read_key_file(tmp_path / "key")
    assert not text.strip(",") or text not in caught.value.message


def test_values_come_back_for_their_own_credential_only() -> None:
    vault = Vault(Keys((new_key(),), "the test", None))
    secret = vault.encrypt("id", "api-key", {"token": "s3cret", "n": 2**70})
    assert b"s3cret" not in secret
    assert vault.decrypt("id", "api-key", secret) == {"token": "s3cret", "n": 2**70}
    with pytest.raises(CredentialError, match="tampered"):
        vault.decrypt("other", "api-key", secret)
    with pytest.raises(CredentialError, match="tampered"):
        vault.decrypt("id", "oauth", secret)


def test_an_earlier_key_still_decrypts_and_a_missing_one_is_told() -> None:
    old, new = new_key(), new_key()
    secret = Vault(Keys((old,), "the test", None)).encrypt("id", "t", {"a": 1})
    assert Vault(Keys((new, old), "the test", None)).decrypt("id", "t", secret) == {"a": 1}
    with pytest.raises(CredentialError, match="'id' cannot be decrypted with the test"):
        Vault(Keys((new,), "the test", None)).decrypt("id", "t", secret)


def test_neither_keys_nor_vaults_show_a_key_when_printed() -> None:
    key = new_key()
    keys = Keys((key,), "the test", None)
    assert key not in f"{keys!r} {Vault(keys)!r}"
    assert repr(Vault(keys)) == f"Vault({fingerprint(key)})"
