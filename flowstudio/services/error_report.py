"""Error workflows: which one watches over an execution, and what it is told."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flowstudio.engine.context import ExecutionInfo
from flowstudio.engine.events import ErrorInfo
from flowstudio.engine.item import Json
from flowstudio.engine.outcome import Rest
from flowstudio.engine.workflow import WorkflowDocument
from flowstudio.errors import FlowStudioError
from flowstudio.nodes.triggers.error import ErrorTrigger

log = logging.getLogger(__name__)

SILENT = frozenset({"manual", "cli", "error"})
"""Modes of executions whose failure starts no error workflow."""


def watcher_of(document: WorkflowDocument, info: ExecutionInfo) -> str | None:
    """The workflow to start when an execution fails: the chosen one, or its own when that has an Error Trigger."""
    watches = any(node.type == ErrorTrigger.type and not node.data.disabled for node in document.nodes)
    id_ = document.settings.error_workflow or (info.workflow_id if watches else None)
    return None if info.mode in SILENT or (id_ == info.workflow_id and not watches) else id_


def error_report(document: WorkflowDocument, info: ExecutionInfo, rest: Rest, base_url: str) -> Json:
    """The item that an error workflow starts with, under n8n's names: the execution that failed, and its workflow."""
    error: Mapping[str, object] = {}
    if isinstance(rest.error, ErrorInfo):
        error = {"code": rest.error.code, "message": rest.error.message, "node": rest.error.node}
    label = next((node.data.label or node.id for node in document.nodes if node.id == rest.last_node), None)
    return {
        "execution": {
            "id": info.id,
            "url": f"{base_url}/executions/{info.id}",
            "mode": info.mode,
            "error": dict(error),
            "lastNodeExecuted": label or rest.last_node,
        },
        "workflow": {"id": info.workflow_id, "name": info.workflow_name},
    }


def not_started(error_workflow: str, info: ExecutionInfo, error: FlowStudioError) -> None:
    """Note why an error workflow does not run."""
    log.error(
        "error workflow not started",
        extra={"execution": info.id, "error_workflow": error_workflow, "reason": error.message},
    )
