"""Accounts: people, their browser sessions and their API keys."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from flowstudio.config import Settings
from flowstudio.engine.clock import now as shared_now
from flowstudio.errors import ConfigurationError, Conflict, Forbidden, InvalidRequest, NotFound, Unauthorized
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.services.passwords import PasswordHasher, check_password
from flowstudio.services.throttle import throttle
from flowstudio.storage import Storage
from flowstudio.storage.records import ApiKey, KeyScope, Role, Session, User

log = logging.getLogger(__name__)

SESSION_LIFE = timedelta(days=14)
"""How long a session lives after its last use."""
SESSION_RENEWAL = timedelta(days=1)
"""A session's end is moved when it would be at least so much later."""
REMEMBERED = 5.0
"""Seconds for which an identification is trusted without looking it up again."""
KEPT = 4096
"""Identifications remembered at most."""
AGENT = 300
"""Characters that are kept of what a browser calls itself."""
KEY_USE = timedelta(minutes=1)
"""How exactly the last use of a key is known."""

_EMAIL = re.compile(r"[!-?A-~]{1,64}@[!-?A-~]{1,255}")


def session_name(hashed: str) -> str:
    """What a session is called outside: its hash itself would do as a proof of having the session."""
    return hashlib.sha256(b"session name" + hashed.encode()).hexdigest()[:32]


