"""A whole workflow of n8n: nodes, connections by name, pinned data, settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from flowstudio.engine.parameters import fields_of
from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import WorkflowDocument, load_workflow
from flowstudio.errors import InvalidWorkflow, Problem
from flowstudio.interop.found import Fate, Found, Remark, Verdict
from flowstudio.interop.n8n.converted import Converted, Properties, Source
from flowstudio.interop.n8n.given import Given
from flowstudio.interop.n8n.langchain import FOLDED
from flowstudio.interop.n8n.rounds import Rounds, begins, id_of, running_order
from flowstudio.interop.n8n.settings import is_number, node_settings, table, text, workflow_settings
from flowstudio.interop.n8n.steps import SCALE_X, converter_of

MAX_NODES = 5_000
MAX_CONNECTIONS = 50_000
MAX_OUTPUTS = 200
"""Outputs of one node, and connections of one output that are looked at."""
_FAR = 1_000_000.0
_GRID = 16
_LABEL = 200
ERROR_PORT = "error"
SLOTS: dict[str, tuple[str, ...]] = {
    "ai_languageModel": ("model", "fallback"),
    "ai_memory": ("memory",),
    "ai_tool": ("tools",),
    "ai_embedding": ("embedder",),
    "ai_retriever": ("retriever", "source"),
    "ai_vectorStore": ("source", "retriever"),
}
"""n8n's kinds of connections of sub-nodes -> our slots, the first that the node has and that is free."""
_ROUNDS = {"repeat": "(repeat)", "each-connection": "(each connection)"}
PART_OF = "part_of"
"""In the origin of a node that was made here for another one: that one's id."""
_READ = frozenset({"id", "name", "disabled", "notes"})
"""Keys of a node that stand elsewhere in our document."""


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
        self.report: list[Verdict] = []
        self.nodes: list[dict[str, Any]] = []
        self.ids: dict[str, str] = {}
        """n8n's name -> our id."""
        self.converted: dict[str, Converted] = {}
        """By our id."""
        self.folded: dict[str, dict[str, Any]] = {}
        """Nodes that are part of another one here, by our id."""
        self.helpers: dict[str, str] = {}
        """Our id of a node -> that of the second one that was made for it."""
        self._filled: set[tuple[str, str]] = set()
        self._unused: list[list[Any]] = []
        """Connections of outputs by which nothing ever leaves: source, output, target, input."""
        self._lost = False
        self._ends: dict[str, tuple[int, int]] = {}
        """Inputs and outputs that are in use, by n8n's name."""

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
        self._ends = _ends(self.raw)
        for index, entry in enumerate(entries):
            self._add_node(index, entry, labels, taken)
        self._fold()
        edges = self._edges()
        self._go_round(edges, labels)
        document: dict[str, Any] = {
            "name": text(self.raw.get("name"))[:200].strip() or "Imported workflow",
            "description": text(self.raw.get("description")),
            "nodes": self.nodes,
            "edges": edges,
            "settings": workflow_settings(table(self.raw.get("settings"))),
            "tags": self._tags(),
            "origin": {"n8n": self._beside()},
        }
        if text(table(self.raw.get("settings")).get("errorWorkflow")):
            self._remark("In n8n this workflow has an error workflow. Choose one in the workflow's settings.")
        return Found(_loaded(document), "n8n", tuple(self.remarks), report=tuple(self.report))

    def _go_round(self, edges: list[dict[str, Any]], labels: set[str]) -> None:
        """Put steps that make rounds before what n8n runs several times."""
        rounds = Rounds(self.registry, self.nodes, edges, self._running_order())
        rounds.close()
        by_id = {node["id"]: node for node in self.nodes}
        for owner, type_, properties in rounds.made:
            node = by_id[owner]
            name = node["data"]["label"]
            label = _free(f"{name[:180]} {_ROUNDS[type_]}", labels)
            labels.add(label)
            place = node["position"]
            here = {"x": place["x"] - 112, "y": place["y"] + 128}
            data = {"label": label, "properties": properties, "origin": {"n8n": {PART_OF: owner}}}
            self.nodes.append({"id": id_of(owner, type_), "type": type_, "position": here, "data": data})
        for id_ in rounds.merged:
            name = by_id[id_]["data"]["label"]
            told = "Several connections lead to it. n8n runs it once for each of them; here it runs once, with all items."
            self._remark(f"{name}: {told}", id_)
            self.report = [
                replace(verdict, fate="different", differences=(*verdict.differences, told))
                if verdict.node == id_ and verdict.fate != "unavailable"
                else verdict
                for verdict in self.report
            ]

    def _running_order(self) -> dict[tuple[str, str | None, str], int]:
        """When n8n gets to a connection, by source, port and target: branch after branch, the upper ones first."""
        by_id = {node["id"]: node for node in self.nodes}
        ways: dict[str, list[list[tuple[str, Any]]]] = {}
        for source, kind, output, target, _ in self._unfolded():
            if kind == "main" and source in by_id and target in by_id:
                outputs = ways.setdefault(source, [])
                outputs += [[] for _ in range(output + 1 - len(outputs))]
                place = by_id[target]["position"]
                outputs[output].append((target, (place["y"], place["x"])))
        starts = [node["id"] for node in self.nodes if begins(self.registry, node["type"])]
        found: dict[tuple[str, str | None, str], int] = {}
        for number, (source, output, target) in enumerate(running_order(starts, ways)):
            for port in self._outputs(source, output):
                found.setdefault((source, port, target), number)
        return found

    def _fold(self) -> None:
        """Give what is part of another step its place there."""
        by_id = {node["id"]: node for node in self.nodes}
        for source, kind, _, target, _ in list(self._connections()):
            owner = by_id.get(target)
            if (
                owner is not None
                and kind == "ai_outputParser"
                and source in self.folded
                and owner["type"] == "ai-agent"
            ):
                owner["data"]["properties"] |= self.converted[source].properties

    def _owners(self, id_: str) -> list[tuple[str, str]]:
        """What a folded node is connected to: kind and target."""
        return [(kind, target) for source, kind, _, target, _ in self._connections() if source == id_]

    def _unfolded(self) -> Iterator[tuple[str, str, int, str, int]]:
        """Connections between nodes that have steps of their own; those by way of folded ones go straight."""
        for source, kind, output, target, input_ in self._connections():
            if source in self.folded:
                continue
            if target not in self.folded:
                yield source, kind, output, target, input_
            elif kind == "ai_vectorStore":
                yield from (
                    (source, way, 0, end, 0) for way, end in self._owners(target) if end not in self.folded
                )

    def _beside(self) -> dict[str, Any]:
        """What is kept for giving the workflow back: all but nodes, connections and what is read from them."""
        kept = {
            key: value for key, value in self.raw.items() if key not in ("nodes", "connections", "pinData")
        }
        pinned = table(self.raw.get("pinData"))
        if any(
            isinstance(e, dict) and set(e) != {"json"}
            for rows in pinned.values()
            if isinstance(rows, list)
            for e in rows
        ):
            kept["pinData"] = pinned
        if self._unused:
            kept["unused"] = self._unused
        if self.folded:
            names = {text(entry.get("name")) for entry in self.folded.values()}
            kept["folded"] = {
                "nodes": list(self.folded.values()),
                "connections": {
                    name: ways
                    for name, ways in table(self.raw.get("connections")).items()
                    if name in names or names & set(_targets(ways))
                },
            }
        return kept

    def _add_node(self, index: int, entry: dict[str, Any], labels: set[str], taken: set[str]) -> None:
        type_ = type_of(entry)
        name = text(entry.get("name")) or type_
        id_ = text(entry.get("id"))
        if not id_ or len(id_) > 200 or id_ in taken:
            id_ = next(f"n{n}" for n in range(index + 1, index + 2 + len(taken)) if f"n{n}" not in taken)
        taken.add(id_)
        self.ids.setdefault(name, id_)
        label = _free(name[:_LABEL], labels)
        labels.add(label)
        converted = self.converted[id_] = convert_entry(entry, self._ends.get(name, (0, 0)))
        for message in (*converted.remarks, *converted.todo):
            self._remark(f"{label}: {message}", id_)
        fate: Fate = (
            "unavailable" if not converted.available else "different" if converted.remarks else "imported"
        )
        if converted.type != "sticky-note":
            self.report.append(Verdict(id_, label, type_, fate, tuple(converted.remarks)))
        data: dict[str, Any] = {
            "label": label,
            "properties": converted.properties,
            "settings": node_settings(entry),
            "notes": text(entry.get("notes")),
            "origin": {"n8n": {key: value for key, value in entry.items() if key not in _READ}},
        }
        if entry.get("disabled") is True:
            data["disabled"] = True
        pinned = _pinned(table(self.raw.get("pinData")).get(name))
        if pinned is not None:
            data["pinned"] = pinned
        if converted.type == FOLDED:
            self.folded[id_] = entry
            return
        place = position_of(entry)
        self.nodes.append({"id": id_, "type": converted.type, "position": place, "data": data})
        if converted.helper is not None:
            own = f"n{len(taken)}-{len(entry)}"
            while own in taken:
                own += "-"
            taken.add(own)
            below = _free(f"{label[:180]} source", labels)
            labels.add(below)
            self.helpers[id_] = own
            self.nodes.append(_helper(own, below, id_, converted.helper, place))
            self.converted[own] = Converted(*converted.helper)

    def _edges(self) -> list[dict[str, Any]]:
        edges: list[dict[str, Any]] = []
        seen: set[tuple[str, str, str | None, str | None]] = set()
        for source, kind, output, target, input_ in self._unfolded():
            if len(edges) >= MAX_CONNECTIONS:
                raise InvalidWorkflow(
                    [Problem("too_large", f"This workflow has more than {MAX_CONNECTIONS} connections.")]
                )
            if kind == "main":
                ends = [(port, self._input(target, input_)) for port in self._outputs(source, output)]
                if not ends:
                    self._unused.append([source, output, target, input_])
            else:
                if kind == "ai_embedding":
                    target = self.helpers.get(target, target)
                ends = [(None, self._slot(target, kind))]
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
        for owner, helper in self.helpers.items():
            way = {"source": helper, "target": owner, "targetHandle": "source"}
            edges.append({"id": f"e{len(edges) + 1}", **way})
        return edges

    def _connections(self) -> Iterator[tuple[str, str, int, str, int]]:
        """Source, kind, number of the output, target, number of the input."""
        lost = 0
        for name, kinds in table(self.raw.get("connections")).items():
            source = self.ids.get(name)
            for kind, outputs in table(kinds).items():
                for output, targets in enumerate(outputs[:MAX_OUTPUTS] if isinstance(outputs, list) else ()):
                    for entry in targets[: MAX_OUTPUTS * 10] if isinstance(targets, list) else ():
                        target = self.ids.get(text(table(entry).get("node")))
                        if source is None or target is None:
                            lost += 1
                            continue
                        index = table(entry).get("index")
                        yield source, kind[:200], output, target, index if isinstance(index, int) else 0
        if lost and not self._lost:
            self._lost = True
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

    def _slot(self, id_: str, kind: str) -> str:
        """Our slot for a kind of connection, such as `ai_tool`; a second model is what the first falls back to."""
        converted = self.converted[id_]
        cls = self.registry.get(converted.type)
        slots = fields_of(cls).slots if cls is not None else {}
        for name in SLOTS.get(kind, ()):
            if name in slots and (slots[name].many or (id_, name) not in self._filled):
                self._filled.add((id_, name))
                return name
        return kind

    def _tags(self) -> list[str]:
        raw = self.raw.get("tags")
        names = [
            text(tag.get("name") if isinstance(tag, dict) else tag)[:200]
            for tag in (raw if isinstance(raw, list) else [])[:200]
        ]
        return list(dict.fromkeys(name for name in names if name.strip()))

    def _remark(self, message: str, node: str | None = None) -> None:
        self.remarks.append(Remark(message, node))


