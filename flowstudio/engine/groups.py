"""The shelves of the palette, with their colours, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flowstudio.engine.node import Group

GROUPS: Final[Mapping[str, Group]] = {
    group.label: group
    for group in (
        Group("Triggers", "#16a34a"),
        Group("AI", "#7c3aed"),
        Group("Models", "#9333ea"),
        Group("Memory", "#a855f7"),
        Group("Tools", "#c026d3"),
        Group("Flow", "#d97706"),
        Group("Data", "#2563eb"),
        Group("Actions", "#db2777"),
        Group("Notes", "#a16207"),
    )
}

OTHER: Final = Group("Other", "#64748b")


def group_of(label: str) -> Group:
    """A group by its label; node types of third parties may bring groups of their own."""
    return GROUPS.get(label) or Group(label or OTHER.label, OTHER.color)
