"""The workflows that are measured."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

Document = dict[str, Any]


def node(id_: str, type_: str, **properties: Any) -> Document:
    """A node of a document."""
    return {"id": id_, "type": type_, "data": {"label": id_, "properties": properties}}


def chain(name: str, nodes: list[Document]) -> Document:
    """Nodes one after the other."""
    return {
        "name": name,
        "nodes": nodes,
        "edges": [{"source": a["id"], "target": b["id"]} for a, b in pairwise(nodes)],
    }


def edit(id_: str, **fields: str) -> Document:
    """An Edit Fields node that adds text fields."""
    rows = [{"name": name, "type": "string", "value": value} for name, value in fields.items()]
    return node(id_, "edit-fields", mode="manual", fields=rows, include_other_fields=True)


def webhook_chain(path: str, edits: int) -> Document:
    """Webhook → so many Edit Fields → respond."""
    return chain(
        f"bench {path}",
        [
            node("in", "webhook", path=path, method="POST", respond="respond-node"),
            *(
                edit(f"edit{i}", **{f"field{i}": "={{ $json.body.name }}"} if i == 0 else {f"field{i}": "x"})
                for i in range(edits)
            ),
            node("out", "respond-to-webhook", respond_with="first_item"),
        ],
    )


def filter_and_expressions() -> Document:
    """10,000 items through a filter and five expressions that need JavaScript."""
    return chain(
        "bench items",
        [
            node("start", "manual-trigger"),
            node("filter", "filter", conditions=[{"left": "={{ $json.n }}", "test": "greater_or_equal", "type": "number", "right": 0}]),
            edit(
                "edit",
                a="={{ $json.name.toUpperCase() }}",
                b="={{ $json.n * 2 + 1 }}",
                c="={{ $json.tags.join('-') }}",
                d="={{ $json.n % 2 ? 'odd' : 'even' }}",
                e="={{ `${$json.name}/${$json.n}` }}",
            ),
        ],
    )  # fmt: skip


def wide_graph(size: int) -> Document:
    """A graph of `size` no-op nodes: a trigger that fans out to rows of ten."""
    nodes = [node("n0", "manual-trigger"), *(node(f"n{i}", "no-op") for i in range(1, size))]
    edges = [{"source": f"n{i - 1}" if i % 10 else "n0", "target": f"n{i}"} for i in range(1, size)]
    return {"name": "bench graph", "nodes": nodes, "edges": edges}


def slow_chain(size: int) -> Document:
    """A trigger and nodes that take some milliseconds each, one after the other."""
    waits = [node(f"n{i}", "wait", resume="after_time", amount=0.005, unit="seconds") for i in range(1, size)]
    return chain("bench chain", [node("n0", "manual-trigger"), *waits])
