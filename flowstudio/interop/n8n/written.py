"""What the writers of n8n's parameters share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from flowstudio.interop.n8n.converted import Properties, only_given

Written: TypeAlias = tuple[str, float, dict[str, Any]]
"""Type without the prefix of n8n's own package, version, parameters."""
Writer: TypeAlias = Callable[[Properties], Written]


def listed(value: Any) -> Any:
    """Names in one text."""
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def options_of(**values: Any) -> dict[str, Any]:
    """The options that have a value."""
    return {"options": only_given(**values)}


def dots_of(p: Properties) -> bool | None:
    """Whether names are no paths, in n8n's way to say it."""
    return True if p.get("dot_notation") is False else None


def rows_of(p: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    found = p.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
