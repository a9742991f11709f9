"""The Workflow in a Step node."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes import values
from flowstudio.nodes.flow.execute_workflow import called


class EmbeddedWorkflow(BatchNode):
    """Runs a workflow that stands in the step itself, as workflows of n8n may have it.

    Comes with imported workflows. For new ones use **Execute Workflow**: a workflow of its own can be opened, tried and used by
    others. The workflow in the step may be written in FlowStudio's form or in n8n's; it cannot use credentials.
    """

    type = "embedded-workflow"
    label = "Workflow in a Step"
    group = "Flow"
    icon = "workflow"
    offered = False
    examples = (
        Example(
            "Nothing in it",
            properties={"document": ""},
            given=[{"n": 1}],
            gives=[],
            fails="There is no workflow in this step. Paste one, as JSON.",
        ),
        Example(
            "Not a workflow",
            properties={"document": "hello"},
            given=[{"n": 1}],
            gives=[],
            fails="What stands in this step is no workflow; a workflow is a JSON object.",
        ),
    )

    document: Annotated[Any, Field(title="Workflow"), Widget("json")] = ""
    """The workflow, as JSON."""
    mode: Annotated[
        Literal["once", "each"],
        Choice({"once": "Once, with all items", "each": "Once for each item"}),
    ] = "once"
    """How often it is run."""
    wait: Annotated[bool, Field(title="Wait for it to finish")] = True
    """Whether to wait for its items. If not, the items that arrived here go on at once."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Call the workflow."""
        text = self.document if isinstance(self.document, str) else values.json_text(self.document)
        if not text.strip():
            raise NodeError("There is no workflow in this step. Paste one, as JSON.")
        if not text.lstrip().startswith("{"):
            raise NodeError("What stands in this step is no workflow; a workflow is a JSON object.")
        items = list(inputs.get("main", ()))
        return {"main": await called(text.strip(), items, ctx, each=self.mode == "each", wait=self.wait)}
