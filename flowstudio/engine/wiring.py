"""The nodes and connections of a document, read with the node types at hand: labels, ports, slots."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from flowstudio.engine.graph import Edge, reachable
from flowstudio.engine.node import ERROR_PORT, BatchNode, ItemNode, LoopNode, Node, Port, RunKind
from flowstudio.engine.parameters import fields_of
from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import NodeDocument, WorkflowDocument
from flowstudio.errors import Problem


def kind_of(cls: type[Node]) -> RunKind:
    """How the engine runs a node type; `sub` is never run, it fills slots."""
    if cls.trigger:
        return "trigger"
    if issubclass(cls, ItemNode):
        return "item"
    if issubclass(cls, BatchNode):
        return "batch"
    return "loop" if issubclass(cls, LoopNode) else "sub"


def labels_of(document: WorkflowDocument, registry: Registry) -> dict[str, str]:
    """The label of each node: its own, else its type's, numbered where that is taken."""
    taken = {node.data.label for node in document.nodes if node.data.label and not _annotates(node, registry)}
    labels: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for node in document.nodes:
        cls = registry.get(node.type)
        if cls is not None and cls.annotation:
            labels[node.id] = node.data.label or cls.label
            continue
        if node.data.label:
            labels[node.id] = node.data.label
            continue
        base = (cls.label if cls is not None else "") or node.type
        label = base
        while label in taken:
            numbers[base] += 1
            label = f"{base}{numbers[base]}"
        taken.add(label)
        labels[node.id] = label
    return labels


@dataclass(frozen=True, slots=True)
class Connector:
    """What a node offers to connections."""

    document: NodeDocument
    label: str
    cls: type[Node]
    kind: RunKind
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    """With the error port, if the node has one."""

    @property
    def offer(self) -> tuple[object, ...]:
        """All that connections depend on."""
        return self.label, self.cls, self.inputs, self.outputs


@dataclass(slots=True)
class Wiring:
    """A document whose handles are resolved."""

    connectors: dict[str, Connector] = field(default_factory=dict)
    """Node id -> what it offers; nodes of unknown type are missing, and annotations."""
    edges: list[Edge] = field(default_factory=list)
    """Connections along which items flow."""
    slots: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=lambda: defaultdict(dict))
    """Node id -> slot -> the sub-nodes in it."""
    problems: list[Problem] = field(default_factory=list)

    @property
    def subs(self) -> set[str]:
        """Nodes outside of the flow: those that can only fill slots, and those that do."""
        filling = {sub for slots in self.slots.values() for ids in slots.values() for sub in ids}
        return filling | {id_ for id_, connector in self.connectors.items() if connector.kind == "sub"}


def wire(
    document: WorkflowDocument,
    registry: Registry,
    earlier: tuple[WorkflowDocument, Wiring] | None = None,
) -> Wiring:
    """Resolve types and handles, collecting what is wrong.

    What an `earlier` reading of nearly the same document found is used again where it holds.
    """
    wiring = Wiring()
    known = earlier[1].connectors if earlier is not None else {}
    labels = labels_of(document, registry)
    by_label = Counter(labels[node.id] for node in document.nodes if not _annotates(node, registry))
    for index, node in enumerate(document.nodes):
        cls = registry.get(node.type)
        if cls is not None and cls.annotation:
            continue
        if cls is None:
            wiring.problems.append(
                Problem(
                    "unknown_type",
                    f"'{labels[node.id]}' is of the type '{node.type}', which this installation does not have; "
                    "replace the node or install its package.",
                    node=node.id,
                    path=f"nodes[{index}].type",
                )
            )
            continue
        if by_label[labels[node.id]] > 1:
            wiring.problems.append(
                Problem(
                    "duplicate_label",
                    f"Several nodes are called '{labels[node.id]}'; expressions need different names.",
                    node=node.id,
                    path=f"nodes[{index}].data.label",
                )
            )
        connector = known.get(node.id)
        if connector is None or connector.document is not node or connector.label != labels[node.id]:
            connector = _connector(node, cls, labels[node.id])
        wiring.connectors[node.id] = connector
    if earlier is not None and _alike(document, wiring, *earlier):
        return Wiring(wiring.connectors, earlier[1].edges, earlier[1].slots, earlier[1].problems)
    _connect(document, wiring)
    return wiring


def _alike(document: WorkflowDocument, wiring: Wiring, earlier: WorkflowDocument, before: Wiring) -> bool:
    """Whether all that connections depend on is the same: the edges, and what each node offers to them."""
    if document.edges != earlier.edges or len(document.nodes) != len(earlier.nodes):
        return False
    for node, other in zip(document.nodes, earlier.nodes, strict=True):
        one, two = wiring.connectors.get(node.id), before.connectors.get(other.id)
        if one is two and (one is not None or node is other):
            continue
        if one is None or two is None or node.id != other.id or one.offer != two.offer:
            return False
    return True


