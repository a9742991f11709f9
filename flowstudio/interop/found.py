"""What reading a file gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from flowstudio.engine.workflow import WorkflowDocument

Format: TypeAlias = Literal["flowstudio", "n8n"]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a person should look at after an import."""

    message: str
    node: str | None = None
    """Id of the node that it is about."""


@dataclass(frozen=True, slots=True)
class Found:
    """A workflow that was found in a text."""

    document: WorkflowDocument
    format: Format
    remarks: tuple[Remark, ...] = field(default=())
    credentials: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the file says about the credentials that its nodes name: id -> `{name, type}`. Never a secret."""
