"""Edits of a workflow document as operations that browsers and the server apply alike.

`apply` is pure, deterministic and total: whatever an operation names that is not there (any more) is skipped, so everybody
who applies the same operations in the same order has the same document. Its twin is `components/studio/operations.js`;
both are held to `tests/components/operations.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from flowstudio.engine.item import Json
from flowstudio.engine.workflow import (
    MAX_EDGES,
    MAX_NODES,
    EdgeDocument,
    Identifier,
    NodeData,
    NodeDocument,
    NodeSettings,
    Part,
    Position,
    WorkflowDocument,
    WorkflowSettings,
    dump_workflow,
    load_workflow,
    unfit,
)
from flowstudio.errors import InvalidWorkflow, Problem

MAX_OPERATIONS = 2_000
"""Operations in a batch."""
MAX_BATCHES = 500
"""Batches in a request."""

NODE_GROUPS: dict[str, frozenset[str] | None] = {
    "properties": None,
    "settings": frozenset(NodeSettings.model_fields),
    "credentials": None,
}
"""Keys of a node's data that hold keys of their own: which, or None for any."""
NODE_KEYS = frozenset({"label", "disabled", "notes", "pinned", "origin", *NODE_GROUPS})
DOCUMENT_GROUPS: dict[str, frozenset[str] | None] = {"settings": frozenset(WorkflowSettings.model_fields)}
DOCUMENT_KEYS = frozenset({"name", "description", "tags", "origin", *DOCUMENT_GROUPS})

_Nodes = Annotated[list[NodeDocument], Field(min_length=1, max_length=MAX_NODES)]
_Ids = Annotated[list[Identifier], Field(min_length=1, max_length=MAX_EDGES)]


class _Operation(Part):
    model_config = ConfigDict(extra="forbid")


class AddNodes(_Operation):
    """Draw nodes. One whose id is taken is skipped."""

    kind: Literal["add_nodes"]
    nodes: _Nodes


class DeleteNodes(_Operation):
    """Delete nodes and the edges that touch them."""

    kind: Literal["del_nodes"]
    ids: _Ids


class Move(_Operation):
    """Place nodes."""

    kind: Literal["move"]
    to: Annotated[dict[Identifier, Position], Field(min_length=1)]


class IdentifiedEdge(EdgeDocument):
    """An edge that can be named."""

    id: Identifier


class AddEdges(_Operation):
    """Connect nodes. An edge is skipped when its id is taken, an end is missing, or the same connection exists."""

    kind: Literal["add_edges"]
    edges: Annotated[list[IdentifiedEdge], Field(min_length=1, max_length=MAX_EDGES)]
    before: Identifier | None = None
    """The edge that they come before, as nodes take their input in the order of edges; missing or gone: at the end."""


class DeleteEdges(_Operation):
    """Disconnect."""

    kind: Literal["del_edges"]
    ids: _Ids


class SetValue(_Operation):
    """Set a key of a node's data, or of the document; without `value` it is removed, which makes it the default."""

    kind: Literal["set"]
    node: Identifier | None
    """Null: the document itself."""
    path: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(min_length=1, max_length=2)]
    """A key, or a key of the groups `properties`, `settings` and `credentials`."""
    value: Any = None

    @model_validator(mode="after")
    def _fits(self) -> SetValue:
        of_node = self.node is not None
        keys, groups = (NODE_KEYS, NODE_GROUPS) if of_node else (DOCUMENT_KEYS, DOCUMENT_GROUPS)
        key, *inner = self.path
        known = groups.get(key) if inner else None
        if key not in keys or (inner and key not in groups) or (known and inner[0] not in known):
            raise ValueError(f"nothing can be set at '{'.'.join(self.path)[:200]}'")
        if "value" in self.model_fields_set:
            holder: type[Part] = NodeData if of_node else WorkflowDocument
            try:
                holder.model_validate({key: {inner[0]: self.value} if inner else self.value})
            except ValidationError as error:
                raise ValueError(f"{'.'.join(self.path)}: {error.errors()[0]['msg']}") from error
        return self


Operation: TypeAlias = Annotated[
    AddNodes | DeleteNodes | Move | AddEdges | DeleteEdges | SetValue, Field(discriminator="kind")
]


