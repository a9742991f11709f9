"""Getting in, getting out, and what a role may do."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.studio import Server
from tests.e2e.conftest import OWNER, NewPage, sign_in, until

VIEWER = ("viewer@example.com", "only looking around")


def test_a_wrong_password_is_refused_and_the_right_one_leads_to_where_one_was_heading(
    server: Server, new_page: NewPage
) -> None:
    page = new_page(server.url)
    page.goto("/login?next=/executions")
    page.get_by_label("E-mail").fill(OWNER[0])
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    assert page.context.cookies() == []

    page.get_by_label("Password").fill(OWNER[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Executions")).to_be_visible()


def test_a_link_cannot_send_people_elsewhere_after_signing_in(server: Server, new_page: NewPage) -> None:
    page = new_page(server.url)
    page.goto("/login?next=//evil.example/")
    page.get_by_label("E-mail").fill(OWNER[0])
    page.get_by_label("Password").fill(OWNER[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
    assert page.url.startswith(server.url)


def test_the_session_cookie_is_out_of_reach_of_scripts(page: Page) -> None:
    page.goto("/")
    (cookie,) = [c for c in page.context.cookies() if c.get("name") == "flowstudio_session"]
    assert cookie.get("httpOnly") is True
    assert cookie.get("sameSite") == "Lax"
    assert "flowstudio_session" not in page.evaluate("document.cookie")


def test_signing_out_closes_the_pages(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
    page.get_by_role("button", name="Account of").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"/login\b"))
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/login\b"))
    page.goto("/workflows/example-order-triage")
    expect(page).to_have_url(re.compile(r"/login\b"))


def test_a_viewer_may_look_and_change_nothing(page: Page, server: Server, new_page: NewPage) -> None:
    made = page.request.post(
        "/api/users/",
        data={"name": "Vera", "email": VIEWER[0], "password": VIEWER[1], "role": "viewer"},
        headers={"Origin": server.url},
    )
    assert made.ok, made.text()
    viewer = new_page(server.url)
    sign_in(viewer, *VIEWER)
    expect(viewer.get_by_text("Viewer")).to_be_visible()
    expect(viewer.get_by_role("button", name="New workflow")).to_have_count(0)
    expect(viewer.get_by_role("switch", name="Active: Greeting")).to_be_disabled()

    viewer.get_by_role("link", name="Greeting", exact=True).click()
    expect(viewer.get_by_text("View only")).to_be_visible()
    expect(viewer.get_by_role("button", name="Execute workflow")).to_have_count(0)
    expect(viewer.get_by_role("textbox", name="Workflow name")).to_be_disabled()
    viewer.get_by_role("group", name="Greet", exact=True).dblclick()
    panel = viewer.get_by_role("dialog", name="Step details")
    expect(panel.get_by_role("button", name="Delete step")).to_have_count(0)


def test_an_unknown_address_says_so(page: Page) -> None:
    page.goto("/nowhere/at/all")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


@pytest.mark.parametrize("path", ["/login", "/setup"])
def test_a_password_never_goes_into_an_address(new_page: NewPage, server: Server, path: str) -> None:
    """A page that does not listen yet, as on a slow line, must not let the browser send the form by itself."""
    page = new_page(server.url, java_script_enabled=False)
    page.goto(path)
    form = page.locator("form")
    expect(form).to_have_attribute("method", "post")
    expect(form.get_by_role("button")).to_be_disabled()


def test_a_script_that_was_smuggled_in_does_not_run(server: Server, browser: Browser) -> None:
    """In every way in which a page could be made to run one. Not `new_page`, which forbids complaints of the policy."""
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in ("/login", "/workflows/nowhere"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.evaluate(
            """() => {
              const inline = document.createElement("script");
              inline.textContent = "window.smuggled = 1";
              const outside = document.createElement("script");
              outside.src = "data:text/javascript,window.smuggled=2";
              document.body.append(inline, outside);
              document.body.insertAdjacentHTML("beforeend", '<button id="smuggler" onclick="window.smuggled = 3">x</button>');
              document.getElementById("smuggler").click();
              const link = document.createElement("a");
              link.href = "javascript:window.smuggled = 4";
              document.body.append(link);
              link.click();
              setTimeout('window.smuggled = 5');
              setTimeout(() => eval("window.smuggled = 6"));
              setTimeout(() => new Function("window.smuggled = 7")());
            }"""
        )
        page.wait_for_function("() => new Promise((done) => setTimeout(() => done(true), 50))")
        assert page.evaluate("window.smuggled") is None, path
    # Asking the page lets what it said arrive.
    until(lambda: page.evaluate("true") and sum("Content Security Policy" in text for text in said) >= 14)
    context.close()
