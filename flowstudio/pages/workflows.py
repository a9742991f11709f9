"""The list of workflows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from flowstudio.components.shell import ago, confirm_dialog, empty, head, icon_button, page
from flowstudio.components.texts import branch, text
from flowstudio.engine.item import Json
from flowstudio.engine.workflow import dump_workflow
from flowstudio.pages.access import PageState, handler

PAGE_SIZE = 50
STATUSES = branch("status")


@dataclass
class WorkflowRow:
    """A line of the list."""

    id: str
    name: str
    active: bool
    changed: str
    steps: str
    triggers: list[str] = field(default_factory=list)
    status: str = ""
    status_text: str = ""
    ran: str = ""


class WorkflowsState(PageState, rx.State):
    """What the list shows."""

    rows: rx.Field[list[WorkflowRow]] = rx.field(default_factory=list)
    search: str = ""
    cursor: str = ""
    doomed_id: str = ""
    doomed_name: str = ""

    async def _fill(self, *, more: bool = False) -> None:
        caller = await self._demand("read")
        service = self._runtime().workflows
        found, following = await service.page(
            caller, search=self.search or None, limit=PAGE_SIZE, cursor=self.cursor or None if more else None
        )
        rows = [self._row(summary) for summary in found]
        self.rows = [*self.rows, *rows] if more else rows
        self.cursor = following or ""
        self.ready = True

    def _row(self, summary: Json) -> WorkflowRow:
        last = summary["last_execution"]
        return WorkflowRow(
            id=summary["id"],
            name=summary["name"],
            active=summary["active"],
            changed=summary["updated_at"],
            steps=text("workflows.nodes", count=summary["nodes"]),
            triggers=[self._type_label(slug) for slug in summary["triggers"]],
            status=last["status"] if last else "",
            status_text=STATUSES[last["status"]] if last else "",
            ran=(last["started_at"] or "") if last else "",
        )

    def _type_label(self, slug: str) -> str:
        known = self._runtime().registry.get(slug)
        return known.label if known else slug

    @handler
    async def load(self) -> None:
        """Somebody opened the page."""
        await self._enter()
        self.search = ""
        await self._fill()

    @handler
    async def find(self, search: str) -> None:
        """Show what matches."""
        await self._demand("read")
        self.search = str(search)[:200]
        await self._fill()

    @handler
    async def load_more(self) -> None:
        """Show the next ones too."""
        await self._fill(more=True)

    @handler
    async def create(self) -> EventSpec:
        """Make an empty workflow and open it."""
        caller = await self._demand("edit")
        made = await self._runtime().workflows.create(
            caller, {"name": text("workflows.untitled"), "nodes": [], "edges": []}
        )
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
        return rx.toast.success(text("workflows.duplicated"))

    @handler
    async def set_active(self, workflow: str, active: bool) -> EventSpec:
        """Arm or disarm a workflow's triggers."""
        caller = await self._demand("edit")
        service = self._runtime().workflows
        changed = await (service.activate if active else service.deactivate)(caller, str(workflow))
        await self._fill()
        key = "workflows.activated" if changed.active else "workflows.deactivated"
        return rx.toast.success(text(key, name=changed.document.name))

    @handler
    async def ask_delete(self, workflow: str, name: str) -> None:
        """Ask before deleting."""
        await self._demand("edit")
        self.doomed_id, self.doomed_name = str(workflow), str(name)[:200]

    @handler
    async def keep(self) -> None:
        """The answer was no."""
        await self._demand("read")
        self.doomed_id = ""

    @handler
    async def delete(self) -> EventSpec:
        """The answer was yes."""
        caller = await self._demand("edit")
        doomed, self.doomed_id = self.doomed_id, ""
        await self._runtime().workflows.delete(caller, doomed)
        await self._fill()
        return rx.toast.success(text("workflows.deleted"))