class Batch(_Operation):
    """Operations that belong together: all of them are applied, or none."""

    id: Identifier
    """Made by the sender; a batch that is sent again is known by it."""
    operations: Annotated[list[Operation], Field(min_length=1, max_length=MAX_OPERATIONS)]

    def packed(self) -> list[Json]:
        """The operations as JSON data for `apply`, without what is default in nodes and edges."""
        return [_packed(operation) for operation in self.operations]


_BATCHES: TypeAdapter[list[Batch]] = TypeAdapter(
    Annotated[list[Batch], Field(min_length=1, max_length=MAX_BATCHES)], config=ConfigDict(strict=True)
)


def read_batches(raw: Any) -> list[Batch]:
    """Batches from JSON data. Raises `InvalidWorkflow` that names every culprit by path."""
    if wrong := unfit({"batches": raw}):
        raise InvalidWorkflow(wrong)
    try:
        return _BATCHES.validate_python(raw)
    except ValidationError as error:
        raise InvalidWorkflow(
            [
                Problem("invalid_operation", f"{(path := _path(e['loc']))}: {e['msg']}.", path=path)
                for e in error.errors(include_url=False, include_input=False)[:100]
            ]
        ) from error


def apply(document: Json, operations: Iterable[Json]) -> Json:
    """The document after the operations. The given one stays as it is; what did not change is shared with it."""
    drawing = _Drawing(document)
    for operation in operations:
        drawing.apply(operation)
    return drawing.document()


@dataclass(frozen=True, slots=True)
class Draft:
    """A document in both of its forms. Invariant: `json` is what `dump_workflow` makes of `document`."""

    json: Json
    document: WorkflowDocument

    @classmethod
    def of(cls, document: WorkflowDocument) -> Draft:
        """Of a document; its edges get ids where they have none, so that operations can name them."""
        document = identified(document)
        return cls(dump_workflow(document), document)

    def after(self, operations: Iterable[Json]) -> Draft:
        """The draft after operations; only what they changed is checked. Raises `InvalidWorkflow`."""
        changed = apply(self.json, operations)
        nodes = _pairs(self.json["nodes"], self.json["nodes"], self.document.nodes)
        edges = _pairs(self.json["edges"], self.json["edges"], self.document.edges)
        new_nodes = [node for node in changed["nodes"] if id(node) not in nodes]
        new_edges = [edge for edge in changed["edges"] if id(edge) not in edges]
        part = load_workflow({**changed, "nodes": new_nodes, "edges": new_edges})
        if len(changed["nodes"]) > MAX_NODES or len(changed["edges"]) > MAX_EDGES:
            most = f"A workflow has at most {MAX_NODES:,} nodes and {MAX_EDGES:,} edges; split this one."
            raise InvalidWorkflow([Problem("too_large", most)])
        packed = dump_workflow(part)
        nodes |= _pairs(new_nodes, packed["nodes"], part.nodes)
        edges |= _pairs(new_edges, packed["edges"], part.edges)
        all_nodes = [nodes[id(node)] for node in changed["nodes"]]
        all_edges = [edges[id(edge)] for edge in changed["edges"]]
        return Draft(
            packed | {"nodes": [json for json, _ in all_nodes], "edges": [json for json, _ in all_edges]},
            part.model_copy(
                update={"nodes": [node for _, node in all_nodes], "edges": [edge for _, edge in all_edges]}
            ),
        )


def identified(document: WorkflowDocument) -> WorkflowDocument:
    """The document with ids at all edges, each its own. The same document always gets the same ones."""
    taken = {edge.id for edge in document.edges if edge.id is not None}
    if len(taken) == len(document.edges):
        return document
    free = (id_ for number in count(1) if (id_ := f"e{number}") not in taken)
    seen: set[str] = set()
    edges = []
    for edge in document.edges:
        if edge.id is None or edge.id in seen:
            edge = edge.model_copy(update={"id": next(free)})
        seen.add(str(edge.id))
        edges.append(edge)
    return document.model_copy(update={"edges": edges})


