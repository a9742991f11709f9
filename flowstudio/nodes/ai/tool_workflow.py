"""The Workflow Tool sub-node."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from flowstudio.ai.model import ToolSpec
from flowstudio.ai.tool import Tool
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item
from flowstudio.engine.node import Widget
from flowstudio.nodes.ai.parts import ToolNode
from flowstudio.nodes.ai.tool_parameters import ToolParameter, schema_of
from flowstudio.nodes.ai.toolbox import tool_name


class ToolWorkflow(ToolNode):
    """Lets an agent run another workflow; the agent only fills in the values that it starts with.

    The other workflow starts at its **When Run by a Workflow** trigger, or its Manual Trigger, with one item that has the values below as fields. What its last step
    gives is what the agent is told. If it fails, the agent is told why.
    """

    type = "tool-workflow"
    label = "Workflow Tool"
    group = "Tools"
    icon = "workflow"
    subtitle = "{name}"

    workflow: Annotated[str, Field(min_length=1), Widget("workflow")]
    """The workflow to run."""
    name: Annotated[str, Field(min_length=1, max_length=64)] = "run_workflow"
    """What the agent calls the tool: letters, digits and `_`."""
    description: Annotated[str, Field(min_length=1), Widget("multiline")]
    """Tells the agent what the workflow does and when to run it."""
    parameters: list[ToolParameter] = Field(default_factory=list)
    """The values that the agent fills in."""

    async def tools(self, ctx: Context) -> Sequence[Tool]:
        """The one tool."""
        numbers = itertools.count(1)
        again = f"/try {ctx.attempt}" if ctx.attempt > 1 else ""

        async def call(arguments: Mapping[str, Any]) -> Any:
            given = await ctx.host.workflows.call(
                self.workflow,
                [Item(dict(arguments))],
                parent=ctx.execution.id,
                key=f"{ctx.idempotency_key}/{self.node_id} {next(numbers)}{again}",
                wait=True,
            )
            rows = [item.json for item in given]
            return (rows[0] if len(rows) == 1 else rows) if rows else "It gave nothing."

        return [Tool(ToolSpec(tool_name(self.name), self.description, schema_of(self.parameters)), call)]
