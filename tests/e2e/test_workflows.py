"""The list of workflows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from scripts.studio import Server
from tests.e2e.conftest import OWNER


@pytest.fixture(scope="module")
def server(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of their own: what the other tests store would push the examples off the first page."""
    owner = {"FLOWSTUDIO_OWNER_EMAIL": OWNER[0], "FLOWSTUDIO_OWNER_PASSWORD": OWNER[1]}
    with Server(tmp_path_factory.mktemp("data"), **owner) as started:
        yield started


@pytest.fixture
def page(page: Page) -> Page:
    """The owner's window, on the list of workflows."""
    page.goto("/")
    return page


def test_searching_narrows_the_list_and_says_when_nothing_is_left(page: Page) -> None:
    search = page.get_by_role("searchbox", name="Search workflows")
    search.fill("order")
    expect(page.get_by_role("link", name="Greeting", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Order triage", exact=True)).to_be_visible()
    search.fill("zzz")
    expect(page.get_by_text("Nothing matches your search and filters.")).to_be_visible()
    page.get_by_role("button", name="Show all workflows").click()
    expect(search).to_have_value("")
    expect(page.get_by_role("link", name="Greeting", exact=True)).to_be_visible()


def test_a_copy_is_made_deleted_and_brought_back_by_undo_and_from_the_deleted_ones(page: Page) -> None:
    page.get_by_role("button", name="Duplicate Stock check", exact=True).click()
    copy = page.get_by_role("link", name="Stock check (copy)", exact=True)
    expect(copy).to_be_visible()

    delete = page.get_by_role("button", name="Delete Stock check (copy)", exact=True)
    delete.click()
    expect(copy).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(copy).to_be_visible()

    delete.click()
    expect(copy).to_have_count(0)
    page.get_by_role("button", name="Recently deleted").click()
    page.get_by_role("button", name="Restore Stock check (copy)").click()
    expect(page.get_by_role("heading", name="Nothing is deleted")).to_be_visible()
    page.get_by_role("button", name="Back to the workflows").click()
    expect(copy).to_be_visible()
    delete.click()
    expect(copy).to_have_count(0)


def test_tags_group_workflows_and_filters_and_sorting_find_them(page: Page) -> None:
    page.get_by_role("button", name="Tags of Add tax").click()
    dialog = page.get_by_role("dialog", name="Tags of “Add tax”")
    dialog.get_by_role("textbox", name="Add a tag").fill("money")
    dialog.get_by_role("textbox", name="Add a tag").press("Enter")
    dialog.get_by_role("textbox", name="Add a tag").fill("shop")
    dialog.get_by_role("button", name="Save tags").click()
    chips = page.get_by_role("group", name="Show by tag")
    chips.get_by_role("button", name="money").click()
    expect(page.get_by_role("link", name="Greeting", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Add tax", exact=True)).to_be_visible()

    page.get_by_role("combobox", name="Show", exact=True).select_option("Active only")
    expect(page.get_by_text("Nothing matches your search and filters.")).to_be_visible()
    page.get_by_role("button", name="Show all workflows").click()
    page.get_by_role("combobox", name="Sort by").select_option("Name")
    expect(page.get_by_role("row").nth(1)).to_contain_text("Add tax")

    page.get_by_role("button", name="Tags of Add tax").click()
    dialog.get_by_role("button", name="Remove the tag money").click()
    dialog.get_by_role("button", name="Remove the tag shop").click()
    dialog.get_by_role("button", name="Save tags").click()
    expect(chips).to_have_count(0)


def test_a_new_workflow_is_named_and_opened_by_keyboard(page: Page) -> None:
    page.get_by_role("button", name="New workflow").click()
    name = page.get_by_role("dialog", name="New workflow").get_by_label("Name")
    expect(name).to_be_focused()
    page.keyboard.type("Named at birth")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Workflow name")).to_have_value("Named at birth")


def test_a_workflow_with_a_webhook_is_switched_on_and_off(page: Page) -> None:
    switch = page.get_by_role("switch", name="Active: Greeting", exact=True)
    expect(switch).not_to_be_checked()
    switch.click()
    expect(page.get_by_text("“Greeting” is active.")).to_be_visible()
    expect(switch).to_be_checked()
    switch.click()
    expect(page.get_by_text("“Greeting” is no longer active.")).to_be_visible()
    expect(switch).not_to_be_checked()


def test_what_could_not_be_done_is_said_in_words(page: Page) -> None:
    made = page.request.post("/api/workflows/", data={"name": "Soon gone", "nodes": [], "edges": []}).json()
    page.reload()
    row = page.get_by_role("row").filter(has_text="Soon gone")
    expect(row).to_be_visible()
    page.request.delete(f"/api/workflows/{made['id']}/")
    row.get_by_role("button", name="Duplicate").click()
    expect(
        page.get_by_role("region", name="Notifications").get_by_text("There is no workflow")
    ).to_be_visible()


def test_a_workflow_that_nothing_would_start_cannot_be_switched_on(page: Page) -> None:
    page.get_by_role("switch", name="Active: Invoice", exact=True).click()
    refusal = page.get_by_role("dialog", name="“Invoice” cannot be switched on yet")
    expect(refusal.get_by_role("listitem")).to_contain_text("Nothing would start this workflow")
    expect(refusal.get_by_role("link", name="Open the workflow")).to_be_visible()
    refusal.get_by_role("button", name="Close").click()
    expect(page.get_by_role("switch", name="Active: Invoice", exact=True)).not_to_be_checked()


def test_the_theme_is_chosen_and_remembered(page: Page) -> None:
    html = page.locator("html")
    expect(html).to_have_class(re.compile("light"))
    page.get_by_role("button", name="Account of").click()
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(html).to_have_class(re.compile("dark"))
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    page.get_by_role("button", name="Account of").click()
    expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
