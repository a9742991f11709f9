"""Settings of nodes and workflows, from n8n's terms and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from flowstudio.engine.workflow import NodeSettings, WorkflowSettings

_WAYS = {"continueRegularOutput": "continue", "continueErrorOutput": "error_output"}
_FLAGS = (("alwaysOutputData", "always_output"), ("executeOnce", "execute_once"))
_SAVING = (("saveDataErrorExecution", "save_error"), ("saveDataSuccessExecution", "save_success"))


def node_settings(entry: Mapping[str, Any]) -> dict[str, Any]:
    """How the engine is to treat a node."""
    settings: dict[str, Any] = {}
    if entry.get("retryOnFail") is True:
        settings["retry"] = True
        tries, pause = entry.get("maxTries"), entry.get("waitBetweenTries")
        if is_number(tries):
            settings["max_tries"] = min(max(int(tries), 2), 10)
        if is_number(pause):
            settings["retry_wait"] = min(max(pause / 1000, 0.0), 3600.0)
    way = _WAYS.get(text(entry.get("onError")))
    if way or entry.get("continueOnFail") is True:
        settings["on_error"] = way or "continue"
    for theirs, ours in _FLAGS:
        if entry.get(theirs) is True:
            settings[ours] = True
    return settings


def write_node_settings(settings: NodeSettings, origin: Mapping[str, Any]) -> dict[str, Any]:
    """n8n's keys for them; those of the origin where they mean the same."""
    names = ("retryOnFail", "maxTries", "waitBetweenTries", "onError", "continueOnFail", "alwaysOutputData")
    if NodeSettings(**node_settings(origin)) == settings:
        return {name: origin[name] for name in (*names, "executeOnce") if name in origin}
    written: dict[str, Any] = {}
    if settings.retry:
        written |= {
            "retryOnFail": True,
            "maxTries": settings.max_tries,
            "waitBetweenTries": round(settings.retry_wait * 1000),
        }
    for theirs, ours in _WAYS.items():
        if settings.on_error == ours:
            written["onError"] = theirs
    for theirs, ours in _FLAGS:
        if getattr(settings, ours):
            written[theirs] = True
    return written


def workflow_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """What holds for every execution."""
    settings: dict[str, Any] = {}
    timeout = given.get("executionTimeout")
    if is_number(timeout) and timeout > 0:
        settings["timeout"] = float(timeout)
    zone = given.get("timezone")
    if isinstance(zone, str) and zone and zone != "DEFAULT":
        settings["timezone"] = zone[:100]
    for theirs, ours in _SAVING:
        if given.get(theirs) in ("all", "none"):
            settings[ours] = given[theirs]
    return settings


def write_workflow_settings(settings: WorkflowSettings, origin: Mapping[str, Any]) -> dict[str, Any]:
    """n8n's keys for them; those of the origin where they mean the same."""
    kept = settings.model_copy(update={"concurrency": None, "error_workflow": None})
    if WorkflowSettings(**workflow_settings(origin)) == kept:
        return dict(origin)
    written = {**origin}
    for name in ("executionTimeout", "timezone", *(theirs for theirs, _ in _SAVING)):
        written.pop(name, None)
    if settings.timeout:
        written["executionTimeout"] = math.ceil(settings.timeout)
    if settings.timezone:
        written["timezone"] = settings.timezone
    for theirs, ours in _SAVING:
        if getattr(settings, ours) == "none":
            written[theirs] = "none"
    return written


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is a finite JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def text(value: Any) -> str:
    """A text; whole numbers are spelled out, all else is empty."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def table(value: Any) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}
