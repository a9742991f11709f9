"""Live editing: batches of operations that several people send, and everybody who has the workflow open is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson

from flowstudio.engine.item import Json
from flowstudio.engine.operations import Batch, Draft, read_batches
from flowstudio.errors import Conflict, NotFound, TooLarge
from flowstudio.services.callers import Caller, require
from flowstudio.services.watching import Audience, Watcher
from flowstudio.services.workflows import Change, Workflow, WorkflowService, outline
from flowstudio.storage import Storage
from flowstudio.storage.edits import NewDraft, Outdated
from flowstudio.storage.records import EditBatch, Snapshot

TRIES = 5
"""How often edits are applied anew because another process was quicker."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of batches."""

    workflow: Workflow
    """As it is afterwards."""
    versions: Sequence[tuple[str, int]]
    """Each batch and the version that it made, perhaps on an earlier try."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a watcher is told. `version` is the one that the watcher's document has after it, if it changes."""

    kind: Literal["batch", "reset", "state", "people"]
    data: Json
    version: int | None = None


class EditingService:
    """Applies edits in one order for everybody. Every method checks the caller first."""

    def __init__(
        self, storage: Storage, workflows: WorkflowService, *, max_document: Callable[[], int]
    ) -> None:
        self._max_document = max_document
        self._edits = storage.edits
        self._workflows = workflows
        self.audience = Audience()
        workflows.on_changed.append(self._on_changed)

    # Editing

    async def apply(self, caller: Caller, id_: str, client: str, raw: Any) -> Applied:
        """Apply batches to the draft, all or none; those that were applied before are left out.

        Raises `InvalidWorkflow` when they are malformed or the document would not be valid, and `NotFound`.
        """
        require(caller, "edit")
        batches = read_batches(raw)
        async with self._workflows.changing(id_):
            workflow = await self._workflows.present(id_)
            for _ in range(TRIES):
                try:
                    return await self._append(caller, workflow, client, batches)
                except Outdated:
                    workflow = await self._workflows.present(id_, fresh=True)
        raise Conflict("Other servers change this workflow all the time; try again.")

    async def _append(
        self, caller: Caller, workflow: Workflow, client: str, batches: Sequence[Batch]
    ) -> Applied:
        record = workflow.record
        known = await self._edits.known(record.id, {batch.id for batch in batches})
        fresh: dict[str, Batch] = {}
        for batch in batches:
            if batch.id not in known:
                fresh.setdefault(batch.id, batch)
        wanted = [(id_, batch.packed()) for id_, batch in fresh.items()]
        if wanted:
            draft = workflow.draft
            for _, operations in wanted:
                draft = draft.after(operations)
            workflow = await self._store(caller, workflow, draft, client, wanted)
            known |= {id_: number for number, (id_, _) in enumerate(wanted, record.version + 1)}
        return Applied(workflow, [(batch.id, known[batch.id]) for batch in batches])

    async def _store(
        self,
        caller: Caller,
        workflow: Workflow,
        draft: Draft,
        client: str,
        batches: Sequence[tuple[str, Sequence[Json]]],
    ) -> Workflow:
        record, document, by = workflow.record, draft.document, caller.user_id or None
        limit = self._max_document()
        if len(orjson.dumps(draft.json)) > limit:
            raise TooLarge(f"The workflow would be larger than {limit:,} bytes; split it, or unpin data.")
        await self._workflows.sharing.demand(caller, document)
        snapshot = Snapshot.of(draft.json)
        new = NewDraft(
            name=document.name,
            snapshot=snapshot,
            outline=outline(document, self._workflows.registry),
            tags=document.tags if document.tags != workflow.document.tags else None,
        )
        at = await self._edits.append(
            record.id, base=record.version, draft=new, batches=batches, client=client, by=by
        )
        for number, (id_, operations) in enumerate(batches, record.version + 1):
            self._tell(
                record.id,
                EditBatch(
                    version=number,
                    id=id_,
                    client=client,
                    author=by,
                    author_name=caller.name,
                    operations=operations,
                ),
            )
        self._workflows.touched(record.id)
        return self._workflows.keep(
            replace(
                record,
                name=document.name,
                version=record.version + len(batches),
                snapshot=snapshot.hash,
                tags=tuple(sorted(set(document.tags))),
                outline=new.outline,
                updated_at=at,
                updated_by=by,
            ),
            draft,
            snapshot,
        )

    def _tell(self, workflow: str, batch: EditBatch) -> None:
        for watcher in self.audience.of(workflow):
            watcher.batches.append(batch)
            watcher.wake()

    def _on_changed(self, workflow: Workflow, change: Change) -> None:
        for watcher in self.audience.of(workflow.record.id):
            if change == "document":
                watcher.reset = workflow.record.version
            watcher.state = True
            watcher.wake()

    def changed_elsewhere(self, workflow: str | None = None) -> None:
        """Another process has stored a workflow, or perhaps any of them: watchers read on in the log."""
        for watcher in self.audience.of(workflow) if workflow is not None else self.audience.everybody():
            watcher.behind = watcher.state = True
            watcher.wake()

    # Watching

    async def watch(
        self, caller: Caller, id_: str, *, since: int | None = None, client: str = ""
    ) -> AsyncGenerator[Message]:
        """What happens to a workflow from a version on, until it is deleted. Raises `NotFound`.

        Every version is told exactly once and in order, as a batch or within a reset; whoever comes back after a while
        gives the last version that they know.
        """
        require(caller, "read")
        watcher = Watcher(caller.name, client)
        workflow = await self._workflows.load(id_)
        self.audience.join(id_, watcher)
        try:
            async for message in self._messages(
                id_, watcher, workflow.record.version if since is None else since
            ):
                yield message
        except NotFound:
            yield _state(workflow, deleted=True)
        finally:
            self.audience.leave(id_, watcher)

    async def _messages(self, id_: str, watcher: Watcher, position: int) -> AsyncGenerator[Message]:
        """Raises `NotFound` when the workflow is deleted."""
        async for message in self._catch_up(id_, position):
            position = message.version or position
            yield message
        while True:
            await watcher.wait()
            if watcher.behind:
                watcher.behind = False
                async for message in self._catch_up(id_, position):
                    position = message.version or position
                    yield message
            if watcher.reset > position:
                position = watcher.reset
                yield _reset(position)
            while watcher.batches:
                batch = watcher.batches.popleft()
                if batch.version == position + 1:
                    position = batch.version
                    yield _batch(batch)
                elif batch.version > position:
                    async for message in self._catch_up(id_, position):
                        position = message.version or position
                        yield message
            if watcher.state:
                watcher.state = False
                yield _state(await self._workflows.load(id_))
            if watcher.people:
                watcher.people = False
                yield Message("people", {"people": self.audience.people(id_)})

    async def _catch_up(self, id_: str, position: int) -> AsyncGenerator[Message]:
        """What came after a version, from the log; a reset when the log does not tell all of it."""
        present = (await self._workflows.load(id_)).record.version
        if position == present:
            return
        batches = await self._edits.since(id_, position)
        numbers = [batch.version for batch in batches]
        if position < present <= position + len(batches) and numbers == list(
            range(position + 1, position + 1 + len(batches))
        ):
            for batch in batches:
                yield _batch(batch)
        else:
            yield _reset(max(present, *numbers) if numbers else present)


def _batch(batch: EditBatch) -> Message:
    return Message(
        "batch",
        {
            "version": batch.version,
            "id": batch.id,
            "client": batch.client,
            "author": batch.author,
            "author_name": batch.author_name,
            "operations": list(batch.operations),
        },
        batch.version,
    )


def _reset(version: int) -> Message:
    return Message("reset", {"version": version}, version)


def _state(workflow: Workflow, *, deleted: bool = False) -> Message:
    record = workflow.record
    return Message(
        "state",
        {
            "active": record.active and not deleted,
            "version": record.version,
            "published_version": record.published_version,
            "has_unpublished": record.has_unpublished,
            "deleted": deleted,
        },
    )
