"""The credential repository: encrypted values, and the rotation of their key."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from flowstudio.config import Settings
from flowstudio.engine.item import Json
from flowstudio.errors import ConfigurationError, CredentialError, NotFound
from flowstudio.storage.clock import current_time
from flowstudio.storage.database import Database
from flowstudio.storage.ids import new_id
from flowstudio.storage.records import CredentialRecord, Role, SignIn
from flowstudio.storage.rows import insert_rows
from flowstudio.storage.tables import LIVE, credentials, executions, key_checks, server_settings, sign_ins
from flowstudio.storage.vault import (
    ENVELOPE,
    FILE_NAME,
    MAIL,
    SEALED,
    Vault,
    find_keys,
    fingerprint,
    make_key_file,
    missing_key,
    new_key,
    replace_key_file,
    with_keys,
)

columns = credentials.c
TOKENS = "tokens"
"""Where tokens are among the encrypted values; no form has a field of this name."""
PUBLIC = [column for column in columns if column.name not in ("secret", "envelope")]


async def open_vault(database: Database, settings: Settings) -> Vault:
    """The vault of a database; makes the key at the first start.

    Raises `ConfigurationError` when the key that the database needs is not configured.
    """
    expected = await database.scalar(select(key_checks.c.fingerprint))
    keys = find_keys(
        settings
    )  # looked for afterwards: another process that starts writes its key before its row
    if expected is None:
        keys = keys or make_key_file(settings.data_dir / FILE_NAME)
        row = {"id": 1, "fingerprint": keys.fingerprints[0]}
        await database.write(lambda c: insert_rows(c, key_checks, [row], skip_existing=True))
        expected = await database.scalar(select(key_checks.c.fingerprint))
    if keys is None or expected not in keys.fingerprints:
        raise missing_key(expected, keys, settings)
    return Vault(keys)


class CredentialRepository:
    """Credentials. Implements `engine.store.Vault`: `open` is the only way to the values."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def create(
        self,
        *,
        name: str,
        type: str,
        values: Json,
        owner_id: str | None = None,
        id: str | None = None,
        usable_by: Role = "editor",
        editable_by: Role = "admin",
        ends_at: datetime | None = None,
    ) -> CredentialRecord:
        """Encrypt and store."""
        id_ = id or new_id()

        def store(connection: Connection) -> CredentialRecord:
            secret = self._vault.encrypt(id_, type, values, key=key_in_use(connection))
            now = current_time(connection)
            record = CredentialRecord(
                id=id_,
                name=name,
                type=type,
                owner_id=owner_id,
                created_at=now,
                updated_at=now,
                usable_by=usable_by,
                editable_by=editable_by,
                ends_at=ends_at,
            )
            row = {column.name: getattr(record, column.name) for column in PUBLIC}
            connection.execute(insert(credentials).values(**row, envelope=ENVELOPE, secret=secret))
            return record

        return await self._database.write(store)

    async def get(self, id_: str) -> CredentialRecord | None:
        """A credential without its values."""
        row = await self._database.first(select(*PUBLIC).where(columns.id == id_))
        return CredentialRecord(**row._mapping) if row is not None else None

    async def all(self) -> list[CredentialRecord]:
        """All credentials without their values, by name."""
        rows = await self._database.rows(select(*PUBLIC).order_by(columns.name, columns.id))
        return [CredentialRecord(**row._mapping) for row in rows]

    async def some(self, ids: Collection[str]) -> list[CredentialRecord]:
        """Those of the ids that exist, without their values."""
        rows = await self._database.rows(select(*PUBLIC).where(columns.id.in_(ids)))
        return [CredentialRecord(**row._mapping) for row in rows]

    async def update(
        self, id_: str, *, name: str | None = None, values: Json | None = None, **others: Any
    ) -> CredentialRecord:
        """Change what is given; `others` are columns. New values end a connection. Raises `NotFound`."""
        before = await self.get(id_)
        if before is None:
            raise NotFound(f"There is no credential '{id_}'.")
        changes: dict[str, Any] = dict(others)
        if name is not None:
            changes["name"] = name
        if values is not None:
            changes |= {"envelope": ENVELOPE, "connection": None}

        def store(connection: Connection) -> None:
            if values is not None:
                key = key_in_use(connection)
                changes["secret"] = self._vault.encrypt(id_, before.type, values, key=key)
            connection.execute(
                update(credentials)
                .where(columns.id == id_)
                .values(**changes, updated_at=current_time(connection))
            )

        await self._database.write(store)
        after = await self.get(id_)
        if after is None:
            raise NotFound(f"There is no credential '{id_}' any more.")
        return after

    async def delete(self, id_: str) -> bool:
        """Delete a credential."""

        def remove(connection: Connection) -> bool:
            return bool(connection.execute(delete(credentials).where(columns.id == id_)).rowcount)

        return await self._database.write(remove)

    async def open(self, credential: str, types: Sequence[str]) -> Json:
        """The decrypted fields of a credential of one of the types, and its `type`. Raises `CredentialError`."""
        row = await self._database.first(
            select(columns.name, columns.type, columns.secret).where(columns.id == credential)
        )
        if row is None:
            raise CredentialError(f"There is no credential '{credential}'. Choose another one in the node.")
        if types and row.type not in types:
            raise CredentialError(
                f"The credential '{row.name}' has the type '{row.type}'; the node needs {' or '.join(types)}."
            )
        return {**self._vault.decrypt(credential, row.type, bytes(row.secret)), "type": row.type}

    async def connect(
        self, id_: str, tokens: Json, connection: Json, *, unchanged_since: datetime
    ) -> CredentialRecord | None:
        """Keep tokens with a credential's values, encrypted, and say how the connection stands.

        None when the credential was changed since, or deleted: the tokens are not those of the present values.
        """

        def store(database: Connection) -> bool:
            key = key_in_use(database)
            row = database.execute(
                select(columns.type, columns.secret)
                .where(columns.id == id_, columns.updated_at == unchanged_since)
                .with_for_update()
            ).first()
            if row is None:
                return False
            values = self._vault.decrypt(id_, row.type, bytes(row.secret)) | {TOKENS: tokens}
            database.execute(
                update(credentials)
                .where(columns.id == id_)
                .values(
                    secret=self._vault.encrypt(id_, row.type, values, key=key),
                    envelope=ENVELOPE,
                    connection=connection,
                )
            )
            return True

        return await self.get(id_) if await self._database.write(store) else None

    async def note_problem(self, id_: str, problem: str) -> None:
        """Remember why a connection does not work any more."""
        record = await self.get(id_)
        if record is None:
            return
        said = {**(record.connection or {}), "problem": problem}
        await self._database.write(
            lambda c: c.execute(update(credentials).where(columns.id == id_).values(connection=said))
        )

    async def begin_sign_in(
        self, state: str, session: str, credential: str, noted: Json, ends_at: datetime
    ) -> None:
        """Remember a sign-in that begins, with what is noted about it; forget those that nobody finished."""

        def store(connection: Connection) -> None:
            sealed = self.sealed(state, noted, connection)
            connection.execute(delete(sign_ins).where(sign_ins.c.ends_at < current_time(connection)))
            connection.execute(
                insert(sign_ins).values(
                    state=_hash(state),
                    session=_hash(session),
                    credential_id=credential,
                    sealed=sealed,
                    ends_at=ends_at,
                )
            )

        await self._database.write(store)

    async def end_sign_in(self, state: str, session: str) -> SignIn | None:
        """Take up a sign-in, once; None when there is none such, it is too old, or another session began it."""

        def take(connection: Connection) -> SignIn | None:
            key = sign_ins.c.state == _hash(state)
            row = connection.execute(select(sign_ins).where(key).with_for_update()).first()
            if row is None or row.session != _hash(session):
                return None
            if not connection.execute(delete(sign_ins).where(key)).rowcount:
                return None
            return SignIn(row.credential_id, row.sealed) if row.ends_at >= current_time(connection) else None

        return await self._database.write(take)

    def sealed(self, owner: str, values: Json, connection: Connection) -> str:
        """Encrypt values that the transaction of the connection keeps elsewhere; they open for the same `owner` only."""
        return self._vault.encrypt(owner, SEALED, values, key=key_in_use(connection)).decode()

    def unseal(self, owner: str, sealed: str) -> Json:
        """What was sealed. Raises `CredentialError`."""
        return self._vault.decrypt(owner, SEALED, sealed.encode())

    async def rotate(self) -> str:
        """Encrypt everything with another key; gives its fingerprint.

        With a key file: makes a fresh key and replaces the old one. With FLOWSTUDIO_ENCRYPTION_KEY: uses its first key,
        which must be new; the others may be removed from it afterwards. Stopped anywhere, it leaves a database that opens.
        """
        before = self._vault.keys
        if before.file is not None:
            fresh = new_key()
            replace_key_file(before.file, [fresh, *before.keys])
            self._vault.use(with_keys(before, [fresh, *before.keys]))
        elif await self._database.scalar(select(key_checks.c.fingerprint)) == before.fingerprints[0]:
            raise ConfigurationError(
                "Everything is encrypted with the first key of FLOWSTUDIO_ENCRYPTION_KEY already. Put a new key in front "
                "of it, separated by a comma, then rotate."
            )
        name = await self.reencrypt()
        if before.file is not None:
            replace_key_file(before.file, self._vault.keys.keys[:1])
            self._vault.use(with_keys(before, self._vault.keys.keys[:1]))
        return name

    async def reencrypt(self) -> str:
        """Encrypt everything with the vault's first key, in one transaction; gives its fingerprint."""
        vault = self._vault

        def reencrypted(connection: Connection) -> str:
            connection.execute(
                select(key_checks).with_for_update()
            ).all()  # who writes meanwhile finishes first
            for row in connection.execute(select(columns.id, columns.type, columns.secret)).all():
                values = vault.decrypt(row.id, row.type, bytes(row.secret))
                connection.execute(
                    update(credentials)
                    .where(columns.id == row.id)
                    .values(secret=vault.encrypt(row.id, row.type, values), envelope=ENVELOPE)
                )
            live = select(executions.c.id, executions.c.options).where(LIVE)
            for id_, options in connection.execute(live).all():
                if sealed := options.get("secrets"):
                    given = vault.decrypt(id_, SEALED, sealed.encode())
                    again = options | {"secrets": vault.encrypt(id_, SEALED, given).decode()}
                    connection.execute(update(executions).where(executions.c.id == id_).values(options=again))
            for state, sealed in connection.execute(select(sign_ins.c.state, sign_ins.c.sealed)).all():
                again = vault.renewed(sealed.encode()).decode()
                connection.execute(update(sign_ins).where(sign_ins.c.state == state).values(sealed=again))
            password = connection.scalar(select(server_settings.c.mail_password))
            if password is not None:
                given = vault.decrypt(MAIL, SEALED, password.encode())
                again = vault.encrypt(MAIL, SEALED, given).decode()
                connection.execute(update(server_settings).values(mail_password=again))
            name = fingerprint(vault.keys.keys[0])
            connection.execute(update(key_checks).values(fingerprint=name))
            return name

        return await self._database.write(reencrypted)


def key_in_use(connection: Connection) -> str:
    """The fingerprint of the key that everything is encrypted with; it does not change until the transaction ends.

    Whoever encrypts for the database asks within the transaction that stores: another process may rotate at any moment.
    """
    return str(connection.scalar(select(key_checks.c.fingerprint).with_for_update(read=True)) or "")


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
