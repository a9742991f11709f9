"""The trigger of workflows that others run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.item import Item, Json
from flowstudio.engine.node import Choice, Example, ShowIf, TriggerNode
from flowstudio.nodes.entry import Entry


class ExpectedField(Entry):
    """A field that callers hand over."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """The field's name."""
    type: Annotated[
        Literal["any", "string", "number", "boolean", "array", "object"],
        Choice(
            {
                "any": "Anything",
                "string": "Text",
                "number": "Number",
                "boolean": "Yes or no",
                "array": "List",
                "object": "Object",
            }
        ),
    ] = "any"
    """What it holds. Says what is meant to whoever calls; values pass as they are."""


class WorkflowTrigger(TriggerNode):
    """Starts the workflow when another one runs it: by **Execute Workflow**, or as the tool of an agent.

    The items are those that the other workflow hands over; what the last step here gives is handed back. Say which fields
    are expected to get exactly these: others are left out, and those that are missing are empty. The workflow need not be
    switched on; what is published runs, or the draft when nothing is.
    """

    type = "workflow-trigger"
    label = "When Run by a Workflow"
    group = "Triggers"
    icon = "log-in"
    begins = ("sub-workflow",)
    examples = (
        Example(
            "Take whatever comes",
            properties={},
            given=[{"order": 17}],
            gives=[{"order": 17}],
        ),
        Example(
            "Take an order and a customer",
            properties={
                "accept": "fields",
                "fields": [{"name": "order", "type": "number"}, {"name": "customer"}],
            },
            given=[{"order": 17, "customer": None}],
            gives=[{"order": 17, "customer": None}],
        ),
    )

    accept: Annotated[
        Literal["anything", "fields"],
        Choice({"anything": "Everything that is handed over", "fields": "These fields only"}),
        Field(title="Takes"),
    ] = "anything"
    """What of the items the workflow sees."""
    fields: Annotated[list[ExpectedField], ShowIf("accept", ("fields",)), Field(max_length=200)] = Field(
        default_factory=list
    )
    """The fields that are expected."""

    @classmethod
    def receive(cls, properties: Json, items: Sequence[Item]) -> Sequence[Item]:
        """The expected fields of what another workflow hands over, with its files."""
        if properties.get("accept") != "fields":
            return items
        names = [field.name for field in cls.model_validate(properties).fields]
        return [Item(_chosen(item.json, names), item.binary, item.paired_item) for item in items]


def _chosen(json: Json, names: Sequence[str]) -> dict[str, Any]:
    return {name: json.get(name) for name in names}
