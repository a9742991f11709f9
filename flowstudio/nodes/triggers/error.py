"""The Error Trigger."""

from __future__ import annotations

from flowstudio.engine.node import Example, TriggerNode

_FAILED = {
    "execution": {
        "id": "0199f2a4",
        "url": "https://studio.example.com/executions/0199f2a4",
        "error": {"code": "node_failed", "message": "The service answered 503.", "node": "2"},
        "lastNodeExecuted": "Get prices",
        "mode": "schedule",
    },
    "workflow": {"id": "w-prices", "name": "Daily prices"},
}


class ErrorTrigger(TriggerNode):
    """Starts the workflow when another one fails, for example to tell somebody about it.

    Choose this workflow as **Error workflow** in the settings of the workflows that it should watch; it need not be switched
    on. A workflow that has an Error Trigger itself also watches over itself. Runs that somebody started by hand, and runs
    of error workflows, report nothing.

    The item says what failed: `execution` with its `id`, `url`, `mode`, `error.message` and `lastNodeExecuted`, and `workflow`
    with `id` and `name`.
    """

    type = "error-trigger"
    label = "Error Trigger"
    group = "Triggers"
    icon = "octagon-alert"
    begins = ("error",)
    examples = (
        Example("A step of a daily run has failed", given=[_FAILED], gives=[_FAILED], properties={}),
        Example(
            "A run broke off without a step to blame",
            given=[{"execution": {"id": "0199f2a5", "error": {"message": "It took too long."}}}],
            gives=[{"execution": {"id": "0199f2a5", "error": {"message": "It took too long."}}}],
            properties={},
        ),
    )
