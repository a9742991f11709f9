"""Expressions to evaluate together, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Value: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None
"""A JSON value."""


@dataclass(frozen=True, slots=True)
class ExpressionFailure:
    """The value of an expression that threw, for one item."""

    message: str


@dataclass(frozen=True, slots=True)
class ExpressionBatch:
    """Templates to evaluate for each of some items."""

    templates: Sequence[str]
    """Whole texts, without the leading `=`."""
    items: Sequence[Mapping[str, Any]]
    """`$json` of each item."""
    shared: Mapping[str, Any] = field(default_factory=dict)
    """The same for all items: `now` (ISO 8601), `timezone`, `execution`, `workflow`, `vars`, `env`, `runIndex`, `prevNode`, `params`,
    `nodes` (label to `{items, params, executed}`), and any other variable under its own name with its `$`."""
    per_item: Mapping[str, Any] = field(default_factory=dict)
    """One entry per item: `paired` (label to indexes), `binary` (file descriptions), and variables under their own names with their `$`."""


@dataclass(frozen=True, slots=True)
class CodeResult:
    """What a Code node gives."""

    items: list[dict[str, Any]]
    """`{"json": {…}}`, with `binary`, `pairedItem` and `error` where the code gave them."""
    stdout: str
    """What the code printed, cut at 100 kB."""
    kept: dict[str, Any] = field(default_factory=dict)
    """The static data that it left, `global` and `node`, if it asked for it."""
    notes: dict[str, str] = field(default_factory=dict)
    """What it noted about the execution."""
