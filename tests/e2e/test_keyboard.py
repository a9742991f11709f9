"""The editor without a mouse."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.test_canvas import card, chain, choose, links, node
from tests.e2e.test_editor import saved, store, stored


def labels(document: dict[str, Any]) -> list[str]:
    return sorted(n["data"].get("label", "") for n in document["nodes"])


def test_a_workflow_is_built_run_and_changed_with_the_keyboard_alone(page: Page) -> None:
    workflow = store(page, {"name": "Typed", "nodes": [], "edges": []})
    expect(page.get_by_role("heading", name="Add the first step")).to_be_visible()
    page.keyboard.press("n")
    choose(page, "manual")
    expect(page.locator(".react-flow__node")).to_be_focused()
    page.keyboard.press("n")
    choose(page, "no operation")
    expect(card(page, "No Operation")).to_be_focused()
    page.keyboard.press("n")
    choose(page, "no operation")
    expect(card(page, "No Operation 2")).to_be_focused()

    page.keyboard.press("F2")
    page.get_by_role("textbox", name="New name of No Operation 2").fill("Last")
    page.keyboard.press("Enter")
    expect(card(page, "Last")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(card(page, "No Operation")).to_be_focused()
    page.keyboard.press("d")
    expect(card(page, "No Operation").get_by_text("Switched off")).to_be_visible()

    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")

    # Where it lies in the drawing: the canvas may still be moving to make room for the run log.
    where = "step => getComputedStyle(step).transform"
    moved = card(page, "No Operation")
    before = moved.evaluate(where)
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowDown")
    expect(moved).not_to_have_css("transform", before)
    assert float(moved.evaluate(where).split(",")[-1].rstrip(")")) > float(before.split(",")[-1].rstrip(")"))

    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Delete")
    expect(page.locator(".react-flow__node")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(".react-flow__node")).to_have_count(3)
    page.keyboard.press("Control+Shift+z")
    expect(page.locator(".react-flow__node")).to_have_count(1)
    page.keyboard.press("Control+z")
    saved(page)
    assert labels(stored(page, workflow)) == ["Last", "Manual Trigger", "No Operation"]
    assert len(stored(page, workflow)["edges"]) == 2


def test_steps_are_connected_parted_and_reached_by_lists(page: Page) -> None:
    document = chain(node("1", "manual-trigger", "Start", 0), node("2", "if-else", "Paid?", 320))
    document["nodes"] += [node("3", "no-op", "Ship", 700, -80), node("4", "no-op", "Remind", 700, 160)]
    workflow = store(page, document)
    expect(card(page, "Paid?")).to_be_visible()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Command palette")
    palette.get_by_role("combobox").fill("paid?")
    page.keyboard.press("Enter")
    expect(card(page, "Paid?")).to_be_focused()

    page.keyboard.press("l")
    connections = page.get_by_role("dialog", name="Connections of Paid?")
    connections.get_by_role("combobox").fill("remind")
    expect(connections.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(card(page, "Paid?")).to_be_focused()
    page.keyboard.press("l")
    connections.get_by_role("combobox").fill("ship")
    expect(connections.get_by_role("option").first).to_contain_text("Ship")
    page.keyboard.press("Enter")
    expect(card(page, "Paid?")).to_be_focused()
    saved(page)
    found = stored(page, workflow)
    assert links(found) == {("Start", "Paid?"), ("Paid?", "Remind"), ("Paid?", "Ship")}
    handles = {e["target"]: e.get("sourceHandle") for e in found["edges"]}
    assert handles["3"] != handles["4"], "the second choice was the other output"

    page.keyboard.press("l")
    connections.get_by_role("combobox").fill("start paid")
    connections.get_by_role("group", name="Remove a connection").get_by_role("option").click()
    expect(card(page, "Paid?")).to_be_focused()
    saved(page)
    assert ("Start", "Paid?") not in links(stored(page, workflow))

    page.keyboard.press("Shift+F10")
    menu = page.get_by_role("menu", name="Menu of Paid?")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(menu).to_have_count(0)

    expect(card(page, "Paid?")).to_be_focused()
    page.keyboard.press("Enter")
    details = page.get_by_role("dialog", name=re.compile("^Step details"))
    expect(details).to_be_visible()
    page.keyboard.press("Escape")
    expect(details).to_have_count(0)


def test_the_sheet_lists_the_keys_and_fields_keep_theirs(page: Page) -> None:
    workflow = store(page, chain(node("1", "manual-trigger", "Start", 0), node("2", "no-op", "End", 320)))
    expect(card(page, "End")).to_be_visible()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    for keys, meaning in (("Ctrl+K", "Command palette"), ("F2", "Rename"), ("Alt+Shift+T", "Tidy up")):
        expect(sheet.locator("dl > div", has_text=meaning).get_by_text(keys, exact=True)).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_role("combobox", name="Search steps")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)

    name = page.get_by_role("textbox", name="Workflow name")
    name.fill("")
    name.press_sequentially("nd1?cp")
    expect(name).to_have_value("nd1?cp")
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.get_by_role("region", name="Workflow canvas").click(position={"x": 500, "y": 60})
    page.keyboard.press("Tab")
    expect(page.get_by_role("combobox", name="Search steps")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+d")
    expect(page.locator(".react-flow__node")).to_have_count(4)
    saved(page)
    with page.expect_response(lambda answer: answer.url.endswith("/operations/")):
        page.keyboard.press("Alt+Shift+T")  # what tidies up is loaded first
    saved(page)
    places = [n.get("position", {}) for n in stored(page, workflow)["nodes"]]
    spots = [(place.get("x", 0), place.get("y", 0)) for place in places]
    for i, (x, y) in enumerate(spots):
        for other_x, other_y in spots[i + 1 :]:
            assert abs(x - other_x) >= 216 or abs(y - other_y) >= 64, "nothing covers anything"
