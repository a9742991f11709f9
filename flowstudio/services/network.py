"""The network rules: which hosts workflows may call, as admins set them. They hold at once, in every process within seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flowstudio.errors import ConfigurationError, InvalidRequest
from flowstudio.outbound import Outbound
from flowstudio.outbound.addresses import parse
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.storage import Storage

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds after which a process notices what an admin set in another one."""
MOST = 500
"""Entries of a list."""


@dataclass(frozen=True, slots=True)
class NetworkRules:
    """Hosts by lists."""

    allowed: tuple[str, ...]
    """Private hosts that may be called."""
    denied: tuple[str, ...]
    """Hosts that may not be called, whatever else is said."""
    configured: tuple[str, ...] = ()
    """Allowed by FLOWSTUDIO_ALLOW_HOSTS, which no page changes."""


class NetworkService:
    """Keeps the rules of the way out up to date with the database."""

    def __init__(self, storage: Storage, outbound: Outbound, configured: Sequence[str]) -> None:
        self._rules, self._outbound, self._configured = storage.network, outbound, tuple(configured)
        self._audit = Audit(storage)
        self.on_changed: Callable[[], None] | None = None
        """Called after rules were set here."""
        self._known: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    async def load(self) -> None:
        """Take over what is stored."""
        stored = await self._rules.get()
        if stored != self._known:
            await self._outbound.use_rules((*self._configured, *stored[0]), stored[1])
            self._known = stored

    async def look_after(self) -> None:
        """Take over what other processes store, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.load()
            except Exception:
                log.exception("Reading the network rules failed; the last ones hold")

    async def get(self, caller: Caller) -> NetworkRules:
        """The rules."""
        require(caller, "admin")
        allowed, denied = await self._rules.get()
        return NetworkRules(allowed, denied, self._configured)

    async def replace(self, caller: Caller, allowed: Sequence[str], denied: Sequence[str]) -> NetworkRules:
        """Set both lists. Raises `InvalidRequest` that names the wrong entry."""
        require(caller, "admin")
        before = await self._rules.get()
        wanted = (_checked(allowed), _checked(denied))
        await self._rules.replace(*wanted)
        await self.load()
        if self.on_changed is not None:
            self.on_changed()
        await self._audit.record(
            caller,
            "settings.network_changed",
            allowed=sorted(set(wanted[0]) ^ set(before[0])),
            denied=sorted(set(wanted[1]) ^ set(before[1])),
        )
        return NetworkRules(*wanted, self._configured)


def _checked(entries: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(entry.strip().lower() for entry in entries if entry.strip()))
    for entry in found:
        try:
            parse(entry)
        except ConfigurationError as error:
            raise InvalidRequest(error.message) from None
    return found
