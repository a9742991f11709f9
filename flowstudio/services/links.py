"""Invitations and forgotten passwords: links that let somebody in, once.

The token stands behind the `#` of the address, which browsers send to nobody: no log, proxy or referrer sees it. The
address comes from the settings, never from the request.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from flowstudio.config import Settings
from flowstudio.engine.clock import now as shared_now
from flowstudio.errors import Conflict, InvalidRequest, NotFound, RateLimited
from flowstudio.services.accounts import AccountService, token_hash
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.services.mail import Mailer
from flowstudio.services.passwords import check_password
from flowstudio.services.throttle import throttle
from flowstudio.storage import Storage
from flowstudio.storage.records import AccountLink, Role, User

log = logging.getLogger(__name__)

INVITATION_DAYS = 7
RESET_LIFE = timedelta(hours=1)
GONE = "This link does not work any more: it was used, taken back, or is too old. Ask for another one."


class LinkService:
    """What people do with links. Methods for people who are not signed in yet demand the token instead."""

    def __init__(
        self,
        storage: Storage,
        settings: Settings,
        accounts: AccountService,
        mailer: Mailer,
        *,
        now: Callable[[], datetime] = shared_now,
    ) -> None:
        self._links = storage.account_links
        self._users = storage.accounts
        self._audit = Audit(storage)
        self._accounts = accounts
        self._mailer = mailer
        self._base = settings.base_url
        self._now = now
        self._tries = throttle(storage, "link", 30, 300)
        self._asked = throttle(storage, "password mail", 3, 900)
        self._asking = throttle(storage, "password mails from", 20, 900)
        self._pending: set[asyncio.Task[None]] = set()

    @property
    def by_mail(self) -> bool:
        """Whether links can be sent."""
        return self._mailer.on

    # Invitations

    async def invitations(self, caller: Caller) -> list[AccountLink]:
        """Those that still work, newest first."""
        require(caller, "admin")
        return await self._links.invitations(self._now())

    async def invite(
        self, caller: Caller, role: Role, *, email: str = "", days: int = INVITATION_DAYS
    ) -> tuple[AccountLink, str]:
        """A link that makes one account of this role, and its address, which is told this once.

        With an e-mail address it makes the account of that address only, and is sent there if mail is set up.
        """
        require(caller, "admin")
        if role == "owner":
            raise InvalidRequest("There is one owner; choose the role admin, editor or viewer.")
        if email and await self._users.user_by_email(email) is not None:
            raise Conflict(f"There is an account for {email} already.")
        token = secrets.token_urlsafe(32)
        link = await self._links.create(
            token_hash=token_hash(token),
            purpose="invitation",
            role=role,
            email=email,
            created_by=caller.user_id or None,
            expires_at=self._now() + timedelta(days=days),
        )
        await self._audit.record(caller, "user.invited", email, link.id, role=role, days=days)
        address = f"{self._base}/join#{token}"
        if email:
            inviter = caller.name
            self._mailer.send(
                email,
                "Your invitation to FlowStudio",
                f"{inviter} invites you to FlowStudio. Open this link to choose your password; it works once, "
                f"for {days} days:\n\n{address}\n",
            )
        return link, address

    async def take_back(self, caller: Caller, id_: str) -> None:
        """Let an invitation work no more. Raises `NotFound`."""
        require(caller, "admin")
        link = await self._links.delete(id_)
        if link is None:
            raise NotFound(f"There is no open invitation '{id_}'.")
        await self._audit.record(caller, "user.invitation_withdrawn", link.email, id_, role=link.role)

    async def read(self, token: str, *, client: str) -> AccountLink:
        """What an invitation is about. Raises `NotFound`."""
        await self._tries.attempt(client)
        link = await self._links.find(token_hash(token), "invitation", self._now())
        if link is None:
            raise NotFound(GONE)
        await self._tries.undo(client)
        return link

    async def accept(self, token: str, name: str, email: str, password: str, *, client: str) -> User:
        """Make the account of an invitation. Raises `NotFound`, and `Conflict` for an address that has one."""
        link = await self.read(token, client=client)
        prepared = await self._accounts.prepare(name, link.email or email, password)
        user = await self._links.accept(
            token_hash(token),
            self._now(),
            email=prepared.email,
            name=prepared.name,
            password_hash=prepared.password_hash,
        )
        if user is None:
            raise NotFound(GONE)
        await self._audit.record(None, "user.joined", user.email, user.id, role=user.role, invitation=link.id)
        return user

    # Passwords

    async def forgot(self, email: str, *, client: str) -> None:
        """Send a link that sets a new password, if there is such an account. Says nothing about whether there is.

        Raises `Conflict` when no mail server is set up, and `RateLimited`.
        """
        if not self._mailer.on:
            raise Conflict(
                "This FlowStudio sends no mail. Ask an admin for a new password; on the server: flowstudio user "
                "set-password --email ADDRESS"
            )
        await self._asking.attempt(client)
        task = asyncio.create_task(self._send_reset(email.strip()[:320]))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _send_reset(self, email: str) -> None:
        user = await self._users.user_by_email(email)
        if user is None:
            return
        try:
            await self._asked.attempt(user.id)
        except RateLimited:
            return
        token = secrets.token_urlsafe(32)
        await self._links.create(
            token_hash=token_hash(token),
            purpose="password",
            user_id=user.id,
            email=user.email,
            expires_at=self._now() + RESET_LIFE,
        )
        await self._audit.record(None, "user.password_forgotten", user.email, user.id)
        self._mailer.send(
            user.email,
            "A new password for FlowStudio",
            "Somebody, probably you, asked for a new password. Open this link to choose it; it works once, for an "
            f"hour:\n\n{self._base}/new-password#{token}\n\nIf that was not you, there is nothing to do.\n",
        )

    async def set_password(self, token: str, password: str, *, client: str) -> None:
        """Use a password link; ends all sessions of the account. Raises `NotFound`."""
        await self._tries.attempt(client)
        check_password(password)
        link = await self._links.find(token_hash(token), "password", self._now())
        if link is None:
            raise NotFound(GONE)
        hashed = await self._accounts.hashed(password)
        user = await self._links.set_password(token_hash(token), self._now(), hashed)
        if user is None:
            raise NotFound(GONE)
        await self._tries.undo(client)
        self._accounts.revoked()
        await self._audit.record(None, "user.password_changed", link.email, user)

    async def close(self) -> None:
        """Wait for what is on its way."""
        await asyncio.gather(*self._pending, return_exceptions=True)
