"""One execution: its own copy of the workflow, with what happened at each step."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.studio import studio
from flowstudio.pages.access import PageState, handler


class ExecutionState(PageState, rx.State):
    """Which execution is open."""

    shown: str = ""

    @handler
    async def load(self) -> None:
        """Open the execution that the address names."""
        await self._enter()
        self.shown = self._last_segment()
        self.ready = True


def execution() -> rx.Component:
    """The page."""
    return rx.el.main(
        studio(
            workflow_id="",
            execution_id=ExecutionState.shown,
            may_edit=ExecutionState.may_edit,
            may_run=ExecutionState.may_run,
        )
    )
