"""Editing together, offline, across restarts; publishing, history, undo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from bench.server import free_port
from scripts.studio import Server
from tests.e2e.conftest import OWNER, NewPage, enter
from tests.e2e.test_editor import origin, saved, store, stored

ORDERS: dict[str, Any] = {
    "name": "Orders",
    "nodes": [
        {"id": "1", "type": "manual-trigger", "data": {"label": "Go"}},
        {"id": "2", "type": "edit-fields", "position": {"x": 320, "y": 0}, "data": {"label": "Sum"}},
        {
            "id": "3",
            "type": "stop-and-error",
            "position": {"x": 640, "y": 0},
            "data": {"label": "Give up", "properties": {"message": "Out of stock."}},
        },
    ],
    "edges": [{"source": "1", "target": "2"}, {"source": "2", "target": "3"}],
}


def hook(path: str, text: str) -> dict[str, Any]:
    """A webhook that answers with a text."""
    fields = [{"name": "text", "type": "string", "value": text}]
    return {
        "name": "Doorbell",
        "nodes": [
            {
                "id": "in",
                "type": "webhook",
                "data": {
                    "label": "Door",
                    "properties": {"path": path, "method": "GET", "respond": "last-node"},
                },
            },
            {
                "id": "out",
                "type": "edit-fields",
                "position": {"x": 320, "y": 0},
                "data": {"label": "Greet", "properties": {"fields": fields}},
            },
        ],
        "edges": [{"source": "in", "target": "out"}],
    }


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def message(page: Page) -> Locator:
    """The message of the step that gives up, with its panel open."""
    field = page.get_by_label("Message", exact=False).first
    if not field.is_visible():
        card(page, "Give up").dblclick()
    return field


def drag(page: Page, name: str, right: int, down: int) -> None:
    card(page, name).hover()  # waits until it stands still
    box = card(page, name).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 8
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=6)
    page.mouse.up()


def offline(page: Page, changes: int) -> None:
    expect(page.get_by_text(re.compile(rf"^Offline \({changes}\) "))).to_be_visible()


def choose(page: Page, item: str) -> None:
    """An entry of the workflow's menu."""
    page.get_by_role("button", name="Workflow menu").click()
    page.get_by_role("menuitem", name=item).click()


def publish(page: Page, note: str) -> None:
    page.get_by_role("button", name=re.compile("^Publish")).click()
    dialog = page.get_by_role("dialog", name="Publish this workflow")
    dialog.get_by_label("What is new?").fill(note)
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(dialog).to_have_count(0)


@pytest.fixture
def other(server: Server, page: Page, new_page: NewPage) -> Page:
    """A second window, of the same person on another machine."""
    opened = new_page(server.url)
    enter(opened)
    return opened


def test_two_windows_that_edit_one_workflow_stay_equal(page: Page, other: Page) -> None:
    workflow = store(page, ORDERS)
    other.goto(f"/workflows/{workflow}")
    here = page.get_by_role("list", name="Also here")
    expect(here.get_by_role("listitem")).to_have_count(1)

    message(other).fill("Sold out.")
    drag(page, "Go", 64, 160)
    expect(message(page)).to_have_value("Sold out.")
    page.get_by_role("textbox", name="Name of the step").fill("Stop here")
    page.keyboard.press("Enter")
    expect(other.get_by_role("textbox", name="Name of the step")).to_have_value("Stop here")

    # One deletes a step while the other renames it, with the line down in between.
    for window in (page, other):
        window.keyboard.press("Escape")
        card(window, "Sum").dblclick()
    page.context.set_offline(True)
    page.get_by_role("button", name="Delete step").click()
    other.get_by_role("textbox", name="Name of the step").fill("Total")
    other.keyboard.press("Enter")
    saved(other)
    page.context.set_offline(False)
    expect(other.get_by_text("The open step was deleted.")).to_be_visible()
    saved(page)
    for window in (page, other):
        expect(card(window, "Stop here")).to_be_visible()
        expect(card(window, "Total")).to_have_count(0)
        expect(card(window, "Sum")).to_have_count(0)
    document = stored(page, workflow)
    assert [node["data"].get("label") for node in document["nodes"]] == ["Go", "Stop here"]
    assert document["nodes"][1]["data"]["properties"]["message"] == "Sold out."
    assert document["nodes"][0]["position"]["y"] > 100
    assert document["edges"] == []

    other.context.close()
    expect(here).to_have_count(0)