def token_hash(token: str) -> str:
    """What the database knows of a session token or an API key: they hold 256 random bits, so a plain hash will do."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Prepared:
    """An account that has been checked and is not stored yet."""

    name: str
    email: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class _Remembered:
    caller: Caller
    until: float


class AccountService:
    """What people do with accounts. Methods that act for somebody check the caller first."""

    def __init__(
        self,
        storage: Storage,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = shared_now,
    ) -> None:
        self._accounts = storage.accounts
        self._links = storage.account_links
        self._audit = Audit(storage)
        self._settings = settings
        self._hasher = PasswordHasher()
        self._clock = clock
        self._now = now
        self._known: dict[str, _Remembered] = {}
        self.on_revoked: Callable[[], None] | None = None
        """Called when somebody's rights were changed here."""
        self._revocation = asyncio.Event()
        self._pairs = throttle(storage, "sign-in from", 5, 300, clock)
        self._emails = throttle(storage, "sign-in", 30, 300, clock)
        self._clients = throttle(storage, "sign-ins from", 20, 300, clock)

    # The owner

    async def setup_needed(self) -> bool:
        """Whether nobody owns this installation yet."""
        return not await self._accounts.has_owner()

    async def create_owner(self, name: str, email: str, password: str) -> User:
        """Make the first account. Raises `Conflict` when there is one: of two at the same time, one wins."""
        if not await self.setup_needed():
            raise Conflict("FlowStudio is set up already. Sign in, or ask the owner for an account.")
        user = await self._create(name, email, password, "owner")
        await self._audit.record(None, "user.created", user.email, user.id, role=user.role)
        return user

    async def create_configured_owner(self) -> None:
        """Make the owner that the settings name, unless there is one. Raises `ConfigurationError` for a bad one."""
        email, secret = self._settings.owner_email, self._settings.owner_password
        if email is None and secret is None:
            return
        if not email or secret is None:
            raise ConfigurationError(
                "Set both FLOWSTUDIO_OWNER_EMAIL and FLOWSTUDIO_OWNER_PASSWORD, or neither."
            )
        if not await self.setup_needed():
            return
        password = secret.get_secret_value()
        try:
            user = await self.create_owner(email.partition("@")[0], email, password)
        except InvalidRequest as error:
            raise ConfigurationError(
                f"FLOWSTUDIO_OWNER_EMAIL, FLOWSTUDIO_OWNER_PASSWORD: {error.message}"
            ) from error
        log.info("owner account created", extra={"email": user.email})

    # People

    async def users(self, caller: Caller) -> list[User]:
        """All accounts, oldest first."""
        require(caller, "admin")
        return await self._accounts.users()

    async def create_user(self, caller: Caller, name: str, email: str, password: str, role: Role) -> User:
        """Make an account. Raises `Conflict` when the e-mail address has one."""
        require(caller, "admin")
        if role == "owner":
            raise InvalidRequest("There is one owner; choose the role admin, editor or viewer.")
        user = await self._create(name, email, password, role)
        await self._audit.record(caller, "user.created", user.email, user.id, role=user.role)
        return user

    async def update_user(
        self,
        caller: Caller,
        id_: str,
        *,
        name: str | None = None,
        role: Role | None = None,
        password: str | None = None,
    ) -> User:
        """Change an account; a new password ends its sessions. The owner's is changed by the owner alone."""
        require(caller, "admin")
        user = await self._user(id_)
        if user.role == "owner" and caller.role != "owner":
            raise Forbidden("The owner's account is changed by the owner alone.")
        if role is not None and role != user.role:
            if user.role == "owner" or role == "owner":
                raise Conflict(
                    "There is one owner, and that stays so; choose the role admin, editor or viewer."
                )
            if user.id == caller.user_id:
                raise Conflict("You cannot change your own role; ask another admin.")
        if password is not None:
            check_password(password)
        updated = await self._accounts.update_user(
            id_,
            name=None if name is None else _checked_name(name),
            role=role,
            password_hash=None if password is None else await self._hasher.hash(password),
        )
        if password is not None:
            await self._accounts.delete_sessions(id_)
            await self._links.forget(id_)
            await self._audit.record(caller, "user.password_changed", user.email, id_)
        self.revoked()
        if (updated.name, updated.role) != (user.name, user.role):
            await self._audit.record(
                caller,
                "user.changed",
                user.email,
                id_,
                role=[user.role, updated.role] if updated.role != user.role else None,
                name=[user.name, updated.name] if updated.name != user.name else None,
            )
        return updated

    async def delete_user(self, caller: Caller, id_: str) -> None:
        """Delete an account with its sessions and keys. Workflows stay."""
        require(caller, "admin")
        user = await self._user(id_)
        if user.role == "owner":
            raise Conflict("The owner's account cannot be deleted.")
        if user.id == caller.user_id:
            raise Conflict("You cannot delete your own account; ask another admin.")
        await self._accounts.delete_user(id_)
        self.revoked()
        await self._audit.record(caller, "user.deleted", user.email, id_, role=user.role)

    async def rename(self, caller: Caller, name: str) -> User:
        """Change one's own name."""
        require(caller, "account")
        before = await self._user(caller.user_id)
        renamed = await self._accounts.update_user(before.id, name=_checked_name(name))
        self._known.clear()
        if renamed.name != before.name:
            names = [before.name, renamed.name]
            await self._audit.record(caller, "user.changed", before.email, before.id, name=names)
        return renamed

    async def change_password(self, caller: Caller, old: str, new: str, *, client: str) -> None:
        """Change one's own password; ends all of one's sessions. Raises `Forbidden` when the old one is wrong."""
        require(caller, "account")
        user = await self._user(caller.user_id)
        await self._pairs.attempt(f"{user.id} {client}")
        if not await self._hasher.verify(user.password_hash, old):
            raise Forbidden("The present password is not right.")
        await self._pairs.forget(f"{user.id} {client}")
        check_password(new)
        await self._accounts.update_user(user.id, password_hash=await self._hasher.hash(new))
        await self._accounts.delete_sessions(user.id)
        await self._links.forget(user.id)
        self.revoked()
        await self._audit.record(caller, "user.password_changed", user.email, user.id)

    # Sessions

    async def sign_in(self, email: str, password: str, *, client: str, agent: str = "") -> str:
        """A session token. Raises `Unauthorized`, in the same words and time whether or not the address is known, and
        `RateLimited` after too many tries from one client or for one address."""
        address = email.strip().casefold()[:320]
        pair = f"{address} {client}"
        await self._clients.attempt(client)
        await self._emails.attempt(address)
        await self._pairs.attempt(pair)
        user = await self._accounts.user_by_email(email.strip())
        if not await self._hasher.verify(user.password_hash if user else None, password) or user is None:
            log.warning("sign-in refused", extra={"client": client})
            known = (user.email, user.id) if user else ()  # what else was typed may be a password
            await self._audit.record(None, "session.refused", *known)
            raise Unauthorized("The e-mail address or the password is not right.")
        await self._clients.undo(client)
        await self._emails.forget(address)
        await self._pairs.forget(pair)
        if self._hasher.outdated(user.password_hash):
            await self._accounts.update_user(user.id, password_hash=await self._hasher.hash(password))
        await self._audit.record(_caller(user, "session"), "session.opened", user.email, user.id)
        return await self.open_session(user.id, client=client, agent=agent)

    async def open_session(self, user_id: str, *, client: str = "", agent: str = "") -> str:
        """A token for a browser of this account. The caller has made sure who it is."""
        token = secrets.token_urlsafe(32)
        await self._accounts.create_session(
            token_hash(token),
            user_id,
            self._now() + SESSION_LIFE,
            client=client[:AGENT],
            agent=agent[:AGENT],
        )
        return token

    async def sessions(self, caller: Caller, user_id: str | None = None) -> list[Session]:
        """Where an account is signed in, newest first: one's own, or somebody's for an admin. Raises `NotFound`."""
        require(caller, "account" if user_id in (None, caller.user_id) else "admin")
        user = await self._user(user_id or caller.user_id)
        now = self._now()
        return [each for each in await self._accounts.sessions(user.id) if each.expires_at > now]

    async def end_session(self, caller: Caller, name: str) -> None:
        """End one of one's own sessions, or anybody's for an admin. Raises `NotFound`."""
        require(caller, "account")
        people = await self._accounts.users() if caller.may("admin") else [await self._user(caller.user_id)]
        for user in people:
            for session in await self._accounts.sessions(user.id):
                if session_name(session.token_hash) == name:
                    await self._accounts.delete_session(session.token_hash)
                    self.revoked()
                    await self._audit.record(caller, "session.ended", user.email, user.id)
                    return
        raise NotFound("There is no such session (any more).")

    async def sign_out(self, token: str) -> None:
        """End a session."""
        hashed = token_hash(token)
        caller = await self.identify_session_hash(hashed)
        await self._accounts.delete_session(hashed)
        self.revoked()
        if caller is not None:
            await self._audit.record(caller, "session.closed", caller.email, caller.user_id)

    async def identify_session(self, token: str) -> Caller | None:
        """Who has this session; its end moves on."""
        return await self.identify_session_hash(token_hash(token))

    async def identify_session_hash(self, hashed: str) -> Caller | None:
        """The same by the token's SHA-256 in hex."""
        if (caller := self._remembered(hashed)) is not None:
            return caller
        found = await self._accounts.session(hashed)
        now = self._now()
        if found is None or found[0].expires_at <= now:
            return None
        session, user = found
        if now + SESSION_LIFE - session.expires_at >= SESSION_RENEWAL:
            await self._accounts.extend_session(hashed, now + SESSION_LIFE)
        return self._remember(hashed, user, "session")

    # API keys

    async def create_key(
        self, caller: Caller, name: str, *, scope: KeyScope = "full", days: int | None = None
    ) -> tuple[ApiKey, str]:
        """A key that acts for the caller within its scope, for some days or for ever, and its text, shown this once."""
        require(caller, "account")
        if scope == "metrics":
            require(caller, "metrics")
        key = f"fs_{secrets.token_urlsafe(32)}"
        record = await self._accounts.create_key(
            _checked_name(name),
            key[:7],
            token_hash(key),
            caller.user_id,
            scope=scope,
            expires_at=None if days is None else self._now() + timedelta(days=days),
        )
        await self._audit.record(caller, "key.created", record.name, record.id, scope=scope, days=days)
        return record, key

    async def keys(self, caller: Caller) -> list[ApiKey]:
        """One's own keys that are in force; an admin sees everybody's."""
        require(caller, "account")
        found = await self._accounts.keys(None if caller.may("admin") else caller.user_id)
        return [key for key in found if key.revoked_at is None]

    async def revoke_key(self, caller: Caller, id_: str) -> None:
        """Make a key useless at once. Raises `NotFound` for another person's, unless the caller is an admin."""
        require(caller, "account")
        key = next((key for key in await self.keys(caller) if key.id == id_), None)
        if key is None:
            raise NotFound(f"There is no API key '{id_}'.")
        await self._accounts.revoke_key(id_)
        self.revoked()
        await self._audit.record(caller, "key.revoked", key.name, id_)

    async def identify_key(self, key: str) -> Caller | None:
        """Whose API key this is."""
        hashed = token_hash(key)
        if (caller := self._remembered(hashed)) is not None:
            return caller
        found = await self._accounts.key(hashed)
        if found is None:
            return None
        record, user = found
        now = self._now()
        if record.revoked_at is not None or (record.expires_at is not None and record.expires_at <= now):
            return None
        if record.last_used_at is None or now - record.last_used_at >= KEY_USE:
            await self._accounts.touch_key(record.id, now)
        return self._remember(hashed, user, "api_key", record.scope)

    async def act_for(self, email: str | None) -> Caller:
        """The command line in the name of an account; of the owner when none is named."""
        user = await self._accounts.user_by_email(email) if email else await self._accounts.owner()
        if user is None:
            raise NotFound(
                f"There is no account '{email}'."
                if email
                else "There is no account yet. Make one with: flowstudio user create --role owner --email ADDRESS"
            )
        return _caller(user, "cli")

    # Within

    async def _create(self, name: str, email: str, password: str, role: Role) -> User:
        ready = await self.prepare(name, email, password)
        return await self._accounts.create_user(
            email=ready.email, name=ready.name, role=role, password_hash=ready.password_hash
        )

    async def prepare(self, name: str, email: str, password: str) -> Prepared:
        """An account's data, checked, with the password hashed. Raises `InvalidRequest`."""
        email = email.strip()
        if not _EMAIL.fullmatch(email):
            raise InvalidRequest(f"'{email[:100]}' is not an e-mail address.")
        check_password(password)
        return Prepared(_checked_name(name), email, await self.hashed(password))

    async def hashed(self, password: str) -> str:
        """A password as it is stored."""
        return await self._hasher.hash(password)

    async def _user(self, id_: str) -> User:
        user = await self._accounts.user(id_)
        if user is None:
            raise NotFound(f"There is no user '{id_}'.")
        return user

    async def wait_for_revocation(self) -> None:
        """Until somebody's right to be here may have changed: a sign-out, a new role, a revoked key …"""
        await self._revocation.wait()

    def revoked(self) -> None:
        """Trust no identification any more without looking it up again."""
        self.revoked_elsewhere()
        if self.on_revoked is not None:
            self.on_revoked()

    def revoked_elsewhere(self) -> None:
        """Another process has changed somebody's rights."""
        self._known.clear()
        self._revocation.set()
        self._revocation = asyncio.Event()

    def _remembered(self, hashed: str) -> Caller | None:
        entry = self._known.get(hashed)
        return entry.caller if entry is not None and entry.until > self._clock() else None

    def _remember(
        self, hashed: str, user: User, via: Literal["session", "api_key"], scope: KeyScope = "full"
    ) -> Caller:
        if len(self._known) >= KEPT:
            self._known.clear()
        caller = _caller(user, via, scope)
        self._known[hashed] = _Remembered(caller, self._clock() + REMEMBERED)
        return caller


def _caller(user: User, via: Literal["session", "api_key", "cli"], scope: KeyScope = "full") -> Caller:
    return Caller(user.id, user.email, user.name, user.role, via, scope=scope)


def _checked_name(name: str) -> str:
    name = name.strip(" ")
    if not 1 <= len(name) <= 200 or any(ord(character) < 32 for character in name):
        raise InvalidRequest("A name has 1 to 200 characters and no line breaks.")
    return name
