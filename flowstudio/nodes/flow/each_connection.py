"""The For Each Connection node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from flowstudio.engine.item import Item, Json
from flowstudio.engine.node import Example, Inputs, LoopNode, Port

MAX_INPUTS = 50


class EachConnection(LoopNode):
    """Runs the steps that follow once for each connection that brings something, one after the other.

    Several connections into one input are one run here, with all items. n8n runs the step once for each of them, and this
    step stands where imported workflows count on that. It also runs the same steps for several branches of a workflow of
    your own.
    """

    type = "each-connection"
    label = "For Each Connection"
    group = "Flow"
    icon = "list-tree"
    offered = False
    inputs: ClassVar[tuple[Port, ...]] = (Port("input1", "1"), Port("input2", "2"))
    outputs = (Port("loop", "Loop"),)
    awaits_return: ClassVar[bool] = False
    examples = (
        Example(
            "Two branches",
            properties={},
            given={"input1": [{"from": "A"}], "input2": [{"from": "B"}]},
            gives={},
        ),
        Example(
            "Only one of three brings something",
            properties={"inputs_count": 3},
            given={"input3": [{"from": "C"}]},
            gives={},
        ),
    )

    inputs_count: Annotated[int, Field(ge=2, le=MAX_INPUTS, title="Number of inputs")] = 2
    """How many connections there are, each to an input of its own."""

    @classmethod
    def input_ports(cls, properties: Json) -> tuple[Port, ...]:
        """As many inputs as were asked for."""
        count = properties.get("inputs_count", 2)
        known = isinstance(count, int) and not isinstance(count, bool)
        return tuple(
            Port(f"input{i}", str(i)) for i in range(1, max(2, min(count, MAX_INPUTS) if known else 2) + 1)
        )

    def rounds(self, inputs: Inputs) -> list[list[Item]]:
        """A round for each input that has items, in their order."""
        ports = (f"input{i}" for i in range(1, self.inputs_count + 1))
        return [list(inputs[port]) for port in ports if inputs.get(port)]

    def batches(self, items: Sequence[Item]) -> list[list[Item]]:
        """What came by one input is one round."""
        return [list(items)]
