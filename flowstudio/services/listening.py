"""Test addresses of webhooks: open for one call, which somebody in the editor waits for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flowstudio.services.webhook_routes import Routes


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

    def __init__(self) -> None:
        self._by_workflow: dict[str, Listening] = {}

    def start(self, workflow: str, routes: Routes, until: datetime) -> None:
        """Open addresses, or keep them open for longer: two people who listen to one workflow see the same call."""
        self._drop_old()
        known = self._by_workflow.get(workflow)
        if known is not None and known.open:
            known.routes, known.until = routes, until
        else:
            self._by_workflow[workflow] = Listening(routes, until)

    def stop(self, workflow: str) -> None:
        """Close the addresses; nothing when they are closed."""
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
        if listening is None:
            return None, False
        left = (listening.until - datetime.now(UTC)).total_seconds()
        patience = seconds if listening.taken else min(seconds, max(left, 0))
        await asyncio.wait([listening.outcome], timeout=patience)
        if listening.outcome.done():
            return listening.outcome.result(), False
        return None, listening.open or listening.taken

    def _drop_old(self) -> None:
        now = datetime.now(UTC)
        for workflow, listening in list(self._by_workflow.items()):
            if listening.until < now and (listening.outcome.done() or not listening.taken):
                listening.settle(None)
                del self._by_workflow[workflow]
