"""The Not Available node."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Json, Ports
from flowstudio.engine.node import MAIN, BatchNode, Example, Inputs, Port
from flowstudio.errors import NodeError


class NotAvailable(BatchNode):
    """Stands in for a step of an imported workflow that does not exist here.

    It keeps the step as it was written, so that it can be exported again unharmed. A run that gets here stops and says which
    step is missing: replace it by one that does the same, often an **HTTP Request**.
    """

    type = "not-available"
    label = "Not available"
    group = "Actions"
    icon = "circle-help"
    subtitle = "{original_type}"
    offered = False
    examples = (
        Example(
            "A run stops here",
            properties={"original_type": "vendor.faxMachine"},
            given=[{"page": 1}],
            gives=[],
            fails="There is no step of the type vendor.faxMachine here. Replace it by another step, for example an HTTP "
            "Request to the same service.",
        ),
        Example(
            "Whatever it was",
            properties={"original_type": "n8n-nodes-base.slack", "outputs_count": 2},
            given=[{"text": "Hello"}],
            gives=[],
            fails="There is no step of the type n8n-nodes-base.slack here. Replace it by another step, for example an HTTP "
            "Request to the same service.",
        ),
    )

    original_type: Annotated[str, Field(max_length=200)] = ""
    """The type of the step in the program that it comes from."""
    inputs_count: Annotated[int, Field(ge=0, le=50, title="Number of inputs")] = 1
    """How many inputs are connected."""
    outputs_count: Annotated[int, Field(ge=0, le=50, title="Number of outputs")] = 1
    """How many outputs are connected."""

    @classmethod
    def input_ports(cls, properties: Json) -> tuple[Port, ...]:
        """As many as the original has connections for."""
        return _ports(properties.get("inputs_count", 1), "Input")

    @classmethod
    def output_ports(cls, properties: Json) -> tuple[Port, ...]:
        """As many as the original has connections for."""
        return _ports(properties.get("outputs_count", 1), "Output")

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Stop the run."""
        raise NodeError(
            f"There is no step of the type {self.original_type} here. Replace it by another step, for example an HTTP "
            "Request to the same service."
        )


def _ports(count: object, name: str) -> tuple[Port, ...]:
    if not isinstance(count, int) or isinstance(count, bool):
        return MAIN
    more = (Port(f"{name.lower()}{number}", f"{name} {number}") for number in range(2, min(count, 50) + 1))
    return (*MAIN, *more) if count > 0 else ()
