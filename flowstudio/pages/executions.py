"""The list of executions."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.executions import execution_list
from flowstudio.components.shell import head, page
from flowstudio.components.texts import text
from flowstudio.pages.access import PageState, handler


class ExecutionsState(PageState, rx.State):
    """Who looks at the list. The list itself lives in the browser and reads the REST API."""

    @handler
    async def load(self) -> None:
        """Somebody opened the page."""
        await self._enter()
        self.ready = True


def executions() -> rx.Component:
    """The page."""
    return page(
        head(text("executions.title"), text("executions.subtitle")),
        rx.cond(
            ExecutionsState.ready,
            execution_list(may_edit=ExecutionsState.may_edit, may_run=ExecutionsState.may_run),
            rx.el.div(class_name="fs-card fs-skeleton", aria_busy="true"),
        ),
        current="executions",
        name=ExecutionsState.person,
        role=ExecutionsState.role,
    )