def test_edits_made_offline_arrive_afterwards(page: Page, other: Page) -> None:
    workflow = store(page, ORDERS)
    other.goto(f"/workflows/{workflow}")
    name = page.get_by_role("textbox", name="Workflow name")
    expect(card(page, "Give up")).to_be_visible()
    page.context.set_offline(True)
    message(page).fill("Typed in a tunnel.")
    offline(page, 1)
    name.fill("Underground")
    offline(page, 2)
    other.get_by_role("button", name="Add tags").click()
    other.get_by_role("combobox", name=re.compile("^Tags")).fill("shop, eu")
    other.get_by_role("button", name="Save settings").click()
    saved(other)
    assert stored(other, workflow)["name"] == "Orders"

    page.context.set_offline(False)
    saved(page)
    expect(page.get_by_role("button", name="Tags: shop, eu")).to_be_visible()
    expect(other.get_by_role("textbox", name="Workflow name")).to_have_value("Underground")
    assert stored(page, workflow)["nodes"][2]["data"]["properties"]["message"] == "Typed in a tunnel."


@pytest.fixture
def crashing(built: None, tmp_path: Path) -> Iterator[list[Server]]:
    """A server of its own; what a test puts in its place is stopped too."""
    owner = {"FLOWSTUDIO_OWNER_EMAIL": OWNER[0], "FLOWSTUDIO_OWNER_PASSWORD": OWNER[1]}
    servers = [Server(tmp_path, port=str(free_port()), **owner)]
    yield servers
    servers[-1].stop()


def test_a_crash_of_the_server_or_of_the_window_loses_nothing(
    crashing: list[Server], tmp_path: Path, new_page: NewPage
) -> None:
    page = new_page(crashing[0].url)
    enter(page)
    workflow = store(page, ORDERS)
    message(page).fill("Before the crash.")
    saved(page)
    crashing[0].kill()
    message(page).fill("During the crash.")
    offline(page, 1)
    crashing.append(Server(tmp_path, port=str(urlsplit(crashing[0].url).port)))
    saved(page)
    assert stored(page, workflow)["nodes"][2]["data"]["properties"]["message"] == "During the crash."

    # The window is closed before its last edit could be sent; the next one sends it.
    page.context.set_offline(True)
    page.get_by_role("textbox", name="Workflow name").fill("Typed before closing")
    offline(page, 1)
    page.close()
    again = page.context.new_page()
    page.context.set_offline(False)
    again.goto(f"/workflows/{workflow}")
    expect(again.get_by_role("textbox", name="Workflow name")).to_have_value("Typed before closing")
    saved(again)
    assert stored(again, workflow)["name"] == "Typed before closing"


def test_webhooks_answer_with_the_published_version_while_the_draft_changes(
    server: Server, page: Page
) -> None:
    workflow = store(page, hook("published-bell", "Good morning"))
    publish(page, "Greets in the morning")
    page.get_by_role("switch", name="Active").click()
    expect(page.get_by_role("switch", name="Active")).to_be_checked()
    published = page.get_by_role("button", name="Published")
    expect(published).to_be_visible()

    url = f"{server.url}/webhook/published-bell"
    assert httpx.get(url, timeout=60).json()["text"] == "Good morning"
    card(page, "Greet").dblclick()
    page.get_by_role("textbox", name=re.compile("^Value")).last.fill("Good evening")
    expect(page.get_by_role("button", name="Publish unpublished changes")).to_be_visible()
    saved(page)
    assert httpx.get(url, timeout=60).json()["text"] == "Good morning"

    publish(page, "Greets in the evening")
    expect(published).to_be_visible()
    assert httpx.get(url, timeout=60).json()["text"] == "Good evening"
    published.click()
    dialog = page.get_by_role("dialog", name="Publish this workflow")
    expect(dialog).to_contain_text("Published as version")
    expect(dialog).to_contain_text("Greets in the evening")
    dialog.get_by_role("button", name="Stop publishing").click()
    expect(page.get_by_role("switch", name="Active")).not_to_be_checked()
    assert httpx.get(url, timeout=60).status_code == 404
    assert stored(page, workflow)["name"] == "Doorbell"


