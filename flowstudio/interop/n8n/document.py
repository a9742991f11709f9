"""A whole workflow of n8n: nodes, connections by name, pinned data, settings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeGuard

from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import WorkflowDocument, load_workflow
from flowstudio.errors import InvalidWorkflow, Problem
from flowstudio.interop.found import Found, Remark
from flowstudio.interop.n8n.converted import Converted, Source
from flowstudio.interop.n8n.given import Given
from flowstudio.interop.n8n.steps import CONVERTERS, PREFIX, SCALE_X

MAX_NODES = 5_000
MAX_CONNECTIONS = 50_000
MAX_OUTPUTS = 200
"""Outputs of one node, and connections of one output that are looked at."""
_FAR = 1_000_000.0
_GRID = 16
_LABEL = 200
ERROR_PORT = "error"


def is_n8n(raw: dict[str, Any]) -> bool:
    """Whether a document with `nodes` is n8n's: its edges are called connections, its node types have a dot."""
    if isinstance(raw.get("connections"), dict):
        return True
    nodes = [node for node in raw["nodes"] if isinstance(node, dict)]
    return "edges" not in raw and any(
        "typeVersion" in node or ("parameters" in node and "data" not in node) for node in nodes
    )


def read_n8n(raw: dict[str, Any], registry: Registry) -> Found:
    """The document in our terms, with remarks about what a person should look at. Raises `InvalidWorkflow`."""
    return _Reading(raw, registry).found()


class _Reading:
    """One document on its way."""

    def __init__(self, raw: dict[str, Any], registry: Registry) -> None:
        self.raw, self.registry = raw, registry
        self.remarks: list[Remark] = []
        self.nodes: list[dict[str, Any]] = []
        self.ids: dict[str, str] = {}
        """n8n's name -> our id."""
        self.converted: dict[str, Converted] = {}
        """By our id."""

    def found(self) -> Found:
        entries = [node for node in self.raw["nodes"] if isinstance(node, dict)]
        if len(entries) > MAX_NODES:
            raise InvalidWorkflow(
                [
                    Problem(
                        "too_large",
                        f"This workflow has {len(entries)} nodes; {MAX_NODES} are the limit for an import.",
                    )
                ]
            )
        labels: set[str] = set()
        taken: set[str] = set()
        for index, entry in enumerate(entries):
            self._add_node(index, entry, labels, taken)
        edges = self._edges()
        document: dict[str, Any] = {
            "name": _text(self.raw.get("name"))[:200].strip() or "Imported workflow",
            "description": _text(self.raw.get("description")),
            "nodes": self.nodes,
            "edges": edges,
            "settings": self._settings(),
            "tags": self._tags(),
        }
        return Found(_loaded(document), "n8n", tuple(self.remarks))

    def _add_node(self, index: int, entry: dict[str, Any], labels: set[str], taken: set[str]) -> None:
        type_ = _text(entry.get("type"))[:200].strip() or "unknown"
        name = _text(entry.get("name")) or type_
        id_ = _text(entry.get("id"))
        if not id_ or len(id_) > 200 or id_ in taken:
            id_ = next(f"n{n}" for n in range(index + 1, index + 2 + len(taken)) if f"n{n}" not in taken)
        taken.add(id_)
        self.ids.setdefault(name, id_)
        label = _free(name[:_LABEL], labels)
        labels.add(label)
        credentials = {
            kind: _text(about.get("name") if isinstance(about, dict) else about)
            for kind, about in _table(entry.get("credentials")).items()
        }
        source = Source(Given(entry.get("parameters")), _version(entry.get("typeVersion")), credentials)
        converted = self.converted[id_] = self._convert(type_, label, source)
        for message in converted.remarks:
            self._remark(f"{label}: {message}", id_)
        data: dict[str, Any] = {
            "label": label,
            "properties": converted.properties,
            "settings": self._node_settings(entry),
            "notes": _text(entry.get("notes")),
        }
        if entry.get("disabled") is True:
            data["disabled"] = True
        pinned = _pinned(_table(self.raw.get("pinData")).get(name))
        if pinned is not None:
            data["pinned"] = pinned
        self.nodes.append({"id": id_, "type": converted.type, "position": _position(entry), "data": data})

    def _convert(self, type_: str, label: str, source: Source) -> Converted:
        convert = CONVERTERS.get(type_.removeprefix(PREFIX)) if type_.startswith(PREFIX) else None
        if convert is None:
            message = f"There is no step of the type {type_} here. It is kept as it is; replace it before you run the workflow."
            return Converted(type_, source.parameters.whole(), [message])
        converted = convert(source)
        if left := sorted(set(source.parameters.unread()))[:20]:
            converted.remarks.append(
                f"These settings of n8n have no counterpart here: {', '.join(left)[:300]}."
            )
        return converted

    def _node_settings(self, entry: dict[str, Any]) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        if entry.get("retryOnFail") is True:
            settings["retry"] = True
            tries, pause = entry.get("maxTries"), entry.get("waitBetweenTries")
            if _is_number(tries):
                settings["max_tries"] = min(max(int(tries), 2), 10)
            if _is_number(pause):
                settings["retry_wait"] = min(max(pause / 1000, 0.0), 3600.0)
        way = {"continueRegularOutput": "continue", "continueErrorOutput": "error_output"}.get(
            _text(entry.get("onError"))
        )
        if way or entry.get("continueOnFail") is True:
            settings["on_error"] = way or "continue"
        for theirs, ours in (("alwaysOutputData", "always_output"), ("executeOnce", "execute_once")):
            if entry.get(theirs) is True:
                settings[ours] = True
        return settings

    def _edges(self) -> list[dict[str, Any]]:
        edges: list[dict[str, Any]] = []
        seen: set[tuple[str, str, str | None, str | None]] = set()
        for source, kind, output, target, input_ in self._connections():
            if len(edges) >= MAX_CONNECTIONS:
                raise InvalidWorkflow(
                    [Problem("too_large", f"This workflow has more than {MAX_CONNECTIONS} connections.")]
                )
            if kind == "main":
                ends = [(port, self._input(target, input_)) for port in self._outputs(source, output)]
            else:
                ends = [(None, kind)]
            for source_port, target_port in ends:
                key = (source, target, source_port, target_port)
                if key not in seen:
                    seen.add(key)
                    edges.append(
                        {
                            "id": f"e{len(edges) + 1}",
                            "source": source,
                            "target": target,
                            "sourceHandle": source_port,
                            "targetHandle": target_port,
                        }
                    )
        return edges

    def _connections(self) -> Iterator[tuple[str, str, int, str, int]]:
        """Source, kind, number of the output, target, number of the input."""
        lost = 0
        for name, kinds in _table(self.raw.get("connections")).items():
            source = self.ids.get(name)
            for kind, outputs in _table(kinds).items():
                for output, targets in enumerate(outputs[:MAX_OUTPUTS] if isinstance(outputs, list) else ()):
                    for entry in targets[: MAX_OUTPUTS * 10] if isinstance(targets, list) else ():
                        target = self.ids.get(_text(_table(entry).get("node")))
                        if source is None or target is None:
                            lost += 1
                            continue
                        index = _table(entry).get("index")
                        yield source, kind[:200], output, target, index if isinstance(index, int) else 0
        if lost:
            self._remark(f"{lost} connections lead to steps that are not in the file; they were left out.")

    def _outputs(self, id_: str, output: int) -> tuple[str | None, ...]:
        converted = self.converted[id_]
        cls = self.registry.get(converted.type)
        if converted.outputs is not None:
            ports: list[tuple[str, ...]] = list(converted.outputs)
        elif cls is not None:
            ports = [(port.id,) for port in cls.output_ports(converted.properties)]
        else:
            return (None if output == 0 else f"output{output + 1}",)
        if output < len(ports):
            return ports[output]
        return (ERROR_PORT,) if output == len(ports) else ()

    def _input(self, id_: str, index: int) -> str | None:
        converted = self.converted[id_]
        cls = self.registry.get(converted.type)
        ports = [port.id for port in cls.input_ports(converted.properties)] if cls is not None else []
        if len(ports) > 1 and 0 <= index < len(ports):
            return ports[index]
        return None

    def _settings(self) -> dict[str, Any]:
        given = _table(self.raw.get("settings"))
        settings: dict[str, Any] = {}
        timeout = given.get("executionTimeout")
        if _is_number(timeout) and timeout > 0:
            settings["timeout"] = float(timeout)
        zone = given.get("timezone")
        if isinstance(zone, str) and zone and zone != "DEFAULT":
            settings["timezone"] = zone[:100]
        for theirs, ours in (
            ("saveDataErrorExecution", "save_error"),
            ("saveDataSuccessExecution", "save_success"),
        ):
            if given.get(theirs) in ("all", "none"):
                settings[ours] = given[theirs]
        if _text(given.get("errorWorkflow")):
            self._remark("In n8n this workflow has an error workflow. Choose one in the workflow's settings.")
        return settings

    def _tags(self) -> list[str]:
        raw = self.raw.get("tags")
        names = [
            _text(tag.get("name") if isinstance(tag, dict) else tag)[:200]
            for tag in (raw if isinstance(raw, list) else [])[:200]
        ]
        return list(dict.fromkeys(name for name in names if name.strip()))

    def _remark(self, message: str, node: str | None = None) -> None:
        self.remarks.append(Remark(message, node))


