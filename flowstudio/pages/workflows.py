"""The list of workflows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args
from uuid import uuid4

import reflex as rx
from reflex.event import EventSpec

from flowstudio.components.texts import branch, text
from flowstudio.engine.item import Json
from flowstudio.engine.workflow import dump_workflow
from flowstudio.errors import InvalidWorkflow
from flowstudio.pages.access import PageState, handler
from flowstudio.pages.notices import success
from flowstudio.services.callers import Caller
from flowstudio.services.examples import PREFIX
from flowstudio.storage.workflows import Order

PAGE_SIZE = 50
STATUSES = branch("status")
ACTIVITIES = {"active": True, "inactive": False}


@dataclass
class WorkflowRow:
    """A line of the list."""

    id: str
    name: str
    active: bool
    changed: str
    steps: str
    state: str
    """`published`, `draft` for changes that are not, or `none`."""
    state_text: str
    triggers: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    run: str = ""
    status: str = ""
    status_text: str = ""
    ran: str = ""
    due: str = ""
    deleted: str = ""


class WorkflowsState(PageState, rx.State):
    """What the list shows."""

    rows: rx.Field[list[WorkflowRow]] = rx.field(default_factory=list)
    search: str = ""
    tag: str = ""
    tags: rx.Field[list[str]] = rx.field(default_factory=list)
    activity: str = ""
    order: str = "changed"
    deleted: bool = False
    """The list shows what can be brought back."""
    cursor: str = ""
    begins: bool = False
    """Nobody has made a workflow yet: the page offers ways to begin."""
    naming: bool = False
    tagged_id: str = ""
    tagged_name: str = ""
    tagged: rx.Field[list[str]] = rx.field(default_factory=list)
    refused_id: str = ""
    refused_name: str = ""
    refusal: rx.Field[list[str]] = rx.field(default_factory=list)
    undo_id: str = ""
    undo_name: str = ""
    undo_turn: int = 0

    @rx.var
    def filtered(self) -> bool:
        """Whether something may be hidden by what was chosen."""
        return bool(self.search or self.tag or self.activity)

    async def _fill(self, *, more: bool = False) -> None:
        caller = await self._demand("read")
        service = self._runtime().workflows
        orders: tuple[Order, ...] = get_args(Order)
        found, following = await service.page(
            caller,
            search=self.search or None,
            tag=self.tag or None,
            active=ACTIVITIES.get(self.activity),
            deleted=self.deleted,
            order=next((order for order in orders if order == self.order), "changed"),
            limit=PAGE_SIZE,
            cursor=self.cursor or None if more else None,
        )
        rows = [self._row(summary) for summary in found]
        self.rows = [*self.rows, *rows] if more else rows
        self.cursor = following or ""
        self.tags = [tag for tag, _ in await service.tags(caller)]
        if not (self.filtered or self.deleted or more):
            self.begins = not self.cursor and all(row.id.startswith(PREFIX) for row in rows)
        self.ready = True

    def _row(self, summary: Json) -> WorkflowRow:
        last = summary["last_execution"]
        state = "none" if summary["published_version"] is None else "published"
        if state == "published" and summary["has_unpublished"]:
            state = "draft"
        keys = {"none": "never_published", "published": "published", "draft": "draft"}
        return WorkflowRow(
            id=summary["id"],
            name=summary["name"],
            active=summary["active"],
            changed=summary["updated_at"],
            steps=text("workflows.nodes", count=summary["nodes"]),
            state=state,
            state_text=text(f"workflows.{keys[state]}"),
            triggers=[self._type_label(slug) for slug in summary["triggers"]],
            tags=summary["tags"],
            run=last["id"] if last else "",
            status=last["status"] if last else "",
            status_text=STATUSES[last["status"]] if last else "",
            ran=(last["started_at"] or "") if last else "",
            due=summary["next_run_at"] or "",
            deleted=summary["deleted_at"] or "",
        )

    def _type_label(self, slug: str) -> str:
        known = self._runtime().registry.get(slug)
        return known.label if known else slug

    async def _name(self, caller: Caller, workflow: str) -> str:
        return (await self._runtime().workflows.get(caller, workflow)).document.name

    # Looking

    @handler
    async def load(self) -> None:
        """Somebody opened the page."""
        await self._enter()
        self.search = self.tag = self.activity = ""
        self.tagged_id = self.refused_id = ""
        self.deleted = self.naming = False
        await self._fill()

    @handler
    async def find(self, search: str) -> None:
        """Show what matches."""
        await self._demand("read")
        self.search = str(search)[:200]
        await self._fill()

    @handler
    async def choose_tag(self, tag: str) -> None:
        """Show what has a tag; the same tag again shows everything."""
        await self._demand("read")
        self.tag = "" if tag == self.tag else str(tag)[:200]
        await self._fill()

    @handler
    async def choose_activity(self, activity: str) -> None:
        """Show all, only the active or only the inactive ones."""
        await self._demand("read")
        self.activity = activity if activity in ACTIVITIES else ""
        await self._fill()

    @handler
    async def sort(self, order: str) -> None:
        """Show them in another order."""
        await self._demand("read")
        self.order = str(order)[:20]
        await self._fill()

    @handler
    async def show_all(self) -> None:
        """Drop the filters, keep the view."""
        await self._demand("read")
        self.search = self.tag = self.activity = ""
        await self._fill()

    @handler
    async def show_deleted(self, deleted: bool) -> None:
        """Show what can be brought back, or the ordinary list."""
        await self._demand("read")
        self.deleted = bool(deleted)
        self.search = self.tag = self.activity = ""
        await self._fill()

    @handler
    async def load_more(self) -> None:
        """Show the next ones too."""
        await self._fill(more=True)

    # Changing

    @handler
    async def ask_name(self) -> None:
        """Ask what a new workflow should be called."""
        await self._demand("edit")
        self.naming = True

    @handler
    async def create(self, name: str) -> EventSpec:
        """Make an empty workflow and open it."""
        caller = await self._demand("edit")
        called = str(name).strip()[:200] or text("workflows.untitled")
        made = await self._runtime().workflows.create(caller, {"name": called, "nodes": [], "edges": []})
        self.naming = False
        return rx.redirect(f"/workflows/{made.id}")

    @handler
    async def duplicate(self, workflow: str) -> EventSpec:
        """Store a copy, switched off."""
        caller = await self._demand("edit")
        service = self._runtime().workflows
        original = await service.get(caller, str(workflow))
        name = text("workflows.copy_of", name=original.document.name)[:200]
        await service.create(caller, dump_workflow(original.document) | {"name": name})
        await self._fill()
        return success(text("workflows.duplicated"))

    @handler
    async def set_active(self, workflow: str, active: bool) -> EventSpec | None:
        """Arm or disarm a workflow's triggers; what is missing for that is listed."""
        caller = await self._demand("edit")
        service = self._runtime().workflows
        try:
            changed = await (service.activate if active else service.deactivate)(caller, str(workflow))
        except InvalidWorkflow as error:
            self.refused_id, self.refused_name = str(workflow), await self._name(caller, str(workflow))
            self.refusal = [problem.message for problem in error.problems]
            return None
        await self._fill()
        key = "workflows.activated" if changed.active else "workflows.deactivated"
        return success(text(key, name=changed.document.name))

    @handler
    async def ask_tags(self, workflow: str) -> None:
        """Show the tags of a workflow for editing."""
        caller = await self._demand("edit")
        document = (await self._runtime().workflows.get(caller, str(workflow))).document
        self.tagged_id, self.tagged_name, self.tagged = str(workflow), document.name, list(document.tags)

    @handler
    async def set_tags(self, tags: list[str]) -> EventSpec:
        """Store the tags; whoever has the workflow open sees them at once."""
        caller = await self._demand("edit")
        wanted = list(dict.fromkeys(str(tag).strip()[:50] for tag in list(tags)[:50] if str(tag).strip()))
        operation = {"kind": "set", "node": None, "path": ["tags"], "value": wanted}
        batches = [{"id": uuid4().hex, "operations": [operation]}]
        await self._runtime().editing.apply(caller, self.tagged_id, uuid4().hex, batches)
        self.tagged_id = ""
        if self.tag not in wanted:
            self.tag = ""
        await self._fill()
        return success(text("workflows.tags_saved"))

    @handler
    async def close(self) -> None:
        """Close whatever dialog is open."""
        await self._demand("read")
        self.tagged_id = self.refused_id = ""
        self.naming = False

    @handler
    async def delete(self, workflow: str) -> None:
        """Hide a workflow and offer the way back."""
        caller = await self._demand("edit")
        name = await self._name(caller, str(workflow))
        await self._runtime().workflows.delete(caller, str(workflow))
        self.undo_id, self.undo_name, self.undo_turn = str(workflow), name, self.undo_turn + 1
        await self._fill()

    @handler
    async def restore(self, workflow: str) -> EventSpec:
        """Bring a deleted workflow back."""
        caller = await self._demand("edit")
        back = await self._runtime().workflows.bring_back(caller, str(workflow))
        await self._fill()
        return success(text("workflows.restored", name=back.document.name))