def reduced(
    document: WorkflowDocument, registry: Registry, node: str, *, ancestors: bool
) -> WorkflowDocument:
    """The part of a document that `node` needs: its sub-nodes and, with `ancestors`, everything before it. Labels stay."""
    wiring = wire(document, registry)
    slot_edges = [
        Edge(0, sub, "", owner, "")
        for owner, slots in wiring.slots.items()
        for ids in slots.values()
        for sub in ids
    ]
    edges = slot_edges + (wiring.edges if ancestors else [])
    kept = reachable([node], edges, backwards=True)
    labels = labels_of(document, registry)
    flow = set() if ancestors else kept - wiring.subs
    return document.model_copy(
        update={
            "nodes": [
                n.model_copy(update={"data": n.data.model_copy(update={"label": labels[n.id]})})
                for n in document.nodes
                if n.id in kept
            ],
            "edges": [
                e
                for e in document.edges
                if e.source in kept and e.target in kept and not (e.source in flow and e.target in flow)
            ],
        }
    )


def _annotates(node: NodeDocument, registry: Registry) -> bool:
    cls = registry.get(node.type)
    return cls is not None and cls.annotation


def _connector(node: NodeDocument, cls: type[Node], label: str) -> Connector:
    inputs = _ports(cls.input_ports, node, cls.inputs)
    outputs = _ports(cls.output_ports, node, cls.outputs)
    if node.data.settings.on_error == "error_output" and ERROR_PORT not in outputs:
        outputs = (*outputs, ERROR_PORT)
    return Connector(node, label, cls, kind_of(cls), inputs, outputs)


def _ports(
    of: Callable[[dict[str, object]], tuple[Port, ...]], node: NodeDocument, otherwise: tuple[Port, ...]
) -> tuple[str, ...]:
    try:
        ports = of(node.data.properties)
    except (TypeError, ValueError, LookupError, AttributeError):
        ports = otherwise  # malformed properties: their own problem is reported where they are bound
    return tuple(dict.fromkeys(port.id for port in ports))


def _connect(document: WorkflowDocument, wiring: Wiring) -> None:
    ids = {node.id for node in document.nodes}
    seen: set[tuple[str, str, str, str]] = set()
    for index, edge in enumerate(document.edges):
        path = f"edges[{index}]"
        unknown = [end for end in (edge.source, edge.target) if end not in ids]
        for end in unknown:
            wiring.problems.append(
                Problem(
                    "unknown_node",
                    f"A connection leads from '{edge.source}' to '{edge.target}', but there is no node '{end}'; delete it.",
                    path=path,
                )
            )
        source, target = wiring.connectors.get(edge.source), wiring.connectors.get(edge.target)
        if unknown or source is None or target is None:
            continue
        slot = _slot(source, target, edge.target_handle)
        if slot is not None:
            _fill(wiring, edge.source, edge.target, slot, path)
            continue
        if source.kind == "sub":
            wiring.problems.append(
                Problem(
                    "not_a_slot",
                    f"'{source.label}' cannot be connected to '{target.label}' here: it gives out no items; "
                    "connect it to a slot that takes it.",
                    node=edge.source,
                    path=path,
                )
            )
            continue
        out = _handle(source, source.outputs, edge.source_handle, "output", path, wiring)
        into = _handle(target, target.inputs, edge.target_handle, "input", path, wiring)
        if out is None or into is None:
            continue
        if (key := (edge.source, out, edge.target, into)) in seen:
            wiring.problems.append(
                Problem(
                    "duplicate_connection",
                    f"'{source.label}' and '{target.label}' are connected twice; one is left out.",
                    path=path,
                    severity="warning",
                )
            )
            continue
        seen.add(key)
        wiring.edges.append(Edge(index, *key))


def _slot(source: Connector, target: Connector, handle: str | None) -> str | None:
    slots = fields_of(target.cls).slots
    if handle and handle in slots:
        return handle
    if not handle and source.kind == "sub" and len(slots) == 1:
        return next(iter(slots))
    return None


def _fill(wiring: Wiring, source: str, target: str, slot: str, path: str) -> None:
    owner = wiring.connectors[target]
    filled = wiring.slots[target].get(slot, ())
    mark = fields_of(owner.cls).slots[slot]
    if source in filled:
        return
    if filled and not mark.many:
        wiring.problems.append(
            Problem(
                "slot_taken",
                f"'{owner.label}' takes only one {mark.label}; disconnect the others.",
                node=target,
                path=path,
            )
        )
        return
    wiring.slots[target][slot] = (*filled, source)


def _handle(
    connector: Connector,
    ports: Sequence[str],
    handle: str | None,
    side: str,
    path: str,
    wiring: Wiring,
) -> str | None:
    if not handle and ports:
        return ports[0]
    if handle in ports:
        return handle
    if not ports:
        message = f"'{connector.label}' has no {side}; delete the connection."
    else:
        names = ", ".join(f"'{port}'" for port in ports)
        message = f"'{connector.label}' has no {side} '{handle}', only {names}; connect it anew."
    # A switched-off error output leaves its connections behind: nothing would ever take them.
    dropped = side == "output" and handle == ERROR_PORT
    wiring.problems.append(
        Problem(
            "unknown_port",
            message,
            node=connector.document.id,
            path=path,
            severity="warning" if dropped else "error",
        )
    )
    return None


def cyclic_slots(slots: Mapping[str, Mapping[str, Sequence[str]]]) -> set[str]:
    """Nodes that are, through slots, part of themselves."""
    edges = [Edge(0, sub, "", owner, "") for owner, by in slots.items() for ids in by.values() for sub in ids]
    return {
        owner for owner in slots if owner in reachable([e.target for e in edges if e.source == owner], edges)
    }
