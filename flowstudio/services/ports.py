"""The ports of nodes as their parameters make them."""

from __future__ import annotations

from flowstudio.engine.item import Json
from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import WorkflowDocument


def changed_ports(document: WorkflowDocument, registry: Registry) -> Json:
    """The ports of nodes whose parameters give them others than their type says: `{node id: {inputs, outputs}}`."""
    found: Json = {}
    for node in document.nodes:
        cls = registry.get(node.type)
        if cls is None:
            continue
        inputs, outputs = cls.input_ports(node.data.properties), cls.output_ports(node.data.properties)
        if (inputs, outputs) != (cls.inputs, cls.outputs):
            found[node.id] = {
                "inputs": [{"id": port.id, "label": port.label} for port in inputs],
                "outputs": [{"id": port.id, "label": port.label} for port in outputs],
            }
    return found
