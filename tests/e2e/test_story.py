"""From the first start to the first result: what a new person sees and does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.studio import Server
from tests.e2e.conftest import NewPage

STEPS = {
    "Start": "Succeeded",
    "Load orders": "Succeeded",
    "Paid orders": "Succeeded",
    "Tidy up": "Succeeded",
    "By region": "Succeeded",
    "Europe": "Succeeded",
    "North America": "Succeeded",
    "Rest of the world": "Succeeded",
    "Report": "Succeeded",
    "Send the report": "Succeeded",
}


@pytest.fixture
def fresh(built: None, tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has used yet."""
    with Server(tmp_path / "data") as started:
        yield started


def test_the_first_start_leads_from_the_owner_account_to_a_finished_run(
    fresh: Server, new_page: NewPage
) -> None:
    page = new_page(fresh.url, reduced_motion="no-preference")

    page.goto("/")
    expect(page).to_have_url(re.compile(r"/setup\b"))
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Create owner account").click()

    expect(page.get_by_role("heading", name="Workflows", exact=True)).to_be_visible()
    expect(page.get_by_text("Ada Lovelace")).to_be_visible()
    for example in ("Add tax", "Greeting", "Invoice", "Newsletter in batches", "Order triage", "Stock check"):
        expect(page.get_by_role("link", name=example, exact=True)).to_be_visible()

    page.get_by_role("link", name="Order triage", exact=True).click()
    page.get_by_role("button", name="Execute workflow").click()

    log = page.get_by_role("region", name="Run log")
    expect(log.get_by_role("status")).to_contain_text("Succeeded after")
    for step, status in STEPS.items():
        card = page.get_by_role("group", name=step, exact=True)
        expect(card.get_by_role("img", name=re.compile(f"^{status} in "))).to_be_visible()
    webhook = page.get_by_role("group", name="New report wanted", exact=True)
    expect(webhook.get_by_role("img", name="Skipped")).to_be_visible()
    loaded = log.get_by_role("row", name=re.compile("Load orders"))
    orders = int(loaded.get_by_role("gridcell").last.inner_text().replace(",", ""))
    assert orders >= 2000

    page.get_by_role("group", name="Paid orders", exact=True).dblclick()
    panel = page.get_by_role("dialog", name="Step details")
    output = panel.get_by_role("region", name="Output")
    expect(output.get_by_role("cell", name="paid").first).to_be_visible()
    first_id = output.get_by_role("row").nth(1).inner_text()
    output.get_by_role("button", name="Next items").click()
    expect(output.get_by_text("51–100 of")).to_be_visible()
    expect(output.get_by_role("row").nth(1)).not_to_have_text(first_id)
    output.get_by_role("button", name="JSON", exact=True).click()
    expect(output.get_by_text('"status": "paid"').first).to_be_visible()
    expect(panel.get_by_role("region", name="Input").get_by_text(f"{orders:,} items")).to_be_visible()
    page.keyboard.press("Escape")

    page.get_by_role("link", name="Back to the workflows").click()
    row = page.get_by_role("row", name=re.compile("Order triage"))
    expect(row.get_by_text("Succeeded")).to_be_visible()
    page.get_by_role("link", name="Executions").click()
    page.get_by_role("link", name="Open execution of Order triage").click()
    expect(
        page.get_by_role("group", name="Europe", exact=True).get_by_role("img", name=re.compile("^Succeeded"))
    ).to_be_visible()
    expect(page.get_by_role("button", name="Add step")).to_have_count(0)


def test_the_set_up_page_is_gone_once_there_is_an_owner(server: Server, new_page: NewPage) -> None:
    page: Page = new_page(server.url)
    page.goto("/setup")
    expect(page).to_have_url(re.compile(r"/login\b"))
