"""Pictures of the editor and what opens in it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from scripts import scenery
from scripts.camera import Camera

TRIAGE = "example-order-triage"


def canvas(camera: Camera) -> None:
    """A run on the canvas, a sticky note, an empty drawing."""
    page = camera.page
    camera.open("example-stock-check", "Running low?")
    camera.run()
    camera.fit()
    camera.shoot("editor")
    made = camera.call("workflows/", {"name": "My workflow", "nodes": [], "edges": []})["id"]
    camera.go(f"/workflows/{made}", page.get_by_role("heading", name="Add the first step"))
    camera.shoot("empty")
    camera.call(f"workflows/{made}/", method="DELETE")
    camera.open("example-best-sellers", "Top five")
    camera.card("Start").click()
    page.keyboard.press("0")
    camera.card("About").click()
    camera.shoot("note", focused=True)


def lists(camera: Camera) -> None:
    """The palette, the command palette, the keys, search."""
    page = camera.page
    camera.open(TRIAGE, "Paid orders")
    page.get_by_role("button", name="Add step").first.click()
    expect(page.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    camera.shoot("palette", focused=True)
    camera.close()
    page.keyboard.press("Control+k")
    camera.dialog("Command palette").get_by_role("combobox").fill("or")
    camera.shoot("commands", focused=True)
    camera.close()
    page.keyboard.press("?")
    camera.dialog("Keyboard shortcuts")
    camera.shoot("shortcuts")
    camera.close()
    page.keyboard.press("Control+f")
    page.get_by_role("combobox", name="Find in this workflow").fill("region")
    expect(page.get_by_role("listbox", name="Hits").get_by_role("option").first).to_be_visible()
    camera.shoot("search", focused=True)
    page.keyboard.press("Escape")


def steps(camera: Camera) -> None:
    """A step with its three panes, and one that holds code."""
    page = camera.page
    camera.open(TRIAGE, "Paid orders")
    camera.run()
    panel = camera.step("Tidy up")
    expect(panel.get_by_role("cell").first).to_be_visible()
    camera.shoot("step")
    panel.get_by_role("tab", name="Settings").click()
    camera.shoot("step-settings")
    camera.close()
    camera.fit()
    panel = camera.step("Europe")
    expect(panel.locator(".cm-content").first).to_be_visible()
    camera.shoot("code")
    camera.close()
    page.get_by_role("region", name="Workflow canvas").click(position={"x": 20, "y": 20})


def expressions(camera: Camera) -> None:
    """An expression in the large editor, with its result."""
    camera.open(TRIAGE, "Paid orders")
    camera.run()
    camera.fit()
    panel = camera.step("Tidy up")
    button = panel.get_by_role("button", name=re.compile("^Open a large editor for Value")).nth(1)
    button.click()
    dialog = camera.dialog(re.compile("^Expression for"))
    expect(dialog.get_by_role("status", name="Result")).to_contain_text(re.compile(r"\w \w"))
    camera.shoot("expression")


def rounds(camera: Camera) -> None:
    """The run log of a loop, its rounds one below the other."""
    camera.open("example-newsletter-in-batches", "All sent")
    camera.run()
    log = camera.page.get_by_role("region", name="Run log")
    log.get_by_role("row", name=re.compile("Write the letter")).first.click()
    expect(log.get_by_role("complementary", name="Chosen row")).to_contain_text("Ada")
    camera.fit()
    camera.shoot("log")


def failure(camera: Camera) -> None:
    """A run that failed: what happened, where, and the way on."""
    camera.open(scenery.find(camera, scenery.PRICES["name"]), "Ask for prices")
    camera.run("Failed")
    expect(camera.page.get_by_role("alert", name="The run failed")).to_be_visible()
    camera.fit()
    camera.shoot("failed")


def versions(camera: Camera) -> None:
    """Publishing, the history with what changed, and the settings of a workflow."""
    page = camera.page
    camera.open("example-greeting", "Greet")
    camera.button(re.compile("^Publish")).click()
    dialog = camera.dialog("Publish this workflow")
    dialog.get_by_label("What is new?").fill("Says good morning")
    camera.shoot("publish")
    camera.close()
    camera.menu("History")
    dialog = camera.dialog("History")
    dialog.get_by_role("list", name="Versions").get_by_role("button").last.click()
    expect(dialog.get_by_role("list", name="Changed since this version")).to_be_visible()
    expect(dialog.locator(".react-flow__node").first).to_be_visible()
    camera.shoot("history")
    camera.close()
    camera.menu("Settings")
    expect(camera.dialog("Workflow settings").get_by_label("Time zone")).to_be_visible()
    camera.shoot("workflow-settings")
    camera.close()
    expect(page.get_by_role("button", name="Workflow menu")).to_be_visible()
