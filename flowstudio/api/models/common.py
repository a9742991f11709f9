"""Shapes that all resources share."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field


def _timestamp(value: Any) -> Any:
    """Refuse numbers, also those written as text, which would pass for seconds since 1970."""
    if isinstance(value, (int, float)) or (isinstance(value, str) and not _DATE_TIME.match(value)):
        raise ValueError("should be a date, a time and a time zone, such as 2026-01-31T12:00:00Z")
    return value


_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_timestamp)]
"""A date and time with its time zone."""


def whole(value: Any) -> Any:
    """A whole number, which JSON may write as `7.0`. Stands behind the limits, so that the description shows them."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Shape(BaseModel):
    """What comes in: unknown keys are refused, so that a misspelt one is noticed; types are not guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class View(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class ErrorBody(View):
    """What went wrong."""

    code: str
    """Stable; programs may rely on it."""
    message: str
    """For people: the culprit and the remedy."""
    detail: Any = None
    """More for programs, such as the list of problems of a workflow."""


class ErrorAnswer(View):
    """The answer to a request that was refused."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "code": "not_found",
                        "message": "There is no workflow 'abc'.",
                        "detail": None,
                    }
                }
            ]
        }
    )

    error: ErrorBody


Line = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*[^\x00-\x20][^\x00-\x1f]*$")
]
"""One line of text that is not blank."""
