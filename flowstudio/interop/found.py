"""What reading a file gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from flowstudio.engine.workflow import WorkflowDocument

Format: TypeAlias = Literal["flowstudio", "n8n"]
Fate: TypeAlias = Literal["imported", "different", "unavailable"]
"""What became of a step: it is the same here, it differs in what is told, or it only stands in for what is not here."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a person should look at after an import."""

    message: str
    node: str | None = None
    """Id of the node that it is about."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one step of another program."""

    node: str
    """Its id."""
    label: str
    type: str
    """Its type in the other program."""
    fate: Fate
    differences: tuple[str, ...] = ()
    """What is not the same, in words; for a step that is not available, why."""


@dataclass(frozen=True, slots=True)
class Found:
    """A workflow that was found in a text."""

    document: WorkflowDocument
    format: Format
    remarks: tuple[Remark, ...] = field(default=())
    credentials: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the file says about the credentials that its nodes name: id -> `{name, type}`. Never a secret."""
    report: tuple[Verdict, ...] = ()
    """What became of each step, in the order of the document; empty for files of the own form."""