def _line(row: Any) -> rx.Component:
    title = rx.el.a(row.name, href=f"/workflows/{row.id}", class_name="fs-title")
    last_run = rx.cond(
        row.status != "",
        rx.fragment(
            rx.el.span(row.status_text, class_name=f"fs-pill fs-pill-{row.status}"),
            " ",
            rx.el.small(ago(at=row.ran)),
        ),
        rx.el.small(text("workflows.never")),
    )
    active = rx.el.input(
        type="checkbox",
        role="switch",
        class_name="fs-switch",
        checked=row.active,
        disabled=~WorkflowsState.may_edit,
        on_change=lambda checked: WorkflowsState.set_active(row.id, checked),
        aria_label=_named("workflows.switch_active", row.name),
    )
    actions = rx.cond(
        WorkflowsState.may_edit,
        rx.el.div(
            icon_button(
                "copy", _named("workflows.duplicate", row.name), on_click=WorkflowsState.duplicate(row.id)
            ),
            icon_button(
                "trash_2",
                _named("workflows.delete", row.name),
                on_click=WorkflowsState.ask_delete(row.id, row.name),
            ),
            class_name="fs-table-actions",
        ),
    )
    return rx.el.tr(
        rx.el.td(title, rx.el.small(row.steps)),
        rx.el.td(rx.el.div(rx.foreach(row.triggers, _tag), class_name="fs-tags")),
        rx.el.td(last_run, class_name="fs-nowrap"),
        rx.el.td(rx.el.small(ago(at=row.changed)), class_name="fs-nowrap"),
        rx.el.td(active),
        rx.el.td(actions),
        key=row.id,
    )


def _tag(label: Any) -> rx.Component:
    return rx.el.span(label, class_name="fs-tag")


def _named(key: str, name: Any) -> Any:
    """A text with a name that only the browser knows."""
    before, after = text(key).split("{name}")
    return before + name + after


def _table() -> rx.Component:
    columns = ("name", "triggers", "last_run", "changed", "active")
    return rx.el.div(
        rx.el.div(
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        *(rx.el.th(text(f"workflows.{column}"), scope="col") for column in columns),
                        rx.el.th(
                            rx.el.span(text("workflows.actions"), class_name="fs-visually-hidden"),
                            scope="col",
                        ),
                    )
                ),
                rx.el.tbody(rx.foreach(WorkflowsState.rows, _line)),
                class_name="fs-table",
            ),
            class_name="fs-card-scroll",
        ),
        rx.cond(
            WorkflowsState.cursor != "",
            rx.el.div(
                rx.el.button(
                    text("app.more"), type="button", class_name="fs-button", on_click=WorkflowsState.load_more
                ),
                class_name="fs-more",
            ),
        ),
        class_name="fs-card",
    )


def _nothing() -> rx.Component:
    before, after = text("workflows.none_found").split("{search}")
    return rx.cond(
        WorkflowsState.search != "",
        rx.el.div(
            rx.el.p(before + WorkflowsState.search + after), class_name="fs-card fs-empty", role="status"
        ),
        rx.el.div(
            empty("workflow", text("workflows.empty_title"), text("workflows.empty_text")),
            class_name="fs-card",
        ),
    )


def workflows() -> rx.Component:
    """The page."""
    new = rx.cond(
        WorkflowsState.may_edit,
        rx.el.button(
            rx.icon("plus", size=16, aria_hidden="true"),
            text("workflows.new"),
            type="button",
            class_name="fs-button fs-button-primary",
            on_click=WorkflowsState.create,
        ),
    )
    before, after = text("workflows.delete_text").split("{name}")
    return page(
        head(text("workflows.title"), text("workflows.subtitle"), new),
        rx.el.div(
            rx.el.label(
                rx.icon("search", size=16, aria_hidden="true"),
                rx.el.input(
                    type="search",
                    placeholder=text("workflows.search"),
                    aria_label=text("workflows.search"),
                    on_change=WorkflowsState.find.debounce(250),
                ),
                class_name="fs-search",
            ),
            class_name="fs-toolbar",
        ),
        rx.cond(
            WorkflowsState.ready,
            rx.cond(WorkflowsState.rows.length() > 0, _table(), _nothing()),
            rx.el.div(class_name="fs-card fs-skeleton", aria_busy="true"),
        ),
        confirm_dialog(
            open=WorkflowsState.doomed_id != "",
            heading=text("workflows.delete_title"),
            text=before + WorkflowsState.doomed_name + after,
            confirm=text("app.delete"),
            on_confirm=WorkflowsState.delete,
            on_close=WorkflowsState.keep,
        ),
        current="workflows",
        name=WorkflowsState.person,
        role=WorkflowsState.role,
    )
