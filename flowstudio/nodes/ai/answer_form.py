"""The form that a model's answer must have, as a person chooses it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.ai.model import Schema
from flowstudio.ai.structured import schema_of_example
from flowstudio.engine.node import Choice, Node, ShowIf, Widget
from flowstudio.errors import ParameterError
from flowstudio.nodes.http.fields import JsonValue


class AnswerForm(Node):
    """A node whose answer is text or data."""

    answer_as: Annotated[
        Literal["text", "example", "schema"],
        Choice({"text": "Text", "example": "Data like an example", "schema": "Data by a JSON schema"}),
    ] = "text"
    """What kind of answer you want. Data is checked, and asked for once more when it does not fit."""
    example: Annotated[JsonValue, Widget("json"), ShowIf("answer_as", ("example",))] = Field(
        default_factory=lambda: {"answer": "…"}
    )
    """An answer as you would like it: the fields it has, all of them needed, and the kinds of their values."""
    answer_schema: Annotated[JsonValue, Widget("json"), ShowIf("answer_as", ("schema",))] = Field(
        default_factory=lambda: {
            "type": "object",
            "properties": {"answer": {"type": "string"}},
            "required": ["answer"],
            "additionalProperties": False,
        },
        title="JSON schema",
    )
    """The JSON schema of the answer."""

    def wanted(self) -> Schema | None:
        """The schema of the answer; None for text. Raises `ParameterError` for what is neither an object nor a list."""
        if self.answer_as == "text":
            return None
        value: Any = self.example if self.answer_as == "example" else self.answer_schema
        if self.answer_as == "schema" and not isinstance(value, dict):
            raise ParameterError("The JSON schema must be an object.", parameter="answer_schema")
        if self.answer_as == "example":
            if not isinstance(value, dict | list):
                raise ParameterError("The example must be an object or a list.", parameter="example")
            return schema_of_example(value)
        found: Schema = value
        return found
