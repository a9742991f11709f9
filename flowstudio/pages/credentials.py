"""The credentials. Their values never pass through here."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.credentials import credential_list
from flowstudio.components.shell import head, page
from flowstudio.components.texts import text
from flowstudio.pages.access import PageState, handler


class CredentialsState(PageState, rx.State):
    """Who looks."""

    @handler
    async def load(self) -> None:
        """Somebody opened the page."""
        await self._enter()
        self.ready = True


def credentials() -> rx.Component:
    """The page."""
    state = CredentialsState
    return page(
        head(text("credentials.title"), text("credentials.subtitle")),
        credential_list(ready=state.ready, may_edit=state.may_edit, may_admin=state.may_admin),
        current="credentials",
        name=state.person,
        role=state.role,
    )
