"""The Repeat node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from flowstudio.engine.item import Item
from flowstudio.engine.node import Example, LoopNode, Port


class Repeat(LoopNode):
    """Runs the steps that follow again and again, each time with what came back, until nothing comes back.

    Connect **Loop** to the first of the steps, and what is not ready yet back to this step, usually by an **If**: ask a
    service until a job is done, or fetch page after page. What is ready goes on from the If's other output; those steps
    belong to the round in which they get something. To work through many items, use **Loop Over Items**.
    """

    type = "repeat"
    label = "Repeat"
    group = "Flow"
    icon = "refresh-cw"
    outputs = (Port("loop", "Loop"),)
    feeds_back: ClassVar[bool] = True
    examples = (
        Example(
            "Until nothing comes back",
            properties={},
            given=[{"page": 1}],
            gives={},
        ),
        Example(
            "All items together",
            properties={},
            given=[{"job": "a"}, {"job": "b"}],
            gives={},
        ),
    )

    def batches(self, items: Sequence[Item]) -> list[list[Item]]:
        """The first round has all items."""
        return [list(items)]
