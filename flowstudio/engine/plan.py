"""Plans: documents made ready to run. A plan is immutable; any number of executions share it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flowstudio.engine.binding import Binding, bind
from flowstudio.engine.graph import MAX_NESTING, Edge, Fault, Layout, Level, lay_out, reachable
from flowstudio.engine.node import LoopNode, Node, RunKind, TriggerNode
from flowstudio.engine.parameters import fields_of, path_text, title_of
from flowstudio.engine.registry import Registry
from flowstudio.engine.wiring import Connector, Wiring, cyclic_slots, reduced, wire
from flowstudio.engine.workflow import NodeDocument, NodeSettings, WorkflowDocument
from flowstudio.errors import InvalidRequest, InvalidWorkflow, Problem


@dataclass(frozen=True, slots=True, eq=False)
class PlanNode:
    """A node, ready to run."""

    id: str
    label: str
    type: type[Node]
    kind: RunKind
    document: NodeDocument
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    """Ports, the error port included."""
    connected: frozenset[str]
    """Outputs that have edges."""
    loops: tuple[str, ...]
    """The loops that it is in, outermost first."""
    binding: Binding

    @property
    def settings(self) -> NodeSettings:
        """How to treat failures and the like."""
        return self.document.data.settings

    @property
    def disabled(self) -> bool:
        """Whether it only passes its input through."""
        return self.document.data.disabled


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A document that can run."""

    document: WorkflowDocument
    registry: Registry
    nodes: Mapping[str, PlanNode]
    """By id, sub-nodes included."""
    labels: Mapping[str, str]
    """Label -> id."""
    edges: tuple[Edge, ...]
    levels: Mapping[str | None, Level]
    """Loop -> the nodes directly in its body; None -> those in no loop."""
    triggers: tuple[str, ...]
    """Enabled trigger nodes."""

    def find(self, name: str) -> PlanNode:
        """A node by its id or label. Raises `InvalidRequest`."""
        node = self.nodes.get(name) or self.nodes.get(self.labels.get(name, ""))
        if node is None:
            raise InvalidRequest(f"There is no node '{name}' in this workflow.")
        return node

    def repeats(self, node: PlanNode) -> bool:
        """Whether a node may run again when the server died while it ran: it, and whatever it may call meanwhile."""
        subs = [self.nodes[id_] for ids in node.binding.slots.values() for id_ in ids]
        return node.type.repeats(node.document.data.properties) and all(map(self.repeats, subs))

    def start_node(self, preferred: str | None = None, mode: str = "manual") -> str | None:
        """Where an execution starts: the preferred node, else a trigger for its mode, else a manual one, else the first.

        None when there is no trigger: then all nodes without predecessors start. Raises `InvalidRequest`.
        """
        if preferred is not None:
            return self.find(preferred).id
        types = {id_: self.nodes[id_].type for id_ in self.triggers}
        meant = (id_ for id_, cls in types.items() if issubclass(cls, TriggerNode) and mode in cls.begins)
        manual = (id_ for id_, cls in types.items() if cls.type == "manual-trigger")
        return next(meant, None) or next(manual, None) or next(iter(types), None)

    def only(self, node: str) -> Plan:
        """The plan of one node alone, fed by the start items."""
        return compile_plan(self.document, self.registry, only=self.find(node).id)

    def upto(self, node: str) -> Plan:
        """The plan of a node and everything before it."""
        return compile_plan(self.document, self.registry, upto=self.find(node).id)

    def port_toward(self, source: str, target: str) -> str | None:
        """The output of `source` by which items get to `target`, on the shortest way."""
        outputs = self.nodes[source].outputs
        if len(outputs) < 2:
            return outputs[0] if outputs else None
        incoming: dict[str, list[Edge]] = {}
        for edge in self.edges:
            incoming.setdefault(edge.target, []).append(edge)
        todo, seen = deque([target]), {target}
        while todo:
            for edge in incoming.get(todo.popleft(), ()):
                if edge.source == source:
                    return edge.source_port
                if edge.source not in seen:
                    seen.add(edge.source)
                    todo.append(edge.source)
        return None


def compile_plan(
    document: WorkflowDocument, registry: Registry, *, only: str | None = None, upto: str | None = None
) -> Plan:
    """Make a document, or the part of it that one node needs, ready. Raises `InvalidWorkflow` with all problems."""
    part = only if only is not None else upto
    if part is not None:
        drawn = next((node for node in document.nodes if node.id == part), None)
        if drawn is None:
            raise InvalidRequest(f"There is no node '{part}' in this workflow.")
        if (cls := registry.get(drawn.type)) is not None and cls.annotation:
            raise InvalidRequest(f"'{drawn.data.label or cls.label}' is a note; it cannot be run.")
        document = reduced(document, registry, part, ancestors=only is None)
    compilation = _Compilation(document, registry)
    errors = [problem for problem in compilation.problems if problem.severity == "error"]
    if errors:
        raise InvalidWorkflow(errors)
    return compilation.plan()


