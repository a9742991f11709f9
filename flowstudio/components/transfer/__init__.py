"""Workflows from files, addresses and the clipboard."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.modules import BrowserComponent


class ImportButton(BrowserComponent):
    """A button that asks for files, an address or a text, and makes workflows of what it finds."""

    library = "$/flowstudio/transfer/importing.jsx"
    tag = "ImportButton"
    may_edit: rx.Var[bool]


class ImportCard(BrowserComponent):
    """The same, as one of the ways to begin."""

    library = "$/flowstudio/transfer/importing.jsx"
    tag = "ImportCard"
    may_edit: rx.Var[bool]


import_button = ImportButton.create
import_card = ImportCard.create
