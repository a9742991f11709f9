"""Templates over HTTP, and the web services that two of them make."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.api.conftest import Server


@pytest.fixture
def made(owner: httpx.Client) -> Iterator[list[str]]:
    """Ids of workflows that are deleted afterwards."""
    ids: list[str] = []
    yield ids
    for id_ in ids:
        owner.delete(f"/api/workflows/{id_}")


def use(owner: httpx.Client, made: list[str], template: str) -> str:
    answer = owner.post(f"/api/templates/{template}/use/")
    assert answer.status_code == 201, answer.text
    id_: str = answer.json()["id"]
    made.append(id_)
    assert answer.headers["location"] == f"/api/workflows/{id_}"
    return id_


def test_templates_are_listed_with_what_their_picture_needs(owner: httpx.Client) -> None:
    listed = owner.get("/api/templates/").json()
    first = listed["items"][0]
    assert first["id"] == "first-workflow"
    assert first["document"]["nodes"]
    assert {entry["category"] for entry in listed["items"]} == set(listed["categories"])
    assert owner.get("/api/templates/first-workflow").json() == first
    assert owner.get("/api/templates/nothing").status_code == 404
    crm = next(entry for entry in listed["items"] if entry["id"] == "lead-to-crm")
    assert [port["label"] for port in crm["ports"]["made"]["outputs"]] == ["New", "Known", "Failed"]


def test_a_workflow_that_is_made_remembers_its_template(owner: httpx.Client, made: list[str]) -> None:
    id_ = use(owner, made, "restock-list")
    workflow = owner.get(f"/api/workflows/{id_}").json()
    assert workflow["name"] == "Restock list"
    assert workflow["document"]["template"] == "restock-list"
    assert workflow["problems"] == []


def test_the_quotes_answer_once_the_workflow_is_active(
    server: Server, owner: httpx.Client, nobody: httpx.Client, made: list[str]
) -> None:
    id_ = use(owner, made, "price-quote")
    assert owner.post(f"/api/workflows/{id_}/activate/").status_code == 200
    quote = nobody.get("/webhook/quote", params={"sku": "kb-101", "quantity": "3"})
    assert (quote.status_code, quote.json()["total"]) == (200, 237)
    unknown = nobody.get("/webhook/quote", params={"sku": "NO-1"})
    assert (unknown.status_code, unknown.json()) == (404, {"error": "There is no article NO-1."})


def test_an_invoice_is_a_web_page(owner: httpx.Client, nobody: httpx.Client, made: list[str]) -> None:
    id_ = use(owner, made, "invoice-page")
    assert owner.post(f"/api/workflows/{id_}/activate/").status_code == 200
    page = nobody.get("/webhook/invoice", params={"order": "A-10783"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>Invoice A-10783</h1>" in page.text
    unknown = nobody.get("/webhook/invoice", params={"order": "A-1"})
    assert (unknown.status_code, unknown.text) == (404, "There is no order A-1.")
