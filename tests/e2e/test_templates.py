"""Templates, and workflows as files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

THEIRS: dict[str, Any] = {
    "name": "Copied from n8n",
    "nodes": [
        {"name": "Go", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": [0, 0]},
        {"name": "Hand over", "type": "n8n-nodes-base.noOp", "typeVersion": 1, "position": [200, 0]},
        {"name": "Tell", "type": "n8n-nodes-base.slack", "typeVersion": 2, "position": [400, 0]},
    ],
    "connections": {"Go": {"main": [[{"node": "Hand over", "type": "main", "index": 0}]]}},
}


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


def test_a_workflow_goes_out_as_a_file_and_comes_back(page: Page, tmp_path: Path) -> None:
    made = page.request.post("/api/templates/first-workflow/use/").json()["id"]
    page.goto(f"/workflows/{made}")
    page.get_by_role("button", name="Workflow menu").click()
    with page.expect_download() as downloading:
        page.get_by_role("menuitem", name="Download", exact=True).click()
    assert downloading.value.suggested_filename == "your-first-workflow.json"
    file = tmp_path / "workflow.json"
    downloading.value.save_as(file)
    page.get_by_role("button", name="Workflow menu").click()
    with page.expect_download() as downloading:
        page.get_by_role("menuitem", name="Download for n8n").click()
    theirs = json.loads(downloading.value.path().read_text())
    assert {node["type"].partition(".")[0] for node in theirs["nodes"]} == {"n8n-nodes-base"}
    broken = tmp_path / "broken.json"
    broken.write_text("{")

    page.goto("/")
    page.get_by_role("button", name="Import", exact=True).click()
    dialog = page.get_by_role("dialog", name="Import workflows")
    dialog.get_by_label("Workflow files").set_input_files([file, broken])
    expect(dialog.get_by_role("checkbox", name=re.compile("Your first workflow"))).to_be_checked()
    expect(dialog.get_by_text("4 steps · FlowStudio")).to_be_visible()
    expect(dialog.get_by_role("alert")).to_contain_text("broken.json This text is not complete")
    dialog.get_by_role("button", name="Create the workflow").click()
    page.wait_for_url("**/workflows/**")
    expect(card(page, "Write a sentence")).to_be_visible()
    again = page.url.rsplit("/", 1)[-1]
    assert again != made
    assert page.request.get(f"/api/workflows/{again}/export").body() == file.read_bytes()


def test_steps_of_n8n_are_pasted_into_the_dialog_and_inserted(page: Page) -> None:
    made = page.request.post("/api/workflows/", data={"name": "Mine", "nodes": [], "edges": []}).json()["id"]
    page.goto(f"/workflows/{made}")
    page.get_by_role("button", name="Workflow menu").click()
    page.get_by_role("menuitem", name="Import").click()
    dialog = page.get_by_role("dialog", name="Import into this workflow")
    dialog.get_by_role("button", name="Text").click()
    text = dialog.get_by_label("Workflow as text")
    text.fill("hello")
    dialog.get_by_role("button", name="Read", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("This is not a workflow.")
    text.fill(json.dumps(THEIRS))
    dialog.get_by_role("button", name="Read", exact=True).click()
    expect(dialog.get_by_text("3 steps · n8n")).to_be_visible()
    told = dialog.get_by_role("list", name="What becomes of the steps")
    expect(told).to_have_text(re.compile("2 imported.*1 not available", re.DOTALL))
    expect(dialog.get_by_text("There is no step of the type n8n-nodes-base.slack here")).to_be_visible()
    dialog.get_by_role("button", name="Insert").click()
    expect(dialog).to_have_count(0)
    for name in ("Go", "Hand over", "Tell"):
        expect(card(page, name)).to_be_visible()
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(card(page, "Hand over")).to_have_count(0)
