"""Looking after people: what they did, and how they get in."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from scripts.studio import Server
from tests.api.smtp import mail_server
from tests.e2e.conftest import NewPage
from tests.e2e.test_accessibility import violations


def test_an_admin_sees_who_did_what_and_takes_it_along(page: Page, tmp_path: Path) -> None:
    person = {"name": "Grace", "email": "grace@example.com", "password": "correct horse battery"}
    assert page.request.post("/api/users", data=person).status == 201
    page.goto("/settings#activity")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Added a person")
    expect(rows.nth(1)).to_contain_text("owner@example.com")
    page.get_by_label("What", exact=True).select_option("session.opened")
    expect(page.get_by_role("cell", name="Added a person")).to_have_count(0)
    expect(page.get_by_role("cell", name="Signed in").first).to_be_visible()
    page.get_by_label("What", exact=True).select_option("")
    page.get_by_role("searchbox").fill("grace@")
    expect(rows).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as table").click()
    download.value.save_as(tmp_path / "log.csv")
    [head, line, *rest] = (tmp_path / "log.csv").read_text().splitlines()
    assert head.startswith("at,actor,")
    assert "grace@example.com" in line
    assert rest == []


def test_a_person_who_is_no_admin_is_not_offered_the_log(
    server: Server, new_page: NewPage, page: Page
) -> None:
    viewer = {"name": "Vi", "email": "vi@example.com", "password": "correct horse battery", "role": "viewer"}
    assert page.request.post("/api/users", data=viewer).status == 201
    window = new_page(server.url)
    login = {"email": "vi@example.com", "password": "correct horse battery"}
    assert window.request.post("/api/login", data=login).ok
    window.goto("/settings#activity")
    expect(window.get_by_role("button", name="Save name")).to_be_visible()
    expect(window.get_by_role("tab", name="Activity")).to_have_count(0)
    assert window.request.get("/api/audit").status == 403


def test_an_admin_sets_limits_and_a_mail_server_and_tries_it(page: Page) -> None:
    page.goto("/settings#server")
    page.get_by_label("Days that executions are kept").fill("30")
    page.get_by_role("button", name="Save what is kept").click()
    expect(page.get_by_text("The next clean-up keeps to it.")).to_be_visible()
    page.get_by_label("Largest request").fill("0.5")
    page.get_by_role("button", name="Save limits").click()
    assert page.get_by_label("Largest request").evaluate("field => !field.checkValidity()")
    page.get_by_label("Largest request").fill("32")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_text("The limits hold from now on.")).to_be_visible()
    with mail_server() as inbox:
        place = urlsplit(inbox.url)
        mail = page.get_by_role("region", name="Mail")
        mail.get_by_label("Mail server", exact=True).fill("127.0.0.1")
        mail.get_by_label("Port").fill(str(place.port))
        mail.get_by_label("User").fill("ada")
        mail.get_by_label("Sender").fill("studio@example.com")
        mail.get_by_role("button", name="Save mail server").click()
        expect(mail.get_by_role("alert").filter(has_text="Enter the password")).to_be_visible()
        mail.get_by_label("Password").fill("mail-secret-77")
        mail.get_by_role("button", name="Save mail server").click()
        mail.get_by_role("button", name="Send a test mail to me").click()
        expect(mail.get_by_role("status")).to_have_text("A mail is on its way to owner@example.com.")
        assert inbox.take()["From"] == "studio@example.com"
    page.reload()
    expect(page.get_by_label("Days that executions are kept")).to_have_value("30")
    expect(page.get_by_label("Largest request")).to_have_value("32")
    expect(mail.get_by_label("Password")).to_have_value("")
    assert violations(page) == []
    mail.get_by_role("button", name="Send a test mail to me").click()
    expect(mail.get_by_role("status")).to_contain_text("could not be reached")
    mail.get_by_role("button", name="Send no mail any more").click()
    expect(page.get_by_text("FlowStudio sends no mail any more.")).to_be_visible()


def test_an_invited_person_joins_by_a_link_that_works_once(
    server: Server, new_page: NewPage, page: Page
) -> None:
    page.goto("/settings#people")
    page.get_by_role("button", name="Invite somebody").click()
    dialog = page.get_by_role("dialog", name="Invite somebody")
    dialog.get_by_label("Role").select_option("viewer")
    dialog.get_by_role("button", name="Make link").click()
    link = page.get_by_label("Link of the invitation").input_value()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("table", name="Open invitations").get_by_role("row")).to_have_count(2)

    guest = new_page(server.url)
    guest.goto(link)
    expect(guest.get_by_text("You are invited as: Viewer.")).to_be_visible()
    guest.get_by_label("Your name").fill("Ida")
    guest.get_by_label("E-mail").fill("ida@example.com")
    guest.get_by_label("Password").fill("correct horse battery")
    guest.get_by_role("button", name="Create my account").click()
    expect(guest.get_by_role("heading", name="Workflows", level=1)).to_be_visible()
    guest.goto("/settings")
    expect(guest.get_by_text("This browser")).to_be_visible()

    late = new_page(server.url)
    late.goto(link)
    expect(late.get_by_role("alert")).to_contain_text("does not work any more")

    page.goto("/settings#people")
    page.reload()
    page.get_by_role("button", name="Where Ida is signed in").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out there").click()
    expect(page.get_by_text("Signed out there.")).to_be_visible()
    assert guest.request.get("/api/me").status == 401
