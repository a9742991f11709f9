"""A workflow of ours as one of n8n.

What came from n8n and was not changed since is given back as it was. What was changed has the change written into it where that
is certain: reading the result again must give exactly what is drawn here. Everything else is written anew; what n8n has no
words for is named.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from flowstudio.engine.node import ERROR_PORT
from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import EdgeDocument, NodeDocument, WorkflowDocument
from flowstudio.interop.found import Remark
from flowstudio.interop.n8n.converted import Converted, Properties
from flowstudio.interop.n8n.document import PART_OF, SLOTS, convert_entry, position_of
from flowstudio.interop.n8n.settings import table, text, write_node_settings, write_workflow_settings
from flowstudio.interop.n8n.spelling import spelled_out
from flowstudio.interop.n8n.steps import PREFIX, SCALE_X
from flowstudio.interop.n8n.writing import write

_KINDS = {slot: kind for kind, slots in reversed(SLOTS.items()) for slot in slots}
_OURS = "flowstudio."
"""What stands before the types of our nodes that n8n does not have."""
_SETTINGS = (
    "retryOnFail maxTries waitBetweenTries onError continueOnFail alwaysOutputData executeOnce".split()
)


@dataclass(frozen=True, slots=True)
class Exported:
    """A workflow in n8n's form."""

    document: dict[str, Any]
    remarks: tuple[Remark, ...]
    """What n8n will not do as it is done here."""

    @property
    def text(self) -> str:
        """The file."""
        return orjson.dumps(self.document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def write_n8n(document: WorkflowDocument, registry: Registry) -> Exported:
    """The document in n8n's form, with remarks about what it cannot say."""
    return _Writing(document, registry).exported()


class _Writing:
    """One document on its way."""

    def __init__(self, document: WorkflowDocument, registry: Registry) -> None:
        self._document, self._registry = document, registry
        self._origin = table(table(document.origin).get("n8n"))
        self._remarks: list[Remark] = []
        self._converted: dict[str, Converted] = {}
        """What the n8n form of a node means here, by our id."""
        self._names = {node.id: self._name(node) for node in document.nodes}
        owners = {node.id: table(table(node.data.origin).get("n8n")).get(PART_OF) for node in document.nodes}
        self._parts = {id_: owner for id_, owner in owners.items() if owner in self._names}
        """Nodes that were made here for another one, and that one."""

    def exported(self) -> Exported:
        kept = {
            key: value for key, value in self._origin.items() if key not in ("folded", "unused", "pinData")
        }
        nodes = [self._node(node) for node in self._document.nodes if node.id not in self._parts]
        connections = self._connections()
        self._unfold(nodes, connections)
        whole = {
            **kept,
            "name": self._title(),
            "nodes": nodes,
            "connections": connections,
            "settings": write_workflow_settings(self._document.settings, table(kept.get("settings"))),
        }
        if not whole["settings"] and "settings" not in kept:
            del whole["settings"]
        if self._document.tags and "tags" not in kept:
            whole["tags"] = [{"name": name} for name in self._document.tags]
        if pinned := self._pinned():
            whole["pinData"] = pinned
        return Exported(whole, tuple(self._remarks))

    def _title(self) -> str:
        before = text(self._origin.get("name"))
        return before if before[:200].strip() == self._document.name else self._document.name

    def _name(self, node: NodeDocument) -> str:
        cls = self._registry.get(node.type)
        return node.data.label or (cls.label if cls is not None else node.type)

    def _node(self, node: NodeDocument) -> dict[str, Any]:
        origin = table(table(node.data.origin).get("n8n"))
        entry = self._same(node, origin) or self._patched(node, origin) or self._anew(node, origin)
        position = origin.get("position")
        here = {"x": node.position.x, "y": node.position.y}
        if position is None or position_of(origin) != here:
            position = [round(node.position.x / SCALE_X), round(node.position.y)]
        written = {
            **{key: value for key, value in entry.items() if key not in _SETTINGS},
            "id": node.id,
            "name": self._names[node.id],
            "position": position,
            **write_node_settings(node.data.settings, origin),
        }
        if node.data.disabled:
            written["disabled"] = True
        if node.data.notes:
            written["notes"] = node.data.notes
        return written

    def _same(self, node: NodeDocument, origin: Mapping[str, Any]) -> dict[str, Any] | None:
        """The node as it came, if it still means the same."""
        if not origin:
            return None
        converted = self._reread(node, origin)
        if converted.type != node.type or not self._alike(
            node.type, converted.properties, node.data.properties
        ):
            return None
        self._converted[node.id] = converted
        return dict(origin)

    def _reread(self, node: NodeDocument, entry: Mapping[str, Any]) -> Converted:
        """What an n8n node would become here now."""
        properties = node.data.properties
        ends = (properties.get("inputs_count", 1), properties.get("outputs_count", 1))
        named = {**entry, "name": self._names[node.id]}
        converted = convert_entry(named, (_count(ends[0]), _count(ends[1])))
        if node.type == "ai-agent" and "answer_as" in properties and "answer_as" not in converted.properties:
            # An output parser, which is a node of its own there, may say so.
            parsed: Properties = {
                name: properties[name]
                for name in ("answer_as", "example", "answer_schema")
                if name in properties
            }
            if any(parsed == self._parsed(entry) for entry in self._folded()):
                converted.properties |= parsed
        if node.type == "execute-workflow" and "workflow" in properties:
            converted.properties = {"workflow": properties["workflow"], **converted.properties}
        return converted

    def _parsed(self, entry: Mapping[str, Any]) -> Properties:
        return convert_entry(entry, (0, 1)).properties

    def _folded(self) -> list[dict[str, Any]]:
        found = table(self._origin.get("folded")).get("nodes")
        return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []

    def _alike(self, type_: str, one: Properties, two: Properties) -> bool:
        """Whether properties mean the same, defaults spelled out or not."""
        cls = self._registry.get(type_)
        return one == two or (cls is not None and spelled_out(cls, one) == spelled_out(cls, two))

    def _patched(self, node: NodeDocument, origin: Mapping[str, Any]) -> dict[str, Any] | None:
        """The node as it came, with values replaced that were changed since."""
        if not origin:
            return None
        before = self._reread(node, origin)
        if before.type != node.type:
            return None
        patched = copy.deepcopy(dict(origin))
        for old, new in _changes(before.properties, node.data.properties):
            places = list(_places(patched.get("parameters"), old))
            if len(places) != 1:
                return None
            container, key = places[0]
            container[key] = new
        return self._same(node, patched)

    def _anew(self, node: NodeDocument, origin: Mapping[str, Any]) -> dict[str, Any]:
        made = write(node.type, node.data.properties)
        label = self._names[node.id]
        if made is None:
            self._remarks.append(
                Remark(f"{label}: n8n has no step like this one. It is marked as missing there.", node.id)
            )
            return {"type": f"{_OURS}{node.type}", "typeVersion": 1, "parameters": dict(node.data.properties)}
        type_, version, parameters = made
        entry: dict[str, Any] = {"type": f"{PREFIX}{type_}", "typeVersion": version, "parameters": parameters}
        entry |= {key: origin[key] for key in ("webhookId", "notesInFlow", "color") if key in origin}
        converted = self._converted[node.id] = self._reread(node, entry)
        if converted.type != node.type or not self._alike(
            node.type, converted.properties, node.data.properties
        ):
            self._remarks.append(
                Remark(f"{label}: n8n cannot say all of this step's settings; compare them there.", node.id)
            )
        if node.data.credentials:
            self._remarks.append(
                Remark(f"{label}: Choose its account in n8n; secrets are never exported.", node.id)
            )
        return entry

    def _connections(self) -> dict[str, Any]:
        by_id = {node.id: node for node in self._document.nodes}
        found: dict[str, dict[str, list[list[dict[str, Any]]]]] = {}
        for edge in self._document.edges:
            source, target = by_id.get(edge.source), by_id.get(edge.target)
            if source is None or target is None or source.id in self._parts:
                continue
            kind, output, index = self._ends(edge, source, target)
            ways = found.setdefault(self._names[source.id], {}).setdefault(kind, [])
            while len(ways) <= output:
                ways.append([])
            owner = self._parts.get(target.id, target.id)
            end = {"node": self._names[owner], "type": kind, "index": index}
            if end not in ways[output]:
                ways[output].append(end)
        for source_id, output, target_id, index in self._unused():
            ways = found.setdefault(self._names[source_id], {}).setdefault("main", [])
            while len(ways) <= output:
                ways.append([])
            ways[output].append({"node": self._names[target_id], "type": "main", "index": index})
        return found

    def _unused(self) -> Iterator[tuple[str, int, str, int]]:
        """Connections that nothing ever goes along here, as far as their steps are still there as they came."""
        rows = self._origin.get("unused")
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, list) and len(row) == 4:
                source, output, target, index = row
                known = source in self._converted and target in self._names
                if known and isinstance(output, int) and 0 <= output < 200 and isinstance(index, int):
                    yield source, output, target, index

    def _ends(self, edge: EdgeDocument, source: NodeDocument, target: NodeDocument) -> tuple[str, int, int]:
        """Kind, number of the output, number of the input."""
        handle = edge.target_handle or ""
        if handle in _KINDS or handle.startswith("ai_"):
            return _KINDS.get(handle, handle), 0, 0
        return "main", self._output(edge, source), self._input(edge, target)

    def _output(self, edge: EdgeDocument, source: NodeDocument) -> int:
        converted = self._converted.get(source.id)
        cls = self._registry.get(source.type)
        ports = [(port.id,) for port in cls.output_ports(source.data.properties)] if cls is not None else []
        if converted is not None and converted.outputs is not None:
            ports = list(converted.outputs)  # type: ignore[arg-type]  # several ports may be one output there
        if edge.source_handle is None:
            return 0
        for number, names in enumerate(ports):
            if edge.source_handle in names:
                return number
        return len(ports) if edge.source_handle == ERROR_PORT else 0

    def _input(self, edge: EdgeDocument, target: NodeDocument) -> int:
        if target.id in self._parts:  # it stands before a step with one input
            return 0
        cls = self._registry.get(target.type)
        ports = [port.id for port in cls.input_ports(target.data.properties)] if cls is not None else []
        return ports.index(edge.target_handle) if edge.target_handle in ports else 0

    def _unfold(self, nodes: list[dict[str, Any]], connections: dict[str, Any]) -> None:
        """Put back what is part of another step here, with its connections, as far as their ends are still there."""
        folded = self._folded()
        nodes += folded
        hidden = {text(entry.get("name")) for entry in folded}
        present = {text(entry.get("name")) for entry in nodes}
        for name, kinds in table(table(self._origin.get("folded")).get("connections")).items():
            for kind, ways in table(kinds).items():
                for output, targets in enumerate(ways if isinstance(ways, list) else ()):
                    for end in targets if isinstance(targets, list) else ():
                        node = text(table(end).get("node"))
                        if {name, node} <= present and {name, node} & hidden:
                            there = connections.setdefault(name, {}).setdefault(kind, [])
                            while len(there) <= output:
                                there.append([])
                            there[output].append(end)
        self._shorten(hidden, connections)

    def _shorten(self, hidden: set[str], connections: dict[str, Any]) -> None:
        """Drop the straight connections that stand here for those by way of a folded node."""
        by_way: dict[str, set[str]] = defaultdict(set)
        for name, kinds in connections.items():
            for ways in kinds.values():
                for end in (end for targets in ways for end in targets):
                    if end["node"] in hidden:
                        for onward in connections.get(end["node"], {}).values():
                            by_way[name] |= {final["node"] for targets in onward for final in targets}
        for name, finals in by_way.items():
            for kind, ways in list(connections[name].items()):
                if kind != "main":
                    left = [[end for end in targets if end["node"] not in finals] for targets in ways]
                    if any(left):
                        connections[name][kind] = left
                    else:
                        del connections[name][kind]

    def _pinned(self) -> dict[str, Any]:
        before = table(self._origin.get("pinData"))
        found: dict[str, Any] = {}
        for node in self._document.nodes:
            if node.data.pinned is None:
                continue
            name = self._names[node.id]
            raw = before.get(name)
            same = (
                isinstance(raw, list)
                and [entry.get("json", entry) for entry in raw if isinstance(entry, dict)] == node.data.pinned
            )
            found[name] = raw if same else [{"json": row} for row in node.data.pinned]
        return found


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 1


def _changes(before: Any, after: Any) -> Iterator[tuple[Any, Any]]:
    """Values that differ, as pairs; where shapes differ, the whole."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for key in before:
            yield from _changes(before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, two in zip(before, after, strict=True):
            yield from _changes(one, two)
    elif before != after or type(before) is not type(after):
        yield before, after


def _places(value: Any, wanted: Any) -> Iterator[tuple[Any, Any]]:
    """Where a value stands: containers and keys."""
    entries: Any = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    for key, entry in list(entries):
        if entry == wanted and type(entry) is type(wanted):
            yield value, key
        else:
            yield from _places(entry, wanted)
