"""Executions as people and programs see them: summaries, node states, data, and live changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from flowstudio.engine.events import (
    Event,
    EventsMissed,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionStatus,
    NodeFinished,
    NodeLogged,
    NodeStarted,
    NodeStreamed,
    Scope,
    StepChanged,
)
from flowstudio.engine.item import Binary, Item, Json
from flowstudio.engine.registry import Registry
from flowstudio.engine.store import Bus
from flowstudio.engine.wiring import labels_of, wire
from flowstudio.engine.workflow import WorkflowDocument, load_workflow
from flowstudio.errors import NotFound
from flowstudio.services import log_file
from flowstudio.services.callers import Caller, require
from flowstudio.services.doings import Doings
from flowstudio.services.live import LiveStates, NodeStates, error_json, node_change, timestamp
from flowstudio.services.log_file import LogFormat
from flowstudio.services.node_data import items_page
from flowstudio.services.tries import joined, live_run, log_json, run_json, told_step
from flowstudio.storage import Storage
from flowstudio.storage.records import (
    ExecutionFilter,
    ExecutionSummary,
    LogPosition,
    NodeRun,
    StoredExecution,
)
from flowstudio.storage.tables import FINAL

COALESCE = 0.03
"""Seconds between two messages to one watcher: a change is told at once, those that follow closely are gathered."""
PAGE = 100
"""Items that are read at once unless the caller asks for another number."""
SNAPSHOT = ("status", "error", "started_at", "finished_at", "wake_at", "node_states")
"""What watchers are told of an execution as a whole."""
LOG_PAGE = 500
"""Entries of the run log that are read at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """A message to somebody who watches an execution."""

    kind: Literal["snapshot", "node", "log", "step", "text", "execution"]
    data: Json


def summary_json(summary: ExecutionSummary) -> Json:
    """An execution without nodes, as the API gives it."""
    return {
        "id": summary.id,
        "workflow_id": summary.workflow_id,
        "workflow_name": summary.workflow_name,
        "workflow_version": summary.workflow_version,
        "status": summary.status,
        "mode": summary.mode,
        "created_at": timestamp(summary.created_at),
        "started_at": timestamp(summary.started_at),
        "finished_at": timestamp(summary.finished_at),
        "wake_at": timestamp(summary.wake_at),
        "error": error_json(summary.error),
        "parent_id": summary.parent_id,
        "retry_of": summary.retry_of,
        "data_dropped": summary.data_dropped,
    }


def caller_of(execution: str, key: str | None, nodes: Iterable[str]) -> tuple[str, list[str]] | None:
    """The node and the loop iterations that started an execution by calling it; None for an error workflow.

    The key is the node run's idempotency key: ids and iterations between slashes, then perhaps an item and a try.
    """
    called = (key or "").removeprefix(f"call:{execution}/")
    found = [node for node in nodes if called == node or called.startswith(f"{node}/")]
    if called == key or not found:
        return None
    node = max(found, key=len)
    return node, [part for part in called[len(node) :].split("/") if ":" in part]


def node_states(
    labels: Mapping[str, str], runs: Iterable[NodeRun], *, final: bool, live: NodeStates
) -> NodeStates:
    """The state of every node that has one: from the log, then from what is known live.

    `labels` are those of the nodes that could have run, by id. In a finished execution the nodes without any run were skipped.
    """
    states: NodeStates = {}
    for run in runs:
        if run.status == "started":
            continue
        before = states.get(run.node, {})
        decided = run.status in ("success", "error")
        items = dict(before.get("items", {}))
        for port, count in run.items.items():
            items[port] = items.get(port, 0) + count
        states[run.node] = {
            "status": run.status if decided or run.status == "waiting" else "running",
            "items": items,
            "error": error_json(run.error),
            "started_at": before.get("started_at") or timestamp(run.started_at),
            "finished_at": timestamp(run.finished_at) if decided else None,
            "milliseconds": (before.get("milliseconds") or 0.0) + run.milliseconds,
            "runs": before.get("runs", 0) + decided,
        }
    for node, state in live.items():
        if state["status"] == "running" or node not in states:
            states[node] = {**state, "items": states.get(node, state).get("items", {})}
    for node, label in labels.items():
        if node not in states and final:
            states[node] = {
                "status": "skipped",
                "items": {},
                "error": None,
                "started_at": None,
                "finished_at": None,
                "milliseconds": None,
                "runs": 0,
            }
        if node in states:
            labelled = states[node]
            labelled["label"] = label
            if final and labelled["status"] in ("running", "waiting"):
                labelled["status"] = "cancelled"
    return states


