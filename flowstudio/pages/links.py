"""Where links lead people who are not signed in: joining, and choosing a new password."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.entry import entry_page, forgotten_form, join_form, new_password_form
from flowstudio.components.texts import text


def join() -> rx.Component:
    """The page of an invitation."""
    return entry_page(text("links.join_title"), text("links.join_intro"), join_form())


def forgotten_password() -> rx.Component:
    """The page that asks for a link."""
    return entry_page(text("links.forgotten_title"), text("links.forgotten_intro"), forgotten_form())


def new_password() -> rx.Component:
    """The page of such a link."""
    return entry_page(text("links.new_title"), text("links.new_intro"), new_password_form())
