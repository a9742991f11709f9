"""The vault: the keys that encrypt credentials, and what they encrypt.

Keys are Fernet keys (AES-128-CBC with HMAC-SHA256). Several may be configured, separated by commas: the first encrypts, all
decrypt. A key is named by its fingerprint, which tells nothing about it. The library is imported at first use.
"""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from flowstudio.config import Settings
from flowstudio.engine.item import Json
from flowstudio.errors import ConfigurationError, CredentialError
from flowstudio.storage.codec import decode, serialise

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

FILE_NAME = "key"
ENVELOPE = 1
"""Form of the encrypted bytes: a Fernet token around `{id, type, values}` in the form of `codec`."""

SEALED = "sealed"
"""Stands for the type in what is encrypted but is no credential."""
MAIL = "mail"
"""Stands for the credential in the encrypted password of the mail server."""


@dataclass(frozen=True)
class Keys:
    """Encryption keys and where they come from."""

    keys: tuple[str, ...] = field(repr=False)
    source: str
    """In words, for messages."""
    file: Path | None
    """The key file; None when the keys come from the environment."""

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Of each key."""
        return tuple(fingerprint(key) for key in self.keys)


def new_key() -> str:
    """A fresh key."""
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def fingerprint(key: str) -> str:
    """A short name for a key."""
    return sha256(b"flowstudio key\0" + urlsafe_b64decode(key)).hexdigest()[:16]


def find_keys(settings: Settings) -> Keys | None:
    """The configured keys; None when there are none yet. Raises `ConfigurationError` for malformed ones."""
    if settings.encryption_key is not None:
        source = "FLOWSTUDIO_ENCRYPTION_KEY"
        return Keys(_parse(settings.encryption_key.get_secret_value(), source), source, None)
    return read_key_file(settings.data_dir / FILE_NAME)


def read_key_file(path: Path) -> Keys | None:
    """The keys in a file; None when there is no file."""
    try:
        content = path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(
            f"The key file {path} cannot be read: {error.strerror}. Make it readable for the server's account."
        ) from error
    return Keys(_parse(content, f"the file {path}"), f"the file {path}", path)


def make_key_file(path: Path) -> Keys:
    """Make a key file with a fresh key, readable for this account only; the file that is there when another is quicker."""
    draft = _draft(path, [new_key()])
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    keys = read_key_file(path)
    assert keys is not None, "it was just made"
    return keys


def replace_key_file(path: Path, keys: Iterable[str]) -> None:
    """Write other keys; at every moment the file is whole."""
    _draft(path, keys).replace(path)


def _draft(path: Path, keys: Iterable[str]) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(",".join(keys) + "\n")
        file.flush()
        os.fsync(descriptor)
    return draft


def _parse(text: str, source: str) -> tuple[str, ...]:
    keys = tuple(key for part in text.split(",") if (key := part.strip()))
    for number, key in enumerate(keys, 1):
        try:
            good = len(urlsafe_b64decode(key)) == 32
        except (Base64Error, ValueError):
            good = False
        if not good:
            raise ConfigurationError(
                f"Key {number} in {source} is not a Fernet key (32 bytes in URL-safe Base64). Put the right key there."
            )
    if not keys:
        raise ConfigurationError(f"There is no key in {source}. Put the key there that the credentials need.")
    return keys


def missing_key(expected: str, keys: Keys | None, settings: Settings) -> ConfigurationError:
    """The error for a database whose key is not configured."""
    path = settings.data_dir / FILE_NAME
    if keys is None:
        looked = f"neither FLOWSTUDIO_ENCRYPTION_KEY nor the file {path} is there"
    else:
        looked = f"{keys.source} holds {', '.join(keys.fingerprints)}"
    return ConfigurationError(
        f"The credentials of this database need the encryption key with the fingerprint {expected}, but {looked}. "
        f"Put that key into {path} (from a backup) or into FLOWSTUDIO_ENCRYPTION_KEY."
    )


class Vault:
    """Encrypts and decrypts with the configured keys. A ciphertext only opens for the credential that it was made for."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self._fernet: MultiFernet | None = None

    def __repr__(self) -> str:
        return f"Vault({', '.join(self.keys.fingerprints)})"

    def encrypt(self, credential: str, type_: str, values: Json, *, key: str = "") -> bytes:
        """Encrypt the values of a credential, with the first key or the one of this fingerprint.

        Reads the key file again for a key that another process made. Raises `CredentialError` when it is nowhere.
        """
        from cryptography.fernet import Fernet

        data = serialise({"id": credential, "type": type_, "values": values})
        if not key or key == self.keys.fingerprints[0]:
            return self._cipher().encrypt(data)
        if key not in self.keys.fingerprints:
            self._read_again()
        try:
            return Fernet(self.keys.keys[self.keys.fingerprints.index(key)]).encrypt(data)
        except ValueError:
            raise CredentialError(
                f"The database is encrypted with the key {key}, which is not in {self.keys.source}. Restart the server with it."
            ) from None

    def decrypt(self, credential: str, type_: str, secret: bytes) -> Json:
        """Decrypt; reads the key file again when another process rotated it. Raises `CredentialError`."""
        from cryptography.fernet import InvalidToken

        try:
            data = self._cipher().decrypt(secret)
        except InvalidToken:
            try:
                self._read_again()
                data = self._cipher().decrypt(secret)
            except (InvalidToken, ConfigurationError) as error:
                raise CredentialError(
                    f"Credential '{credential}' cannot be decrypted with {self.keys.source}. Enter its values again."
                ) from error
        opened = decode(data)
        if opened["id"] != credential or opened["type"] != type_:
            raise CredentialError(f"Credential '{credential}' was tampered with. Enter its values again.")
        values: Json = opened["values"]
        return values

    def renewed(self, secret: bytes) -> bytes:
        """The same encrypted with the first key, for whoever does not know whom it was made for."""
        return self._cipher().rotate(secret)

    def _cipher(self) -> MultiFernet:
        if self._fernet is None:
            from cryptography.fernet import Fernet, MultiFernet

            self._fernet = MultiFernet([Fernet(key) for key in self.keys.keys])
        return self._fernet

    def _read_again(self) -> None:
        if self.keys.file is not None and (keys := read_key_file(self.keys.file)) is not None:
            self.use(keys)

    def use(self, keys: Keys) -> None:
        """Take other keys."""
        self.keys = keys
        self._fernet = None


def with_keys(keys: Keys, others: Sequence[str]) -> Keys:
    """Other keys from the same place."""
    return Keys(tuple(others), keys.source, keys.file)
