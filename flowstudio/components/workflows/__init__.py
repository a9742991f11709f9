"""What the list of workflows needs of the browser: dialogs, and the way back after deleting."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import no_args_event_spec, passthrough_event_spec

LIBRARY = "$/flowstudio/workflows/workflows.jsx"


class NameDialog(rx.Component):
    """Asks for the name of a new workflow."""

    library = LIBRARY
    tag = "NameDialog"
    open: rx.Var[bool]

    @classmethod
    def get_event_triggers(cls) -> dict[str, Any]:
        """The name, or nothing."""
        own = {"on_done": passthrough_event_spec(str), "on_close": no_args_event_spec}
        return {**super().get_event_triggers(), **own}


class TagsDialog(rx.Component):
    """Edits the tags of a workflow; suggests those in use."""

    library = LIBRARY
    tag = "TagsDialog"
    open: rx.Var[bool]
    name: rx.Var[str]
    tags: rx.Var[list[str]]
    known: rx.Var[list[str]]

    @classmethod
    def get_event_triggers(cls) -> dict[str, Any]:
        """The tags, or nothing."""
        own = {"on_done": passthrough_event_spec(list[str]), "on_close": no_args_event_spec}
        return {**super().get_event_triggers(), **own}


class RefusalDialog(rx.Component):
    """Says what is missing before a workflow can be switched on."""

    library = LIBRARY
    tag = "RefusalDialog"
    open: rx.Var[bool]
    name: rx.Var[str]
    problems: rx.Var[list[str]]
    href: rx.Var[str]

    @classmethod
    def get_event_triggers(cls) -> dict[str, Any]:
        """It was read."""
        return {**super().get_event_triggers(), "on_close": no_args_event_spec}


class UndoToast(rx.Component):
    """Offers the way back each time that `turn` grows."""

    library = LIBRARY
    tag = "UndoToast"
    turn: rx.Var[int]
    workflow: rx.Var[str]
    name: rx.Var[str]

    @classmethod
    def get_event_triggers(cls) -> dict[str, Any]:
        """The id of the workflow that is wanted back."""
        return {**super().get_event_triggers(), "on_undo": passthrough_event_spec(str)}


name_dialog = NameDialog.create
tags_dialog = TagsDialog.create
refusal_dialog = RefusalDialog.create
undo_toast = UndoToast.create
