"""Credentials in the editor: stored in a dialog, chosen in a list, never shown again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from scripts.studio import Server
from tests.e2e.conftest import OWNER, NewPage, enter
from tests.e2e.test_accessibility import violations
from tests.e2e.test_editor import origin, saved, store, stored
from tests.outbound.authorization import Authorization, threaded

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
    enter(theirs, email, password)
    workflow = store(theirs, GUARDED)
    theirs.get_by_role("group", name="Door", exact=True).dblclick()
    theirs.get_by_label("Credential", exact=True).select_option("For everybody")
    expect(theirs.get_by_role("button", name="New credential")).to_have_count(0)
    saved(theirs)
    assert chosen(theirs, workflow) == {"account": made.json()["id"]}


@pytest.fixture(scope="module")
def connected(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose workflows may call loopback."""
    given = {"FLOWSTUDIO_OWNER_EMAIL": OWNER[0], "FLOWSTUDIO_OWNER_PASSWORD": OWNER[1]}
    folder = tmp_path_factory.mktemp("connected")
    with Server(folder, FLOWSTUDIO_ALLOW_HOSTS="127.0.0.1", **given) as started:
        yield started


def test_every_type_has_a_form_made_from_its_shape(page: Page) -> None:
    page.goto("/credentials")
    page.get_by_role("button", name="Add credential").first.click()
    dialog = page.get_by_role("dialog", name="New credential")
    for kind in page.request.get("/api/credential-types").json()["items"]:
        dialog.get_by_label("Type", exact=True).select_option(kind["label"])
        for field in kind["fields"]:
            control = dialog.get_by_label(field["title"], exact=True)
            expect(control).to_have_count(1)
            if field["kind"] == "secret":
                expect(control).to_have_attribute("type", "password")
    dialog.get_by_label("Type", exact=True).select_option("OAuth2")
    expect(dialog.get_by_label("Redirect address")).to_have_value(f"{origin(page)}/api/oauth2/callback")
    dialog.get_by_label("Who signs in").select_option(label="FlowStudio itself (client credentials)")
    expect(dialog.get_by_label("Authorization URL")).to_have_count(0)
    check(page, "the form of a credential")


def test_a_credential_is_connected_tested_and_its_workflows_are_listed(
    connected: Server, new_page: NewPage
) -> None:
    authority = Authorization()
    page = new_page(connected.url)
    enter(page)
    with threaded(authority.answer) as service:
        page.goto("/credentials")
        page.get_by_role("button", name="Add credential").first.click()
        dialog = page.get_by_role("dialog", name="New credential")
        dialog.get_by_label("Name of the credential").fill("Shop")
        dialog.get_by_label("Type", exact=True).select_option("OAuth2")
        dialog.get_by_label("Authorization URL").fill(service.url("/authorize"))
        dialog.get_by_label("Token URL").fill(service.url("/token"))
        dialog.get_by_label("Client ID").fill(authority.client_id)
        dialog.get_by_label("Client secret").fill(authority.client_secret)
        dialog.get_by_label("Address to test with").fill(service.url("/me"))
        dialog.get_by_role("button", name="Save credential").click()
        row = page.get_by_role("row", name="Shop")
        expect(row).to_contain_text("Not connected yet.")

        row.get_by_role("button", name="Test Shop").click()
        expect(row.get_by_role("status")).to_contain_text("press Connect", ignore_case=True)
        authority.denies = "access_denied"
        row.get_by_role("button", name="Connect Shop").click()
        expect(row).to_contain_text("The sign-in was cancelled")
        authority.denies = ""
        row.get_by_role("button", name="Connect Shop").click()
        expect(row.get_by_role("button", name="Connect Shop again")).to_be_visible()
        expect(page.get_by_text("Connected. Steps can use it now.")).to_be_visible()
        row.get_by_role("button", name="Test Shop").click()
        expect(row.get_by_role("status")).to_contain_text("It works: 127.0.0.1 answered with status 200.")

        [stored_one] = page.request.get("/api/credentials").json()["items"]
        step = {"id": "1", "type": "http-request", "data": {"credentials": {"account": stored_one["id"]}}}
        for name in ("Orders", "Returns"):
            body = {"name": name, "nodes": [step], "edges": []}
            assert page.request.post("/api/workflows", data=body, headers={"Origin": origin(page)}).ok
        page.reload()
        row.get_by_text("2 workflows").click()
        expect(row.get_by_role("link", name="Orders")).to_be_visible()
        check(page, "the list of credentials")

        row.get_by_role("button", name="Change Shop").click()
        dialog = page.get_by_role("dialog", name="Change “Shop”")
        dialog.get_by_label("Name of the credential").fill("Warehouse")
        dialog.get_by_text("Sharing and end").click()
        dialog.get_by_label("Who may use it in workflows").select_option("Admins")
        dialog.get_by_label("Ends on (optional)").fill("2020-01-31")
        dialog.get_by_role("button", name="Save credential").click()
        row = page.get_by_role("row", name="Warehouse")
        expect(row).to_contain_text("Ended on")
        row.get_by_role("button", name="Delete Warehouse").click()
        gone = page.get_by_role("dialog", name="Delete “Warehouse”?")
        expect(gone).to_contain_text("Returns")
        gone.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("No credentials yet")).to_be_visible()
    html = page.content()
    assert all(secret not in html for secret in (*authority.given, authority.client_secret))


def check(page: Page, place: str) -> None:
    """axe, in both themes."""
    for theme, other in (("dark", "light"), ("light", "dark")):
        page.evaluate("([on, off]) => document.documentElement.classList.replace(off, on)", [theme, other])
        assert violations(page) == [], f"{place}, {theme}"


def test_an_admin_sets_the_network_rules(page: Page) -> None:
    page.goto("/settings#network")
    allowed = page.get_by_label("Also allowed")
    allowed.fill("intranet.local:8080\nhttp://wrong")
    page.get_by_label("Denied").fill("*.ads.example")
    page.get_by_role("button", name="Save network rules").click()
    expect(page.get_by_role("alert").filter(has_text="is not a host")).to_be_visible()
    allowed.fill("intranet.local:8080")
    page.get_by_role("button", name="Save network rules").click()
    expect(page.get_by_text("The network rules hold from now on.")).to_be_visible()
    page.reload()
    expect(allowed).to_have_value("intranet.local:8080")
    check(page, "the network rules")
    expect(page.get_by_label("Denied")).to_have_value("*.ads.example")
    headers = {"Origin": origin(page)}
    emptied = page.request.put("/api/network-rules", data={"allowed": [], "denied": []}, headers=headers)
    assert emptied.ok
