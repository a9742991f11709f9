"""The Stop and Error node."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs, Port, ShowIf, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes import values


class StopAndError(BatchNode):
    """Stops the execution with an error of your own.

    The execution is shown as failed with your message, and the workflow's error workflow is started if it has one.
    Put it at the end of a branch that should never be reached, such as an order without an amount.
    """

    type = "stop-and-error"
    label = "Stop and Error"
    group = "Flow"
    icon = "octagon-x"
    subtitle = "{message}"
    outputs: ClassVar[tuple[Port, ...]] = ()
    examples = (
        Example(
            "Refuse an order",
            properties={"message": "=The order of {{ $json.customer }} has no amount."},
            given=[{"customer": "Ada"}],
            gives={},
            fails="The order of Ada has no amount.",
        ),
        Example(
            "Stop with details for the error workflow",
            properties={
                "error_type": "object",
                "error": {"message": "Out of stock", "sku": "={{ $json.sku }}"},
            },
            given=[{"sku": "A-1"}],
            gives={},
            fails="Out of stock",
        ),
    )

    error_type: Annotated[
        Literal["message", "object"], Choice({"message": "A message", "object": "An object with details"})
    ] = "message"
    """Whether the error is a sentence, or an object that the error workflow can take apart."""
    message: Annotated[str, ShowIf("error_type", ("message",)), Widget("multiline")] = ""
    """What went wrong, in words that help whoever reads them."""
    error: Annotated[Any, ShowIf("error_type", ("object",)), Widget("json")] = Field(default_factory=dict)
    """The error as a JSON object. Its `message` is what people see."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Fail."""
        if self.error_type == "message":
            raise NodeError(
                self.message or "The workflow was stopped by a Stop and Error step without a message."
            )
        try:
            details = values.to_object(self.error)
        except ValueError as error:
            raise NodeError(
                'The error object is not a JSON object; write it as in {"message": "…"}.'
            ) from error
        said = next((details[key] for key in ("message", "description", "error") if details.get(key)), None)
        raise NodeError(values.to_text(details if said is None else said), detail=details)
