"""The Loop Over Items node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from flowstudio.engine.item import Item
from flowstudio.engine.node import Example, LoopNode


class LoopOverItems(LoopNode):
    """Works through the items in batches.

    Connect **Loop** to the steps that should run for each batch, and the last of them back to this step. When all batches
    are through, everything that came back leaves by **Done**. Use it for services that take only so many items at a time
    or want a pause in between (put a **Wait** into the loop). Most steps treat every item anyway: they need no loop.
    """

    type = "loop-over-items"
    label = "Loop Over Items"
    group = "Flow"
    icon = "repeat"
    subtitle = "Batches of {batch_size}"
    examples = (
        Example(
            "Two at a time",
            properties={"batch_size": 2},
            given=[{"n": 1}, {"n": 2}, {"n": 3}],
            gives={"done": [{"n": 1}, {"n": 2}, {"n": 3}]},
        ),
        Example(
            "One by one",
            properties={},
            given=[{"n": 1}, {"n": 2}],
            gives={"done": [{"n": 1}, {"n": 2}]},
        ),
    )

    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """How many items run through the loop together."""

    def batches(self, items: Sequence[Item]) -> list[list[Item]]:
        """Cut the items into stretches of the batch's size; the last may be shorter."""
        return [list(items[at : at + self.batch_size]) for at in range(0, len(items), self.batch_size)]
