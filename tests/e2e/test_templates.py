"""Templates, and workflows as files."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect


def card(page: Page, name: str) -> Any:
    """A step on the canvas."""
    return page.locator(".react-flow__node").filter(has_text=name).first


def test_a_template_is_found_used_and_set_up(page: Page) -> None:
    page.goto("/templates")
    cards = page.get_by_role("listitem").filter(has=page.get_by_role("heading"))
    expect(page.get_by_role("img", name=re.compile("Picture of the workflow: .*Order list"))).to_be_visible()
    page.get_by_role("button", name="Notifications", exact=True).click()
    page.get_by_role("button", name="No account needed", exact=True).click()
    expect(cards).to_have_count(1)
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("searchbox", name="Search templates").fill("affordable")
    expect(cards).to_have_count(1)

    page.get_by_role("button", name="Your first workflow").click()
    about = page.get_by_role("dialog", name="Your first workflow")
    expect(about.get_by_role("img", name=re.compile("Picture of the workflow"))).to_be_visible()
    expect(about.get_by_text("Open “Affordable ones” and change the price limit.")).to_be_visible()
    about.get_by_role("button", name="Use this template").click()

    page.wait_for_url("**/workflows/**")
    setup = page.get_by_role("region", name="Set it up")
    expect(setup.get_by_text("0 of 3")).to_be_visible()
    page.get_by_role("button", name="Execute workflow").click()
    expect(setup.get_by_text("1 of 3")).to_be_visible()
    expect(setup.get_by_role("img", name="Done")).to_have_count(1)

    setup.get_by_role("button", name="Show Affordable ones").click()
    limit = page.get_by_label("Compare with").first
    expect(limit).to_have_value("50")
    limit.fill("100")
    page.keyboard.press("Escape")
    expect(setup.get_by_text("2 of 3")).to_be_visible()

    page.reload()
    expect(setup.get_by_text("2 of 3")).to_be_visible()
    setup.get_by_role("button", name="Close the checklist").click()
    expect(setup).to_have_count(0)
    page.reload()
    expect(card(page, "Affordable ones")).to_be_visible()
    expect(setup).to_have_count(0)
