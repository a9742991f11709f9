"""Shapes of workflows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Body
from pydantic import Field, WithJsonSchema

from flowstudio.api.models.common import View
from flowstudio.engine.events import ExecutionStatus

SHAPE = "x-shape"
"""Stands in a schema for a reference to another one, until the description is put together."""

EXAMPLE_DOCUMENT: dict[str, Any] = {
    "name": "Greeting",
    "nodes": [
        {"id": "1", "type": "manual-trigger", "position": {"x": 0, "y": 0}},
        {
            "id": "2",
            "type": "edit-fields",
            "position": {"x": 220, "y": 0},
            "data": {
                "label": "Greet",
                "properties": {
                    "mode": "manual",
                    "fields": [{"name": "text", "type": "string", "value": "=Hello {{ $json.name }}"}],
                },
            },
        },
    ],
    "edges": [{"source": "1", "target": "2"}],
}

Document = Annotated[
    Any,
    Body(
        description="The workflow's document. Its form is checked and every culprit named; keys that are not known are dropped.",
        openapi_examples={"greeting": {"summary": "Two nodes", "value": EXAMPLE_DOCUMENT}},
    ),
    WithJsonSchema({"type": "object", SHAPE: "WorkflowDocument"}),
]
Anything = Annotated[
    Any,
    Body(
        description="What might be a workflow's document: any JSON object.",
        openapi_examples={"greeting": {"summary": "Two nodes", "value": EXAMPLE_DOCUMENT}},
    ),
    WithJsonSchema({"type": "object"}),
]
StoredDocument = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", SHAPE: "WorkflowDocument"}),
]


class ProblemView(View):
    """One thing that is wrong with a workflow."""

    code: str
    message: str
    node: str | None = None
    """Id of the culprit."""
    path: str | None = None
    """Where in the document, such as `nodes[2].data.properties.url`."""
    severity: Literal["error", "warning"] = "error"
    """An error forbids running, a warning does not."""


class Validation(View):
    """What is wrong with a document."""

    valid: bool
    """Whether it could run: there are no problems but warnings."""
    problems: list[ProblemView]


class LastExecution(View):
    """The newest execution of a workflow."""

    id: str
    status: ExecutionStatus
    started_at: datetime | None


class WorkflowSummaryView(View):
    """A workflow in a list."""

    id: str
    name: str
    active: bool
    version: int
    published_version: int | None
    """What its triggers run; null when nothing is published."""
    has_unpublished: bool
    """Whether the draft is not what is published."""
    deleted_at: datetime | None
    """Since when it is deleted; it can be brought back for 30 days."""
    tags: list[str]
    created_at: datetime
    updated_at: datetime
    nodes: int
    """How many nodes it has."""
    triggers: list[str]
    """Types of its trigger nodes."""
    description: str
    last_execution: LastExecution | None
    next_run_at: datetime | None
    """When its schedules start it next; null when it is off or has none."""


class WorkflowPage(View):
    """Part of the list of workflows."""

    items: list[WorkflowSummaryView]
    next_cursor: str | None
    """Pass it as `cursor` for the next part; null at the end."""


class TagView(View):
    """A tag in use."""

    tag: str
    count: int
    """How many workflows have it."""


class TagList(View):
    """The tags in use, by name."""

    items: list[TagView]


class PortView(View):
    """A place where edges end or begin."""

    id: str
    label: str


class NodePorts(View):
    """The ports of a node."""

    inputs: list[PortView]
    outputs: list[PortView]


class WorkflowView(View):
    """A workflow."""

    id: str
    name: str
    active: bool
    version: int
    """The draft's number: counts changes. Send it as `If-Match` to notice that somebody else was quicker."""
    published_version: int | None
    """What its triggers run; null when nothing is published."""
    has_unpublished: bool
    """Whether the draft is not what is published; true when nothing is."""
    tags: list[str]
    created_at: datetime
    updated_at: datetime
    document: Annotated[StoredDocument, Field(examples=[EXAMPLE_DOCUMENT])]
    ports: dict[str, NodePorts]
    """Of nodes whose parameters give them other ports than their type has, by node id."""
    problems: list[ProblemView]
    """What forbids running it (errors) or looks wrong (warnings)."""


class OpenAddressView(View):
    """Where a Webhook node is called for a test."""

    node: str
    method: str
    url: str


class Listening(View):
    """The editor's test webhooks are open."""

    until: datetime
    """Until then, and for one call."""
    urls: list[str]
    addresses: list[OpenAddressView]
    """The same, with the node and the method of each."""


class Called(View):
    """What came of listening."""

    execution_id: str | None
    """What the call started; null as long as there was none."""
    listening: bool
    """Whether a call may still come."""
