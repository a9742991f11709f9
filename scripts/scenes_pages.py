"""Pictures of the pages around the editor, from the first start on."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from scripts import scenery
from scripts.camera import Camera

OWNER = {"name": "Ada Lovelace", "email": "ada@example.com", "password": "correct horse battery"}


def first_start(camera: Camera) -> None:
    """Set-up, the tour, and the list as it is first seen; then work is left behind for the others."""
    page = camera.page
    camera.go("/setup", page.get_by_role("heading", name="Set up FlowStudio"))
    page.get_by_label("Your name").fill(OWNER["name"])
    page.get_by_label("E-mail").fill(OWNER["email"])
    page.get_by_label("Password").fill(OWNER["password"])
    camera.shoot("setup")
    camera.button("Create owner account").click()
    expect(page.get_by_role("heading", name="Workflows", level=1)).to_be_visible()
    expect(page.get_by_role("dialog").filter(has_text="of 5")).to_be_visible()
    camera.shoot("tour")
    camera.close()
    expect(page.get_by_role("link", name="Order triage", exact=True)).to_be_visible()
    camera.shoot("first-start")
    scenery.arrange(camera)


def workflows(camera: Camera) -> None:
    """The list of workflows, what was deleted, and importing."""
    page = camera.page
    camera.go("/", page.get_by_role("link", name="Order triage", exact=True))
    expect(page.locator("time").first).to_be_visible()
    camera.shoot("workflows")
    camera.button("Import").click()
    dialog = camera.dialog("Import workflows")
    dialog.get_by_role("button", name="Text").click()
    dialog.get_by_label("Workflow as text").fill(scenery.COPIED)
    dialog.get_by_role("button", name="Read", exact=True).click()
    expect(dialog.get_by_text("4 steps · n8n")).to_be_visible()
    camera.shoot("import")
    camera.close()
    camera.button("Recently deleted").click()
    expect(page.get_by_role("button", name=re.compile("^Restore")).first).to_be_visible()
    camera.shoot("deleted")


def templates(camera: Camera) -> None:
    """The gallery and one template."""
    page = camera.page
    camera.go("/templates", page.get_by_role("img", name=re.compile("Picture of the workflow")))
    camera.shoot("templates")
    camera.button("Your first workflow").click()
    expect(camera.dialog("Your first workflow").get_by_role("img").first).to_be_visible()
    camera.shoot("template")


def executions(camera: Camera) -> None:
    """The list with filters, and one execution."""
    page = camera.page
    row = page.get_by_role("link", name=re.compile("^Open execution of"))
    camera.go("/executions", row)
    camera.shoot("executions")
    camera.button(re.compile("^Failed")).click()
    expect(page).to_have_url(re.compile("status="))
    expect(page.get_by_role("link", name="Open execution of Newsletter in batches")).to_have_count(0)
    camera.shoot("executions-filtered")
    camera.button(re.compile("^All")).click()
    page.get_by_role("link", name="Open execution of Order triage").first.click()
    expect(page.get_by_role("treegrid").get_by_role("row", name=re.compile("Paid orders"))).to_be_visible()
    page.get_by_role("treegrid").get_by_role("row", name=re.compile("Paid orders")).click()
    expect(page.get_by_role("complementary", name="Chosen row").get_by_role("cell").first).to_be_visible()
    camera.fit()
    camera.shoot("execution")


def credentials(camera: Camera) -> None:
    """The list and its dialog."""
    page = camera.page
    camera.go("/credentials", page.get_by_role("row").filter(has_text="Web shop"))
    page.get_by_role("button", name="Test Invoices").click()
    expect(page.get_by_text("It works: a token")).to_be_visible()
    camera.shoot("credentials")
    camera.button("Add credential").click()
    dialog = camera.dialog("New credential")
    dialog.get_by_label("Name of the credential").fill("Price service")
    dialog.get_by_label("Type", exact=True).select_option("OAuth2")
    expect(dialog.get_by_label("Redirect address")).to_be_visible()
    camera.shoot("credential")


def settings(camera: Camera) -> None:
    """Each tab."""
    page = camera.page
    camera.go("/settings", camera.button("Save name"))
    camera.shoot("settings")
    for tab, shown in (
        ("keys", page.get_by_role("row").filter(has_text="Laptop")),
        ("people", page.get_by_role("row").filter(has_text="Grace")),
        ("network", page.get_by_label("Also allowed")),
        ("server", page.get_by_label("Days that executions are kept")),
        ("workers", page.get_by_text("One process does everything here")),
        ("about", page.get_by_text("Data folder")),
    ):
        camera.go("/", page.get_by_role("link", name="Order triage", exact=True))
        camera.go(f"/settings#{tab}", shown)
        camera.shoot(f"settings-{tab}")


def help_pages(camera: Camera) -> None:
    """The list of nodes and one of them."""
    page = camera.page
    camera.go("/help", page.get_by_role("link", name="Code", exact=True))
    camera.shoot("help")
    camera.go("/help/http-request", page.get_by_role("heading", name="HTTP Request", level=1))
    camera.shoot("help-node")


def login(camera: Camera) -> None:
    """Somebody who is not signed in."""
    camera.page.context.clear_cookies()
    camera.go("/login", camera.page.get_by_role("heading", name="Sign in"))
    camera.shoot("login")
