"""The account repository: users, their sessions and API keys. Knows hashes only, no passwords, tokens or keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from flowstudio.errors import Conflict, NotFound
from flowstudio.storage.clock import current_time
from flowstudio.storage.database import Database
from flowstudio.storage.ids import new_id
from flowstudio.storage.records import ApiKey, KeyScope, Role, Session, User
from flowstudio.storage.tables import api_keys, sessions, users

Pair = TypeVar("Pair", Session, ApiKey)

USER_COLUMNS = [column for column in users.c if column.name != "email_key"]


class AccountRepository:
    """Accounts. Two set-ups at the same time make one owner: the database refuses the second."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Users

    async def create_user(
        self, *, email: str, name: str, role: Role, password_hash: str, id: str | None = None
    ) -> User:
        """Store an account. Raises `Conflict` when the e-mail address has one, or there is an owner already."""
        id_ = id or new_id()

        def store(connection: Connection) -> User:
            values: dict[str, Any] = {
                "id": id_,
                "email": email.strip(),
                "name": name,
                "role": role,
                "password_hash": password_hash,
                "created_at": current_time(connection),
            }
            connection.execute(insert(users).values(**values, email_key=email_key(email)))
            return User(**values)

        try:
            return await self._database.write(store)
        except IntegrityError as error:
            if await self.user_by_email(email) is None and role == "owner":
                raise Conflict(
                    "There is an owner already. Sign in, or ask the owner for an account."
                ) from error
            raise Conflict(f"There is an account for {email.strip()} already.") from error

    async def user(self, id_: str) -> User | None:
        """An account."""
        return await self._user(select(*USER_COLUMNS).where(users.c.id == id_))

    async def user_by_email(self, email: str) -> User | None:
        """The account of an e-mail address, in any case."""
        return await self._user(select(*USER_COLUMNS).where(users.c.email_key == email_key(email)))

    async def owner(self) -> User | None:
        """The owner's account."""
        return await self._user(select(*USER_COLUMNS).where(users.c.role == "owner"))

    async def has_owner(self) -> bool:
        """Whether FlowStudio is set up."""
        return await self.owner() is not None

    async def users(self) -> list[User]:
        """All accounts, oldest first."""
        rows = await self._database.rows(select(*USER_COLUMNS).order_by(users.c.id))
        return [User(**row._mapping) for row in rows]

    async def update_user(
        self,
        id_: str,
        *,
        email: str | None = None,
        name: str | None = None,
        role: Role | None = None,
        password_hash: str | None = None,
    ) -> User:
        """Change what is given. Raises `NotFound`, and `Conflict` for a taken address or a second owner."""
        given = {"email": email, "name": name, "role": role, "password_hash": password_hash}
        values = {key: value for key, value in given.items() if value is not None}
        if email is not None:
            values |= {"email": email.strip(), "email_key": email_key(email)}

        def store(connection: Connection) -> None:
            if values:
                connection.execute(update(users).where(users.c.id == id_).values(**values))

        try:
            await self._database.write(store)
        except IntegrityError as error:
            raise Conflict(
                "Another account has this e-mail address, or there is an owner already."
            ) from error
        user = await self.user(id_)
        if user is None:
            raise NotFound(f"There is no user '{id_}'.")
        return user

    async def delete_user(self, id_: str) -> bool:
        """Delete an account with its sessions and keys."""
        return bool(await self._change(delete(users).where(users.c.id == id_)))

    # Sessions

    async def create_session(
        self, token_hash: str, user_id: str, expires_at: datetime, *, client: str = "", agent: str = ""
    ) -> None:
        """Store a sign-in."""

        def store(connection: Connection) -> None:
            connection.execute(
                insert(sessions).values(
                    token_hash=token_hash,
                    user_id=user_id,
                    created_at=current_time(connection),
                    expires_at=expires_at,
                    client=client,
                    agent=agent,
                )
            )

        await self._database.write(store)

    async def sessions(self, user_id: str) -> list[Session]:
        """The sign-ins of an account, newest first, expired ones too."""
        query = select(sessions).where(sessions.c.user_id == user_id).order_by(sessions.c.created_at.desc())
        return [Session(**row._mapping) for row in await self._database.rows(query)]

    async def session(self, token_hash: str) -> tuple[Session, User] | None:
        """A sign-in, expired or not, and whose it is."""
        return await self._with_user(Session, select(sessions).where(sessions.c.token_hash == token_hash))

    async def extend_session(self, token_hash: str, expires_at: datetime) -> None:
        """Move the end of a sign-in."""
        await self._change(
            update(sessions).where(sessions.c.token_hash == token_hash).values(expires_at=expires_at)
        )

    async def delete_session(self, token_hash: str) -> None:
        """End a sign-in."""
        await self._change(delete(sessions).where(sessions.c.token_hash == token_hash))

    async def delete_sessions(self, user_id: str) -> int:
        """End all sign-ins of an account."""
        return await self._change(delete(sessions).where(sessions.c.user_id == user_id))

    async def prune_sessions(self, now: datetime) -> int:
        """Delete what has expired."""
        return await self._change(delete(sessions).where(sessions.c.expires_at <= now))

    # API keys

    async def create_key(
        self,
        name: str,
        prefix: str,
        key_hash: str,
        user_id: str,
        *,
        expires_at: datetime | None = None,
        scope: KeyScope = "full",
    ) -> ApiKey:
        """Store the hash of a key."""

        def store(connection: Connection) -> ApiKey:
            key = ApiKey(
                id=new_id(),
                name=name,
                prefix=prefix,
                key_hash=key_hash,
                user_id=user_id,
                created_at=current_time(connection),
                last_used_at=None,
                expires_at=expires_at,
                revoked_at=None,
                scope=scope,
            )
            connection.execute(
                insert(api_keys).values(**{column.name: getattr(key, column.name) for column in api_keys.c})
            )
            return key

        return await self._database.write(store)

    async def key(self, key_hash: str) -> tuple[ApiKey, User] | None:
        """A key, revoked or not, and whose it is."""
        return await self._with_user(ApiKey, select(api_keys).where(api_keys.c.key_hash == key_hash))

    async def keys(self, user_id: str | None = None) -> list[ApiKey]:
        """Keys, newest first; of one account if it is given."""
        query = select(api_keys).order_by(api_keys.c.id.desc())
        if user_id is not None:
            query = query.where(api_keys.c.user_id == user_id)
        return [ApiKey(**row._mapping) for row in await self._database.rows(query)]

    async def touch_key(self, id_: str, at: datetime) -> None:
        """Note when a key was used."""
        await self._change(update(api_keys).where(api_keys.c.id == id_).values(last_used_at=at))

    async def revoke_key(self, id_: str) -> bool:
        """Make a key useless; False when there is none or it is revoked already."""

        def revoke(connection: Connection) -> bool:
            return bool(
                connection.execute(
                    update(api_keys)
                    .where(api_keys.c.id == id_, api_keys.c.revoked_at.is_(None))
                    .values(revoked_at=current_time(connection))
                ).rowcount
            )

        return await self._database.write(revoke)

    async def _user(self, query: Select[Any]) -> User | None:
        row = await self._database.first(query)
        return User(**row._mapping) if row is not None else None

    async def _with_user(self, record: type[Pair], query: Select[Any]) -> tuple[Pair, User] | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
            if row is None:
                return None
            found = record(**row._mapping)
            owner = (
                await connection.execute(select(*USER_COLUMNS).where(users.c.id == found.user_id))
            ).first()
            return (found, User(**owner._mapping)) if owner is not None else None

    async def _change(self, statement: Any) -> int:
        def change(connection: Connection) -> int:
            return int(connection.execute(statement).rowcount)

        return await self._database.write(change)


def email_key(email: str) -> str:
    """What two spellings of one e-mail address share."""
    return email.strip().casefold()
