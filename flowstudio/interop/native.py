"""FlowStudio's own file: JSON that reads well, and differs only where the workflow does.

Keys stand in a fixed order, parameters in the order of their names, one entry a line. Nodes and edges keep the order that
they have in the document, because it means something: items merge in the order of edges, and the first trigger starts.
What is default is left out, and nothing is written that a run, a person or an installation would change.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import orjson

from flowstudio.engine.workflow import EdgeDocument, NodeDocument, WorkflowDocument, load_workflow
from flowstudio.interop.found import Found


def export_document(
    document: WorkflowDocument, credentials: Mapping[str, Mapping[str, str]] | None = None
) -> str:
    """The file of a document. `credentials` says what their ids mean, `{id: {name, type}}`; only those in use are written."""
    used = sorted({id_ for node in document.nodes for id_ in node.data.credentials.values()})
    known = {id_: credentials[id_] for id_ in used if id_ in credentials} if credentials else {}
    settings = document.settings.model_dump(mode="json", exclude_defaults=True)
    written: dict[str, Any] = {"schema_version": document.schema_version, "name": document.name}
    if document.description:
        written["description"] = document.description
    if document.tags:
        written["tags"] = list(document.tags)
    if document.template is not None:
        written["template"] = document.template
    if document.origin:
        written["origin"] = document.origin
    if settings:
        written["settings"] = _sorted(settings)
    if known:
        written["credentials"] = {
            id_: {"name": about.get("name", ""), "type": about.get("type", "")}
            for id_, about in known.items()
        }
    written["nodes"] = [_node(node) for node in document.nodes]
    written["edges"] = [_edge(edge) for edge in document.edges]
    return orjson.dumps(written, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def read_native(raw: Any) -> Found:
    """A document in the own form. Raises `InvalidWorkflow`."""
    document = load_workflow(raw)
    return Found(document, "flowstudio", credentials=_credentials(raw.get("credentials")))


def file_name(name: str, fallback: str = "workflow") -> str:
    """A file name of a workflow that every system takes, the same for the same name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-")
    return f"{slug or fallback}.json"


def _node(node: NodeDocument) -> dict[str, Any]:
    data = node.data
    written: dict[str, Any] = {}
    if data.label is not None:
        written["label"] = data.label
    if data.disabled:
        written["disabled"] = True
    if data.notes:
        written["notes"] = data.notes
    written["properties"] = _sorted(data.properties)
    if settings := data.settings.model_dump(mode="json", exclude_defaults=True):
        written["settings"] = _sorted(settings)
    if data.credentials:
        written["credentials"] = _sorted(data.credentials)
    if data.pinned is not None:
        written["pinned"] = data.pinned
    if data.origin:
        written["origin"] = data.origin
    place = {"x": _number(node.position.x), "y": _number(node.position.y)}
    return {"id": node.id, "type": node.type, "position": place, "data": written}


def _edge(edge: EdgeDocument) -> dict[str, Any]:
    whole = {
        "id": edge.id,
        "source": edge.source,
        "sourceHandle": edge.source_handle,
        "target": edge.target,
        "targetHandle": edge.target_handle,
    }
    return {key: value for key, value in whole.items() if value is not None}


def _sorted(table: Mapping[str, Any]) -> dict[str, Any]:
    """By name. What is below keeps its order: it may be data, such as JSON that somebody wrote."""
    return {key: table[key] for key in sorted(table)}


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _credentials(raw: Any) -> dict[str, dict[str, str]]:
    if not isinstance(raw, dict):
        return {}
    return {
        id_: {"name": str(about.get("name", ""))[:200], "type": str(about.get("type", ""))[:200]}
        for id_, about in list(raw.items())[:1000]
        if isinstance(about, dict)
    }
