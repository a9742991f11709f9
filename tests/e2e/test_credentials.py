"""Credentials in the editor: stored in a dialog, chosen in a list, never shown again."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from scripts.studio import Server
from tests.e2e.conftest import NewPage, sign_in
from tests.e2e.test_editor import origin, saved, store, stored

SECRET = "only-the-server-knows-4711"
GUARDED = {
    "name": "Guarded",
    "nodes": [
        {
            "id": "in",
            "type": "webhook",
            "data": {"label": "Door", "properties": {"path": "door", "authentication": "header"}},
        }
    ],
    "edges": [],
}


def chosen(page: Page, workflow: str) -> dict[str, str]:
    """The credentials that the stored step names."""
    found: dict[str, str] = stored(page, workflow)["nodes"][0]["data"].get("credentials", {})
    return found


def test_a_credential_is_made_in_a_dialog_and_selected_and_its_value_is_never_shown(page: Page) -> None:
    workflow = store(page, GUARDED)
    page.get_by_role("group", name="Door", exact=True).dblclick()
    panel = page.get_by_role("dialog", name="Step details")
    slot = panel.get_by_label("Credential", exact=True)
    expect(slot).to_have_value("")

    panel.get_by_role("button", name="New credential").click()
    dialog = page.get_by_role("dialog", name="New credential")
    expect(dialog.get_by_label("Type")).to_have_value("http-header")
    dialog.get_by_label("Name of the credential").fill("Shop key")
    dialog.get_by_label("Header name").fill("not a header name")
    value = dialog.get_by_label("Header value")
    expect(value).to_have_attribute("type", "password")
    value.fill(SECRET)
    dialog.get_by_role("button", name="Save credential").click()
    expect(dialog.get_by_role("alert")).to_contain_text("name")
    assert SECRET not in dialog.get_by_role("alert").inner_text()

    dialog.get_by_label("Header name").fill("X-Shop-Key")
    dialog.get_by_role("button", name="Save credential").click()
    expect(dialog).to_have_count(0)
    expect(slot.locator("option:checked")).to_have_text("Shop key")
    saved(page)
    [made] = [c for c in page.request.get("/api/credentials").json()["items"] if c["name"] == "Shop key"]
    assert chosen(page, workflow) == {"account": made["id"]}

    slot.press("Control+z")
    expect(slot).to_have_value("")
    saved(page)
    assert chosen(page, workflow) == {}
    slot.select_option("Shop key")
    saved(page)
    assert chosen(page, workflow) == {"account": made["id"]}

    assert SECRET not in page.content()
    assert SECRET not in page.evaluate(
        "JSON.stringify([...document.querySelectorAll('input, textarea')].map((field) => field.value))"
    )
    for path in ("credentials", f"credentials/{made['id']}", "credential-types", f"workflows/{workflow}"):
        answer = page.request.get(f"/api/{path}")
        assert answer.ok, answer.text()
        assert SECRET not in answer.text()


def test_only_parameters_that_ask_for_a_credential_show_the_list(page: Page) -> None:
    store(page, GUARDED)
    page.get_by_role("group", name="Door", exact=True).dblclick()
    panel = page.get_by_role("dialog", name="Step details")
    expect(panel.get_by_label("Credential", exact=True)).to_be_visible()
    panel.get_by_label("Who may call", exact=True).select_option("Anybody")
    expect(panel.get_by_label("Credential", exact=True)).to_have_count(0)


def test_an_editor_chooses_credentials_but_makes_none(page: Page, server: Server, new_page: NewPage) -> None:
    email, password = "chooser@example.com", "yet another passphrase"
    headers = {"Origin": origin(page)}
    made = page.request.post(
        "/api/credentials",
        data={"name": "For everybody", "type": "http-header", "values": {"name": "X-Key", "value": SECRET}},
        headers=headers,
    )
    assert made.ok, made.text()
    user = {"email": email, "password": password, "name": "Chooser", "role": "editor"}
    assert page.request.post("/api/users", data=user, headers=headers).ok

    theirs = new_page(server.url)
    sign_in(theirs, email, password)
    workflow = store(theirs, GUARDED)
    theirs.get_by_role("group", name="Door", exact=True).dblclick()
    theirs.get_by_label("Credential", exact=True).select_option("For everybody")
    expect(theirs.get_by_role("button", name="New credential")).to_have_count(0)
    saved(theirs)
    assert chosen(theirs, workflow) == {"account": made.json()["id"]}
