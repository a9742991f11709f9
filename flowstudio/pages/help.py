"""The help on nodes."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.help import node_help, node_index
from flowstudio.components.shell import head, page
from flowstudio.components.texts import text
from flowstudio.pages.access import PageState, handler


class HelpState(PageState, rx.State):
    """Which node type is shown; none on the index."""

    shown: str = ""

    @handler
    async def load(self) -> None:
        """Somebody opened the index."""
        await self._enter()
        self.ready = True

    @handler
    async def load_type(self) -> None:
        """Somebody opened the page of a node type."""
        await self._enter()
        self.shown = self._last_segment()
        self.ready = True


def help_index() -> rx.Component:
    """The page that lists all node types."""
    return page(
        head(text("help.title"), text("help.subtitle")),
        node_index(),
        current="help",
        name=HelpState.person,
        role=HelpState.role,
    )


def help_page() -> rx.Component:
    """The page of one node type."""
    return page(node_help(type=HelpState.shown), current="help", name=HelpState.person, role=HelpState.role)
