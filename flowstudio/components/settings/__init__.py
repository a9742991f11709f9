"""The settings: oneself, API keys, people, prices of models, what agents remember, the installation. The forms post to the HTTP API."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.modules import BrowserComponent


class Settings(BrowserComponent):
    """All sections that the caller may see."""

    library = "$/flowstudio/settings/settings.jsx"
    tag = "Settings"
    may_admin: rx.Var[bool]
    may_edit: rx.Var[bool]


settings_sections = Settings.create
