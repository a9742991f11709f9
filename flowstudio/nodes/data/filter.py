"""The Filter node."""

from __future__ import annotations

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Example, Port
from flowstudio.nodes.conditions import ConditionNode


class Filter(ConditionNode):
    """Lets through the items that meet the conditions.

    The others leave by **Discarded**, so no item is ever lost: leave that output unconnected if you do not need them.
    To send items two ways, use **If**; to send them many ways, use **Switch**.
    """

    type = "filter"
    label = "Filter"
    group = "Data"
    icon = "filter"
    outputs = (Port("kept", "Kept"), Port("discarded", "Discarded"))
    examples = (
        Example(
            "Keep paid orders",
            properties={"conditions": [{"left": "={{ $json.status }}", "test": "equals", "right": "paid"}]},
            given=[{"status": "paid"}, {"status": "open"}],
            gives={"kept": [{"status": "paid"}], "discarded": [{"status": "open"}]},
        ),
        Example(
            "Keep large orders, and all orders of Ada",
            properties={
                "conditions": [
                    {"left": "={{ $json.total }}", "type": "number", "test": "greater", "right": 100},
                    {"left": "={{ $json.customer }}", "test": "starts_with", "right": "ada"},
                ],
                "require": "any",
                "ignore_case": True,
            },
            given=[
                {"total": 250, "customer": "Bruno"},
                {"total": 10, "customer": "Ada Adler"},
                {"total": 10, "customer": "Bruno"},
            ],
            gives={
                "kept": [{"total": 250, "customer": "Bruno"}, {"total": 10, "customer": "Ada Adler"}],
                "discarded": [{"total": 10, "customer": "Bruno"}],
            },
        ),
    )

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Send the item out by its verdict."""
        return {"kept" if await self.met(ctx) else "discarded": [item]}
