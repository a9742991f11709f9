"""The settings. Passwords and keys never pass through here: the forms post to the HTTP API."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.settings import settings_sections
from flowstudio.components.shell import head, page
from flowstudio.components.texts import text
from flowstudio.pages.access import PageState, handler


class SettingsState(PageState, rx.State):
    """Who looks."""

    @handler
    async def load(self) -> None:
        """Somebody opened the page."""
        await self._enter()
        self.ready = True


def settings() -> rx.Component:
    """The page."""
    return page(
        head(text("settings.title"), text("settings.subtitle")),
        settings_sections(may_admin=SettingsState.may_admin, may_edit=SettingsState.may_edit),
        current="settings",
        name=SettingsState.person,
        role=SettingsState.role,
    )
