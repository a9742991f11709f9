"""What an error workflow is told."""

from __future__ import annotations

from collections.abc import Mapping

from flowstudio.engine.context import ExecutionInfo
from flowstudio.engine.events import ErrorInfo
from flowstudio.engine.item import Json
from flowstudio.engine.outcome import Rest
from flowstudio.engine.workflow import WorkflowDocument


def error_report(document: WorkflowDocument, info: ExecutionInfo, rest: Rest, url: str) -> Json:
    """The item that an error workflow starts with, under n8n's names: the execution that failed, and its workflow."""
    error: Mapping[str, object] = {}
    if isinstance(rest.error, ErrorInfo):
        error = {"code": rest.error.code, "message": rest.error.message, "node": rest.error.node}
    label = next((node.data.label or node.id for node in document.nodes if node.id == rest.last_node), None)
    return {
        "execution": {
            "id": info.id,
            "url": url,
            "mode": info.mode,
            "error": dict(error),
            "lastNodeExecuted": label or rest.last_node,
        },
        "workflow": {"id": info.workflow_id, "name": info.workflow_name},
    }
