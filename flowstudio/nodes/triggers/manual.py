"""The Manual Trigger node."""

from __future__ import annotations

from flowstudio.engine.node import Example, TriggerNode


class ManualTrigger(TriggerNode):
    """Starts the workflow when somebody presses **Execute workflow**, or calls it over the API.

    It gives one empty item, or the data that was sent along. Add it to any workflow that you want to start by hand;
    a workflow may have other triggers as well.
    """

    type = "manual-trigger"
    label = "Manual Trigger"
    group = "Triggers"
    icon = "mouse-pointer-click"
    examples = (
        Example("Start with nothing", properties={}, given=[{}], gives=[{}]),
        Example(
            "Start with data that the API sent along",
            properties={},
            given=[{"order": 17}, {"order": 18}],
            gives=[{"order": 17}, {"order": 18}],
        ),
    )
