"""The No Operation node."""

from __future__ import annotations

from flowstudio.engine.context import Context
from flowstudio.engine.item import Ports
from flowstudio.engine.node import BatchNode, Example, Inputs


class NoOp(BatchNode):
    """Does nothing: items leave as they came.

    Use it to mark a place in the workflow, such as the end of a branch, or to bring several connections together in one.
    """

    type = "no-op"
    label = "No Operation"
    group = "Flow"
    icon = "arrow-right"
    examples = (
        Example("Items pass", properties={}, given=[{"name": "Ada"}], gives=[{"name": "Ada"}]),
        Example(
            "All of them, in order", properties={}, given=[{"n": 2}, {"n": 1}], gives=[{"n": 2}, {"n": 1}]
        ),
    )

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Hand on the items."""
        return {"main": list(inputs.get("main", ()))}
