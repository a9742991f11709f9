"""What a studio looks like after some days of work: people, keys, credentials, workflows, runs, versions."""

from __future__ import annotations

import json
from typing import Any

from scripts.camera import Camera

PRICES: dict[str, Any] = {
    "name": "Price watch",
    "tags": ["prices"],
    "nodes": [
        {"id": "1", "type": "manual-trigger", "data": {"label": "Every morning"}},
        {
            "id": "2",
            "type": "code",
            "position": {"x": 340, "y": 0},
            "data": {
                "label": "Products",
                "properties": {
                    "language": "python",
                    "code": 'return [{"sku": "T-100"}, {"sku": "T-200"}, {"sku": "T-300"}]',
                },
            },
        },
        {
            "id": "3",
            "type": "http-request",
            "position": {"x": 680, "y": 0},
            "data": {
                "label": "Ask for prices",
                "properties": {"url": "=/samples/no-such-prices.json?sku={{ $json.sku }}"},
            },
        },
        {
            "id": "4",
            "type": "filter",
            "position": {"x": 1020, "y": 0},
            "data": {
                "label": "Cheaper than ours",
                "properties": {
                    "conditions": [{"left": "={{ $json.price }}", "test": "less_than", "right": "10"}]
                },
            },
        },
    ],
    "edges": [
        {"source": "1", "target": "2"},
        {"source": "2", "target": "3"},
        {"source": "3", "target": "4"},
    ],
}
"""A workflow whose third step fails."""
COPIED = json.dumps(
    {
        "name": "Orders to chat",
        "nodes": [
            {"name": "Start", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": [0, 0]},
            {
                "name": "Get orders",
                "type": "n8n-nodes-base.httpRequest",
                "typeVersion": 4,
                "position": [240, 0],
                "parameters": {"url": "https://shop.example/orders"},
            },
            {"name": "Wait", "type": "n8n-nodes-base.noOp", "typeVersion": 1, "position": [480, 0]},
            {"name": "Tell the team", "type": "n8n-nodes-base.slack", "typeVersion": 2, "position": [720, 0]},
        ],
        "connections": {"Start": {"main": [[{"node": "Get orders", "type": "main", "index": 0}]]}},
    },
    indent=2,
)
"""Steps as n8n copies them, one of which is not known here."""


def agent(account: str) -> dict[str, Any]:
    """A workflow in which an agent answers a chat with tools and a memory."""

    def part(id_: str, type_: str, label: str, x: int, y: int, **data: Any) -> dict[str, Any]:
        return {"id": id_, "type": type_, "position": {"x": x, "y": y}, "data": {"label": label} | data}

    prompt = "You work for the customer service of a web shop. Be friendly and brief."
    parts = (("model", "model"), ("memory", "memory"), ("articles", "tools"), ("calculator", "tools"))
    return {
        "name": "Customer service",
        "nodes": [
            part("chat", "when-chat-received", "Customer writes", 0, 16),
            part("agent", "ai-agent", "Support agent", 368, 0, properties={"prompt": prompt}),
            part("model", "chat-model-openai", "Its model", 96, 224, credentials={"account": account}),
            part("memory", "memory-simple", "The conversation", 336, 224),
            part(
                "articles",
                "http-request",
                "Look up articles",
                576,
                224,
                properties={"url": "/samples/products.json"},
                notes="All articles of the shop with their numbers and prices.",
            ),
            part("calculator", "tool-calculator", "Calculator", 816, 224),
            part("answer", "respond-to-chat", "Answer", 848, 16),
        ],
        "edges": [
            {"source": "chat", "target": "agent"},
            {"source": "agent", "target": "answer"},
            *({"source": source, "target": "agent", "targetHandle": slot} for source, slot in parts),
        ],
    }


def find(camera: Camera, name: str) -> str:
    """The id of a workflow by its name."""
    items = camera.call("workflows/?limit=100", method="GET")["items"]
    return next(str(item["id"]) for item in items if item["name"] == name)


def revised(camera: Camera, workflow: str, *operations: dict[str, Any]) -> None:
    """Change a stored workflow, as the editor does."""
    batch = {"id": f"scenery-{workflow}-{len(operations)}", "operations": list(operations)}
    camera.call(f"workflows/{workflow}/operations/", {"client": "scenery", "batches": [batch]})


def arrange(camera: Camera) -> None:
    """Leave behind what the pictures show."""
    person = {"email": "grace@example.com", "password": "another long password", "role": "editor"}
    camera.call("users/", person | {"name": "Grace Hopper"})
    camera.call("users/", person | {"name": "Alan Turing", "email": "alan@example.com", "role": "viewer"})
    camera.call("api-keys", {"name": "Laptop"})
    for name, kind, values in (
        ("Web shop", "http-header", {"name": "X-Shop-Key", "value": "not a real key"}),
        ("Newsletter", "http-bearer", {"token": "not a real token"}),
        ("Order sheet", "google-oauth2", {"client_id": "studio", "client_secret": "not a real secret"}),
        ("Invoices", "jwt", {"secret": "not a real secret, but a long one"}),
    ):
        camera.call("credentials", {"name": name, "type": kind, "values": values})
    broken = camera.call("workflows/", PRICES)["id"]
    old = camera.call("workflows/", PRICES | {"name": "Price watch, first try"})["id"]
    camera.call(f"workflows/{old}/", method="DELETE")
    for tag, workflow in (
        ("shop", "order-triage"),
        ("shop", "stock-check"),
        ("mail", "newsletter-in-batches"),
    ):
        revised(
            camera, f"example-{workflow}", {"kind": "set", "node": None, "path": ["tags"], "value": [tag]}
        )
    for workflow in ("example-order-triage", "example-newsletter-in-batches", broken):
        camera.call(f"workflows/{workflow}/execute/", {"wait": True})
    camera.call("workflows/example-greeting/activate/")
    greeting = camera.call("workflows/example-greeting/", method="GET")["document"]
    greet = next(node["id"] for node in greeting["nodes"] if node["data"]["label"] == "Greet")
    revised(
        camera,
        "example-greeting",
        {"kind": "set", "node": greet, "path": ["notes"], "value": "Friendly, also in the morning."},
        {"kind": "set", "node": greet, "path": ["settings", "retry"], "value": True},
    )
