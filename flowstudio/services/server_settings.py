"""What admins set for the server: what is kept, limits, the mail server. All of it holds without a restart.

What the environment sets stands: it cannot be changed here. What neither says has its default.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from flowstudio.config import Settings
from flowstudio.engine.item import Json
from flowstudio.errors import Conflict, InvalidRequest
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.services.mail import PORTS, Mailer, MailServer, mail_server
from flowstudio.services.runner import Runner
from flowstudio.storage import Storage

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds after which a process notices what an admin set in another one."""
NUMBERS = ("retention_days", "retention_count", "max_body", "concurrency", "concurrency_total")
"""Settings that are numbers, by the names that `Settings` has for them."""


@dataclass(frozen=True, slots=True)
class WantedMail:
    """A mail server as an admin describes it."""

    host: str
    security: Literal["starttls", "tls"]
    port: int | None
    """None for the usual one."""
    user: str
    sender: str
    password: str | None = field(repr=False)
    """None to keep the one that is stored."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What holds, and where it comes from."""

    retention_days: float
    retention_count: int
    max_body: int
    concurrency: int
    concurrency_total: int
    """0: no limit."""
    mail: MailServer | None
    defaults: dict[str, float]
    fixed: dict[str, str]
    """Environment variables by the settings that they set."""


class ServerSettingsService:
    """Keeps what holds in this process up to date with the database."""

    def __init__(self, storage: Storage, settings: Settings, mailer: Mailer, runner: Runner) -> None:
        self._stored, self._settings = storage.server_settings, settings
        self._mailer, self._runner = mailer, runner
        self._executions = storage.executions
        self._audit = Audit(storage)
        self._known: tuple[Json, str] = ({}, "")
        self._changing = asyncio.Lock()
        self.current = self._made_of({}, "")
        """What holds."""

    async def load(self) -> None:
        """Take over what is stored."""
        stored = await self._stored.get()
        if stored != self._known or self._runner.limit != self.current.concurrency:
            self.current = self._made_of(*stored)
            self._mailer.use(self.current.mail)
            await self._runner.allow(self.current.concurrency)
            self._known = stored
        if self._settings.mode == "scaled":  # where one process runs all, what it may is all
            self._executions.most = self.current.concurrency_total or None

    async def look_after(self) -> None:
        """Take over what other processes store, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.load()
            except Exception:
                log.exception("Reading the server's settings failed; the last ones hold")

    def get(self, caller: Caller) -> ServerSettings:
        """What holds. The password of the mail server is for nobody's eyes: leave it out."""
        require(caller, "admin")
        return self.current

    async def replace(
        self, caller: Caller, numbers: dict[str, float | None], mail: WantedMail | None
    ) -> ServerSettings:
        """Set everything; None stands for the default. What the environment sets stays as it was stored.

        Raises `InvalidRequest` when a password is missing.
        """
        require(caller, "admin")
        async with self._changing:
            chosen, password = await self._stored.get()
            wanted: Json = {name: numbers[name] for name in NUMBERS if numbers.get(name) is not None}
            for name in self.current.fixed:
                wanted.pop(name, None)
                if name in chosen:
                    wanted[name] = chosen[name]
            if "mail" in self.current.fixed:
                wanted["mail"] = chosen.get("mail")
            elif mail is not None:
                wanted["mail"], password = _mail(mail, chosen.get("mail"), password)
            else:
                wanted["mail"], password = None, ""
            before = self.current
            await self._stored.replace(wanted, password)
            await self.load()
        await self._audit.record(caller, "settings.server_changed", **_changes(before, self.current))
        return self.current

    async def try_mail(self, caller: Caller) -> str:
        """Send a mail to the caller. What went wrong, in a sentence; empty when it was taken. Raises `Conflict`."""
        require(caller, "admin")
        if not self._mailer.on:
            raise Conflict("No mail server is set. Save one first.")
        if not caller.email:
            raise Conflict("You have no e-mail address that a test could be sent to.")
        problem = await self._mailer.attempt(
            caller.email,
            "A test from FlowStudio",
            "Mail works: FlowStudio can send invitations and links for new passwords.\n",
        )
        await self._audit.record(caller, "settings.mail_tried", worked=not problem)
        return problem

    def _made_of(self, chosen: Json, password: str) -> ServerSettings:
        settings = self._settings
        fixed = {name: f"FLOWSTUDIO_{name.upper()}" for name in NUMBERS if name in settings.model_fields_set}
        values: dict[str, Any] = {
            name: getattr(settings, name) if name in fixed else chosen.get(name, getattr(settings, name))
            for name in NUMBERS
        }
        if settings.smtp_url is not None:
            fixed["mail"] = "FLOWSTUDIO_SMTP_URL"
        elif settings.mail_from:
            fixed["sender"] = "FLOWSTUDIO_MAIL_FROM"
        defaults = {name: Settings.model_fields[name].default for name in NUMBERS}
        mail = mail_in_use(settings, chosen, password)
        return ServerSettings(**values, mail=mail, defaults=defaults, fixed=fixed)


def mail_in_use(settings: Settings, chosen: Json, password: str) -> MailServer | None:
    """The mail server of the environment, or else the stored one. Raises `ConfigurationError`."""
    stored = chosen.get("mail")
    if settings.smtp_url is not None or stored is None:
        return mail_server(settings)
    found = MailServer(**stored, password=password)
    return replace(found, sender=settings.mail_from) if settings.mail_from else found


def _mail(wanted: WantedMail, before: Json | None, password: str) -> tuple[Json, str]:
    """What is stored of a mail server, and its password. A stored password is for the server that it was entered for."""
    scheme = "smtps" if wanted.security == "tls" else "smtp"
    made: Json = {
        "scheme": scheme,
        "host": wanted.host.strip().lower(),
        "port": wanted.port or PORTS[scheme],
        "user": wanted.user.strip(),
        "sender": wanted.sender,
    }
    if not made["user"]:
        return made, ""
    if wanted.password:
        return made, wanted.password
    same = before is not None and all(
        made[name] == before[name] for name in ("scheme", "host", "port", "user")
    )
    if not same or not password:
        raise InvalidRequest(
            "Enter the password of the mail server: a stored one is kept only for the server, port and user that it belongs to."
        )
    return made, password


def _changes(before: ServerSettings, after: ServerSettings) -> dict[str, Any]:
    """What an auditor wants to know: new numbers, and which parts of the mail server are others now."""
    found: dict[str, Any] = {
        name: getattr(after, name) for name in NUMBERS if getattr(before, name) != getattr(after, name)
    }
    if before.mail != after.mail:
        was, now = (asdict(mail) if mail else {} for mail in (before.mail, after.mail))
        found["mail"] = sorted(name for name in was | now if was.get(name) != now.get(name))
    return found
