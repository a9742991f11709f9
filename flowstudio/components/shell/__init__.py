"""The frame of the ordinary pages: side bar, headings, questions, empty states."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import no_args_event_spec

from flowstudio.components.texts import text


class Side(rx.Component):
    """The side bar: its children are the navigation. Below it the account: theme, settings, signing out."""

    library = "$/flowstudio/shell/shell.jsx"
    tag = "Side"
    name: rx.Var[str]
    role: rx.Var[str]


class SkipLink(rx.Component):
    """Takes keyboards past the navigation."""

    library = "$/flowstudio/shell/shell.jsx"
    tag = "SkipLink"


class ConnectionNotice(rx.Component):
    """Says on every page that the server is out of reach."""

    library = "$/flowstudio/shell/connection.jsx"
    tag = "ConnectionNotice"


class Notices(rx.Component):
    """Shows what event handlers have to say (`pages/notices.py`)."""

    library = "$/flowstudio/shell/notices.jsx"
    tag = "Notices"


class BrokenPage(rx.Component):
    """What a page shows that broke while drawing itself."""

    library = "$/flowstudio/shell/failure.jsx"
    tag = "BrokenPage"


class ConfirmDialog(rx.Component):
    """Asks before something is lost."""

    library = "$/flowstudio/shell/shell.jsx"
    tag = "ConfirmDialog"
    open: rx.Var[bool]
    heading: rx.Var[str]
    text: rx.Var[str]
    confirm: rx.Var[str]

    @classmethod
    def get_event_triggers(cls) -> dict[str, Any]:
        """Its answers."""
        return {
            **super().get_event_triggers(),
            "on_confirm": no_args_event_spec,
            "on_close": no_args_event_spec,
        }


class Ago(rx.Component):
    """A time, told as how long ago it was; with `ahead`, also in how long it will be."""

    library = "$/flowstudio/shell/shell.jsx"
    tag = "Ago"
    at: rx.Var[str]
    ahead: rx.Var[bool]


side = Side.create
skip_link = SkipLink.create
connection_notice = ConnectionNotice.create
notices = Notices.create
broken_page = BrokenPage.create
confirm_dialog = ConfirmDialog.create
ago = Ago.create

NAVIGATION = (
    ("workflows", "/", "workflow"),
    ("templates", "/templates", "layout_template"),
    ("executions", "/executions", "history"),
    ("insights", "/insights", "chart_column"),
    ("credentials", "/credentials", "key_round"),
    ("help", "/help", "book_open"),
    ("settings", "/settings", "settings"),
)


def page(*content: rx.Component, current: str, name: Any, role: Any) -> rx.Component:
    """A page with the side bar; `current` is its key in the navigation."""
    links = (
        rx.el.a(
            rx.icon(icon, size=17, aria_hidden="true"),
            text(f"navigation.{key}"),
            href=path,
            **({"aria_current": "page"} if key == current else {}),
        )
        for key, path, icon in NAVIGATION
    )
    return rx.el.div(
        skip_link(),
        side(
            rx.el.nav(*links, aria_label=text("navigation.main"), class_name="fs-nav"), name=name, role=role
        ),
        rx.el.main(
            rx.el.div(*content, class_name="fs-main-inner"), id="main", tab_index=-1, class_name="fs-main"
        ),
        class_name="fs-page",
    )


def head(title: str, subtitle: str, *actions: rx.Component) -> rx.Component:
    """Heading of a page with its main action."""
    return rx.el.div(
        rx.el.div(rx.el.h1(title), rx.el.p(subtitle), class_name="fs-head-text"),
        *actions,
        class_name="fs-head",
    )


def empty(icon: str, title: Any, hint: Any, *actions: rx.Component) -> rx.Component:
    """What a list shows instead of nothing."""
    return rx.el.div(
        rx.icon(icon, size=32, stroke_width=1.5, aria_hidden="true"),
        rx.el.h2(title),
        rx.el.p(hint),
        *actions,
        class_name="fs-empty",
    )


def icon_button(icon: str, label: Any, **props: Any) -> rx.Component:
    """A button that shows only an icon, with an accessible name."""
    return rx.el.button(
        rx.icon(icon, size=16, aria_hidden="true"),
        type="button",
        aria_label=label,
        title=label,
        class_name="fs-tool",
        **props,
    )
