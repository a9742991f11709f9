"""Which nodes have to run again after a workflow was changed."""

from __future__ import annotations

from typing import Any

from flowstudio.engine.workflow import WorkflowDocument, load_workflow
from flowstudio.services.kept import changed_nodes


def document(*edges: tuple[str, str], **labels: str) -> WorkflowDocument:
    nodes: list[dict[str, Any]] = [
        {"id": id_, "type": "no-op", "data": {"label": labels.get(id_, id_)}} for id_ in "abm"
    ]
    return load_workflow({"nodes": nodes, "edges": [{"source": s, "target": t} for s, t in edges]})


def test_a_node_whose_inputs_come_in_another_order_has_changed() -> None:
    before = document(("a", "m"), ("b", "m"))
    assert changed_nodes(before, document(("b", "m"), ("a", "m"))) == {"m"}
    assert changed_nodes(before, document(("a", "m"), ("b", "m"), a="Renamed")) == set()
    assert changed_nodes(before, document(("a", "m"))) == {"m"}
