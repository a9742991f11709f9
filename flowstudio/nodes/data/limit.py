"""The Limit node."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs


class Limit(BatchNode):
    """Lets only so many items through, from the beginning or from the end.

    Put it behind a step that gives much while you try things out, or behind **Sort** to keep the best ten.
    """

    type = "limit"
    label = "Limit"
    group = "Data"
    icon = "list-end"
    subtitle = "{keep} {max_items}"
    examples = (
        Example(
            "Keep the first",
            properties={},
            given=[{"n": 1}, {"n": 2}, {"n": 3}],
            gives=[{"n": 1}],
        ),
        Example(
            "Keep the last two",
            properties={"max_items": 2, "keep": "last"},
            given=[{"n": 1}, {"n": 2}, {"n": 3}],
            gives=[{"n": 2}, {"n": 3}],
        ),
    )

    max_items: Annotated[int, Field(ge=0, title="Number of items")] = 1
    """How many items go on at most."""
    keep: Annotated[Literal["first", "last"], Choice({"first": "First", "last": "Last"})] = "first"
    """Which end of the list is kept."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Cut the list."""
        items = list(inputs.get("main", ()))
        first = max(0, len(items) - self.max_items)
        return {"main": items[: self.max_items] if self.keep == "first" else items[first:]}
