"""What a model fills in when it calls a tool, as a person declares it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from flowstudio.engine.item import Json
from flowstudio.engine.node import Choice
from flowstudio.nodes.entry import Entry


class ToolParameter(Entry):
    """A value that the model gives."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
    """Its name: letters, digits, `_` and `-`."""
    kind: Annotated[
        Literal["string", "number", "integer", "boolean", "array", "object"],
        Choice(
            {
                "string": "Text",
                "number": "Number",
                "integer": "Whole number",
                "boolean": "Yes or no",
                "array": "List",
                "object": "Object",
            }
        ),
    ] = "string"
    """What it is."""
    description: str = ""
    """Tells the model what is meant."""
    required: bool = True
    """Whether the model has to give it."""


def schema_of(parameters: Sequence[ToolParameter]) -> Json:
    """The JSON schema of a tool's arguments."""
    return {
        "type": "object",
        "properties": {
            p.name: {"type": p.kind} | ({"description": p.description} if p.description else {})
            for p in parameters
        },
        "required": [p.name for p in parameters if p.required],
        "additionalProperties": False,
    }
