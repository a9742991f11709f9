"""The Execute Workflow node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs, Widget


class ExecuteWorkflow(BatchNode):
    """Runs another workflow with the items that arrive here, as a step of this one.

    The other workflow starts at its **When Run by a Workflow** trigger, or its Manual Trigger, and gets the items; what its last step gives comes out here. Use it to
    build something once and use it from many workflows. If the other workflow fails, this step fails with its error.
    """

    type = "execute-workflow"
    label = "Execute Workflow"
    group = "Flow"
    icon = "workflow"
    examples = (
        Example(
            "Hand all items to another workflow",
            properties={"workflow": "echo"},
            given=[{"n": 1}, {"n": 2}],
            gives=[{"n": 1}, {"n": 2}],
        ),
        Example(
            "Start it for each item and go on at once",
            properties={"workflow": "echo", "mode": "each", "wait": False},
            given=[{"n": 1}, {"n": 2}],
            gives=[{"n": 1}, {"n": 2}],
        ),
    )

    workflow: Annotated[str, Field(min_length=1), Widget("workflow")]
    """The workflow to run."""
    mode: Annotated[
        Literal["once", "each"],
        Choice({"once": "Once, with all items", "each": "Once for each item"}),
    ] = "once"
    """How often the workflow is run."""
    wait: Annotated[bool, Field(title="Wait for it to finish")] = True
    """Whether to wait for its items. If not, the items that arrived here go on at once."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Call the workflow."""
        items = list(inputs.get("main", ()))
        return {"main": await called(self.workflow, items, ctx, each=self.mode == "each", wait=self.wait)}


async def called(workflow: str, items: list[Item], ctx: Context, *, each: bool, wait: bool) -> list[Item]:
    """What a workflow makes of items; the items themselves if it is not waited for."""
    rounds = [([item], f"/{i}") for i, item in enumerate(items)] if each else [(items, "")]
    again = f"/try {ctx.attempt}" if ctx.attempt > 1 else ""  # a retry calls anew, a resumed try does not
    came: list[Item] = []
    for batch, suffix in rounds:
        given = await ctx.host.workflows.call(
            workflow,
            batch,
            parent=ctx.execution.id,
            key=f"{ctx.idempotency_key}{suffix}{again}",
            wait=wait,
        )
        came += _paired(given, batch)
    return came if wait else items


def _paired(given: Sequence[Item], batch: list[Item]) -> list[Item]:
    """The sub-workflow's items as children of what was handed in, where that is certain."""
    if len(batch) == 1:
        return [Item(item.json, item.binary, batch[0].paired_item) for item in given]
    return [Item(item.json, item.binary) for item in given]
