"""Shapes of histories."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from flowstudio.api.models.common import Shape, View
from flowstudio.api.models.workflows import StoredDocument

Note = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]


class Publishing(Shape):
    """What is published."""

    note: Note = ""
    """What is new, for the history."""
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """A version of the history; missing: the draft."""


class Naming(Shape):
    """What a version is."""

    note: Note


class VersionView(View):
    """An entry of a workflow's history."""

    number: int
    author: str | None
    """Id of the user who stored it."""
    author_name: str | None
    """Null when there is no such user any more."""
    at: datetime
    note: str
    published: bool
    """Whether it is what triggers run."""
    published_at: datetime | None
    """When it was last published."""
    current: bool
    """Whether it is the draft."""


class VersionList(View):
    """The history, newest first. Edits of one person that follow each other quickly are one entry."""

    items: list[VersionView]


class VersionAnswer(VersionView):
    """An earlier version."""

    document: StoredDocument


class NodeName(View):
    """A node, as people know it."""

    id: str
    label: str
    type: str


class ValueChange(View):
    """A value that is different."""

    path: str
    """Where, such as `properties.url` or `settings.retry`."""
    before: Any
    """Null also where there was none."""
    after: Any


class ChangedNode(NodeName):
    """A node that is different."""

    changes: list[ValueChange]


class NodeDifferences(View):
    """Nodes that are different; that some were moved does not count."""

    added: list[NodeName]
    removed: list[NodeName]
    changed: list[ChangedNode]


class EdgeName(View):
    """A connection, as people know it."""

    source: str
    source_label: str
    source_handle: str | None
    target: str
    target_label: str
    target_handle: str | None


class EdgeDifferences(View):
    """Connections that are different."""

    added: list[EdgeName]
    removed: list[EdgeName]


class Differences(View):
    """What is different between two versions."""

    nodes: NodeDifferences
    edges: EdgeDifferences
    document: list[ValueChange]
    """Name, description, tags and settings of the workflow."""
    moved: int
    """How many nodes were moved."""
