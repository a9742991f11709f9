"""The Sticky Note."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from flowstudio.engine.node import Node, Port, Widget


class StickyNote(Node):
    """A note on the canvas, for the people who read the workflow. It never runs.

    Write in Markdown: headings, lists, **bold**, *italic*, `code` and links. Drag its edges to make it as large as the
    steps that it explains; it lies behind them.
    """

    type = "sticky-note"
    label = "Sticky note"
    group = "Notes"
    icon = "sticky-note"
    inputs: ClassVar[tuple[Port, ...]] = ()
    outputs: ClassVar[tuple[Port, ...]] = ()
    annotation = True

    text: Annotated[str, Widget("multiline")] = ""
    """What the note says, in Markdown."""
    color: Literal["yellow", "blue", "green", "pink", "purple", "grey"] = "yellow"
    """The color of the paper."""
    width: Annotated[int, Field(ge=80, le=10_000)] = 240
    """Width on the canvas."""
    height: Annotated[int, Field(ge=48, le=10_000)] = 160
    """Height on the canvas."""
