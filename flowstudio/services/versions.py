"""The history of workflows: read, named, compared, restored."""

from __future__ import annotations

from collections.abc import Sequence

from flowstudio.engine.item import Json
from flowstudio.engine.workflow import load_workflow
from flowstudio.errors import NotFound
from flowstudio.services.callers import Caller, require
from flowstudio.services.differences import differences
from flowstudio.services.workflows import Workflow, WorkflowService
from flowstudio.storage import Storage
from flowstudio.storage.records import WorkflowVersion


class VersionService:
    """What people do with the history. Every method checks the caller first."""

    def __init__(self, storage: Storage, workflows: WorkflowService) -> None:
        self._versions = storage.versions
        self._workflows = workflows

    async def list(self, caller: Caller, id_: str) -> tuple[Workflow, Sequence[WorkflowVersion]]:
        """The workflow and its history, newest first. Raises `NotFound`."""
        require(caller, "read")
        workflow = await self._workflows.load(id_)
        return workflow, await self._versions.list(id_)

    async def get(self, caller: Caller, id_: str, number: int) -> tuple[Workflow, WorkflowVersion, Json]:
        """The workflow, an entry of its history, and the document of that. Raises `NotFound`."""
        require(caller, "read")
        workflow = await self._workflows.load(id_)
        found = await self._versions.get(id_, number)
        if found is None:
            raise NotFound(
                f"Workflow '{id_}' has no version {number} in its history; edits that follow each other quickly "
                "are one entry there."
            )
        return workflow, *found

    async def annotate(
        self, caller: Caller, id_: str, number: int, note: str
    ) -> tuple[Workflow, WorkflowVersion]:
        """Say what a version is. It stays in the history as it is from then on. Raises `NotFound`."""
        require(caller, "edit")
        async with self._workflows.changing(id_):
            await self._workflows.present(id_)
            await self._versions.annotate(id_, number, note)
        workflow, entry, _ = await self.get(caller, id_, number)
        return workflow, entry

    async def restore(self, caller: Caller, id_: str, number: int) -> Workflow:
        """Make an earlier version the draft, as a new version. Raises `NotFound`."""
        require(caller, "edit")
        _, _, document = await self.get(caller, id_, number)
        return await self._workflows.update(caller, id_, document, note=f"Restored version {number}")

    async def compare(self, caller: Caller, id_: str, number: int, to: int | None = None) -> Json:
        """What is different in version `to`, or in the draft, from version `number`. Raises `NotFound`."""
        workflow, _, before = await self.get(caller, id_, number)
        if to is None:
            after = workflow.document
        else:
            _, _, document = await self.get(caller, id_, to)
            after = load_workflow(document)
        return differences(load_workflow(before), after, self._workflows.registry)
