"""Write the example workflows: `python scripts/make_examples.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "examples"


def node(
    id_: str, type_: str, label: str, x: int, y: int, notes: str = "", **properties: Any
) -> dict[str, Any]:
    """A node of a document, in steps of the canvas's grid."""
    data: dict[str, Any] = {"label": label, "properties": properties}
    if notes:
        data["notes"] = notes
    return {"id": id_, "type": type_, "position": {"x": x * 340, "y": y * 140}, "data": data}


def edge(
    source: str, target: str, source_handle: str | None = None, target_handle: str | None = None
) -> dict[str, Any]:
    """A connection; missing handles mean the first port."""
    handles = {"sourceHandle": source_handle, "targetHandle": target_handle}
    return {"source": source, "target": target, **{k: v for k, v in handles.items() if v}}


def field(name: str, type_: str, value: Any) -> dict[str, Any]:
    """A field of Edit Fields."""
    return {"name": name, "type": type_, "value": value}


TOTALS = """\
# One line for the whole region: how many orders, what they are worth, the best customer.
orders = [item["json"] for item in _input.all()]
by_customer = {}
for order in orders:
    by_customer[order["customer"]] = by_customer.get(order["customer"], 0) + order["total"]
best = max(by_customer, key=by_customer.get)
print(f"{len(orders)} orders")
return [{
    "region": orders[0]["region"],
    "orders": len(orders),
    "total": round(sum(order["total"] for order in orders), 2),
    "largest": max(order["total"] for order in orders),
    "best_customer": best,
}]
"""

REGION = (
    "={{ ['DE', 'FR', 'IT', 'ES', 'NL', 'PL', 'GB'].includes($json.country) ? 'Europe' "
    ": ['US', 'CA', 'MX'].includes($json.country) ? 'North America' : 'Rest of the world' }}"
)


def region_rule(label: str) -> dict[str, Any]:
    """A rule of the switch."""
    return {"label": label, "conditions": [{"left": "={{ $json.region }}", "test": "equals", "right": label}]}