def _loaded(document: dict[str, Any]) -> WorkflowDocument:
    """Checked, and without what databases refuse: that need not keep a workflow from being read."""
    try:
        return load_workflow(document)
    except InvalidWorkflow as error:
        if all(problem.code == "invalid_document" for problem in error.problems):
            return load_workflow(_storable(document))
        raise


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(key): _storable(entry) for key, entry in value.items()}
    return [_storable(entry) for entry in value] if isinstance(value, list) else value


def _free(wanted: str, taken: set[str]) -> str:
    label, number = wanted, 1
    while label in taken:
        number += 1
        label = f"{wanted[: _LABEL - 8]} {number}"
    return label


def _position(entry: dict[str, Any]) -> dict[str, float]:
    raw = entry.get("position")
    x, y = raw[:2] if isinstance(raw, list) and len(raw) >= 2 else (0, 0)
    return {"x": _place(x, SCALE_X), "y": _place(y, 1.0)}


def _place(value: Any, scale: float) -> float:
    if not _is_number(value):
        return 0.0
    return float(round(min(max(value * scale, -_FAR), _FAR) / _GRID) * _GRID)


def _pinned(raw: Any) -> list[dict[str, Any]] | None:
    if not isinstance(raw, list):
        return None
    items = []
    for entry in raw:
        if isinstance(entry, dict):
            inner = entry.get("json")
            items.append(inner if isinstance(inner, dict) else entry)
    return items


def _version(raw: Any) -> float:
    return float(raw) if _is_number(raw) and raw > 0 else 1.0


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