def convert_entry(entry: Mapping[str, Any], ends: tuple[int, int]) -> Converted:
    """What becomes of a node, by its type, version and parameters; `ends` are its inputs and outputs that are in use."""
    type_ = type_of(entry)
    credentials = {
        kind: text(about.get("name") if isinstance(about, dict) else about)
        for kind, about in table(entry.get("credentials")).items()
    }
    source = Source(
        Given(entry.get("parameters")),
        _version(entry.get("typeVersion")),
        credentials,
        type_,
        text(entry.get("name")),
    )
    convert = converter_of(type_)
    if convert is None:
        message = (
            f"There is no step of the type {type_} here. It is kept as it is; a run that gets there stops."
        )
        converted = Converted("not-available", {"original_type": type_}, [message], available=False)
    else:
        converted = convert(source)
    if not converted.available:
        counts = {"inputs_count": min(ends[0], 50), "outputs_count": max(1, min(ends[1], 50))}
        converted.properties |= {key: n for key, n in counts.items() if n != 1}
    elif left := sorted(set(source.parameters.unread()))[:20]:
        converted.remarks.append(f"These settings of n8n have no counterpart here: {', '.join(left)[:300]}.")
    return converted


def type_of(entry: Mapping[str, Any]) -> str:
    """The type of a node, with the prefix of its package."""
    return text(entry.get("type"))[:200].strip() or "unknown"


