"""Expressions for people who write them: their values with real data, before anything runs."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from flowstudio.engine.context import ExecutionInfo, Host
from flowstudio.engine.events import Scope
from flowstudio.engine.expression import JSON_TEXT, Template, failed_cell, is_template, parse
from flowstudio.engine.item import Json
from flowstudio.engine.outcome import Outcome
from flowstudio.engine.plan import PlanNode, sketch
from flowstudio.engine.preview import Preview, preview
from flowstudio.engine.view import evaluate
from flowstudio.errors import NodeError, NotFound
from flowstudio.services.callers import Caller, require
from flowstudio.services.executions import FINAL
from flowstudio.services.runner import Runner
from flowstudio.services.workflows import WorkflowService
from flowstudio.storage import Storage
from flowstudio.storage.records import StoredExecution

TIMEOUT = 3.0
"""Seconds for one request, waiting for a free worker included."""
LONGEST = 50_000
"""Bytes of a value that are shown whole; of a longer one a sample is."""
LOGS_KEPT = 4
_OWN_INPUT = re.compile(r"\$(?:json|input|binary)\b|\$items\s*\(\s*\)|\$prevNode\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Texts as they stand in parameters, and where they stand."""

    document: Any
    node: str
    texts: Sequence[str]
    execution: str | None = None
    """Whose data to use; None: pinned items only."""
    scope: Scope | None = None
    item: int = 0


class ExpressionService:
    """Evaluates with the engine's own code, in the cage; opens no credential and calls nothing outside."""

    def __init__(self, storage: Storage, workflows: WorkflowService, runner: Runner) -> None:
        self._storage, self._workflows, self._runner = storage, workflows, runner
        self._logs: OrderedDict[str, list[Outcome]] = OrderedDict()

    async def evaluate(self, caller: Caller, question: Question) -> Json:
        """The values for one item, as the API gives them.

        Raises `InvalidWorkflow` when the document's form is wrong, `NotFound` for an execution or a node that is not there.
        """
        require(caller, "run")
        workflow = self._workflows.unstored(question.document)
        plan = sketch(workflow.document, self._workflows.registry)
        node = plan.nodes.get(question.node)
        if node is None:
            raise NotFound(
                f"The workflow has no node '{question.node}' of a type that this installation has."
            )
        host = self._runner.host
        if host is None:
            raise AssertionError("the runner has no host yet")
        now = datetime.now(UTC)
        info = ExecutionInfo(
            id="preview",
            mode="manual",
            workflow_id=None,
            workflow_name=workflow.document.name,
            started_at=now,
            timezone=workflow.document.settings.timezone or host.timezone,
        )
        outcomes: Sequence[Outcome] = ()
        if question.execution is not None:
            stored = await self._load(question.execution)
            info = self._runner.info(stored, workflow)
            outcomes = await self._log(stored)
        seen = preview(plan, node, outcomes, info, host, now, question.scope)
        items = len(seen.view.items)
        item = min(question.item, max(items - 1, 0))
        results = await self._results(caller, seen, node, question.texts, item, host)
        return {"items": items, "item": item, "origin": seen.origin, "results": results}

    async def _results(
        self, caller: Caller, seen: Preview, node: PlanNode, texts: Sequence[str], item: int, host: Host
    ) -> list[Json]:
        results: list[Json] = [{"value": text} for text in texts]
        places: list[int] = []
        templates: list[Template] = []
        json_texts = {template.text: template for template in node.binding.templates if template.writes_json}
        for place, text in enumerate(texts):
            if not is_template(text):
                continue
            template = json_texts.get(JSON_TEXT + text[1:]) or parse(text[1:])
            if seen.origin == "none" and _OWN_INPUT.search(template.text):
                results[place] = _failed("no_data", _no_data(seen, node))
                continue
            places.append(place)
            templates.append(template)
        if not templates:
            return results
        try:
            async with asyncio.timeout(TIMEOUT + 1):
                rows = await evaluate(
                    templates,
                    seen.view,
                    count=item + 1,
                    owner=f"preview/{caller.user_id or caller.via}",
                    timeout=TIMEOUT,
                )
        except TimeoutError:
            error = _failed("code_timeout", "This takes too long to show here. It may still work in a run.")
            cells: list[Any] = [error] * len(templates)
        except NodeError as failure:
            cells = [_failed(failure.code, failure.message)] * len(templates)
        else:
            cells = [
                _failed("expression", cell.message) if failed_cell(cell) else _shown(cell)
                for cell in rows[item]
            ]
        for place, cell in zip(places, cells, strict=True):
            results[place] = cell
        return results

    async def _load(self, id_: str) -> StoredExecution:
        stored = await self._storage.executions.load(id_)
        if stored is None:
            raise NotFound(f"There is no execution '{id_}'; run the workflow again to have data here.")
        return stored

    async def _log(self, stored: StoredExecution) -> list[Outcome]:
        """The log of an execution; that of finished ones is kept for the next keystroke."""
        if stored.data_dropped:
            self._logs.pop(stored.id, None)
            return []
        known = self._logs.get(stored.id)
        if known is not None:
            self._logs.move_to_end(stored.id)
            return known
        found = await self._storage.executions.outcomes(stored.id)
        if stored.status in FINAL:
            self._logs[stored.id] = found
            if len(self._logs) > LOGS_KEPT:
                self._logs.popitem(last=False)
        return found


def _no_data(seen: Preview, node: PlanNode) -> str:
    """Why there is nothing to show, and what to do."""
    if node.kind == "trigger":
        return "This step starts the workflow, so no data comes before it."
    if not seen.leads:
        return "Nothing leads to this step yet. Connect it to the step whose data it should use."
    return "There is no data to show yet. Run the steps before this one, or pin data on them."


def _failed(code: str, message: str) -> Json:
    return {"error": {"code": code, "message": message}}


def _shown(value: Any) -> Json:
    """A value, or the beginning of a large one, with its shape kept."""
    try:
        size = len(orjson.dumps(value))
    except TypeError:  # integers beyond 64 bits, which other writers can write
        size = 0
    if size <= LONGEST:
        return {"value": value}
    entries, letters = 100, 1000
    while True:
        sample = _sample(value, entries, letters, 0)
        if entries <= 1 or len(orjson.dumps(sample, default=str)) <= LONGEST:
            return {"value": sample, "cut": True}
        entries, letters = entries // 3, max(letters // 3, 40)


def _sample(value: Any, entries: int, letters: int, depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= letters else value[:letters] + "…"
    if isinstance(value, list):
        return [_sample(child, entries, letters, depth + 1) for child in value[:entries]] if depth < 8 else []
    if isinstance(value, dict):
        if depth >= 8:
            return {}
        return {key: _sample(value[key], entries, letters, depth + 1) for key in list(value)[: entries * 2]}
    return value
