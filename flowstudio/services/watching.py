"""Who has a workflow open, and what they still have to be told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from flowstudio.engine.item import Json
from flowstudio.storage.records import EditBatch

QUEUED = 500
"""Batches that wait for one slow watcher before the oldest are dropped; it reads those from the log."""
COALESCE = 0.1
"""Seconds over which comings and goings are gathered into one message."""


@dataclass(eq=False, slots=True)
class Watcher:
    """Somebody who has the workflow open. Flags say what happened since they were looked at last."""

    name: str
    client: str
    batches: deque[EditBatch] = field(default_factory=lambda: deque(maxlen=QUEUED))
    reset: int = 0
    """The draft was replaced as a whole, and has this version since then."""
    behind: bool = False
    """Another process has changed the workflow."""
    state: bool = True
    people: bool = True
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        """Until something happens."""
        await self._woken.wait()
        self._woken.clear()

    def wake(self) -> None:
        """Something happened."""
        self._woken.set()


class Audience:
    """The watchers of every workflow: those of this process, and the names of those of others."""

    def __init__(self) -> None:
        self._watchers: dict[str, list[Watcher]] = {}
        self._announced: set[str] = set()
        self._elsewhere: dict[str, dict[str, dict[str, str]]] = {}
        """By workflow and process: names by client."""
        self._heard: dict[str, float] = {}
        """When each process told something last, by the clock of the loop."""
        self.on_people: Callable[[str], None] | None = None
        """Called when others come or go here."""

    def join(self, workflow: str, watcher: Watcher) -> None:
        """Somebody opens a workflow."""
        self._watchers.setdefault(workflow, []).append(watcher)
        self._announce(workflow)
        watcher.wake()

    def leave(self, workflow: str, watcher: Watcher) -> None:
        """Somebody is gone."""
        watchers = self._watchers.get(workflow, [])
        if watcher in watchers:
            watchers.remove(watcher)
        if watchers:
            self._announce(workflow)
        else:
            self._watchers.pop(workflow, None)
            if self.on_people is not None:
                self.on_people(workflow)

    def of(self, workflow: str) -> list[Watcher]:
        """Everybody who has a workflow open."""
        return list(self._watchers.get(workflow, ()))

    def everybody(self) -> list[Watcher]:
        """Everybody who has any workflow open."""
        return [watcher for watchers in self._watchers.values() for watcher in watchers]

    def open(self) -> list[str]:
        """The workflows that somebody has open here."""
        return list(self._watchers)

    def here(self, workflow: str) -> dict[str, str]:
        """The names of those who have a workflow open in this process, by client."""
        return {watcher.client: watcher.name for watcher in self.of(workflow) if watcher.client}

    def told(self, workflow: str, process: str, names: dict[str, str]) -> None:
        """Another process says who has a workflow open there."""
        there = self._elsewhere.setdefault(workflow, {})
        self._heard[process] = asyncio.get_running_loop().time()
        changed = there.get(process, {}) != names
        if names:
            there[process] = names
        else:
            there.pop(process, None)
        if not there:
            del self._elsewhere[workflow]
        if changed:
            self._tell_people(workflow)

    def expire(self, seconds: float) -> None:
        """Forget the people of processes that have told nothing for so long: they have ended without saying so."""
        old = asyncio.get_running_loop().time() - seconds
        silent = {process for process, heard in self._heard.items() if heard < old}
        for workflow, there in list(self._elsewhere.items()):
            for process in silent & there.keys():
                self.told(workflow, process, {})
        for process in silent:
            self._heard.pop(process, None)

    def gone(self) -> None:
        """Nothing is known any more of other processes."""
        workflows = list(self._elsewhere)
        self._elsewhere.clear()
        self._heard.clear()
        for workflow in workflows:
            self._tell_people(workflow)

    def people(self, workflow: str) -> list[Json]:
        """The same as names, one for each client that has told its own; in the order of their coming."""
        names = self.here(workflow)
        for others in self._elsewhere.get(workflow, {}).values():
            names = others | names
        return [{"name": name, "client": client} for client, name in names.items()]

    def _announce(self, workflow: str) -> None:
        if workflow not in self._announced:
            self._announced.add(workflow)
            asyncio.get_running_loop().call_later(COALESCE, self._announced_now, workflow)

    def _announced_now(self, workflow: str) -> None:
        self._announced.discard(workflow)
        self._tell_people(workflow)
        if self.on_people is not None:
            self.on_people(workflow)

    def _tell_people(self, workflow: str) -> None:
        for watcher in self.of(workflow):
            watcher.people = True
            watcher.wake()
