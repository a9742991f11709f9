"""What parameters made of several fields share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """One entry of a list parameter, such as a condition or a field: a small form of its own."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
        coerce_numbers_to_str=True,
        defer_build=True,
    )
