"""Shapes of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flowstudio.api.models.common import View


class EntryView(View):
    """Something that somebody did."""

    id: str
    at: datetime
    actor: str
    """The account's e-mail address at the time; empty for somebody who was not signed in."""
    actor_id: str | None
    via: str
    """`session`, `api_key` or `cli`."""
    client: str
    """The address that the request came from."""
    action: str
    """What kind of thing, and what was done to it."""
    subject: str
    """The name of the thing at the time."""
    subject_id: str | None
    detail: dict[str, Any]
    """More about it, such as the role before and after."""


class EntryPage(View):
    """Some entries, newest first."""

    items: list[EntryView]
    next_cursor: str | None
    actions: list[str]
    """Every action that is written down."""
