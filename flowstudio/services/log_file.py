"""The run log as a file to take along: for people as text, for programs as one JSON object in each line.

What it holds was masked when it was stored, as all that executions leave behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

import orjson

from flowstudio.engine.item import Json
from flowstudio.services.tries import run_json
from flowstudio.storage.records import ExecutionSummary, NodeRun

LogFormat: TypeAlias = Literal["text", "json"]

STATUSES = {
    "started": "is running",
    "retrying": "failed, tried again",
    "waiting": "waits",
    "success": "succeeded",
    "error": "failed",
}
INDENT = " " * 11


def head(execution: ExecutionSummary, shown: Json, kind: LogFormat) -> str:
    """What the file begins with. `shown` is the execution as the API gives it."""
    if kind == "json":
        return _line({"execution": shown})
    words = [
        f"{execution.workflow_name or 'Workflow'}: {execution.status}",
        f"Execution {execution.id}, {execution.mode}",
        f"Started {shown['started_at'] or 'not yet'}, finished {shown['finished_at'] or 'not yet'}",
    ]
    if execution.error is not None:
        words.append(f"Error: {execution.error.message}")
    return "\n".join(words) + "\n\n"


def part(runs: Iterable[NodeRun], labels: Mapping[str, str], began: datetime | None, kind: LogFormat) -> str:
    """Some tries of nodes, in the order in which they ended."""
    if kind == "json":
        return "".join(_line({"run": run_json(run) | {"label": labels.get(run.node)}}) for run in runs)
    return "".join(f"{line}\n" for run in runs for line in _try(run, labels, began))


def tail(children: Iterable[Json], kind: LogFormat) -> str:
    """The executions that this one started."""
    if kind == "json":
        return "".join(_line({"started": child}) for child in children)
    return "".join(
        f"Started “{child['workflow_name']}”: {child['status']}, execution {child['id']}\n"
        for child in children
    )


def _line(value: Json) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode() + "\n"


def _try(run: NodeRun, labels: Mapping[str, str], began: datetime | None) -> Iterator[str]:
    at = (run.started_at - began).total_seconds() if began is not None else 0.0
    rounds = [f"round {int(name.rpartition(':')[2]) + 1}" for name in run.scope]
    number = [f"try {run.attempt}"] if run.attempt > 1 else []
    place = f" ({', '.join([*rounds, *number])})" if rounds or number else ""
    sent = sum(run.items.values())
    told = f", {sent} item{'' if sent == 1 else 's'}" if run.status == "success" else ""
    name = labels.get(run.node, run.node)
    yield f"{f'+{max(0.0, at):.3f} s':<11}{name}{place} {STATUSES[run.status]} in {run.milliseconds:.0f} ms{told}"
    if run.error is not None:
        yield from _block("error", run.error.message)
    for step in run.steps:
        yield from _step(step)
    if run.stdout:
        yield from _block("printed", run.stdout)


def _step(step: Json) -> Iterator[str]:
    """A turn of a model, a call of a tool, an HTTP request."""
    took = f", {step['milliseconds']:.0f} ms" if step.get("milliseconds") is not None else ""
    usage = step.get("usage") or {}
    tokens = [
        f"{usage[key]:,} tokens {word}"
        for key, word in (("input_tokens", "in"), ("output_tokens", "out"))
        if usage.get(key)
    ]
    cost = [f"${usage['cost']:.6f}"] if usage.get("cost") else []
    yield f"{INDENT}{step['kind']} {step['name']}{took}{''.join(f', {word}' for word in [*tokens, *cost])}"
    for title in ("input", "output"):
        if (value := step.get(title)) is not None:
            yield from _block(title, value)
    if step.get("error"):
        yield from _block("error", step["error"])


def _block(title: str, value: object) -> Iterator[str]:
    text = (
        value
        if isinstance(value, str)
        else orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2).decode()
    )
    yield f"{INDENT}{title}:"
    for line in text.splitlines():
        yield f"{INDENT}  {line}"
