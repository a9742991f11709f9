"""Who calls an event handler. Every public method of a State can be called by any client, so each one asks here first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from flowstudio.components.texts import text
from flowstudio.errors import FlowStudioError, Unauthorized
from flowstudio.pages.notices import failure
from flowstudio.runtime import Runtime, current
from flowstudio.services.audit import calling_from
from flowstudio.services.callers import Caller, Permission, require

log = logging.getLogger(__name__)

SESSION_HEADER = "x-flowstudio-session"
"""Carries the SHA-256 of the session token: `server.BrowserGuard` puts it where the cookie was."""


def handler(method: Callable[..., Any]) -> Any:
    """Make a method of a State an event handler.

    `Any`, because it is two things: on the class what pages bind to events, on an instance the method itself.
    """
    return rx.event(method)


class PageState(rx.State, mixin=True):
    """What the states of all pages share.

    The vars are for display only. Handlers decide by `_demand`, which looks the session up on the server each time.
    """

    person: str = ""
    role: str = ""
    may_edit: bool = False
    may_run: bool = False
    may_admin: bool = False
    ready: bool = False
    """The first answer of the server is there."""

    async def _demand(self, permission: Permission) -> Caller:
        """Who calls. Raises `Unauthorized` for nobody and `Forbidden` without the permission."""
        calling_from.set(self.router.session.client_ip)
        session = self.router.headers.raw_headers.get(SESSION_HEADER, "")
        return require(await current().accounts.identify_session_hash(session), permission)

    async def _enter(self) -> Caller:
        """The first line of a page's `on_load`."""
        caller = await self._demand("read")
        self.person, self.role = caller.name, caller.role
        self.may_edit, self.may_run = caller.may("edit"), caller.may("run")
        self.may_admin = caller.may("admin")
        return caller

    def _runtime(self) -> Runtime:
        return current()

    def _last_segment(self) -> str:
        """The id in the address, as the client says it: services check it."""
        return str(self.router.url.path).rstrip("/").rsplit("/", 1)[-1]


def on_error(exception: Exception) -> EventSpec | None:
    """Turn what a handler raised into something a person sees."""
    if isinstance(exception, Unauthorized):
        return rx.redirect("/login")
    if isinstance(exception, FlowStudioError):
        return failure(exception.message)
    log.error("An event handler failed", exc_info=exception)
    return failure(text("app.unexpected", status="500"))
