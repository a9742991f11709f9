"""Looking after people: what they did, and how they get in."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from scripts.studio import Server
from tests.e2e.conftest import NewPage


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
