"""What an error workflow is told."""

from __future__ import annotations

from collections.abc import Mapping

from flowstudio.engine.context import ExecutionInfo
from flowstudio.engine.events import ErrorInfo
from flowstudio.engine.item import Json
from flowstudio.engine.outcome import Rest


def error_report(info: ExecutionInfo, rest: Rest) -> Json:
    """Which execution of which workflow failed, where, and why."""
    error: Mapping[str, object] = {}
    if isinstance(rest.error, ErrorInfo):
        error = {"code": rest.error.code, "message": rest.error.message, "node": rest.error.node}
    return {
        "execution": {
            "id": info.id,
            "mode": info.mode,
            "error": dict(error),
            "lastNodeExecuted": rest.last_node,
        },
        "workflow": {"id": info.workflow_id, "name": info.workflow_name},
    }
