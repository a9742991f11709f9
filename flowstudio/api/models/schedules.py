"""What the API takes and gives about schedules."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ScheduleToPreview(BaseModel):
    """The properties of a Schedule node."""

    model_config = ConfigDict(extra="forbid")

    properties: dict[str, Any] = Field(
        examples=[{"rules": [{"every": "weeks", "weekdays": ["monday"], "hour": 8}]}]
    )
    timezone: str | None = Field(None, max_length=100, description="The workflow's time zone.")


class SchedulePreview(BaseModel):
    """When it would run."""

    words: str
    timezone: str
    next: list[str] = Field(
        description="The next moments, ISO 8601 in the schedule's time zone; ten at most."
    )
    problem: str | None = Field(description="What is wrong with the properties.")
