"""What event handlers say to people, in the corner of whatever page they are on.

Toasts of Reflex make the browser evaluate code, which the content policy forbids. This sets the value of what
`components/shell/notices.jsx` has put among the fields of the page, and setting it shows the words.
"""

from __future__ import annotations

from typing import Literal

import reflex as rx
from reflex.event import EventSpec

FIELD = "notices"


def success(message: str) -> EventSpec:
    """Say that something was done."""
    return _notice("success", message)


def failure(message: str) -> EventSpec:
    """Say that something could not be done."""
    return _notice("error", message)


def _notice(kind: Literal["success", "error"], message: str) -> EventSpec:
    return rx.set_value(FIELD, {"kind": kind, "text": message})
