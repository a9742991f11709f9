"""What the expressions of one node run see, and their values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flowstudio.engine.binding import Binding
from flowstudio.engine.context import ExecutionInfo, Host
from flowstudio.engine.events import Scope
from flowstudio.engine.expression import UNSURE, Template, failed_cell, labels_of
from flowstudio.engine.item import Binary, Item, Json, Pair
from flowstudio.engine.lineage import Trace
from flowstudio.engine.outcome import InputReference, Outcome
from flowstudio.engine.parameters import path_text, title_of
from flowstudio.engine.plan import Plan, PlanNode
from flowstudio.errors import ExpressionError

EXPRESSION_TIMEOUT = 10.0
"""Seconds for all expressions of a node run together."""


@dataclass(frozen=True, slots=True)
class View:
    """The world of a node run at one moment."""

    plan: Plan
    trace: Trace
    info: ExecutionInfo
    host: Host
    node: PlanNode
    scope: Scope
    references: tuple[InputReference, ...]
    port: str
    """The input that `$json` is taken from."""
    items: Sequence[Item]
    """What arrived there."""
    now: datetime
    asked: Json | None = None
    """The values for `$fromAI`, in the parameters of a node that is called."""

    def shared(self, labels: Collection[str] | None = None) -> Json:
        """What all items see; `labels` restricts which other nodes do (None: all that have run)."""
        asked: Json = {} if self.asked is None else {"fromAI": self.asked}
        if kept := self.trace.kept:
            asked["static"] = {
                "global": kept.get("global") or {},
                "node": kept.get(f"node:{self.node.id}") or {},
            }
        if self.trace.notes:
            asked["customData"] = dict(self.trace.notes)
        return asked | {
            "now": self.now.isoformat(),
            "timezone": self.info.timezone,
            "execution": {
                "id": self.info.id,
                "mode": "test" if self.info.mode in ("manual", "cli") else "production",
            },
            "workflow": {
                "id": self.info.workflow_id,
                "name": self.info.workflow_name,
                "active": self.info.active,
            },
            "vars": dict(self.host.variables),
            "env": dict(self.host.environment),
            "runIndex": self.trace.count(self.node.id),
            "prevNode": self._previous(),
            "params": _params(self.node),
            "nodes": {label: self._node(id_) for label, id_ in self._named(labels)},
        }

    def per_item(self, labels: Collection[str] | None = None) -> Json:
        """What each item sees of its own: the items it descends from, and its files."""
        data: Json = {}
        paired = {
            label: indexes
            for label, id_ in self._named(labels)
            if (indexes := self._indexes(id_)) is not None
        }
        if paired:
            data["paired"] = paired
        if any(item.binary for item in self.items):
            data["binary"] = [files(item.binary) for item in self.items]
        return data

    def _named(self, labels: Collection[str] | None) -> list[tuple[str, str]]:
        if labels is None:
            return [(self.plan.nodes[id_].label, id_) for id_ in self.trace.nodes() if id_ in self.plan.nodes]
        return [(label, self.plan.labels[label]) for label in sorted(labels) if label in self.plan.labels]

    def _previous(self) -> Json:
        references = self._drawn()
        if not references:
            return {}
        first = references[0]
        source = self.plan.nodes[first.node]
        output = source.outputs.index(first.source_port) if first.source_port in source.outputs else 0
        return {
            "name": source.label,
            "outputIndex": output,
            "runIndex": max(0, self.trace.count(first.node) - 1),
        }

    def _drawn(self) -> tuple[InputReference, ...]:
        """Where the input came from as the workflow was drawn: steps that an import put in between are passed over."""
        references = self.references
        while references and _put_in(self.plan.nodes[references[0].node]):
            first = references[0]
            run = self.trace.run(first.node, first.scope)
            if run is None or not run.inputs or not first.scope:
                break
            references = run.inputs
            ports = [p for p in self.plan.nodes[first.node].inputs if any(r.port == p for r in references)]
            if len(ports) > 1:  # a round for each of them
                port = ports[int(first.scope[-1].rpartition(":")[2])]
                references = tuple(reference for reference in references if reference.port == port)
        return references

    def _node(self, id_: str) -> Json:
        run = self.trace.visible(id_, self.scope)
        params = _params(self.plan.nodes[id_])
        if run is None:
            return {"items": [], "params": params, "executed": False}
        items = run.outputs.get(self._port_of(id_, run), [])
        data: Json = {"items": [item.json for item in items], "params": params, "executed": True}
        if any(item.binary for item in items):
            data["binary"] = [files(item.binary) for item in items]
        if self.plan.nodes[id_].kind == "loop":
            rounds = sum(scope[:-1] == run.scope[:-1] for scope in self.trace.scopes(id_)) if run.scope else 0
            ended = (id_, run.scope) in self.trace.final or not run.scope
            data["context"] = {"noItemsLeft": ended, "currentRunIndex": max(0, rounds - 1)}
        return data

    def _port_of(self, id_: str, run: Outcome) -> str:
        """The output that other nodes mean: the one that leads here, else the first that has items."""
        port = self.plan.port_toward(id_, self.node.id)
        if port is not None and run.outputs.get(port):
            return port
        return next((port for port, items in run.outputs.items() if items), "")

    def _indexes(self, id_: str) -> list[int | None] | None:
        run = self.trace.visible(id_, self.scope)
        if run is None:
            return None
        port = self._port_of(id_, run)
        found: list[int | None] = []
        for index in range(len(self.items)):
            source = self.trace.ancestor(self.references, Pair(index, self.port), id_)
            same = source is not None and source.scope == run.scope and source.port == port
            found.append(source.index if source is not None and same else None)
        return found


def _put_in(node: PlanNode) -> bool:
    """Whether a node is not its owner's work, but was made by an import for another one."""
    origin = node.document.data.origin
    given = origin.get("n8n") if isinstance(origin, dict) else None
    return isinstance(given, dict) and "part_of" in given


