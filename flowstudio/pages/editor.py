"""The editor of one workflow."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.studio import studio
from flowstudio.pages.access import PageState, handler


class EditorState(PageState, rx.State):
    """Which workflow is open. The document itself never passes through here."""

    shown: str = ""

    @handler
    async def load(self) -> None:
        """Open the workflow that the address names."""
        await self._enter()
        self.shown = self._last_segment()
        self.ready = True


def editor() -> rx.Component:
    """The page."""
    return rx.el.main(
        studio(
            workflow_id=EditorState.shown,
            execution_id="",
            may_edit=EditorState.may_edit,
            may_run=EditorState.may_run,
            may_admin=EditorState.may_admin,
        )
    )
