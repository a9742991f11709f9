"""The forms of people who are not signed in (yet)."""

from __future__ import annotations

import reflex as rx


class LoginForm(rx.Component):
    """Asks for e-mail and password, then goes on to where the person was heading."""

    library = "$/flowstudio/entry/entry.jsx"
    tag = "LoginForm"


class SetupForm(rx.Component):
    """Creates the owner account."""

    library = "$/flowstudio/entry/entry.jsx"
    tag = "SetupForm"


class JoinForm(rx.Component):
    """Makes the account of an invitation."""

    library = "$/flowstudio/entry/links.jsx"
    tag = "JoinForm"


class ForgottenForm(rx.Component):
    """Asks for a link that sets a new password."""

    library = "$/flowstudio/entry/links.jsx"
    tag = "ForgottenForm"


class NewPasswordForm(rx.Component):
    """Sets a new password."""

    library = "$/flowstudio/entry/links.jsx"
    tag = "NewPasswordForm"


def entry_page(title: str, intro: str, form: rx.Component) -> rx.Component:
    """A card in the middle of the page."""
    return rx.el.main(
        rx.el.div(
            rx.el.div(
                rx.el.img(src="/logo.svg", alt="", width="32", height="32"),
                "FlowStudio",
                class_name="fs-brand",
            ),
            rx.el.h1(title),
            rx.el.p(intro),
            form,
            class_name="fs-entry-card",
        ),
        class_name="fs-entry-page",
    )


login_form = LoginForm.create
setup_form = SetupForm.create
join_form = JoinForm.create
forgotten_form = ForgottenForm.create
new_password_form = NewPasswordForm.create
