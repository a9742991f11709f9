"""Shapes of live editing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body
from pydantic import Field, WithJsonSchema

from flowstudio.api.models.common import Shape, View
from flowstudio.api.models.workflows import SHAPE, NodePorts, ProblemView
from flowstudio.engine.operations import MAX_BATCHES, Batch

EXAMPLE_EDITS: dict[str, Any] = {
    "client": "tab-1",
    "batches": [
        {
            "id": "b-1",
            "operations": [
                {"kind": "set", "node": "2", "path": ["label"], "value": "Greet"},
                {"kind": "move", "to": {"2": {"x": 240, "y": 0}}},
            ],
        }
    ],
}


class Edits(Shape):
    """Batches of operations, in the order in which they are applied."""

    client: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    """Names the sender, who then knows their own edits among those they are told of."""
    batches: Annotated[list[Batch], Field(min_length=1, max_length=MAX_BATCHES)]


EditsBody = Annotated[
    Any,
    Body(openapi_examples={"rename": {"summary": "Rename and move a node", "value": EXAMPLE_EDITS}}),
    WithJsonSchema({"type": "object", SHAPE: "Edits"}),
]


class AppliedBatch(View):
    """A batch that is part of the draft."""

    id: str
    version: int
    """The draft's number after it."""


class EditsAnswer(View):
    """What became of the batches."""

    version: int
    """The draft's number."""
    batches: list[AppliedBatch]
    ports: dict[str, NodePorts]
    """Of nodes whose parameters give them other ports than their type has, by node id."""
    problems: list[ProblemView]
    """What forbids running the workflow (errors) or looks wrong (warnings)."""
