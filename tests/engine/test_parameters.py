"""What people read about parameters that do not fit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, field_validator

from flowstudio.engine.binding import bind
from flowstudio.engine.node import Node
from flowstudio.engine.parameters import path_text, title_of


class Row(BaseModel):
    """A row."""

    name: str
    value: int = 0


class Form(Node):
    """All kinds of fields."""

    type = "form"
    label = "Form"
    rows: list[Row] = Field(default_factory=list)
    batch_size: Annotated[int, Field(ge=1)] = 1
    mode: Literal["one", "two"] = "one"
    when: datetime | None = None
    url: Annotated[str, Field(title="Address")] = "x"
    some: Annotated[list[int], Field(min_length=1)] = Field(default_factory=lambda: [1])
    either: int | list[Row] = 0
    flag: bool = False

    @field_validator("url")
    @classmethod
    def _check(cls, value: str) -> str:
        if not value:
            raise ValueError("Give an address.")
        return value


@pytest.mark.parametrize(
    ("properties", "path", "text"),
    [
        ({"rows": [{"name": "a"}, {"value": 1}]}, "rows[1].name", "Rows 2, Name is required."),
        (
            {"rows": [{"name": "a", "value": "x"}]},
            "rows[0].value",
            "Rows 1, Value must be a whole number, but is 'x'.",
        ),
        ({"rows": "x"}, "rows", "Rows must be a list, but is 'x'."),
        ({"rows": ["x"]}, "rows[0]", "Rows 1 must be an object, but is 'x'."),
        (
            {"batch_size": 0},
            "batch_size",
            "Batch size does not fit: input should be greater than or equal to 1.",
        ),
        ({"batch_size": None}, "batch_size", "Batch size must be a whole number, but is empty."),
        ({"batch_size": 1.5}, "batch_size", "Batch size must be a whole number, but is 1.5."),
        ({"mode": "three"}, "mode", "Mode must be 'one' or 'two', but is 'three'."),
        ({"when": "soon"}, "when", "When must be a date and time, but is 'soon'."),
        ({"url": ["x"]}, "url", "Address must be text, but is a list."),
        ({"url": ""}, "url", "Address does not fit: give an address."),
        ({"some": []}, "some", "Some must not be empty."),
        ({"either": [{}]}, "either", "Either must be a whole number, but is a list."),
        ({"flag": "perhaps"}, "flag", "Flag must be true or false, but is 'perhaps'."),
        ({"flag": "y" * 100}, "flag", f"Flag must be true or false, but is '{'y' * 57}…'."),
    ],
)
def test_a_fault_is_told_in_the_words_of_the_form(properties: dict[str, Any], path: str, text: str) -> None:
    _, wrong = bind(Form, properties, {}, {})
    location, words = wrong[0]
    assert (path_text(location), f"{title_of(Form, location)} {words}") == (path, text)


def test_a_number_is_taken_where_text_is_wanted() -> None:
    binding, wrong = bind(Form, {"url": 7}, {}, {})
    assert wrong == []
    assert binding.make((), {}).model_dump()["url"] == "7"