def never_run(document: WorkflowDocument, registry: Registry) -> set[str]:
    """The nodes that no execution runs by itself whatever happens: notes, and those that fill slots of others."""
    types = {node.id: registry.get(node.type) for node in document.nodes}
    notes = {id_ for id_, cls in types.items() if cls is not None and cls.annotation}
    return notes | wire(document, registry).subs


def partial(document: WorkflowDocument, *, until: str | None, only: str | None) -> set[str] | None:
    """The nodes that a partial execution was about; None: all of them."""
    if only is not None:
        return {only}
    if until is None:
        return None
    sources: dict[str, list[str]] = {}
    for edge in document.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    found, todo = {until}, [until]
    while todo:
        for source in sources.get(todo.pop(), ()):
            if source not in found:
                found.add(source)
                todo.append(source)
    return found


class ExecutionViews:
    """Reads executions. Every method checks the caller first."""

    def __init__(self, storage: Storage, registry: Registry, live: LiveStates, bus: Bus) -> None:
        self._storage = storage
        self._registry = registry
        self._live = live
        self._bus = bus

    async def page(self, caller: Caller, wanted: ExecutionFilter) -> tuple[list[Json], str | None]:
        """Executions, newest first, and the cursor of the next page."""
        require(caller, "read")
        found = await self._storage.executions.page(wanted)
        more = found[-1].id if len(found) == wanted.limit else None
        return [summary_json(summary) for summary in found], more

    async def get(self, caller: Caller, id_: str, *, document: bool = False) -> Json:
        """An execution with the states of its nodes; with `document` also what ran. Raises `NotFound`."""
        require(caller, "read")
        stored = await self._load(id_)
        return await self._view(stored) | ({"document": stored.document} if document else {})

    async def check(self, caller: Caller, id_: str) -> None:
        """Whether the caller may watch an execution. Raises `NotFound`."""
        require(caller, "read")
        if await self._storage.executions.get(id_) is None:
            raise NotFound(f"There is no execution '{id_}'.")

    async def _view(self, stored: StoredExecution) -> Json:
        runs = await self._storage.executions.node_runs(stored.id)
        document = load_workflow(stored.document)
        part = partial(document, until=stored.until_node, only=stored.only_node)
        ran = {run.node for run in runs}
        idle = never_run(document, self._registry)
        labels = {
            node: label
            for node, label in labels_of(document, self._registry).items()
            if (part is None or node in part or node in ran) and node not in idle
        }
        states = node_states(labels, runs, final=stored.status in FINAL, live=self._live.of(stored.id))
        return summary_json(stored) | {"node_states": states, "chat_response": None}

    async def totals(self, caller: Caller, wanted: ExecutionFilter) -> dict[ExecutionStatus, int]:
        """How many executions there are of each status."""
        require(caller, "read")
        found = await self._storage.executions.totals(wanted)
        return {status: found.get(status, 0) for status in get_args(ExecutionStatus)}

    async def log(
        self, caller: Caller, id_: str, *, after: LogPosition | None = None, limit: int = LOG_PAGE
    ) -> Json:
        """What the run log shows: every try of every node in order, and the executions that were started.

        Ask again with the position of the last one for what came since. Raises `NotFound`.
        """
        require(caller, "read")
        stored = await self._load(id_)
        found = await self._storage.executions.node_runs_after(id_, after, limit)
        last = found[-1][0] if found else after
        answer: Json = {
            "runs": [log_json(run) for _, run in found],
            "position": f"{last[0]}.{last[1]}" if last is not None else None,
            "more": len(found) == limit,
            "children": [],
        }
        children = await self._storage.executions.called_by(id_)
        labels: dict[str, str] = {}
        if children or after is None:
            labels = labels_of(load_workflow(stored.document), self._registry)
        for key, child in children:
            node, scope = caller_of(id_, key, labels) or (None, [])
            answer["children"].append(summary_json(child) | {"node": node, "scope": scope})
        if after is None:
            answer["labels"] = labels
        return answer

    async def log_file(self, caller: Caller, id_: str, kind: LogFormat) -> tuple[str, AsyncGenerator[str]]:
        """The whole run log as a file: its name without an ending, and its parts. Raises `NotFound`."""
        require(caller, "read")
        stored = await self._load(id_)
        at = f"{stored.started_at or stored.created_at:%Y-%m-%d %H-%M-%S}"
        return f"{stored.workflow_name or 'Workflow'} {at}", self._log_parts(stored, kind)

    async def _log_parts(self, stored: StoredExecution, kind: LogFormat) -> AsyncGenerator[str]:
        labels = labels_of(load_workflow(stored.document), self._registry)
        yield log_file.head(stored, summary_json(stored), kind)
        after: LogPosition | None = None
        while found := await self._storage.executions.node_runs_after(stored.id, after, LOG_PAGE):
            after = found[-1][0]
            yield log_file.part((run for _, run in found), labels, stored.started_at, kind)
        children = await self._storage.executions.called_by(stored.id)
        yield log_file.tail([summary_json(child) for _, child in children], kind)

    async def last_data(self, caller: Caller, id_: str) -> list[Json]:
        """The items of the node that ran last, of all its ports, a page of them at most."""
        require(caller, "read")
        summary = await self._storage.executions.get(id_)
        if summary is None or summary.last_node is None:
            return []
        ports = await self._storage.executions.outputs(id_, summary.last_node)
        return [item.json for items in ports.values() for item in items][:PAGE] if ports else []

    async def node(
        self,
        caller: Caller,
        id_: str,
        node: str,
        *,
        scope: Scope | None = None,
        attempt: int | None = None,
        port: str | None = None,
        offset: int = 0,
        limit: int = PAGE,
        search: str | None = None,
        pairs: bool = False,
    ) -> Json:
        """The runs of a node, and the items that went into and came out of one of them (the last, unless told).

        `search` leaves only items that contain a text; with `pairs` each item says which inputs it came from.
        """
        require(caller, "read")
        stored, every, runs, chosen = await self._chosen(id_, node, scope, attempt)
        outputs: Json = {}
        inputs: Json = {}
        if chosen is not None and not stored.data_dropped:
            given = {
                "outputs": await self._outputs(id_, chosen, port),
                "inputs": await self._inputs(id_, chosen, every),
            }
            outputs, inputs = await asyncio.to_thread(
                lambda: [
                    {
                        name: items_page(items, offset, limit, search=search, pairs=pairs)
                        for name, items in given[side].items()
                    }
                    for side in ("outputs", "inputs")
                ]
            )
        return {
            "runs": [run_json(run) for run in runs],
            "scope": list(chosen.scope) if chosen else [],
            "attempt": chosen.attempt if chosen else None,
            "outputs": outputs,
            "inputs": inputs,
        }

    async def file(
        self,
        caller: Caller,
        id_: str,
        node: str,
        index: int,
        name: str,
        *,
        side: Literal["outputs", "inputs"] = "outputs",
        port: str | None = None,
        scope: Scope | None = None,
        attempt: int | None = None,
    ) -> Binary:
        """The file `name` of the item at `index` of a port (the first that has items, unless told). Raises `NotFound`."""
        require(caller, "read")
        stored, every, _, chosen = await self._chosen(id_, node, scope, attempt)
        ports: Mapping[str, Sequence[Item]] = {}
        if chosen is not None and not stored.data_dropped:
            ports = await (
                self._outputs(id_, chosen, None) if side == "outputs" else self._inputs(id_, chosen, every)
            )
        items = ports.get(port, ()) if port is not None else next((i for i in ports.values() if i), ())
        file = (items[index].binary or {}).get(name) if index < len(items) else None
        if file is None:
            raise NotFound(f"Item {index + 1} of node '{node}' has no file '{name}' in execution '{id_}'.")
        return file

    async def _chosen(
        self, id_: str, node: str, scope: Scope | None, attempt: int | None
    ) -> tuple[StoredExecution, list[NodeRun], list[NodeRun], NodeRun | None]:
        """An execution, all its runs, those of a node, and the one of them that is meant. Raises `NotFound`."""
        stored = await self._load(id_)
        if all(known.get("id") != node for known in stored.document["nodes"]):
            raise NotFound(f"Execution '{id_}' has no node '{node}'.")
        every = await self._storage.executions.node_runs(id_)
        runs = [run for run in every if run.node == node and run.status != "started"]
        meant = (
            run
            for run in reversed(runs)
            if (scope is None or run.scope == scope) and (attempt is None or run.attempt == attempt)
        )
        return stored, every, runs, next(meant, None)

    async def _outputs(self, id_: str, run: NodeRun, port: str | None) -> dict[str, list[Item]]:
        """The items of the output ports of one run, or of one port."""
        ports = await self._storage.executions.outputs(id_, run.node, run.scope, run.attempt, port=port)
        return dict(ports)

    async def _inputs(self, id_: str, run: NodeRun, every: list[NodeRun]) -> dict[str, list[Item]]:
        """The items of the input ports of one run, put together from the outputs that it refers to."""
        decided = {
            (other.node, other.scope): other for other in every if other.status in ("success", "error")
        }
        read: dict[tuple[str, Scope], Mapping[str, list[Item]]] = {}
        gathered: dict[str, list[Item]] = {}
        for reference in run.inputs:
            source = decided.get((reference.node, reference.scope))
            if source is None:
                continue
            key = (source.node, source.scope)
            if key not in read:
                read[key] = await self._storage.executions.outputs(
                    id_, source.node, source.scope, source.attempt
                )
            gathered.setdefault(reference.port, []).extend(
                read[key].get(reference.source_port, ())[: reference.count]
            )
        return gathered

    async def watch(self, caller: Caller, id_: str) -> AsyncGenerator[Change]:
        """The present state, then every change until the execution is final. Close the iterator to stop."""
        require(caller, "read")
        subscription = self._bus.subscribe(id_)
        known: Json | None = None
        """The last snapshot, while nothing else was heard."""
        try:
            while True:
                subscription.lagged = False
                present = await self._snapshot(id_)
                waiting: list[Event] = []
                if present != known:
                    yield Change("snapshot", present)
                    # What was told until now is put together; what waits of it must not be told twice.
                    underway = _underway(self._live.doings(id_))
                    waiting = [
                        e for e in subscription.drain() if not isinstance(e, StepChanged | NodeStreamed)
                    ]
                    for so_far in underway:
                        yield so_far
                known = present
                if present["status"] in FINAL:
                    return
                states: NodeStates = dict(present["node_states"])
                told = -COALESCE
                while not subscription.lagged:
                    first, waiting = waiting or [await anext(subscription)], []
                    await asyncio.sleep(max(0.0, told + COALESCE - time.monotonic()))
                    changed: NodeStates = {}
                    runs: list[Json] = []
                    pieces: list[NodeStreamed] = []
                    rest: Json = {}
                    for event in (*first, *subscription.drain()):
                        known = known if isinstance(event, EventsMissed) and not event.lost else None
                        match event:
                            case EventsMissed():
                                subscription.lagged = True
                            case ExecutionFinished():
                                rest = {"status": event.status, "error": error_json(event.error)}
                                if event.wake_at is not None:
                                    rest["wake_at"] = timestamp(event.wake_at)
                            case ExecutionStarted():
                                rest = {"status": "running", "error": None}
                            case NodeLogged():
                                yield Change(
                                    "log",
                                    {"node": event.node, "scope": list(event.scope), "text": event.text},
                                )
                            case StepChanged():
                                yield Change("step", told_step(event))
                            case NodeStreamed():
                                pieces.append(event)
                            case _:
                                if isinstance(event, NodeStarted | NodeFinished):
                                    runs.append(live_run(event))
                                node = str(getattr(event, "node", ""))
                                change = node_change(event, states.get(node))
                                if change is not None:
                                    states[node] = changed[node] = change
                    told = time.monotonic()
                    for piece in joined(pieces):
                        yield Change("text", piece)
                    if changed:
                        yield Change("node", {"nodes": changed, "runs": runs})
                    if rest:
                        if rest["status"] in FINAL:
                            yield Change("snapshot", await self._snapshot(id_))
                        yield Change("execution", rest)
                        if rest["status"] in FINAL:
                            return
        finally:
            subscription.close()

    async def _snapshot(self, id_: str) -> Json:
        view = await self._view(await self._load(id_))
        return {key: view[key] for key in SNAPSHOT}

    async def _load(self, id_: str) -> StoredExecution:
        stored = await self._storage.executions.load(id_)
        if stored is None:
            raise NotFound(f"There is no execution '{id_}'.")
        return stored


def _underway(doings: Doings) -> list[Change]:
    """What tries have told so far. Words begin with a `discard`: a watcher may have heard some of them before."""
    pieces = joined(doings.words())
    places = {(piece["node"], *piece["scope"]): piece for piece in pieces}
    return [
        *(Change("step", told_step(step)) for step in doings.steps()),
        *(Change("text", piece | {"kind": "discard", "text": ""}) for piece in places.values()),
        *(Change("text", piece) for piece in pieces),
    ]
