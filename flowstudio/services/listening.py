"""Test addresses of webhooks: open for one call, which somebody in the editor waits for."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from flowstudio.engine.item import Json
from flowstudio.services.bus import Messenger
from flowstudio.services.webhook_routes import Route, Routes
from flowstudio.storage.leases import LeaseRepository
from flowstudio.storage.owners import new_owner

PATIENCE = 1.0
"""Seconds within which another process may tell of addresses that it has opened."""
TAKEN = 300.0
"""Seconds for which a call that was let in keeps others out."""


@dataclass(eq=False, slots=True)
class Listening:
    """The open test addresses of a workflow.

    `outcome` is settled once: with the execution that the call started, or with None when nothing will come any more.
    Between a call and its execution the addresses are `taken`.
    """

    routes: Routes
    until: datetime
    outcome: asyncio.Future[str | None] = field(default_factory=asyncio.Future)
    taken: bool = False

    @property
    def open(self) -> bool:
        """Whether a call would be let in now."""
        return not self.taken and not self.outcome.done() and self.until > datetime.now(UTC)

    def settle(self, execution: str | None) -> None:
        """Say what came of it; what was said first counts."""
        if not self.outcome.done():
            self.outcome.set_result(execution)


class Listenings:
    """Who listens, by workflow. What is over is kept until its time is up, for those who ask a little late."""

    def __init__(self, leases: LeaseRepository | None = None) -> None:
        """`leases` decide between processes which one lets a call in."""
        self._leases = leases
        self._by_workflow: dict[str, Listening] = {}
        self._opened = asyncio.Event()
        self.messenger: Messenger | None = None
        """Tells other processes of what is opened and heard here; None where there are none."""

    def start(self, workflow: str, routes: Routes, until: datetime) -> None:
        """Open addresses, or keep them open for longer: two people who listen to one workflow see the same call."""
        self._open(workflow, routes, until)
        opened = [[route.method, route.path, route.node] for route in routes.all()]
        self._tell("listen", {"workflow": workflow, "until": until.isoformat(), "routes": opened})

    def _open(self, workflow: str, routes: Routes, until: datetime) -> None:
        self._drop_old()
        known = self._by_workflow.get(workflow)
        if known is not None and known.open:
            known.routes, known.until = routes, until
        else:
            self._by_workflow[workflow] = Listening(routes, until)
            self._opened.set()
            self._opened = asyncio.Event()

    def stop(self, workflow: str) -> None:
        """Close the addresses; nothing when they are closed."""
        self._close(workflow)
        self._tell("unlisten", {"workflow": workflow})

    def _close(self, workflow: str) -> None:
        listening = self._by_workflow.get(workflow)
        if listening is not None and not listening.taken:
            listening.settle(None)

    def routes(self, path: str) -> Routes:
        """The open addresses among which the one of a path is."""
        for listening in self._by_workflow.values():
            if listening.open and listening.routes.methods(path):
                return listening.routes
        return Routes()

    def take(self, workflow: str) -> Listening | None:
        """Let one call in, which must `settle` what it gets; None when another call was quicker."""
        listening = self._by_workflow.get(workflow)
        if listening is None or not listening.open:
            return None
        listening.taken = True
        return listening

    async def wait_for_call(self, workflow: str, seconds: float) -> tuple[str | None, bool]:
        """The execution that a call started, if one comes in time; and whether it is worth asking again."""
        listening = self._by_workflow.get(workflow)
        if listening is None and self.messenger is not None:
            await self._hear_of(workflow)
            listening = self._by_workflow.get(workflow)
        if listening is None:
            return None, False
        left = (listening.until - datetime.now(UTC)).total_seconds()
        patience = seconds if listening.taken else min(seconds, max(left, 0))
        await asyncio.wait([listening.outcome], timeout=patience)
        if listening.outcome.done():
            return listening.outcome.result(), False
        return None, listening.open or listening.taken

    async def take_for_all(self, workflow: str) -> Listening | None:
        """The same across all processes."""
        listening = self.take(workflow)
        if listening is not None and self.messenger is not None and self._leases is not None:
            occasion = sha256(f"{workflow}/{listening.until.isoformat()}".encode()).hexdigest()
            if not await self._leases.hold(f"listen/{occasion[:24]}", new_owner(), TAKEN):
                return None
        return listening

    def told(self, workflow: str, listening: Listening, execution: str | None) -> None:
        """Say, everywhere, what came of a call that was let in."""
        listening.settle(execution)
        self._tell("heard", {"workflow": workflow, "execution": execution})

    def hear(self, kind: str, data: Json) -> None:
        """Another process tells of its addresses."""
        workflow: str = data["workflow"]
        match kind:
            case "listen":
                routes = Routes(Route(method, path, workflow, node) for method, path, node in data["routes"])
                self._open(workflow, routes, datetime.fromisoformat(data["until"]))
            case "unlisten":
                self._close(workflow)
            case "heard" if workflow in self._by_workflow:
                self._by_workflow[workflow].settle(data["execution"])

    def _tell(self, kind: str, data: Json) -> None:
        if self.messenger is not None:
            self.messenger.send(kind, data)

    async def _hear_of(self, workflow: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while workflow not in self._by_workflow:
                    await self._opened.wait()

    def _drop_old(self) -> None:
        now = datetime.now(UTC)
        for workflow, listening in list(self._by_workflow.items()):
            if listening.until < now and (listening.outcome.done() or not listening.taken):
                listening.settle(None)
                del self._by_workflow[workflow]
