"""Shapes of expressions that are tried out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from flowstudio.api.models.common import Shape, View
from flowstudio.api.models.executions import NodeId
from flowstudio.api.models.workflows import EXAMPLE_DOCUMENT, SHAPE
from flowstudio.engine.workflow import WHOLE

Text = Annotated[str, Field(max_length=20_000)]


class Evaluate(Shape):
    """Expressions, and what they should see."""

    document: Annotated[
        Any,
        Field(description="The workflow's document as it is drawn now.", examples=[EXAMPLE_DOCUMENT]),
        WithJsonSchema({"type": "object", SHAPE: "WorkflowDocument"}),
    ]
    node: NodeId
    """The node that the texts belong to."""
    texts: Annotated[list[Text], Field(max_length=50, examples=[["=Hello {{ $json.name }}"]])]
    """As they stand in its parameters: expressions begin with `=`, other texts are given back as they are."""
    execution_id: Annotated[str, Field(max_length=64)] | None = None
    """The execution whose data they see. Missing: pinned items only."""
    scope: Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=50)] | None = None
    """The loop iteration; missing: the last."""
    item: Annotated[int, Field(ge=0, le=1_000_000), WHOLE] = 0
    """The input item, counted from 0; beyond the last one the last is taken."""


class EvaluationError(View):
    """Why there is no value."""

    code: str
    """`no_data` where there is nothing to compute with yet, `expression` for a mistake in the text."""
    message: str


class EvaluationResult(View):
    """What became of one text."""

    value: Any = None
    cut: bool = False
    """Whether the value is only the beginning of a large one."""
    error: EvaluationError | None = None


class Evaluation(View):
    """What became of the texts."""

    items: int
    """How many input items the node has."""
    item: int
    """The one that was used."""
    origin: Literal["execution", "pinned", "none"]
    """Where the items come from."""
    results: list[EvaluationResult]
    """In the order of the texts. Keys without meaning are left out."""
