"""Templates to start from."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.shell import head, page
from flowstudio.components.templates import template_gallery
from flowstudio.components.texts import text
from flowstudio.pages.access import PageState, handler


class TemplatesState(PageState, rx.State):
    """Who looks at the templates. They themselves never pass through here."""

    @handler
    async def load(self) -> None:
        """Somebody opened the page."""
        await self._enter()
        self.ready = True


def templates() -> rx.Component:
    """The page."""
    return page(
        head(text("templates.title"), text("templates.subtitle")),
        rx.cond(
            TemplatesState.ready,
            template_gallery(may_edit=TemplatesState.may_edit),
            rx.el.div(class_name="fs-card fs-skeleton", aria_busy="true"),
        ),
        current="templates",
        name=TemplatesState.person,
        role=TemplatesState.role,
    )