EXAMPLES: dict[str, dict[str, Any]] = {
    "order-triage": {
        "name": "Order triage",
        "description": "Loads a quarter's orders, keeps the paid ones, and reports totals by region.",
        "nodes": [
            node("manual", "manual-trigger", "Start", 0, 0),
            node("webhook", "webhook", "New report wanted", 0, 2, path="order-triage", method="POST", respond="respond-node"),
            node("load", "http-request", "Load orders", 1, 1, "The data is served by FlowStudio itself.", method="GET", url="/samples/orders.json"),
            node(
                "paid", "filter", "Paid orders", 2, 1,
                conditions=[{"left": "={{ $json.status }}", "test": "equals", "right": "paid"}],
            ),
            node(
                "tidy", "edit-fields", "Tidy up", 3, 1,
                mode="manual",
                fields=[
                    field("order", "string", "={{ $json.id }}"),
                    field("customer", "string", "={{ $json.customer.first_name.trim() }} {{ $json.customer.last_name }}"),
                    field("region", "string", REGION),
                    field("items", "number", "={{ $json.lines.reduce((sum, line) => sum + line.quantity, 0) }}"),
                    field("total", "number", "={{ $json.lines.reduce((sum, line) => sum + line.quantity * line.price, 0).round(2) }}"),
                    field("placed", "string", "={{ DateTime.fromISO($json.placed_at).toFormat('d LLL yyyy') }}"),
                ],
                include_other_fields=False,
            ),
            node(
                "region", "switch", "By region", 4, 1,
                mode="rules",
                rules=[region_rule("Europe"), region_rule("North America")],
                fallback="extra",
            ),
            node("europe", "code", "Europe", 5, 0, language="python", mode="all-items", code=TOTALS),
            node("america", "code", "North America", 5, 1, language="python", mode="all-items", code=TOTALS),
            node("world", "code", "Rest of the world", 5, 2, language="python", mode="all-items", code=TOTALS),
            node("report", "merge", "Report", 6, 1, mode="append", inputs_count=3),
            node("respond", "respond-to-webhook", "Send the report", 7, 1, respond_with="all_items"),
        ],
        "edges": [
            edge("manual", "load"), edge("webhook", "load"), edge("load", "paid"), edge("paid", "tidy"), edge("tidy", "region"),
            edge("region", "europe", "0"), edge("region", "america", "1"), edge("region", "world", "fallback"),
            edge("europe", "report", None, "input1"), edge("america", "report", None, "input2"), edge("world", "report", None, "input3"),
            edge("report", "respond"),
        ],
    },
    "greeting": {
        "name": "Greeting",
        "description": "The smallest web service: answers a webhook with a greeting. Switch it on and open /webhook/greeting?name=Ada.",
        "nodes": [
            node("in", "webhook", "Somebody calls", 0, 0, path="greeting", method="GET", respond="respond-node"),
            node(
                "greet", "edit-fields", "Greet", 1, 0,
                mode="manual",
                fields=[field("greeting", "string", "=Hello {{ $json.query.name ?? 'stranger' }}!"), field("at", "string", "={{ $now.toISO() }}")],
                include_other_fields=False,
            ),
            node("out", "respond-to-webhook", "Answer", 2, 0, respond_with="first_item"),
        ],
        "edges": [edge("in", "greet"), edge("greet", "out")],
    },
    "best-sellers": {
        "name": "Best sellers",
        "description": "Counts what a quarter's orders contain and names the five products that sold best.",
        "nodes": [
            node("note", "sticky-note", "About", 3, -2, color="blue", width=640, height=200,
                 text="### From orders to best sellers\nAn order has several lines. **Their lines** makes one item of each, "
                      "**Sold by product** adds them up again, product by product."),
            node("start", "manual-trigger", "Start", 0, 0),
            node("orders", "http-request", "Load orders", 1, 0, method="GET", url="/samples/orders.json"),
            node("once", "remove-duplicates", "Each order once", 2, 0, compare="selected", fields=["id"]),
            node("lines", "split-out", "Their lines", 3, 0, field="lines", include="selected", include_fields=["country"]),
            node("names", "rename-keys", "Plain names", 4, 0, keys=[{"current_name": "sku", "new_name": "product"}]),
            node(
                "sold", "summarize", "Sold by product", 5, 0,
                fields=[{"name": "quantity", "aggregation": "sum"}, {"name": "country", "aggregation": "count_unique"}],
                split_by=["product"],
            ),
            node("best", "sort", "Best first", 6, 0, fields=[{"name": "sum_quantity", "order": "descending"}, {"name": "product"}]),
            node("five", "limit", "Top five", 7, 0, max_items=5, keep="first"),
            node("list", "aggregate", "One list", 8, 0, mode="items", destination="best_sellers"),
            node("date", "date-time", "As of today", 9, 0, operation="current", include_time=False, output_name="as_of", include_other_fields=True),
        ],
        "edges": [
            edge("start", "orders"), edge("orders", "once"), edge("once", "lines", "kept"), edge("lines", "names"), edge("names", "sold"),
            edge("sold", "best"), edge("best", "five"), edge("five", "list"), edge("list", "date"),
        ],
    },
    "stock-check": {
        "name": "Stock check",
        "description": "Joins the price list with two warehouses and lists what has to be ordered again.",
        "nodes": [
            node("start", "manual-trigger", "Start", 0, 1),
            node("products", "http-request", "Price list", 1, 0, method="GET", url="/samples/products.json"),
            node("stock", "http-request", "Stock", 1, 2, method="GET", url="/samples/stock.json"),
            node(
                "join", "merge", "Join by SKU", 2, 1,
                mode="combine", combine_by="matching_fields", join_mode="enrich_input_1",
                fields_to_match=[{"field_1": "sku", "field_2": "sku"}],
            ),
            node(
                "low", "if-else", "Running low?", 3, 1,
                conditions=[{"left": "={{ $json.on_hand ?? 0 }}", "test": "less", "type": "number", "right": 20}],
            ),
            node(
                "order", "edit-fields", "Order again", 4, 0,
                mode="manual",
                fields=[
                    field("sku", "string", "={{ $json.sku }}"),
                    field("product", "string", "={{ $json.name }}"),
                    field("warehouse", "string", "={{ $json.warehouse ?? 'nowhere yet' }}"),
                    field("quantity", "number", "={{ 40 - ($json.on_hand ?? 0) }}"),
                ],
                include_other_fields=False,
            ),
            node("fine", "no-op", "Nothing to do", 4, 2),
        ],
        "edges": [
            edge("start", "products"), edge("start", "stock"), edge("products", "join", None, "input1"), edge("stock", "join", None, "input2"),
            edge("join", "low"), edge("low", "order", "true"), edge("low", "fine", "false"),
        ],
    },
    "newsletter-in-batches": {
        "name": "Newsletter in batches",
        "description": "Works through a list in small batches with a pause in between, as services with rate limits ask for.",
        "nodes": [
            node("start", "manual-trigger", "Start", 0, 0),
            node(
                "people", "code", "Twelve readers", 1, 0,
                language="javascript", mode="all-items",
                code="const names = ['Ada', 'Bruno', 'Chiara', 'Dmitri', 'Elif', 'Farid', 'Grace', 'Hiro', 'Ines', 'Jonas', 'Kofi', 'Lena'];\n"
                "console.log(`${names.length} readers`);\nreturn names.map((name, i) => ({ json: { name, number: i + 1 } }));\n",
            ),
            node("loop", "loop-over-items", "Four at a time", 2, 0, batch_size=4),
            node(
                "letter", "edit-fields", "Write the letter", 3, 1,
                mode="manual",
                fields=[field("letter", "string", "=Dear {{ $json.name }}, you are reader number {{ $json.number }}.")],
                include_other_fields=True,
            ),
            node("pause", "wait", "Pause", 4, 1, resume="after_time", amount=0.2, unit="seconds"),
            node("done", "no-op", "All sent", 3, 0),
        ],
        "edges": [
            edge("start", "people"), edge("people", "loop"), edge("loop", "letter", "loop"), edge("letter", "pause"),
            edge("pause", "loop"), edge("loop", "done", "done"),
        ],
    },
    "invoice": {
        "name": "Invoice",
        "description": "Uses another workflow as a building block, and stops with a clear message when the data makes no sense.",
        "nodes": [
            node("start", "manual-trigger", "Start", 0, 0),
            node(
                "lines", "edit-fields", "The order", 1, 0,
                mode="json", json='{ "customer": "Ada Adler", "net": 250, "country": "DE" }',
            ),
            node(
                "sane", "if-else", "Makes sense?", 2, 0,
                conditions=[{"left": "={{ $json.net }}", "test": "greater", "type": "number", "right": 0}],
            ),
            node("tax", "execute-workflow", "Add the tax", 3, 0, workflow="example-add-tax"),
            node("stop", "stop-and-error", "Refuse", 3, 1, message="=The order of {{ $json.customer }} has no amount."),
            node("invoice", "code", "Write it", 4, 0, language="python", mode="each-item",
                 code='return {"invoice": f"{_json[\'customer\']} pays {_json[\'gross\']:.2f} EUR"}\n'),
        ],
        "edges": [edge("start", "lines"), edge("lines", "sane"), edge("sane", "tax", "true"), edge("sane", "stop", "false"), edge("tax", "invoice")],
    },
    "add-tax": {
        "name": "Add tax",
        "description": "A building block for other workflows: adds the tax of the country to an amount.",
        "nodes": [
            node("start", "manual-trigger", "Called", 0, 0),
            node(
                "rate", "switch", "Which country?", 1, 0,
                mode="expression", outputs_count=2, output="={{ $json.country === 'DE' ? 0 : 1 }}",
            ),
            node("home", "edit-fields", "With tax", 2, 0, mode="manual",
                 fields=[field("gross", "number", "={{ ($json.net * 1.19).round(2) }}")], include_other_fields=True),
            node("abroad", "edit-fields", "Without tax", 2, 1, mode="manual",
                 fields=[field("gross", "number", "={{ $json.net }}")], include_other_fields=True),
        ],
        "edges": [edge("start", "rate"), edge("rate", "home", "0"), edge("rate", "abroad", "1")],
    },
}  # fmt: skip


def main() -> None:
    """One file an example."""
    for slug, document in EXAMPLES.items():
        text = json.dumps({"schema_version": 1, **document}, indent=1, ensure_ascii=False)
        (FOLDER / f"{slug}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
