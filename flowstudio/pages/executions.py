"""The list of executions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx

from flowstudio.components.shell import ago, empty, head, page
from flowstudio.components.texts import branch, text
from flowstudio.engine.events import ExecutionStatus
from flowstudio.engine.item import Json
from flowstudio.pages.access import PageState, handler
from flowstudio.storage.records import ExecutionFilter

PAGE_SIZE = 50
STATUSES = branch("status")
MODES = branch("modes")
FILTERS: tuple[ExecutionStatus, ...] = ("success", "error", "running", "waiting", "queued", "cancelled")


@dataclass
class ExecutionRow:
    """A line of the list."""

    id: str
    workflow: str
    status: str
    status_text: str
    mode: str
    started: str
    duration: str


class ExecutionsState(PageState, rx.State):
    """What the list shows."""

    rows: rx.Field[list[ExecutionRow]] = rx.field(default_factory=list)
    status: str = ""
    cursor: str = ""

    async def _fill(self, *, more: bool = False) -> None:
        caller = await self._demand("read")
        status = next((name for name in FILTERS if name == self.status), None)
        wanted = ExecutionFilter(status=status, limit=PAGE_SIZE, cursor=self.cursor or None if more else None)
        found, cursor = await self._runtime().views.page(caller, wanted)
        rows = [_row(summary) for summary in found]
        self.rows = [*self.rows, *rows] if more else rows
        self.cursor = cursor or ""
        self.ready = True

    @handler
    async def load(self) -> None:
        """Somebody opened the page."""
        await self._enter()
        self.status = ""
        await self._fill()

    @handler
    async def choose(self, status: str) -> None:
        """Show executions of one status only."""
        await self._demand("read")
        self.status = status if status in FILTERS else ""
        await self._fill()

    @handler
    async def refresh(self) -> None:
        """Look again."""
        await self._fill()

    @handler
    async def load_more(self) -> None:
        """Show older ones too."""
        await self._fill(more=True)


def _row(summary: Json) -> ExecutionRow:
    return ExecutionRow(
        id=summary["id"],
        workflow=summary["workflow_name"] or text("executions.deleted_workflow"),
        status=summary["status"],
        status_text=STATUSES[summary["status"]],
        mode=MODES[summary["mode"]],
        started=summary["started_at"] or summary["created_at"],
        duration=_duration(summary["started_at"], summary["finished_at"]),
    )


def _duration(started: str | None, finished: str | None) -> str:
    if started is None or finished is None:
        return ""
    seconds = (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def _line(row: Any) -> rx.Component:
    before, after = text("executions.open").split("{name}")
    return rx.el.tr(
        rx.el.td(
            rx.el.a(
                row.workflow,
                href=f"/executions/{row.id}",
                class_name="fs-title",
                aria_label=before + row.workflow + after,
            )
        ),
        rx.el.td(rx.el.span(row.status_text, class_name=f"fs-pill fs-pill-{row.status}")),
        rx.el.td(ago(at=row.started), class_name="fs-nowrap"),
        rx.el.td(row.duration, class_name="fs-number fs-nowrap"),
        rx.el.td(rx.el.span(row.mode, class_name="fs-tag")),
        key=row.id,
    )


def _table() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        rx.el.th(text("executions.workflow"), scope="col"),
                        rx.el.th(text("executions.status"), scope="col"),
                        rx.el.th(text("executions.started"), scope="col"),
                        rx.el.th(text("executions.duration"), scope="col", class_name="fs-number"),
                        rx.el.th(text("executions.mode"), scope="col"),
                    )
                ),
                rx.el.tbody(rx.foreach(ExecutionsState.rows, _line)),
                class_name="fs-table",
            ),
            class_name="fs-card-scroll",
        ),
        rx.cond(
            ExecutionsState.cursor != "",
            rx.el.div(
                rx.el.button(
                    text("app.more"),
                    type="button",
                    class_name="fs-button",
                    on_click=ExecutionsState.load_more,
                ),
                class_name="fs-more",
            ),
        ),
        class_name="fs-card",
    )


def _nothing() -> rx.Component:
    return rx.el.div(
        rx.cond(
            ExecutionsState.status != "",
            rx.el.div(rx.el.p(text("executions.empty_filter")), class_name="fs-empty", role="status"),
            empty("history", text("executions.empty_title"), text("executions.empty_text")),
        ),
        class_name="fs-card",
    )


def executions() -> rx.Component:
    """The page."""
    status = rx.el.select(
        rx.el.option(text("executions.all"), value=""),
        *(rx.el.option(STATUSES[name], value=name) for name in FILTERS),
        value=ExecutionsState.status,
        on_change=ExecutionsState.choose,
        aria_label=text("executions.filter_status"),
        class_name="fs-input fs-input-small",
    )
    refresh = rx.el.button(
        rx.icon("refresh_cw", size=15, aria_hidden="true"),
        text("executions.refresh"),
        type="button",
        class_name="fs-button",
        on_click=ExecutionsState.refresh,
    )
    return page(
        head(text("executions.title"), text("executions.subtitle"), refresh),
        rx.el.div(status, class_name="fs-toolbar"),
        rx.cond(
            ExecutionsState.ready,
            rx.cond(ExecutionsState.rows.length() > 0, _table(), _nothing()),
            rx.el.div(class_name="fs-card fs-skeleton", aria_busy="true"),
        ),
        current="executions",
        name=ExecutionsState.person,
        role=ExecutionsState.role,
    )
