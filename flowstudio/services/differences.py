"""What is different between two documents, told for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowstudio.engine.item import Json
from flowstudio.engine.registry import Registry
from flowstudio.engine.wiring import labels_of
from flowstudio.engine.workflow import EdgeDocument, NodeDocument, WorkflowDocument, dump_workflow

WHOLE = frozenset({"pinned", "tags"})
"""Keys whose values are told as they are, not taken apart."""
GROUPS = frozenset({"properties", "settings", "credentials"})
"""Keys that are left out of a document when they hold nothing."""
APART = ("nodes", "edges", "schema_version", "origin")

Missing: Any = object()


def differences(before: WorkflowDocument, after: WorkflowDocument, registry: Registry) -> Json:
    """Nodes, edges and settings that were added, removed or changed; of moved nodes only how many they are.

    A value that is missing is null, which is also how a default is told.
    """
    old_labels, new_labels = labels_of(before, registry), labels_of(after, registry)
    old, new = {n.id: n for n in before.nodes}, {n.id: n for n in after.nodes}
    kept = [id_ for id_ in new if id_ in old]
    changed = []
    for id_ in kept:
        changes = list(_changes(_content(old[id_]), _content(new[id_])))
        if changes:
            changed.append(_node(new[id_], new_labels) | {"changes": changes})
    old_edges, new_edges = ({_connection(e): e for e in d.edges} for d in (before, after))
    return {
        "nodes": {
            "added": [_node(node, new_labels) for id_, node in new.items() if id_ not in old],
            "removed": [_node(node, old_labels) for id_, node in old.items() if id_ not in new],
            "changed": changed,
        },
        "edges": {
            "added": [_edge(e, new_labels) for key, e in new_edges.items() if key not in old_edges],
            "removed": [_edge(e, old_labels) for key, e in old_edges.items() if key not in new_edges],
        },
        "document": list(_changes(_rest(before), _rest(after))),
        "moved": sum(old[id_].position != new[id_].position for id_ in kept),
    }


def _node(node: NodeDocument, labels: Mapping[str, str]) -> Json:
    return {"id": node.id, "label": labels[node.id], "type": node.type}


def _content(node: NodeDocument) -> Json:
    data = node.data.model_dump(mode="json", exclude_defaults=True)
    data.pop("origin", None)  # says nothing that the rest does not
    return {"type": node.type, **data}


def _rest(document: WorkflowDocument) -> Json:
    return {key: value for key, value in dump_workflow(document).items() if key not in APART}


def _connection(edge: EdgeDocument) -> tuple[str, str | None, str, str | None]:
    return edge.source, edge.source_handle, edge.target, edge.target_handle


def _edge(edge: EdgeDocument, labels: Mapping[str, str]) -> Json:
    return {
        "source": edge.source,
        "source_label": labels.get(edge.source, edge.source),
        "source_handle": edge.source_handle,
        "target": edge.target,
        "target_label": labels.get(edge.target, edge.target),
        "target_handle": edge.target_handle,
    }


def _changes(before: Any, after: Any, path: str = "") -> Iterator[Json]:
    """Every place where two values differ: objects are compared key by key, lists of the same length entry by entry."""
    if path in GROUPS:
        before, after = ({} if value is Missing else value for value in (before, after))
    if _same(before, after):
        return
    if path in WHOLE:
        yield _change(path, before, after)
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in (*before, *(key for key in after if key not in before)):
            place = f"{path}.{key}" if path else str(key)
            yield from _changes(before.get(key, Missing), after.get(key, Missing), place)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _changes(one, other, f"{path}[{index}]")
    else:
        yield _change(path, before, after)


def _change(path: str, before: Any, after: Any) -> Json:
    return {
        "path": path,
        "before": None if before is Missing else before,
        "after": None if after is Missing else after,
    }


def _same(before: Any, after: Any) -> bool:
    """Equal, and of the same kind: true is not 1."""
    return type(before) is type(after) and bool(before == after) and not _hides_kinds(before, after)


def _hides_kinds(before: Any, after: Any) -> bool:
    if isinstance(before, dict):
        return any(not _same(value, after[key]) for key, value in before.items())
    if isinstance(before, list):
        return any(not _same(one, other) for one, other in zip(before, after, strict=True))
    return False