class _Drawing:
    """A document while operations are applied: what changes is copied first."""

    def __init__(self, document: Json) -> None:
        self._rest = {key: value for key, value in document.items() if key not in ("nodes", "edges")}
        self._nodes: dict[str, Json] = {node["id"]: node for node in document.get("nodes", ())}
        self._edges: list[Json] = list(document.get("edges", ()))

    def document(self) -> Json:
        return {**self._rest, "nodes": list(self._nodes.values()), "edges": self._edges}

    def apply(self, operation: Json) -> None:
        match operation:
            case {"kind": "add_nodes", "nodes": nodes}:
                for node in nodes:
                    self._nodes.setdefault(node["id"], node)
            case {"kind": "del_nodes", "ids": ids}:
                gone = {id_ for id_ in ids if self._nodes.pop(id_, None) is not None}
                self._edges = [e for e in self._edges if e["source"] not in gone and e["target"] not in gone]
            case {"kind": "move", "to": places}:
                for id_, place in places.items():
                    if id_ in self._nodes:
                        self._nodes[id_] = {**self._nodes[id_], "position": place}
            case {"kind": "add_edges", "edges": edges}:
                self._add_edges(edges, operation.get("before"))
            case {"kind": "del_edges", "ids": ids}:
                gone = set(ids)
                self._edges = [edge for edge in self._edges if edge.get("id") not in gone]
            case {"kind": "set", "node": None, "path": path}:
                self._rest = _with(self._rest, path, operation)
            case {"kind": "set", "node": id_, "path": path} if id_ in self._nodes:
                node = self._nodes[id_]
                self._nodes[id_] = {**node, "data": _with(node.get("data", {}), path, operation)}

    def _add_edges(self, edges: Sequence[Json], before: str | None) -> None:
        ids = {edge.get("id") for edge in self._edges}
        place = len(self._edges)
        if before in ids and before is not None:
            place = next(index for index, edge in enumerate(self._edges) if edge.get("id") == before)
        connections = {_connection(edge) for edge in self._edges}
        added = []
        for edge in edges:
            connection = _connection(edge)
            if edge["id"] in ids or connection in connections:
                continue
            if edge["source"] in self._nodes and edge["target"] in self._nodes:
                ids.add(edge["id"])
                connections.add(connection)
                added.append(edge)
        self._edges = [*self._edges[:place], *added, *self._edges[place:]]


def _connection(edge: Json) -> tuple[Any, ...]:
    return edge["source"], edge.get("sourceHandle"), edge["target"], edge.get("targetHandle")


def _with(holder: Json, path: Sequence[str], operation: Json) -> Json:
    """A copy in which the key is set or removed. Removing makes no group; a group that loses its last key stays."""
    key, *inner = path
    if inner:
        if key not in holder and "value" not in operation:
            return holder
        return {**holder, key: _with(holder.get(key, {}), inner, operation)}
    if "value" in operation:
        return {**holder, key: operation["value"]}
    return {name: value for name, value in holder.items() if name != key}


def _packed(operation: Any) -> Json:
    match operation:
        case AddNodes():
            nodes = [n.model_dump(mode="json", by_alias=True, exclude_defaults=True) for n in operation.nodes]
            return {"kind": operation.kind, "nodes": nodes}
        case AddEdges():
            edges = [e.model_dump(mode="json", by_alias=True, exclude_none=True) for e in operation.edges]
            place = {} if operation.before is None else {"before": operation.before}
            return {"kind": operation.kind, "edges": edges, **place}
        case SetValue() if "value" not in operation.model_fields_set:
            return {"kind": operation.kind, "node": operation.node, "path": operation.path}
        case _:
            packed: Json = operation.model_dump(mode="json")
            return packed


def _pairs(keys: Sequence[Json], packed: Sequence[Json], typed: Sequence[Any]) -> dict[int, tuple[Json, Any]]:
    """By the identity of each key: both forms of what it stands for."""
    return {id(key): (json, part) for key, json, part in zip(keys, packed, typed, strict=True)}


def _path(location: Sequence[str | int]) -> str:
    """Where in the batches, without the names of kinds that the parser puts in."""
    kinds = ("add_nodes", "del_nodes", "move", "add_edges", "del_edges", "set")
    return "batches" + "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in location if part not in kinds
    )
