"""The repository of invitations and password links. Knows hashes of their tokens only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from flowstudio.errors import Conflict
from flowstudio.storage.accounts import email_key
from flowstudio.storage.clock import current_time
from flowstudio.storage.database import Database
from flowstudio.storage.ids import new_id
from flowstudio.storage.records import AccountLink, LinkPurpose, Role, User
from flowstudio.storage.tables import account_links, sessions, users

_columns = account_links.c


class AccountLinkRepository:
    """Links that let somebody in. Using one is one transaction: it works once, whatever happens at the same time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        *,
        token_hash: str,
        purpose: LinkPurpose,
        expires_at: datetime,
        role: Role | None = None,
        email: str = "",
        user_id: str | None = None,
        created_by: str | None = None,
    ) -> AccountLink:
        """Store a link. A new password link takes the place of the user's earlier ones."""

        def store(connection: Connection) -> AccountLink:
            if user_id is not None:
                connection.execute(delete(account_links).where(_columns.user_id == user_id))
            values: dict[str, Any] = {
                "id": new_id(),
                "token_hash": token_hash,
                "purpose": purpose,
                "role": role,
                "email": email,
                "user_id": user_id,
                "created_by": created_by,
                "created_at": current_time(connection),
                "expires_at": expires_at,
                "used_at": None,
            }
            connection.execute(insert(account_links).values(**values))
            return AccountLink(**values)

        return await self._database.write(store)

    async def find(self, token_hash: str, purpose: LinkPurpose, now: datetime) -> AccountLink | None:
        """A link that still works."""
        row = await self._database.first(select(account_links).where(_open(token_hash, purpose, now)))
        return AccountLink(**row._mapping) if row is not None else None

    async def invitations(self, now: datetime) -> list[AccountLink]:
        """The invitations that still work, newest first."""
        query = (
            select(account_links)
            .where(_columns.purpose == "invitation", _columns.used_at.is_(None), _columns.expires_at > now)
            .order_by(_columns.id.desc())
        )
        return [AccountLink(**row._mapping) for row in await self._database.rows(query)]

    async def delete(self, id_: str) -> AccountLink | None:
        """Take an invitation back; gives what it was."""

        def remove(connection: Connection) -> AccountLink | None:
            wanted = (_columns.id == id_) & (_columns.purpose == "invitation") & _columns.used_at.is_(None)
            row = connection.execute(select(account_links).where(wanted)).first()
            connection.execute(delete(account_links).where(wanted))
            return AccountLink(**row._mapping) if row is not None else None

        return await self._database.write(remove)

    async def accept(
        self, token_hash: str, now: datetime, *, email: str, name: str, password_hash: str
    ) -> User | None:
        """Use an invitation: makes the account. None when it does not work (any more); raises `Conflict` for a taken
        address, and then the invitation still works."""

        def store(connection: Connection) -> User | None:
            wanted = _open(token_hash, "invitation", now)
            row = connection.execute(
                update(account_links)
                .where(wanted)
                .values(used_at=current_time(connection))
                .returning(_columns.role, _columns.email)
            ).first()
            if row is None:
                return None
            address = row.email or email
            values: dict[str, Any] = {
                "id": new_id(),
                "email": address.strip(),
                "name": name,
                "role": row.role,
                "password_hash": password_hash,
                "created_at": current_time(connection),
            }
            connection.execute(insert(users).values(**values, email_key=email_key(address)))
            return User(**values)

        try:
            return await self._database.write(store)
        except IntegrityError as error:
            raise Conflict("There is an account for this e-mail address already. Sign in.") from error

    async def set_password(self, token_hash: str, now: datetime, password_hash: str) -> str | None:
        """Use a password link: sets the password and ends all sessions. Gives the user's id; None when it does not work."""

        def store(connection: Connection) -> str | None:
            user: str | None = connection.execute(
                update(account_links)
                .where(_open(token_hash, "password", now))
                .values(used_at=current_time(connection))
                .returning(_columns.user_id)
            ).scalar()
            if user is not None:
                connection.execute(
                    update(users).where(users.c.id == user).values(password_hash=password_hash)
                )
                connection.execute(delete(sessions).where(sessions.c.user_id == user))
            return user

        return await self._database.write(store)

    async def forget(self, user_id: str) -> None:
        """Let the password links of an account work no more."""

        def remove(connection: Connection) -> None:
            connection.execute(delete(account_links).where(_columns.user_id == user_id))

        await self._database.write(remove)

    async def prune(self, now: datetime) -> None:
        """Delete what has expired."""

        def remove(connection: Connection) -> None:
            connection.execute(delete(account_links).where(_columns.expires_at <= now))

        await self._database.write(remove)


def _open(token_hash: str, purpose: LinkPurpose, now: datetime) -> Any:
    return (
        (_columns.token_hash == token_hash)
        & (_columns.purpose == purpose)
        & _columns.used_at.is_(None)
        & (_columns.expires_at > now)
    )