def sketch(document: WorkflowDocument, registry: Registry) -> Plan:
    """The plan of a document as it is drawn, faults and all: to look at, never to run. Nodes of unknown types are missing."""
    return _Compilation(document, registry).plan()


def check(document: WorkflowDocument, registry: Registry, earlier: Earlier | None = None) -> list[Problem]:
    """Everything that is wrong with a document, errors first. Executes nothing.

    Of what `earlier` remembers only that is looked at again which has changed; it remembers this document afterwards.
    """
    compilation = _Compilation(document, registry, earlier or Earlier())
    return sorted(compilation.problems, key=lambda problem: problem.severity != "error")


@dataclass(frozen=True, slots=True, eq=False)
class _Finding:
    """A node's binding and what is to be said of it, as long as the node, its sub-nodes and its use stay the same."""

    connector: Connector
    slots: Mapping[str, tuple[str, ...]]
    in_use: bool
    binding: Binding
    reports: tuple[tuple[str, str, str, str], ...]
    """Code, message, path, severity."""
    references: tuple[tuple[str, str, str], ...]
    """Label of another node, message, path: a report unless there is such a node."""


@dataclass(slots=True)
class Earlier:
    """What reading a document found, to be used when it is read again after a few changes."""

    wiring: tuple[WorkflowDocument, Wiring] | None = None
    findings: Mapping[str, _Finding] = field(default_factory=dict)
    layout: tuple[Any, Layout] | None = None
    """What was laid out, and how."""


class _Compilation:
    """One reading of a document."""

    def __init__(
        self, document: WorkflowDocument, registry: Registry, earlier: Earlier | None = None
    ) -> None:
        self.document, self.registry = document, registry
        self._earlier = earlier or Earlier()
        self.wiring: Wiring = wire(document, registry, self._earlier.wiring)
        self.problems: list[Problem] = [*_settings_problems(document), *self.wiring.problems]
        self._findings: dict[str, _Finding] = {}
        self._index = {node.id: i for i, node in enumerate(document.nodes)}
        self._by_label = {connector.label: id_ for id_, connector in self.wiring.connectors.items()}
        self.layout = self._lay_out()
        self.triggers = tuple(
            id_
            for id_, connector in self.wiring.connectors.items()
            if connector.kind == "trigger" and not connector.document.data.disabled
        )
        in_use = self._in_use()
        for id_, connector in self.wiring.connectors.items():
            self._bind(connector, self.wiring.slots.get(id_, {}), id_ in in_use)
        for id_ in cyclic_slots(self.wiring.slots):
            label = self.wiring.connectors[id_].label
            self._report(
                id_, "slot_cycle", f"'{label}' is, through its slots, part of itself; disconnect it."
            )
        self._earlier.wiring, self._earlier.findings = (document, self.wiring), self._findings

    def plan(self) -> Plan:
        """The plan; one that can run, if the document has no errors."""
        connected: dict[str, set[str]] = {}
        for edge in self.wiring.edges:
            connected.setdefault(edge.source, set()).add(edge.source_port)
        return Plan(
            self.document,
            self.registry,
            {
                id_: PlanNode(
                    id_,
                    connector.label,
                    connector.cls,
                    connector.kind,
                    connector.document,
                    connector.inputs,
                    connector.outputs,
                    frozenset(connected.get(id_, ())),
                    self.layout.loops.get(id_, ()),
                    self._findings[id_].binding,
                )
                for id_, connector in self.wiring.connectors.items()
            },
            self._by_label,
            tuple(self.wiring.edges),
            self.layout.levels,
            self.triggers,
        )

    def _report(self, node: str, code: str, message: str, path: str = "", *, severity: str = "error") -> None:
        place = f"nodes[{self._index[node]}]{'.' if path else ''}{path}"
        self.problems.append(Problem(code, message, node=node, path=place, severity=severity))

    def _lay_out(self) -> Layout:
        subs = self.wiring.subs
        flow = [id_ for id_ in self.wiring.connectors if id_ not in subs]
        members = set(flow)
        loop_ports = {
            id_: connector.cls.loop_port
            for id_, connector in self.wiring.connectors.items()
            if id_ in members and issubclass(connector.cls, LoopNode)
        }
        edges = [edge for edge in self.wiring.edges if edge.source in members and edge.target in members]
        given = (flow, edges, loop_ports)
        if self._earlier.layout is None or self._earlier.layout[0] != given:
            self._earlier.layout = given, lay_out(flow, edges, loop_ports)
        layout = self._earlier.layout[1]
        for fault in layout.faults:
            self._report(fault.nodes[0], fault.code, self._explain(fault))
        for loop in layout.levels:
            if loop is not None:
                self._check_return(loop, edges, layout)
        return layout

    def _explain(self, fault: Fault) -> str:
        names = [self.wiring.connectors[node].label for node in fault.nodes]
        match fault.code:
            case "interleaved_loops":
                return (
                    f"The loops '{names[0]}' and '{names[1]}' interleave; lead the inner one back to itself, "
                    "and go on from its Done output."
                )
            case "shared_with_loop":
                return (
                    f"'{names[1]}' is inside the loop of '{names[0]}' and is also reached from '{names[2]}' outside "
                    "of it; use a node of its own for each."
                )
            case "deep_loops":
                return (
                    f"The loops around '{names[0]}' and in it are nested too deeply (more than {MAX_NESTING} of them), or "
                    "hold too many nodes; move inner ones to workflows of their own."
                )
            case _:
                return f"'{names[-1]} → {names[0]}' is a cycle; only a Loop may close one."

    def _check_return(self, loop: str, edges: list[Edge], layout: Layout) -> None:
        level, cls = layout.levels[loop], self.wiring.connectors[loop].cls
        if not (issubclass(cls, LoopNode) and cls.awaits_return):
            return
        if level.nodes and not any(edge.target == loop for n in level.nodes for edge in level.outgoing[n]):
            label = self.wiring.connectors[loop].label
            self._report(
                loop,
                "open_loop",
                f"Nothing leads back to '{label}', so its Done output stays empty; connect the last node of the "
                "loop to its input.",
                severity="warning",
            )

    def _in_use(self) -> set[str]:
        """Nodes that an execution can reach, with their sub-nodes."""
        subs = self.wiring.subs
        starts = self.triggers or [id_ for id_ in self.wiring.connectors if id_ not in subs]
        slot_edges = [
            Edge(0, owner, "", sub, "")
            for owner, slots in self.wiring.slots.items()
            for ids in slots.values()
            for sub in ids
        ]
        found = reachable(starts, [*self.wiring.edges, *slot_edges])
        for id_, connector in self.wiring.connectors.items():
            if id_ not in found and connector.kind != "trigger":
                self._report(
                    id_,
                    "unreachable",
                    f"'{connector.label}' is not connected, so it will not run.",
                    severity="warning",
                )
        return {id_ for id_ in found if not self.wiring.connectors[id_].document.data.disabled}

    def _bind(self, connector: Connector, slots: Mapping[str, tuple[str, ...]], in_use: bool) -> None:
        id_ = connector.document.id
        known = self._earlier.findings.get(id_)
        if (
            known is None
            or known.connector is not connector
            or known.in_use != in_use
            or known.slots != slots
        ):
            known = _find(connector, slots, in_use)
        self._findings[id_] = known
        for code, message, path, severity in known.reports:
            self._report(id_, code, message, path, severity=severity)
        for label, message, path in known.references:
            if label not in self._by_label:
                self._report(id_, "unknown_reference", message, path, severity="warning")


