"""The If node."""

from __future__ import annotations

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Example, Port
from flowstudio.nodes.conditions import ConditionNode


class IfElse(ConditionNode):
    """Sends each item one of two ways: by **True** if it meets the conditions, by **False** if not.

    Connect both outputs to steps of their own. The ways may meet again in any later step, or in a **Merge**.
    """

    type = "if-else"
    label = "If"
    group = "Flow"
    icon = "split"
    outputs = (Port("true", "True"), Port("false", "False"))
    examples = (
        Example(
            "Adults one way, children the other",
            properties={
                "conditions": [{"left": "={{ $json.age }}", "test": "greater_or_equal", "right": 18}]
            },
            given=[{"age": 41}, {"age": 7}],
            gives={"true": [{"age": 41}], "false": [{"age": 7}]},
        ),
        Example(
            "Orders that came this year and have a note",
            properties={
                "conditions": [
                    {
                        "left": "={{ $json.placed }}",
                        "type": "date-time",
                        "test": "after_or_equal",
                        "right": "2026-01-01",
                    },
                    {"left": "={{ $json.note }}", "type": "string", "test": "is_not_empty"},
                ]
            },
            given=[
                {"placed": "2026-03-01T09:30:00Z", "note": "gift"},
                {"placed": "2025-12-31", "note": "gift"},
                {"placed": "2026-03-01", "note": ""},
            ],
            gives={
                "true": [{"placed": "2026-03-01T09:30:00Z", "note": "gift"}],
                "false": [{"placed": "2025-12-31", "note": "gift"}, {"placed": "2026-03-01", "note": ""}],
            },
        ),
    )

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Send the item out by its verdict."""
        return {"true" if await self.met(ctx) else "false": [item]}
