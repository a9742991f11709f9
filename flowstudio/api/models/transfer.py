"""Shapes of workflows as files."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from flowstudio.api.models.common import Shape, View
from flowstudio.api.models.workflows import EXAMPLE_DOCUMENT, StoredDocument

EXAMPLE_TEXT = (
    '{"name": "Greeting", "nodes": [{"id": "1", "type": "manual-trigger"}, {"id": "2", "type": "no-op"}], '
    '"edges": [{"source": "1", "target": "2"}]}'
)


class Source(Shape):
    """Where workflows are read from: a text or an address."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["text"], "properties": {"text": {"type": "string"}}},
                {"required": ["url"], "properties": {"url": {"type": "string"}}},
            ],
            "examples": [{"text": EXAMPLE_TEXT}],
        }
    )

    text: str | None = None
    """A file of FlowStudio or n8n, or what either puts on the clipboard; up to 8 MiB."""
    url: Annotated[str | None, Field(min_length=1, max_length=2000)] = None
    """The address of such a file."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.text is None) == (self.url is None):
            raise ValueError("give either text or url")
        return self


class RemarkView(View):
    """Something to look at after the import."""

    node: str | None
    """Id of the node that it is about."""
    message: str


class VerdictView(View):
    """What became of one step of another program."""

    node: str
    """Its id."""
    label: str
    type: str
    """Its type in the other program."""
    fate: Literal["imported", "different", "unavailable"]
    """It is the same here, it differs in what is told, or it only stands in for what is not here."""
    differences: list[str]


class FoundView(View):
    """A workflow in the text."""

    document: Annotated[StoredDocument, Field(examples=[EXAMPLE_DOCUMENT])]
    format: Literal["flowstudio", "n8n"]
    remarks: list[RemarkView]
    report: list[VerdictView]
    """What became of each step; empty for files of FlowStudio."""


class FoundList(View):
    """All workflows in the text."""

    documents: list[FoundView]


class LossList(View):
    """What another program would not do as it is done here."""

    items: list[RemarkView]