def _params(node: PlanNode) -> Json:
    """The parameters of a node as expressions see them: under the names of the program that the node came from."""
    data = node.document.data
    origin = data.origin.get("n8n") if isinstance(data.origin, dict) else None
    given = origin.get("parameters") if isinstance(origin, dict) else None
    return given if isinstance(given, dict) else data.properties


def files(binary: dict[str, Binary] | None) -> Json:
    """An item's files as expressions see them."""
    return {
        name: {
            "mimeType": file.mime_type,
            "fileName": file.file_name,
            "fileExtension": file.file_name.rpartition(".")[2] if "." in file.file_name else "",
            "fileSize": file.size,
            "id": file.digest,
        }
        for name, file in (binary or {}).items()
    }


async def resolve(binding: Binding, view: View, *, first_only: bool) -> list[list[Any] | ExpressionError]:
    """The values of a node's templates, or the failure, for each item; `first_only` for the first item alone."""
    rows = await evaluate(binding.templates, view, count=1 if first_only else None)
    resolved: list[list[Any] | ExpressionError] = []
    for index, row in enumerate(rows):
        failed = next((place for place, cell in enumerate(row) if failed_cell(cell)), None)
        if failed is None:
            resolved.append(row)
            continue
        location = binding.places[failed].location
        resolved.append(
            ExpressionError(
                f"{title_of(binding.cls, location)}: {row[failed].message}",
                parameter=path_text(location),
                item=index,
            )
        )
    return resolved


async def evaluate(
    templates: Sequence[Template],
    view: View,
    *,
    count: int | None = None,
    owner: str | None = None,
    timeout: float = EXPRESSION_TIMEOUT,
) -> list[list[Any]]:
    """The values of templates for the first `count` items (None: all), as `[item][template]`; see `failed_cell`.

    `owner` is for whom the evaluator works, the workflow unless told.
    """
    items = [item.json for item in view.items] or [{}]
    count = len(items) if count is None else min(count, len(items))
    rows: list[list[Any]] = [[UNSURE] * len(templates) for _ in range(count)]
    for place, template in enumerate(templates):
        if template.plain is not None:
            for index, row in enumerate(rows):
                row[place] = template.resolve(items[index], index)
    remote = [p for p in range(len(templates)) if any(row[p] is UNSURE for row in rows)]
    if not remote:
        return rows
    asked = [templates[p] for p in remote]
    named, any_node = labels_of(asked)
    labels = None if any_node else named
    # `$input` looks beyond its own item, so it gets all of them even where only the first counts.
    given = items if any(t.all_items for t in asked) else items[:count]
    cells = await view.host.evaluator.evaluate(
        [template.text for template in asked],
        given,
        view.shared(labels),
        _cut(view.per_item(labels), len(given)),
        owner=owner or view.info.workflow_id or view.info.id,
        timeout=timeout,
    )
    for row, found in zip(rows, cells, strict=False):
        for place, cell in zip(remote, found, strict=True):
            if row[place] is UNSURE:
                row[place] = cell
    return rows


def _cut(per_item: Json, count: int) -> Json:
    """Values of the first items only."""
    return {
        name: {label: column[:count] for label, column in values.items()}
        if isinstance(values, dict)
        else values[:count]
        for name, values in per_item.items()
    }
