"""What becomes of one n8n node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from flowstudio.interop.n8n.given import Given

Properties: TypeAlias = dict[str, Any]


@dataclass
class Converted:
    """A node in our terms."""

    type: str
    properties: Properties = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    """What is not the same here."""
    outputs: list[tuple[str, ...]] | None = None
    """Our ports for each of n8n's outputs, where they are not the same in the same order."""
    todo: list[str] = field(default_factory=list)
    """What a person has to choose anew, such as credentials: it never travels in a file."""
    available: bool = True
    helper: tuple[str, Properties] | None = None
    """Type and properties of a second node that fills this one's slot `source`, where n8n has one node for both."""


@dataclass(frozen=True)
class Source:
    """A node of n8n: its parameters and the version of its type."""

    parameters: Given
    version: float
    credentials: dict[str, str]
    """Kind -> name of the credential there."""
    type: str = ""
    """With the prefix of its package."""
    name: str = ""
    """What the node is called there."""


Converter: TypeAlias = Callable[[Source], Converted]


def only_given(**values: Any) -> Properties:
    """The properties that have a value; None means that the default holds."""
    return {name: value for name, value in values.items() if value is not None}
