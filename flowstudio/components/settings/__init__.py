"""The settings: oneself, API keys, people, the installation. The forms post to the HTTP API."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.modules import BrowserComponent


class Settings(BrowserComponent):
    """All sections that the caller may see."""

    library = "$/flowstudio/settings/settings.jsx"
    tag = "Settings"
    may_admin: rx.Var[bool]


settings_sections = Settings.create
