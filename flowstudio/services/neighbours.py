"""What the processes of an installation tell each other beside events: what was changed, cancelled, opened, and who is there.

All of it is kept in the database, or is of no use tomorrow. A process that missed something forgets what it remembers and asks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from flowstudio.services.accounts import AccountService
from flowstudio.services.bus import SharedBus
from flowstudio.services.editing import EditingService
from flowstudio.services.network import NetworkService
from flowstudio.services.prices import PriceService
from flowstudio.services.runner import Runner
from flowstudio.services.webhooks import WebhookService
from flowstudio.services.wire import read_event, write_event
from flowstudio.services.workflows import WorkflowService
from flowstudio.services.workforce import Workforce
from flowstudio.storage.channel import Channel
from flowstudio.storage.owners import new_owner

log = logging.getLogger(__name__)

STILL_HERE = 10.0
"""Seconds between two times at which a process tells who has workflows open there; it is forgotten after three."""


class Neighbours:
    """One process's relations to the others."""

    def __init__(
        self,
        channel: Channel,
        bus: SharedBus,
        *,
        runner: Runner,
        workflows: WorkflowService,
        editing: EditingService,
        webhooks: WebhookService,
        accounts: AccountService,
        pricing: PriceService,
        network: NetworkService,
        workforce: Workforce,
    ) -> None:
        self.channel = channel
        channel.hear, channel.missed = self._hear, self._missed
        self._name = new_owner()
        self._bus, self._runner, self._workflows, self._editing = bus, runner, workflows, editing
        self._webhooks, self._accounts, self._pricing, self._network = webhooks, accounts, pricing, network
        self._workforce = workforce
        self._hearing = False
        """A message of another process is being dealt with: what it leads to is not told again."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, tell, and ask what the others run."""
        self._webhooks.listenings.messenger = self.channel
        self._workflows.on_touched.append(lambda id_: self._tell("workflow", id_))
        self._workflows.on_routes_changed.append(lambda: self._tell("routes", None))
        self._accounts.on_revoked = lambda: self._tell("revoked", None)
        self._pricing.on_changed = lambda: self._tell("prices", None)
        self._network.on_changed = lambda: self._tell("network", None)
        self._editing.audience.on_people = self._tell_people
        await self.channel.start()
        self._tell("hello", None)
        self._workforce.start()
        self._spawn(self._stay())

    async def stop(self) -> None:
        """Say goodbye."""
        await self._workforce.stop()
        for workflow in self._editing.audience.open():
            self._tell("people", [workflow, self._name, {}])
        for task in (tasks := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.channel.stop()

    def _tell(self, kind: str, data: Any) -> None:
        if not self._hearing:
            self.channel.send(kind, data)

    def _tell_people(self, workflow: str) -> None:
        self._tell("people", [workflow, self._name, self._editing.audience.here(workflow)])

    async def _stay(self) -> None:
        """Tell again and again who is here; those of a process that tells nothing any more are gone."""
        while True:
            await asyncio.sleep(STILL_HERE)
            for workflow in self._editing.audience.open():
                self._tell_people(workflow)
            self._editing.audience.expire(3 * STILL_HERE)

    def _hear(self, kind: str, data: Any) -> None:
        self._hearing = True
        try:
            self._understand(kind, data)
        finally:
            self._hearing = False

    def _understand(self, kind: str, data: Any) -> None:
        match kind:
            case "event":
                self._bus.hear(data)
            case "cancel":
                self._runner.cancel(data)
            case "workflow":
                self._spawn(self._changed(data))
            case "routes":
                self._workflows.routes_changed()
            case "revoked":
                self._accounts.revoked_elsewhere()
            case "prices":
                self._spawn(self._pricing.load())
            case "network":
                self._spawn(self._network.load())
            case "listen" | "unlisten" | "heard":
                self._webhooks.listenings.hear(kind, data)
            case "people":
                self._editing.audience.told(*data)
            case "hello":
                self._hearing = False
                self._introduce()
            case "room" | "take":
                self._workforce.hear(kind, data)
            case "runs":
                self._heard_of(*data)
            case "doings":
                self._heard_doings(*data)

    def _introduce(self) -> None:
        """Tell a new process what runs and who is here."""
        if self._runner.works:
            for execution, states in self._runner.live.all().items():
                self.channel.send("runs", [execution, states])
                if told := self._runner.live.doings(execution).events():
                    self.channel.send("doings", [execution, [write_event(event) for event in told]])
        self._workforce.announce()
        for workflow in self._editing.audience.open():
            self._tell_people(workflow)

    def _heard_of(self, execution: str, states: Any) -> None:
        if not self._runner.works:
            self._runner.live.restore(execution, states)
            self._bus.missed(execution)

    def _heard_doings(self, execution: str, told: list[Any]) -> None:
        if not self._runner.works:
            events = [event for each in told if (event := read_event(each)) is not None]
            self._runner.live.restore_doings(execution, events)
            self._bus.missed(execution)

    def _missed(self) -> None:
        """Messages were lost: read what is stored, and ask for what is not."""
        if not self._runner.works:
            self._runner.live.forget()
        self._editing.audience.gone()
        self._workforce.missed()
        self._spawn(self._changed(None))
        self._hearing = True
        try:
            self._workflows.routes_changed()
        finally:
            self._hearing = False
        self._accounts.revoked_elsewhere()
        self._spawn(self._pricing.load())
        self._spawn(self._network.load())
        self._bus.missed()
        self._tell("hello", None)

    async def _changed(self, workflow: str | None) -> None:
        await self._workflows.changed_elsewhere(workflow)
        self._editing.changed_elsewhere(workflow)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        async def done() -> None:
            try:
                await work
            except Exception:
                log.exception("following what another process did failed")

        task = asyncio.create_task(done())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
