"""The list of workflows."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def test_searching_narrows_the_list_and_says_when_nothing_is_left(page: Page) -> None:
    search = page.get_by_role("searchbox", name="Search workflows")
    search.fill("order")
    expect(page.get_by_role("link", name="Greeting", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Order triage", exact=True)).to_be_visible()
    search.fill("zzz")
    expect(page.get_by_text("Nothing matches “zzz”.")).to_be_visible()


def test_a_copy_is_made_and_deleted_after_asking(page: Page) -> None:
    page.get_by_role("button", name="Duplicate Stock check", exact=True).click()
    copy = page.get_by_role("link", name="Stock check (copy)", exact=True)
    expect(copy).to_be_visible()

    page.get_by_role("button", name="Delete Stock check (copy)", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    expect(copy).to_be_visible()
    page.get_by_role("button", name="Delete Stock check (copy)", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(copy).to_have_count(0)


def test_a_workflow_with_a_webhook_is_switched_on_and_off(page: Page) -> None:
    switch = page.get_by_role("switch", name="Active: Greeting", exact=True)
    expect(switch).not_to_be_checked()
    switch.click()
    expect(page.get_by_text("“Greeting” is active.")).to_be_visible()
    expect(switch).to_be_checked()
    switch.click()
    expect(page.get_by_text("“Greeting” is no longer active.")).to_be_visible()
    expect(switch).not_to_be_checked()


def test_a_workflow_that_nothing_would_start_cannot_be_switched_on(page: Page) -> None:
    page.get_by_role("switch", name="Active: Invoice", exact=True).click()
    expect(page.get_by_text(re.compile("Nothing would start this workflow"))).to_be_visible()
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
