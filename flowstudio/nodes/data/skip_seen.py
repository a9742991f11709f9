"""The Skip Seen Items node."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.keeping import WorkflowMemory
from flowstudio.engine.node import Choice, Example, ItemNode, Port, ShowIf, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes import values
from flowstudio.nodes.dates import parse_instant, zone_named

_NEW, _HIGHER, _LATER = "new", "higher", "later"
_REMEMBERS = ShowIf("mode", (_NEW, _HIGHER, _LATER))


class SkipSeen(ItemNode):
    """Lets only those items through that no earlier execution of the workflow has seen.

    Say what an item is recognised by: an id, a number that grows, or a date. The others leave by **Seen**. Use it behind a
    step that fetches the same list again and again, so that each entry is treated once. Items of one execution are compared
    with earlier ones only; **Remove Duplicates** compares them with each other.
    """

    type = "skip-seen"
    label = "Skip Seen Items"
    group = "Data"
    icon = "history"
    outputs = (Port("kept", "New"), Port("discarded", "Seen"))
    examples = (
        Example(
            "No value to recognise an item by",
            properties={"value": "={{ $json.id }}"},
            given=[{"name": "Ada"}],
            gives=[],
            fails="The item has no value to be recognised by. Correct the expression of “Value”.",
        ),
        Example(
            "A number is needed",
            properties={"mode": "higher", "value": "={{ $json.id }}"},
            given=[{"id": "A-1"}],
            gives=[],
            fails="'A-1' is not a number. Choose another way, or another value.",
        ),
    )

    mode: Annotated[
        Literal["new", "higher", "later", "forget"],
        Field(title="What is new"),
        Choice(
            {
                "new": "Values that never came before",
                "higher": "Numbers above the highest so far",
                "later": "Dates after the latest so far",
                "forget": "Forget everything, let all through",
            }
        ),
    ] = "new"
    """Which items go on."""
    value: Annotated[Any, Widget("text"), _REMEMBERS] = None
    """What an item is recognised by: an expression such as `={{ $json.id }}`."""
    scope: Annotated[
        Literal["node", "workflow"],
        Choice({"node": "This step", "workflow": "All such steps of the workflow"}),
    ] = "node"
    """Who shares the memory."""
    history: Annotated[
        int, Field(ge=1, le=1_000_000, title="Values to remember"), ShowIf("mode", (_NEW,))
    ] = 10_000
    """Older values are forgotten."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Look the item up, and remember it."""
        workflow = ctx.execution.workflow_id
        place = f"{ctx.node}:" if self.scope == "node" else "*:"
        if workflow is not None and self.mode == "forget":
            memory = _memory(ctx)
            for kind in ("seen:", "highest:"):
                await memory.prune(workflow, f"{kind}{place}", 0)
        if workflow is None or self.mode == "forget":
            return {"kept": [item]}
        new = await (self._never_came if self.mode == _NEW else self._is_beyond)(workflow, place, ctx)
        return {"kept" if new else "discarded": [item]}

    async def _never_came(self, workflow: str, place: str, ctx: Context) -> bool:
        if self.value is None or self.value == "":
            raise NodeError("The item has no value to be recognised by. Correct the expression of “Value”.")
        digest = hashlib.sha256(values.json_text(self.value).encode()).hexdigest()[:40]
        memory = _memory(ctx)
        # The run that stored it is noted: an interrupted run that starts anew must not take its own items for seen.
        by = await memory.change(
            workflow, f"seen:{place}{digest}", lambda known: known or ctx.idempotency_key
        )
        if digest.startswith("00"):
            await memory.prune(workflow, f"seen:{place}", self.history)
        return bool(by == ctx.idempotency_key)

    async def _is_beyond(self, workflow: str, place: str, ctx: Context) -> bool:
        rank = self._rank(ctx)
        key = ctx.idempotency_key

        def raised(known: Any) -> Any:
            if not isinstance(known, dict):
                return {"run": key, "before": None, "top": rank}
            before = known["before"] if known["run"] == key else known["top"]
            return {"run": key, "before": before, "top": max(rank, known["top"])}

        before = (await _memory(ctx).change(workflow, f"highest:{place}{self.mode}", raised))["before"]
        return before is None or rank > before

    def _rank(self, ctx: Context) -> float:
        try:
            if self.mode == _HIGHER:
                return values.to_number(self.value)
            return parse_instant(self.value, zone_named(ctx.execution.timezone)).timestamp()
        except ValueError as error:
            what = "a number" if self.mode == _HIGHER else "a date"
            raise NodeError(
                f"'{values.to_text(self.value)[:60]}' is not {what}. Choose another way, or another value."
            ) from error


def _memory(ctx: Context) -> WorkflowMemory:
    return ctx.use(WorkflowMemory)  # type: ignore[type-abstract]  # the storage brings the concrete one
