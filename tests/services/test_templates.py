"""The templates: complete, tidy on the canvas, and those that need nothing really do what they say."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator, Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import flowstudio.nodes
from flowstudio.engine.parameters import fields_of
from flowstudio.engine.plan import check
from flowstudio.engine.registry import discover
from flowstudio.engine.workflow import NodeDocument
from flowstudio.errors import NotFound
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.templates import Template, read_template
from flowstudio.shipped import PACKAGE, shipped
from tests.services.conftest import start_runtime

FILES = {file.stem: file for file in sorted((PACKAGE / "templates").glob("*.json"))}
TEMPLATES = {id_: read_template(file) for id_, file in FILES.items()}
FREE = [id_ for id_, template in TEMPLATES.items() if template.needs == "nothing"]
REGISTRY = discover(flowstudio.nodes)
SAMPLES = shipped("examples") / "data"


def asking(template: Template) -> set[str]:
    """The nodes that ask a model with an account of their own."""
    found = set()
    for node in template.document.nodes:
        cls = REGISTRY.get(node.type)
        marks = fields_of(cls).credentials if cls is not None else {}
        if any(mark.ambient for mark in marks.values()):
            found.add(node.id)
    return found


ASKING = [id_ for id_, template in TEMPLATES.items() if asking(template)]
"""Templates that ask models."""

each = pytest.mark.parametrize("id_", TEMPLATES)


def test_there_are_many_and_most_need_no_account() -> None:
    assert len(TEMPLATES) >= 22
    assert len(FREE) >= 10
    accounts = [id_ for id_, template in TEMPLATES.items() if template.needs == "account"]
    assert len(accounts) < len(TEMPLATES) / 2
    assert len({template.title for template in TEMPLATES.values()}) == len(TEMPLATES)


@each
def test_a_template_has_no_problems_not_even_warnings(id_: str) -> None:
    problems = check(TEMPLATES[id_].document, REGISTRY)
    wanted = {(step.node, "missing_credential") for step in TEMPLATES[id_].setup if step.check is not None}
    assert [problem for problem in problems if (problem.node, problem.code) not in wanted] == []


@each
def test_a_template_says_what_it_is_for_and_explains_itself(id_: str) -> None:
    template = TEMPLATES[id_]
    assert template.purpose.endswith(".")
    assert template.document.name == template.title
    assert template.document.description == template.purpose
    notes = [node for node in template.document.nodes if node.type == "sticky-note"]
    assert notes[0].data.properties["text"].startswith("## ")
    assert all(node.data.label for node in template.document.nodes if node not in notes)


@each
def test_every_check_of_the_setup_can_be_met(id_: str) -> None:
    template = TEMPLATES[id_]
    nodes = {node.id: node for node in template.document.nodes}
    asked = set()
    for step in template.setup:
        assert step.node is None or step.node in nodes
        if step.check is None or step.node is None:
            continue
        node = nodes[step.node]
        if step.check.kind == "changed":
            assert step.check.property in node.data.properties, step.text
        if step.check.kind == "credential":
            asked.add(step.node)
        if step.check.kind == "active":
            assert node.type == "webhook"
    needing = {
        node.id for node in nodes.values() if node.data.properties.get("authentication") == "credential"
    }
    required = {
        node.id
        for node in nodes.values()
        if (cls := REGISTRY.get(node.type)) is not None
        for field in fields_of(cls).credentials
        if cls.model_fields[field].is_required()
    }
    assert asked == needing | required | asking(template)


@each
def test_what_a_template_needs_is_what_it_calls(id_: str) -> None:
    template = TEMPLATES[id_]
    text = json.dumps(
        [node.data.properties for node in template.document.nodes if node.type != "sticky-note"]
    )
    outside = "https://" in text or bool(asking(template))
    assert outside == (template.needs != "nothing")


def box(node: NodeDocument) -> tuple[float, float, float, float]:
    """What a node covers on the canvas: left, top, right, bottom."""
    x, y = node.position.x, node.position.y
    if node.type == "sticky-note":
        return x, y, x + node.data.properties["width"], y + node.data.properties["height"]
    cls = REGISTRY.get(node.type)
    assert cls is not None
    sides = [cls.input_ports(node.data.properties), cls.output_ports(node.data.properties)]
    width = 216 + 48 * sum(len(ports) > 1 for ports in sides)
    rows = max(len(ports) for ports in sides)
    return x, y, x + width, y + max(64, rows * 26 + 18)


@each
def test_nothing_overlaps_on_the_canvas(id_: str) -> None:
    gap = 16
    for first, second in combinations(TEMPLATES[id_].document.nodes, 2):
        a, b = box(first), box(second)
        apart = a[2] + gap <= b[0] or b[2] + gap <= a[0] or a[3] + gap <= b[1] or b[3] + gap <= a[1]
        assert apart, (first.data.label or first.id, second.data.label or second.id)


# What those that need nothing give


def orders() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SAMPLES / "orders.json").read_text())
    return found


def products() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SAMPLES / "products.json").read_text())
    return found


def stock() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SAMPLES / "stock.json").read_text())
    return found


Given = Callable[[str], list[dict[str, Any]]]
"""The items that a step gave, by its label, or by label and port: `Paid orders/kept`."""


def first_workflow(gave: Given) -> None:
    cheap = [product for product in products() if product["price"] < 50]
    assert len(cheap) > 2
    assert [row["product"] for row in gave("Write a sentence")] == [product["name"] for product in cheap]
    assert gave("Write a sentence")[0]["sentence"] == "The mouse costs 29.50."


def sales_report(gave: Given) -> None:
    totals: dict[str, list[float]] = {}
    for order in orders():
        if order["status"] == "paid":
            country = order["country"]
            region = (
                "Europe"
                if country in {"DE", "FR", "IT", "ES", "NL", "PL", "GB"}
                else "North America"
                if country in {"US", "CA", "MX"}
                else "Rest of the world"
            )
            total = round(sum(line["quantity"] * line["price"] for line in order["lines"]), 2)
            totals.setdefault(region, []).append(total)
    report = gave("Report")
    assert {row["region"]: row["orders"] for row in report} == {
        name: len(found) for name, found in totals.items()
    }
    for row in report:
        assert row["revenue"] == pytest.approx(sum(totals[row["region"]]), abs=0.01)
        assert row["largest"] == max(totals[row["region"]])
    assert [row["revenue"] for row in report] == sorted((row["revenue"] for row in report), reverse=True)


def restock_list(gave: Given) -> None:
    on_hand = stock()
    known = {row["sku"] for row in on_hand}
    names = {product["sku"] for product in products()}
    low = [(row["sku"], row["on_hand"]) for row in on_hand if row["on_hand"] < 20 and row["sku"] in names]
    low += [(sku, 0) for sku in names - known]
    rows = gave("Order list")
    assert sorted((row["sku"], row["on_hand"]) for row in rows) == sorted(low)
    assert all(row["order"] == 60 - row["on_hand"] for row in rows)
    assert rows[0]["warehouse"] == "none yet"


def customer_cleanup(gave: Given) -> None:
    with (SAMPLES / "customers.csv").open() as file:
        customers = list(csv.DictReader(file))
    addresses = [row["email"] for row in customers if row["email"]]
    assert len(set(addresses)) < len(addresses) < len(customers)
    kept = gave("Each address once/kept")
    assert [row["email"] for row in kept] == list(dict.fromkeys(addresses))
    assert len(gave("Ask for the address")) == len(customers) - len(addresses)
    assert gave("Ask for the address")[0]["to_do"] == "Ask Ada for an e-mail address"


def compare_lists(gave: Given) -> None:
    sold, held = {row["sku"] for row in products()}, {row["sku"] for row in stock()}
    assert {row["sku"] for row in gave("To be ordered")} == sold - held != set()
    assert {row["sku"] for row in gave("To be looked at")} == held - sold != set()
    assert {row["sku"] for row in gave("All is well")} == sold & held


def invoice_page(gave: Given) -> None:
    order = next(order for order in orders() if order["id"] == "A-10783")
    (page,) = gave("Write the page")
    assert page["total"] == sum(line["quantity"] * line["price"] for line in order["lines"])
    assert page["html"].startswith("<!doctype html>")
    assert "<td>Laptop stand</td><td>2</td>" in page["html"]
    assert gave("No such order") == []


def price_quote(gave: Given) -> None:
    assert gave("Answer") == [
        {"sku": "KB-101", "product": "Keyboard", "quantity": 12, "discount": 0.1, "total": 853.2}
    ]


def work_in_batches(gave: Given) -> None:
    letters = gave("All done")
    assert len(letters) == 12
    assert letters[11] == {"name": "Lena", "letter": "Dear Lena, you are reader number 12."}


def carry_on(gave: Given) -> None:
    report = {row["file"]: row["result"] for row in gave("Report")}
    assert report["products.json"].startswith("fetched ")
    assert report["stock.json"].startswith("fetched ")
    assert "404" in report["prices-of-next-year.json"]


def file_questions(given: Given) -> None:
    assert [row["added"] for row in given("Store by meaning")] == [1]
    assert given("Say what was stored")


RESULTS: dict[str, Callable[[Given], None]] = {
    "first-workflow": first_workflow,
    "sales-report": sales_report,
    "restock-list": restock_list,
    "customer-cleanup": customer_cleanup,
    "compare-lists": compare_lists,
    "invoice-page": invoice_page,
    "price-quote": price_quote,
    "work-in-batches": work_in_batches,
    "carry-on": carry_on,
    "file-questions": file_questions,
}


async def items_of(runtime: Runtime, execution: str, template: Template) -> Given:
    """Reads everything that the steps gave, by label."""
    history = await runtime.storage.executions.outcomes(execution)
    labels = {node.id: node.data.label for node in template.document.nodes}
    given: dict[str, list[dict[str, Any]]] = {}
    for outcome in history:
        for port, items in outcome.outputs.items():
            for key in (str(labels[outcome.node]), f"{labels[outcome.node]}/{port}"):
                given.setdefault(key, []).extend(dict(item.json) for item in items)
    return lambda label: given.get(label, [])


@pytest.fixture
async def installed(tmp_path: Path) -> AsyncIterator[Runtime]:
    """A started runtime; templates do not care for the kind of database."""
    started = await start_runtime(tmp_path)
    yield started
    await started.stop()


async def test_a_template_that_needs_nothing_gives_what_it_promises(installed: Runtime) -> None:
    assert set(RESULTS) == set(FREE)
    for id_, holds in RESULTS.items():
        made = await installed.templates.use(COMMAND_LINE, id_)
        assert made.document.template == id_
        execution = await installed.executions.execute(COMMAND_LINE, made.record.id)
        rest = await installed.executions.wait(execution, 60)
        assert rest is not None
        assert (id_, rest.status, rest.error) == (id_, "success", None)
        holds(await items_of(installed, execution, TEMPLATES[id_]))
    with pytest.raises(NotFound, match="no template 'nothing'"):
        await installed.templates.use(COMMAND_LINE, "nothing")


@each
def test_a_template_is_written_as_it_is_exported(id_: str, tmp_path: Path) -> None:
    """Files made by hand keep to one form, so that differences show what changed."""
    raw = FILES[id_].read_text("utf-8")
    assert raw == json.dumps(json.loads(raw), indent=2, ensure_ascii=False) + "\n"
