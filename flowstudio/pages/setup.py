"""The first page of a new installation: it creates the owner."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from flowstudio.components.entry import entry_page, setup_form
from flowstudio.components.texts import text
from flowstudio.pages.access import handler
from flowstudio.runtime import current


class EntryState(rx.State):
    """Sends people to where they can get in. Tells nothing else, so anybody may call it."""

    @handler
    async def arrive_at_setup(self) -> EventSpec | None:
        """Somebody opened the set-up page."""
        return None if await current().accounts.setup_needed() else rx.redirect("/login")

    @handler
    async def arrive_at_login(self) -> EventSpec | None:
        """Somebody opened the sign-in page."""
        return rx.redirect("/setup") if await current().accounts.setup_needed() else None


def setup() -> rx.Component:
    """The page."""
    return entry_page(text("setup.title"), text("setup.intro"), setup_form())
