"""What runs come to."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.insights import insight_board
from flowstudio.components.shell import head, page
from flowstudio.components.texts import text
from flowstudio.pages.access import PageState, handler


class InsightsState(PageState, rx.State):
    """Who looks at the numbers. They come over the REST API."""

    @handler
    async def load(self) -> None:
        """Somebody opened the page."""
        await self._enter()
        self.ready = True


def insights() -> rx.Component:
    """The page."""
    return page(
        head(text("insights.title"), text("insights.subtitle")),
        rx.cond(
            InsightsState.ready,
            insight_board(),
            rx.el.div(class_name="fs-card fs-skeleton", aria_busy="true"),
        ),
        current="insights",
        name=InsightsState.person,
        role=InsightsState.role,
    )
