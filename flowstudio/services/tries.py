"""Tries of nodes as people and programs see them: stored ones, and what events tell of those that go on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from flowstudio.engine.events import NodeFinished, NodeStarted, NodeStreamed, StepChanged
from flowstudio.engine.item import Json
from flowstudio.services.live import error_json, timestamp
from flowstudio.storage.records import NodeRun


def run_json(run: NodeRun) -> Json:
    """One try of a node, as the API gives it."""
    return {
        "node": run.node,
        "scope": list(run.scope),
        "attempt": run.attempt,
        "status": run.status,
        "items": dict(run.items),
        "error": error_json(run.error),
        "stdout": run.stdout,
        "usage": dict(run.usage),
        "steps": list(run.steps),
        "started_at": timestamp(run.started_at),
        "finished_at": timestamp(run.finished_at),
        "milliseconds": run.milliseconds,
    }


def log_json(run: NodeRun) -> Json:
    """One try of a node as the run log shows it: without what was printed, but with the number of items it got."""
    shown = run_json(run)
    del shown["stdout"]
    return shown | {
        "steps": [
            {key: value for key, value in step.items() if key not in ("input", "output")}
            for step in run.steps
        ],
        "received": sum(known.count for known in run.inputs if len(known.scope) <= len(run.scope)),
        "printed": bool(run.stdout),
        "wake_at": timestamp(run.wake_at),
    }


def live_run(event: NodeStarted | NodeFinished) -> Json:
    """What an event tells about one try, in the form of the run log. What it got and printed is not known yet."""
    if isinstance(event, NodeStarted):
        status, began, ended, items, error = "started", event.at, None, {}, None
    else:
        status = "retrying" if event.will_retry else event.status
        began, ended = event.at - timedelta(milliseconds=event.milliseconds), event.at
        items, error = dict(event.items), event.error
    return {
        "node": event.node,
        "scope": list(event.scope),
        "attempt": event.attempt,
        "status": status,
        "items": items,
        "error": error_json(error),
        "started_at": timestamp(began),
        "finished_at": timestamp(ended),
        "milliseconds": event.milliseconds if isinstance(event, NodeFinished) else None,
    }


def told_step(event: StepChanged) -> Json:
    """A step as watchers are told of it."""
    return {
        "node": event.node,
        "scope": list(event.scope),
        "attempt": event.attempt,
        "step": event.step,
    }


def joined(pieces: Iterable[NodeStreamed]) -> list[Json]:
    """What nodes streamed, with the pieces that follow each other put together."""
    told: list[Json] = []
    for piece in pieces:
        new = {
            "node": piece.node,
            "scope": list(piece.scope),
            "item": piece.item,
            "kind": piece.kind,
            "text": piece.text,
        }
        last = told[-1] if told else None
        if last and piece.kind in ("text", "reasoning") and {**last, "text": ""} == {**new, "text": ""}:
            last["text"] += piece.text
        else:
            told.append(new)
    return told
