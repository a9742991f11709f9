"""Signing in."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.entry import entry_page, login_form
from flowstudio.components.texts import text


def login() -> rx.Component:
    """The page."""
    return entry_page(text("login.title"), text("app.tagline"), login_form())
