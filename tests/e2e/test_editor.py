"""Drawing, saving and running in the editor."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from scripts.studio import Server
from tests.e2e.conftest import NewPage, enter

LOUD = {
    "name": "Loud",
    "nodes": [
        {"id": "1", "type": "manual-trigger", "data": {"label": "Go"}},
        {
            "id": "2",
            "type": "code",
            "position": {"x": 320, "y": 0},
            "data": {
                "label": "Speak",
                "properties": {"language": "python", "code": 'print("good morning")\nreturn items'},
            },
        },
        {
            "id": "3",
            "type": "stop-and-error",
            "position": {"x": 640, "y": 0},
            "data": {"label": "Give up", "properties": {"message": "The coffee is out."}},
        },
    ],
    "edges": [{"source": "1", "target": "2"}, {"source": "2", "target": "3"}],
}
SLOW = {
    "name": "Slow",
    "nodes": [
        {"id": "1", "type": "manual-trigger", "data": {"label": "Go"}},
        {
            "id": "2",
            "type": "wait",
            "position": {"x": 320, "y": 0},
            "data": {"label": "Sleep", "properties": {"amount": 60, "unit": "seconds"}},
        },
    ],
    "edges": [{"source": "1", "target": "2"}],
}


def store(page: Page, document: dict[str, Any]) -> str:
    """Store a workflow and open it; gives its id."""
    answer = page.request.post("/api/workflows/", data=document, headers={"Origin": origin(page)})
    assert answer.ok, answer.text()
    made: str = answer.json()["id"]
    page.goto(f"/workflows/{made}")
    return made


def stored(page: Page, workflow: str) -> dict[str, Any]:
    document: dict[str, Any] = page.request.get(f"/api/workflows/{workflow}/").json()["document"]
    return document


def origin(page: Page) -> str:
    return str(page.evaluate("location.origin"))


def saved(page: Page) -> None:
    expect(page.get_by_role("status").filter(has_text=re.compile("^Saved$"))).to_be_visible()


def test_a_new_workflow_is_drawn_saved_and_run(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="New workflow").click()
    page.get_by_role("button", name="Create and open").click()
    page.get_by_role("button", name="Add first step").click()
    page.get_by_role("combobox", name="Search steps").fill("manual")
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Manual Trigger", exact=True)).to_be_visible()
    page.get_by_role("button", name="Add step").click()
    page.get_by_role("combobox", name="Search steps").fill("edit fields")
    page.get_by_role("option", name=re.compile("^Edit Fields")).click()
    expect(page.get_by_role("dialog", name="Step details: Edit Fields")).to_be_visible()
    page.get_by_role("textbox", name="Workflow name").fill("Drawn by hand")
    saved(page)

    workflow = page.url.rsplit("/", 1)[1]
    document = stored(page, workflow)
    assert document["name"] == "Drawn by hand"
    assert [node["type"] for node in document["nodes"]] == ["manual-trigger", "edit-fields"]
    assert len(document["edges"]) == 1, "the second step is connected to the selected one"

    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")


def test_a_new_step_is_not_blamed_before_it_could_be_filled_in(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="New workflow").click()
    page.get_by_role("button", name="Create and open").click()
    page.get_by_role("button", name="Add first step").click()
    page.get_by_role("combobox", name="Search steps").fill("manual")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add step").click()
    page.get_by_role("combobox", name="Search steps").fill("http request")
    page.get_by_role("option", name=re.compile("^HTTP Request")).click()
    panel = page.get_by_role("dialog", name="Step details: HTTP Request")
    url = panel.get_by_role("textbox", name="URL")
    expect(url).to_be_visible()
    saved(page)
    expect(page.get_by_text("1 problem")).to_be_visible()
    expect(url).not_to_have_attribute("aria-invalid", "true")
    panel.get_by_role("button", name="Run this step").click()
    expect(url).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("img", name=re.compile("URL is required"))).to_be_visible()


def test_undo_and_redo_travel_through_the_changes(page: Page) -> None:
    workflow = store(page, LOUD)
    page.get_by_role("group", name="Give up", exact=True).dblclick()
    page.get_by_role("button", name="Delete step").click()
    expect(page.get_by_role("group", name="Give up", exact=True)).to_have_count(0)
    saved(page)
    assert len(stored(page, workflow)["nodes"]) == 2

    page.keyboard.press("Control+z")
    expect(page.get_by_role("group", name="Give up", exact=True)).to_be_visible()
    saved(page)
    assert len(stored(page, workflow)["edges"]) == 2

    page.keyboard.press("Control+Shift+z")
    expect(page.get_by_role("group", name="Give up", exact=True)).to_have_count(0)


def test_a_parameter_is_changed_in_the_form(page: Page) -> None:
    workflow = store(page, LOUD)
    page.get_by_role("group", name="Give up", exact=True).dblclick()
    page.get_by_label("Message", exact=False).first.fill("No more tea either.")
    saved(page)
    node = next(node for node in stored(page, workflow)["nodes"] if node["id"] == "3")
    assert node["data"]["properties"]["message"] == "No more tea either."


def test_a_failing_step_shows_its_error_and_what_was_printed_before(page: Page) -> None:
    store(page, LOUD)
    page.get_by_role("button", name="Execute workflow").click()
    log = page.get_by_role("region", name="Run log")
    expect(log.get_by_role("status")).to_contain_text("Failed")

    card = page.get_by_role("group", name="Give up", exact=True)
    expect(card.get_by_role("img", name=re.compile("^Failed"))).to_be_visible()
    card.dblclick()
    panel = page.get_by_role("dialog", name="Step details")
    expect(panel.get_by_role("alert")).to_contain_text("The coffee is out.")

    page.get_by_role("button", name="Previous step: Speak").click()
    panel.get_by_role("button", name="Log", exact=True).click()
    expect(panel.get_by_role("region", name="Output").get_by_text("good morning")).to_be_visible()


def test_a_run_is_stopped(page: Page) -> None:
    store(page, SLOW)
    page.get_by_role("button", name="Execute workflow").click()
    expect(
        page.get_by_role("group", name="Sleep", exact=True).get_by_role("img", name="Running")
    ).to_be_visible()
    expect(page).to_have_title("Running 1/2 · Slow")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Cancelled")
    expect(page.get_by_role("button", name="Execute workflow")).to_be_visible()


def test_a_double_click_starts_a_run_and_does_not_stop_it_again(page: Page) -> None:
    store(page, SLOW)
    cancelled: list[str] = []
    page.on("request", lambda request: cancelled.append(request.url) if "/cancel" in request.url else None)
    page.get_by_role("button", name="Execute workflow").click()
    stop = page.get_by_role("button", name="Stop")
    stop.hover()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    expect(
        page.get_by_role("group", name="Sleep", exact=True).get_by_role("img", name="Running")
    ).to_be_visible()
    assert cancelled == []
    stop.click()
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Cancelled")


def test_a_workflow_that_is_gone_says_so(server: Server, new_page: NewPage) -> None:
    page = new_page(server.url)
    enter(page)
    page.goto("/workflows/no-such-workflow")
    expect(page.get_by_role("alert")).to_contain_text("does not exist")
