"""Credentials, settings and help, as people use them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from scripts.studio import Server
from tests.e2e.conftest import OWNER, NewPage, sign_in

SECRET = "canary-7c1d2e9f"


@pytest.fixture
def page(page: Page) -> Page:
    """The owner's window, on the list of workflows."""
    page.goto("/")
    return page


def go(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def test_a_credential_is_added_changed_and_deleted_with_a_warning(page: Page, server: Server) -> None:
    go(page, "Credentials")
    page.get_by_role("button", name="Add credential").click()
    dialog = page.get_by_role("dialog", name="New credential")
    dialog.get_by_label("Name of the credential").fill("Newsletter")
    dialog.get_by_label("Type").select_option("Bearer token")
    dialog.get_by_label("Token", exact=True).fill(SECRET)
    dialog.get_by_role("button", name="Save credential").click()
    row = page.get_by_role("row").filter(has_text="Newsletter")
    expect(row).to_contain_text("Not used")

    [made] = [c for c in page.request.get("/api/credentials").json()["items"] if c["name"] == "Newsletter"]
    fetch = {
        "id": "get",
        "type": "http-request",
        "data": {
            "properties": {"url": "/samples/orders.json", "authentication": "credential"},
            "credentials": {"account": made["id"]},
        },
    }
    document = {"name": "Sends the newsletter", "nodes": [fetch], "edges": []}
    assert page.request.post("/api/workflows", data=document, headers={"Origin": server.url}).ok
    page.reload()
    expect(row.get_by_role("link", name="Sends the newsletter")).to_be_visible()

    page.get_by_role("button", name="Change Newsletter").click()
    change = page.get_by_role("dialog", name="Change “Newsletter”")
    expect(change.get_by_label("Token", exact=True)).to_have_count(0)
    change.get_by_label("Name of the credential").fill("Mailing")
    change.get_by_role("button", name="Save credential").click()
    expect(page.get_by_text("Mailing", exact=True)).to_be_visible()

    page.get_by_role("button", name="Delete Mailing").click()
    question = page.get_by_role("dialog", name="Delete “Mailing”?")
    expect(question.get_by_role("listitem")).to_have_text("Sends the newsletter")
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Mailing", exact=True)).to_have_count(0)
    assert SECRET not in page.content()


def test_an_api_key_is_shown_once_works_and_is_revoked(page: Page) -> None:
    go(page, "Settings")
    page.get_by_role("tab", name="Your account").press("ArrowRight")
    page.get_by_role("button", name="New API key").click()
    page.get_by_label("Name of the key").fill("Robot")
    page.get_by_role("button", name="Make key").click()
    key = page.get_by_role("textbox", name="API key", exact=True).input_value()
    assert page.request.get("/api/me", headers={"X-API-Key": key}).json()["user"]["via"] == "api_key"
    page.get_by_role("button", name="I have copied it").click()
    row = page.get_by_role("row").filter(has_text="Robot")
    expect(row).to_contain_text(key[:7])
    assert key not in page.content()

    page.get_by_role("button", name="Revoke Robot").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    expect(row).to_have_count(0)
    assert page.request.get("/api/me", headers={"X-API-Key": key}).status == 401


def test_a_person_is_added_changes_name_and_password_and_is_removed(
    page: Page, server: Server, new_page: NewPage
) -> None:
    page.goto("/settings#people")
    page.get_by_role("button", name="Add person").click()
    dialog = page.get_by_role("dialog", name="Add person")
    dialog.get_by_label("Name").fill("Wilma")
    dialog.get_by_label("E-mail").fill("wilma@example.com")
    dialog.get_by_label("First password").fill("first words of all")
    dialog.get_by_role("button", name="Add person").click()
    page.get_by_role("combobox", name="Role of Wilma").select_option("Viewer")
    expect(page.get_by_text("Wilma is now: Viewer.")).to_be_visible()

    theirs = new_page(server.url)
    sign_in(theirs, "wilma@example.com", "first words of all")
    go(theirs, "Credentials")
    expect(theirs.get_by_text("Ask an admin for the role Editor")).to_be_visible()
    go(theirs, "Settings")
    expect(theirs.get_by_role("tab", name="People")).to_have_count(0)
    theirs.get_by_label("Name").fill("Wilma W")
    theirs.get_by_role("button", name="Save name").click()
    expect(theirs.get_by_text("Your name is saved.")).to_be_visible()
    theirs.get_by_label("Present password").fill("first words of all")
    theirs.get_by_label("New password", exact=True).fill("second words of all")
    theirs.get_by_label("New password, again").fill("other words")
    theirs.get_by_role("button", name="Change password").click()
    expect(theirs.get_by_role("alert").filter(has_text="differ")).to_be_visible()
    theirs.get_by_label("New password, again").fill("second words of all")
    theirs.get_by_role("button", name="Change password").click()
    expect(theirs.get_by_text("Your password is changed.")).to_be_visible()

    page.reload()
    page.get_by_role("button", name="Remove Wilma W").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Wilma W is removed.")).to_be_visible()
    theirs.goto("/")
    expect(theirs).to_have_url(re.compile(r"/login\b"))


def test_the_help_finds_a_node_and_explains_it(page: Page) -> None:
    go(page, "Node help")
    page.get_by_role("searchbox", name="Search nodes").fill("http")
    page.get_by_role("link", name="HTTP Request").click()
    expect(page.get_by_role("heading", name="HTTP Request", level=1)).to_be_visible()
    expect(page).to_have_title("HTTP Request · FlowStudio")
    expect(page.get_by_role("rowheader", name="URL url", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Examples")).to_be_visible()
    page.goto("/help/no-such-node")
    expect(page.get_by_role("heading", name="No such node")).to_be_visible()


def test_on_a_narrow_screen_the_menu_opens_and_the_skip_link_leads_to_the_content(page: Page) -> None:
    page.set_viewport_size({"width": 640, "height": 800})
    credentials = page.get_by_role("navigation", name="Main").get_by_role("link", name="Credentials")
    expect(credentials).to_be_hidden()
    page.get_by_role("button", name="Open the menu").click()
    credentials.click()
    expect(page.get_by_role("heading", name="Credentials", level=1)).to_be_visible()
    expect(credentials).to_be_hidden()
    page.reload()
    expect(page.get_by_role("heading", name="Credentials", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    skip.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_the_tour_comes_after_the_first_sign_in_once_and_on_request(
    server: Server, new_page: NewPage
) -> None:
    page = new_page(server.url)

    def arrive() -> None:
        page.goto("/login")
        page.get_by_label("E-mail").fill(OWNER[0])
        page.get_by_label("Password").fill(OWNER[1])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Workflows", level=1)).to_be_visible()

    arrive()
    tour = page.get_by_role("dialog").filter(has_text="of 5")
    expect(tour).to_contain_text("1 of 5")
    expect(tour.get_by_role("button", name="Next")).to_be_focused()
    for number in range(2, 6):
        page.keyboard.press("Enter")
        expect(tour).to_contain_text(f"{number} of 5")
    page.keyboard.press("Enter")
    expect(tour).to_have_count(0)

    arrive()
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    expect(tour).to_have_count(0)
    go(page, "Settings")
    page.get_by_role("button", name="Account of").click()
    page.get_by_role("button", name="Show me around").click()
    expect(tour).to_contain_text("1 of 5")
    page.keyboard.press("Escape")
    expect(tour).to_have_count(0)


def test_a_lost_connection_is_told_and_taken_back(page: Page) -> None:
    notice = page.get_by_text("Reconnecting")
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    page.context.set_offline(True)
    expect(notice).to_be_visible()
    page.context.set_offline(False)
    expect(notice).to_have_count(0)