def test_the_history_says_what_changed_and_brings_a_version_back(page: Page) -> None:
    workflow = store(page, ORDERS)
    publish(page, "As it was sold")
    message(page).fill("Sold out.")
    page.keyboard.press("Escape")
    card(page, "Sum").dblclick()
    page.get_by_role("button", name="Delete step").click()
    saved(page)

    choose(page, "History")
    dialog = page.get_by_role("dialog", name="History")
    dialog.get_by_role("list", name="Versions").get_by_role(
        "button", name=re.compile("As it was sold")
    ).click()
    changes = dialog.get_by_role("list", name="Changed since this version")
    expect(changes).to_contain_text(
        re.compile("Removed.*Sum.*Changed.*Give up.*Out of stock.*Sold out", re.DOTALL)
    )
    dialog.get_by_role("button", name="Edit the note").click()
    dialog.get_by_role("textbox", name="Note on this version").fill("Sold in May")
    dialog.get_by_role("button", name="Save note").click()
    expect(dialog.get_by_role("list", name="Versions")).to_contain_text("Sold in May")
    expect(dialog.get_by_role("list", name="Versions")).not_to_contain_text("As it was sold")
    expect(card(dialog, "Sum")).to_be_visible()  # type: ignore[arg-type]  # a dialog is searched like a page
    dialog.get_by_role("button", name="Restore").click()
    expect(dialog).to_have_count(0)
    expect(card(page, "Sum")).to_be_visible()
    saved(page)
    restored = stored(page, workflow)
    assert {node["id"] for node in restored["nodes"]} == {"1", "2", "3"}
    assert len(restored["edges"]) == 2

    page.get_by_role("button", name="Undo", exact=True).click()
    expect(card(page, "Sum")).to_have_count(0)
    saved(page)
    assert stored(page, workflow)["nodes"][1]["data"]["properties"]["message"] == "Sold out."

    choose(page, "History")
    expect(dialog.get_by_role("list", name="Versions")).to_contain_text("Before version")


def test_an_earlier_version_is_published_from_the_history(page: Page) -> None:
    workflow = store(page, ORDERS)
    publish(page, "The good one")
    message(page).fill("Oops.")
    page.keyboard.press("Escape")
    saved(page)
    publish(page, "The bad one")
    choose(page, "History")
    dialog = page.get_by_role("dialog", name="History")
    versions = dialog.get_by_role("list", name="Versions")
    versions.get_by_role("button", name=re.compile("The good one")).click()
    dialog.get_by_role("button", name="Publish this version").click()
    expect(dialog.get_by_role("button", name="Published", exact=True)).to_be_disabled()
    expect(versions.get_by_role("button", name=re.compile("Published.*The good one"))).to_be_visible()
    expect(versions.get_by_role("button", name=re.compile("Published.*The bad one"))).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=re.compile("unpublished changes"))).to_be_visible()
    answer = page.request.get(f"/api/workflows/{workflow}/").json()
    assert (answer["published_version"], answer["has_unpublished"]) == (1, True)
    assert stored(page, workflow)["nodes"][2]["data"]["properties"]["message"] == "Oops."


def test_typing_in_a_parameter_is_undone_at_once(page: Page) -> None:
    workflow = store(page, ORDERS)
    message(page).press_sequentially(" Come back on Monday.", delay=5)
    saved(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo (Ctrl+Z)").click()
    expect(card(page, "Give up")).not_to_contain_text("Monday")
    saved(page)
    assert stored(page, workflow)["nodes"][2]["data"]["properties"]["message"] == "Out of stock."
    page.get_by_role("button", name="Redo (Ctrl+Shift+Z)").click()
    expect(message(page)).to_have_value(re.compile("Monday"))


def test_settings_duplicate_delete_and_bring_back(page: Page, other: Page) -> None:
    workflow = store(page, ORDERS)
    other.goto(f"/workflows/{workflow}")
    choose(page, "Settings")
    dialog = page.get_by_role("dialog", name="Workflow settings")
    dialog.get_by_label("Time zone").fill("Middle Earth")
    dialog.get_by_role("button", name="Save settings").click()
    expect(dialog.get_by_role("alert")).to_contain_text("not a time zone")
    dialog.get_by_label("Time zone").fill("Europe/Berlin")
    dialog.get_by_label("Stop after (seconds)").fill("90")
    dialog.get_by_label("Keep the data of successful executions").uncheck()
    dialog.get_by_role("button", name="Save settings").click()
    saved(page)
    assert stored(page, workflow)["settings"] == {
        "timezone": "Europe/Berlin",
        "timeout": 90,
        "save_success": "none",
    }

    choose(page, "Delete")
    for window in (page, other):
        expect(window.get_by_role("alert")).to_contain_text("was deleted")
    page.get_by_role("button", name="Bring it back").click()
    saved(page)
    choose(page, "Duplicate")
    expect(page.get_by_role("textbox", name="Workflow name")).to_have_value("Orders (copy)")
    assert not page.url.endswith(workflow)


def test_a_document_that_is_replaced_as_a_whole_is_shown_below_the_own_edits(page: Page) -> None:
    workflow = store(page, ORDERS)
    message(page).fill("Mine")
    saved(page)
    theirs = page.request.put(
        f"/api/workflows/{workflow}/", data=ORDERS | {"name": "Theirs"}, headers={"Origin": origin(page)}
    )
    assert theirs.ok, theirs.text()
    expect(page.get_by_role("textbox", name="Workflow name")).to_have_value("Theirs")
    expect(message(page)).to_have_value("Out of stock.")
