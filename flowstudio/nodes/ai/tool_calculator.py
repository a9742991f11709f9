"""The Calculator sub-node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowstudio.ai.calculator import calculate
from flowstudio.ai.model import ToolSpec
from flowstudio.ai.tool import Tool
from flowstudio.engine.context import Context
from flowstudio.nodes.ai.parts import ToolNode

_SPEC = ToolSpec(
    "calculator",
    "Calculates exactly. Use it for every calculation, however simple. Knows + - * / // % ^, brackets, percentages such as "
    "15% of 80, comparisons, and functions such as sqrt, round, log, sin, factorial, min, max, sum, mean.",
    {
        "type": "object",
        "properties": {"formula": {"type": "string", "description": "Such as (3 + 4) * sqrt(2)"}},
        "required": ["formula"],
        "additionalProperties": False,
    },
)


class ToolCalculator(ToolNode):
    """Lets an agent calculate exactly. Models are good with words and often wrong with numbers.

    Knows the basic operations, powers, percentages (`15% of 80`), comparisons, and the usual functions. Whole numbers stay
    exact, however large. It understands formulas only; nothing else can be run with it.
    """

    type = "tool-calculator"
    label = "Calculator"
    group = "Tools"
    icon = "calculator"

    async def tools(self, ctx: Context) -> Sequence[Tool]:
        """The one tool."""

        async def call(arguments: Mapping[str, Any]) -> Any:
            return str(calculate(str(arguments.get("formula", ""))))

        return [Tool(_SPEC, call)]
