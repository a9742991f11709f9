"""The Switch node."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, Pace, Port, ShowIf
from flowstudio.errors import NodeError
from flowstudio.nodes import conditions as terms
from flowstudio.nodes.conditions import Condition, Terms
from flowstudio.nodes.entry import Entry

FALLBACK = "fallback"
MAX_OUTPUTS = 100

_RULES = ("rules",)


class Rule(Entry):
    """A way out for the items that meet its conditions."""

    label: Annotated[str, Field(title="Name of the output")] = ""
    """What the output is called on the canvas. Empty: its number."""
    conditions: Annotated[list[Condition], Field(min_length=1)]
    """What must be true of an item to leave here."""
    require: Annotated[
        Literal["all", "any"], Choice({"all": "All conditions", "any": "At least one condition"})
    ] = "all"
    """Whether every condition must be met, or one is enough."""


class Switch(ItemNode):
    """Sends each item one of many ways.

    With **Rules**, an item leaves by the output of the first rule that it meets. With an **Expression**, you calculate the
    number of the output; the first is 0. What happens with items that meet no rule is up to you: drop them, give
    them an output of their own, or send them the way of a rule.
    """

    type = "switch"
    label = "Switch"
    group = "Flow"
    icon = "route"
    outputs = (Port("0", "0"),)
    examples = (
        Example(
            "By country",
            properties={
                "rules": [
                    {
                        "label": "Germany",
                        "conditions": [{"left": "={{ $json.country }}", "test": "equals", "right": "DE"}],
                    },
                    {
                        "label": "France",
                        "conditions": [{"left": "={{ $json.country }}", "test": "equals", "right": "FR"}],
                    },
                ],
                "fallback": "extra",
            },
            given=[{"country": "FR"}, {"country": "DE"}, {"country": "IT"}],
            gives={"0": [{"country": "DE"}], "1": [{"country": "FR"}], "fallback": [{"country": "IT"}]},
        ),
        Example(
            "By a number",
            properties={"mode": "expression", "outputs_count": 2, "output": "={{ $json.lane }}"},
            given=[{"lane": 1}, {"lane": 0}],
            gives={"0": [{"lane": 0}], "1": [{"lane": 1}]},
        ),
    )

    mode: Annotated[
        Literal["rules", "expression"], Choice({"rules": "Rules", "expression": "Expression"})
    ] = "rules"
    """How the way of an item is found."""
    rules: Annotated[list[Rule], Field(max_length=MAX_OUTPUTS), ShowIf("mode", _RULES)] = Field(
        default_factory=list
    )
    """One output for each rule, in this order."""
    outputs_count: Annotated[
        int, Field(ge=1, le=MAX_OUTPUTS, title="Number of outputs"), ShowIf("mode", ("expression",))
    ] = 4
    """How many outputs there are."""
    output: Annotated[int, Field(title="Output"), ShowIf("mode", ("expression",))] = 0
    """The number of the output that an item leaves by: an expression. The first output is 0."""
    fallback: Annotated[
        Literal["none", "extra", "output"],
        Field(title="If no rule is met"),
        Choice(
            {"none": "Drop the item", "extra": "Use an extra output", "output": "Use the output of a rule"}
        ),
        ShowIf("mode", _RULES),
    ] = "none"
    """What happens with items that meet no rule."""
    fallback_output: Annotated[int, Field(ge=0), ShowIf("mode", _RULES), ShowIf("fallback", ("output",))] = 0
    """The output for items that meet no rule. The first is 0."""
    fallback_label: Annotated[
        str, Field(title="Name of the extra output"), ShowIf("mode", _RULES), ShowIf("fallback", ("extra",))
    ] = ""
    """What the extra output is called on the canvas."""
    send_to_all: Annotated[bool, Field(title="Send to all matching outputs"), ShowIf("mode", _RULES)] = False
    """Whether an item leaves by every rule that it meets, not only by the first."""
    ignore_case: Annotated[bool, ShowIf("mode", _RULES)] = False
    """Whether large and small letters count as the same."""
    strict: Annotated[bool, Field(title="Strict types"), ShowIf("mode", _RULES)] = True
    """Whether a value of another type than the condition's is an error. Switch it off to convert values where possible."""

    as_they_are: Annotated[bool, Field(title="Compare values as they are"), ShowIf("mode", _RULES)] = False
    """Whether nothing is converted: 5 is not "5". Comes with old workflows of n8n."""

    @field_validator("output", mode="before")
    @classmethod
    def _calculated(cls, value: Any) -> Any:
        return 0 if value == "" else value

    @classmethod
    def output_ports(cls, properties: Json) -> tuple[Port, ...]:
        """One for each rule, or as many as were asked for."""
        if properties.get("mode", "rules") == "expression":
            count = properties.get("outputs_count", 4)
            known = isinstance(count, int) and not isinstance(count, bool)
            return tuple(Port(str(i), str(i)) for i in range(max(1, min(count, MAX_OUTPUTS)) if known else 1))
        rules = properties.get("rules")
        rules = rules[:MAX_OUTPUTS] if isinstance(rules, list) else []
        names = [rule.get("label") if isinstance(rule, dict) else None for rule in rules]
        ports = [
            Port(str(i), name if isinstance(name, str) and name else str(i)) for i, name in enumerate(names)
        ]
        if properties.get("fallback") == "extra":
            name = properties.get("fallback_label")
            ports.append(Port(FALLBACK, name if isinstance(name, str) and name else "Fallback"))
        return tuple(ports)

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """Items with regular expressions go together."""
        return terms.pace([condition for rule in first.rules for condition in rule.conditions])

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Send the item out by its rule or number."""
        if self.mode == "expression":
            if not 0 <= self.output < self.outputs_count:
                raise NodeError(
                    f"There is no output {self.output}; the outputs are 0 to {self.outputs_count - 1}. "
                    "Correct the expression or raise the number of outputs."
                )
            return {str(self.output): [item]}
        met: Ports = {}
        for number, rule in enumerate(self.rules):
            if await self._meets(rule, number, ctx):
                met[str(number)] = [item]
                if not self.send_to_all:
                    break
        return met or self._fall_back(item)

    async def _meets(self, rule: Rule, number: int, ctx: Context) -> bool:
        try:
            return await terms.hold(
                rule.conditions, Terms(rule.require, self.ignore_case, self.strict, self.as_they_are), ctx
            )
        except NodeError as error:
            name = f"'{rule.label}'" if rule.label else str(number)
            raise NodeError(f"Rule {name}: {error.message}") from error

    def _fall_back(self, item: Item) -> Ports:
        if self.fallback == "extra":
            return {FALLBACK: [item]}
        if self.fallback == "output":
            if self.fallback_output >= len(self.rules):
                raise NodeError(
                    f"There is no output {self.fallback_output} for items that meet no rule; "
                    f"the outputs are 0 to {len(self.rules) - 1}."
                )
            return {str(self.fallback_output): [item]}
        return {}