def _find(connector: Connector, slots: Mapping[str, tuple[str, ...]], in_use: bool) -> _Finding:
    """Bind a node, and look at what it needs."""
    data, cls = connector.document.data, connector.cls
    binding, wrong = bind(cls, data.properties, data.credentials, slots)
    severity = "error" if in_use else "warning"
    reports: list[tuple[str, str, str, str]] = []
    for location, words in wrong:
        message = f"'{connector.label}': {title_of(cls, location)} {words}"
        path = "data.properties" + (f".{path_text(location)}" if location else "")
        reports.append(("invalid_parameter", message, path, severity))
    fields = fields_of(cls)
    for name, slot in fields.slots.items():
        if cls.model_fields[name].is_required() and not slots.get(name):
            message = f"'{connector.label}' needs a {slot.label}; connect one to it."
            reports.append(("empty_slot", message, "", severity))
    for name, mark in fields.credentials.items():
        if cls.model_fields[name].is_required() and not data.credentials.get(name):
            message = f"'{connector.label}' needs a credential: {mark.label}; choose one."
            reports.append(("missing_credential", message, f"data.credentials.{name}", "warning"))
    for name in data.properties:
        if name not in fields.parameters:
            message = f"'{connector.label}' has no parameter '{name}'; it is ignored."
            reports.append(("unknown_property", message, f"data.properties.{name}", "warning"))
    references = [
        (
            label,
            f"'{connector.label}': {title_of(cls, place.location)} refers to '{label}', and there is no "
            "node of that name.",
            f"data.properties.{path_text(place.location)}",
        )
        for place in binding.places
        for label in sorted(place.template.nodes)
    ]
    return _Finding(connector, slots, in_use, binding, tuple(reports), tuple(references))


def _settings_problems(document: WorkflowDocument) -> list[Problem]:
    """What is wrong with the settings of the whole workflow."""
    zone = document.settings.timezone
    if zone is None or _is_zone(zone):
        return []
    message = f"There is no time zone '{zone}'; choose one such as Europe/Berlin or UTC."
    return [Problem("unknown_timezone", message, path="settings.timezone")]


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
