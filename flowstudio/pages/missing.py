"""What an unknown address shows."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.shell import empty
from flowstudio.components.texts import text


def missing() -> rx.Component:
    """The page."""
    return rx.el.main(
        empty(
            "map",
            text("missing.title"),
            text("missing.text"),
            rx.el.a(text("missing.home"), href="/", class_name="fs-button fs-button-primary"),
        ),
        class_name="fs-error-page",
    )