def _ends(raw: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """How many inputs and outputs of each node, by name, are connected: the highest number that is in use."""
    inputs: Counter[str] = Counter()
    outputs: Counter[str] = Counter()
    for name, kinds in table(raw.get("connections")).items():
        for kind, ways in table(kinds).items():
            for number, targets in enumerate(ways[:MAX_OUTPUTS] if isinstance(ways, list) else (), 1):
                for entry in targets[: MAX_OUTPUTS * 10] if isinstance(targets, list) else ():
                    if kind == "main" and isinstance(entry, dict):
                        index = entry.get("index")
                        end = text(entry.get("node"))
                        inputs[end] = max(
                            inputs[end], index + 1 if isinstance(index, int) and index < 50 else 1
                        )
                        outputs[name] = max(outputs[name], number)
    return {name: (inputs[name], outputs[name]) for name in {*inputs, *outputs}}


def _helper(
    id_: str, label: str, owner: str, what: tuple[str, Properties], place: dict[str, float]
) -> dict[str, Any]:
    """A second node for what is one node there; it stands below."""
    data = {"label": label, "properties": what[1], "origin": {"n8n": {PART_OF: owner}}}
    return {"id": id_, "type": what[0], "position": {**place, "y": place["y"] + 160}, "data": data}


def _targets(ways: Any) -> Iterator[str]:
    """Names of the nodes that connections lead to."""
    for outputs in table(ways).values():
        for targets in outputs if isinstance(outputs, list) else ():
            for entry in targets if isinstance(targets, list) else ():
                yield text(table(entry).get("node"))


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


def position_of(entry: Mapping[str, Any]) -> dict[str, float]:
    """Where the card of a node stands here."""
    raw = entry.get("position")
    x, y = raw[:2] if isinstance(raw, list) and len(raw) >= 2 else (0, 0)
    return {"x": _place(x, SCALE_X), "y": _place(y, 1.0)}


def _place(value: Any, scale: float) -> float:
    if not is_number(value):
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
    return float(raw) if is_number(raw) and raw > 0 else 1.0
