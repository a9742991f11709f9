"""Building on the canvas with the mouse: steps, connections, slots, notes, the clipboard, search."""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.studio import Server
from tests.e2e.conftest import OWNER, NewPage, enter
from tests.e2e.test_editor import saved, store, stored

EXTENSION = Path(__file__).with_name("extension")


def node(id_: str, type_: str, label: str, x: int, y: int = 0, **data: Any) -> dict[str, Any]:
    return {"id": id_, "type": type_, "position": {"x": x, "y": y}, "data": {"label": label, **data}}


def chain(*nodes: dict[str, Any], name: str = "Chain") -> dict[str, Any]:
    """Nodes one after the other."""
    edges = [{"source": a["id"], "target": b["id"]} for a, b in itertools.pairwise(nodes)]
    return {"name": name, "nodes": list(nodes), "edges": edges}


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def links(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Connections by the names of the steps."""
    names = {n["id"]: n["data"].get("label") or n["type"] for n in document["nodes"]}
    return {(names[edge["source"]], names[edge["target"]]) for edge in document["edges"]}


def choose(page: Page, search: str) -> None:
    """Pick the first step that the palette finds."""
    page.get_by_role("combobox", name="Search steps").fill(search)
    page.keyboard.press("Enter")


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def still(page: Page) -> None:
    """Wait until the drawing no longer moves: it follows a new step, and what was under the pointer slips away."""
    page.evaluate("""async () => {
      const view = document.querySelector(".react-flow__viewport");
      for (let same = 0, last = ""; same < 10;) {
        await new Promise(requestAnimationFrame);
        same = view.style.transform === last ? same + 1 : 0;
        last = view.style.transform;
      }
    }""")


def test_steps_are_added_behind_outputs_between_steps_and_where_a_connection_is_dropped(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    start, end = node("1", "manual-trigger", "Start", 0), node("2", "no-op", "End", 480)
    workflow = store(page, chain(start, end))
    card(page, "End").hover()
    page.get_by_role("button", name="Add a step after End").click()
    palette = page.get_by_role("dialog", name="What comes after End?")
    expect(palette.get_by_role("option").first).not_to_have_text(re.compile("Trigger"))
    palette.get_by_role("group", name="Categories").get_by_role("button", name="Triggers").click()
    expect(palette.get_by_role("option", name=re.compile("^Filter"))).to_have_count(0)
    palette.get_by_role("group", name="Categories").get_by_role("button", name="All").click()
    choose(page, "no operation")
    expect(card(page, "No Operation")).to_be_visible()

    still(page)
    page.locator(".react-flow__edge").first.hover(force=True)
    page.get_by_role("button", name="Insert a step between Start and End").click()
    choose(page, "no operation")
    expect(card(page, "No Operation 2")).to_be_visible()

    still(page)
    x, y = middle(page.get_by_role("button", name="Output of No Operation", exact=True))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 100, y + 150, steps=5)
    page.mouse.up()
    choose(page, "no operation")
    expect(card(page, "No Operation 3")).to_be_visible()
    saved(page)
    assert links(stored(page, workflow)) == {
        ("Start", "No Operation 2"),
        ("No Operation 2", "End"),
        ("End", "No Operation"),
        ("No Operation", "No Operation 3"),
    }
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect(card(page, "No Operation")).to_have_count(0)
    saved(page)
    assert links(stored(page, workflow)) == {("Start", "End")}


def test_a_step_from_the_palette_is_dropped_onto_a_connection(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    workflow = store(page, chain(node("1", "manual-trigger", "Start", 0), node("2", "no-op", "End", 480)))
    expect(card(page, "End")).to_be_visible()
    page.get_by_role("button", name="Add step").click()
    page.get_by_role("combobox", name="Search steps").fill("limit")
    offered = page.get_by_role("option", name=re.compile("^Limit"))
    offered.hover()
    still(page)
    (left, y), (right, _) = middle(card(page, "Start")), middle(card(page, "End"))
    page.mouse.move(*middle(offered))
    page.mouse.down()
    page.mouse.move((left + right) / 2, y - 40, steps=4)
    page.mouse.move((left + right) / 2, y, steps=4)
    page.mouse.up()
    expect(card(page, "Limit")).to_be_visible()
    saved(page)
    assert links(stored(page, workflow)) == {("Start", "Limit"), ("Limit", "End")}
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    expect(card(page, "Limit")).to_have_count(0)
    saved(page)
    assert links(stored(page, workflow)) == {("Start", "End")}


def test_a_step_is_switched_off_noted_duplicated_and_deleted_from_its_tools(page: Page) -> None:
    broken = node("2", "filter", "Empty filter", 320, properties={"conditions": []})
    workflow = store(page, chain(node("1", "manual-trigger", "Start", 0), broken))
    filter_ = card(page, "Empty filter")
    expect(filter_.get_by_role("img", name=re.compile("Conditions"))).to_be_visible()

    filter_.hover()
    tools = page.get_by_role("toolbar", name="Actions for Empty filter", exact=True)
    tools.get_by_role("button", name="Switch off").click()
    expect(filter_.get_by_text("Switched off")).to_be_visible()

    filter_.click(button="right")
    menu = page.get_by_role("menu", name="Menu of Empty filter")
    menu.get_by_role("menuitem", name="Add a note").click()
    page.get_by_role("textbox", name="Note", exact=True).fill("Ask Ada first")
    page.get_by_role("button", name="Save note").click()
    expect(filter_.get_by_role("img", name="Note: Ask Ada first")).to_be_visible()

    filter_.click(button="right")
    menu.get_by_role("menuitem", name="Duplicate").click()
    expect(card(page, "Empty filter 2")).to_be_visible()
    card(page, "Empty filter").hover()
    tools.get_by_role("button", name="Delete").click()
    expect(card(page, "Empty filter")).to_have_count(0)
    saved(page)
    [_, copy] = stored(page, workflow)["nodes"]
    assert (copy["data"]["label"], copy["data"]["disabled"], copy["data"]["notes"]) == (
        "Empty filter 2",
        True,
        "Ask Ada first",
    )


@pytest.fixture(scope="module")
def extended(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server where somebody installed node types with slots."""
    installed = tmp_path_factory.mktemp("installed") / "slotted-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: slotted\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[flowstudio.nodes]\nslotted = slotted\n")
    path = os.pathsep.join([str(installed.parent), str(EXTENSION), os.environ.get("PYTHONPATH", "")])
    owner = {"FLOWSTUDIO_OWNER_EMAIL": OWNER[0], "FLOWSTUDIO_OWNER_PASSWORD": OWNER[1]}
    with Server(tmp_path_factory.mktemp("extended"), PYTHONPATH=path, **owner) as started:
        yield started


def test_slots_below_a_card_take_the_steps_that_fit(extended: Server, new_page: NewPage) -> None:
    page = new_page(extended.url)
    enter(page)
    workflow = store(
        page, chain(node("1", "manual-trigger", "Start", 0), node("2", "speaker", "Speaker", 320))
    )
    speaker = card(page, "Speaker")
    expect(speaker.get_by_role("img", name=re.compile("needs a Voice"))).to_be_visible()
    page.get_by_role("button", name="Add Voice to Speaker").click()
    palette = page.get_by_role("dialog", name="Voice for Speaker")
    expect(palette.get_by_role("option")).to_have_text([re.compile("^Loud voice")])
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(card(page, "Loud voice")).to_be_visible()
    expect(speaker.get_by_role("img", name=re.compile("needs a Voice"))).to_have_count(0)
    expect(page.get_by_role("button", name="Add Voice to Speaker")).to_have_count(0)
    for number in ("", " 2"):
        page.get_by_role("button", name="Add Habits to Speaker").click()
        choose(page, "habit")
        expect(card(page, f"Habit{number}")).to_be_visible()

    still(page)
    voice, owner = card(page, "Loud voice").bounding_box(), speaker.bounding_box()
    assert voice is not None
    assert owner is not None
    assert voice["y"] > owner["y"] + owner["height"], "below its owner"
    expect(page.locator(".fs-edge.is-sub")).to_have_count(3)
    saved(page)
    edges = stored(page, workflow)["edges"]
    assert sorted(e["targetHandle"] for e in edges if e.get("targetHandle")) == ["habits", "habits", "voice"]

    page.get_by_role("button", name="Execute workflow").click()
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")


def test_a_note_is_written_coloured_resized_and_never_runs(page: Page) -> None:
    workflow = store(page, chain(node("1", "manual-trigger", "Start", 0), node("2", "no-op", "End", 320)))
    expect(card(page, "End")).to_be_visible()
    page.get_by_role("region", name="Workflow canvas").press("Shift+S")
    field = page.get_by_role("textbox", name="Text of the note")
    field.fill("# Orders\nLoad **all** of them.\n\n<img src=x onerror=alert(1)>")
    page.keyboard.press("Escape")
    note = card(page, "Sticky note")
    expect(note.get_by_role("heading", name="Orders")).to_be_visible()
    expect(note.get_by_text("all", exact=True)).to_have_css("font-weight", "700")
    expect(note.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    page.get_by_role("group", name="Color of the note").get_by_role("button", name="Blue").click()

    still(page)
    before = note.bounding_box()
    assert before is not None
    x, y = before["x"] + before["width"] - 9, before["y"] + before["height"] - 9
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=4)
    page.mouse.up()
    expect(note).not_to_have_css("width", "240px")
    saved(page)
    [stored_note] = [n for n in stored(page, workflow)["nodes"] if n["type"] == "sticky-note"]
    properties = stored_note["data"]["properties"]
    assert properties["color"] == "blue"
    assert properties["width"] > 240
    assert properties["height"] > 160

    page.get_by_role("button", name="Execute workflow").click()
    log = page.get_by_role("region", name="Run log")
    expect(log.get_by_role("status")).to_contain_text("Succeeded")
    expect(log.get_by_text("Sticky note")).to_have_count(0)

    note.dblclick(position={"x": 20, "y": 120})
    field.fill("Shorter")
    page.keyboard.press("Escape")
    expect(note.get_by_text("Shorter")).to_be_visible()


N8N = {
    "nodes": [
        {"id": "a", "name": "Go", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": [0, 0], "parameters": {}},
        {"id": "b", "name": "Rest", "type": "n8n-nodes-base.noOp", "typeVersion": 1, "position": [240, 0], "parameters": {}},
        {"id": "c", "name": "Odd", "type": "n8n-nodes-base.somethingRare", "typeVersion": 1, "position": [480, 0], "parameters": {}},
    ],
    "connections": {
        "Go": {"main": [[{"node": "Rest", "type": "main", "index": 0}]]},
        "Rest": {"main": [[{"node": "Odd", "type": "main", "index": 0}]]},
    },
}  # fmt: skip


def paste(page: Page, text: str) -> None:
    """Paste a text as the system's clipboard would."""
    page.evaluate(
        """text => { const data = new DataTransfer(); data.setData("text/plain", text);
        document.querySelector(".fs-canvas").dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); }""",
        text,
    )


def test_steps_are_copied_to_another_tab_and_foreign_workflows_are_pasted(page: Page) -> None:
    store(page, chain(node("1", "manual-trigger", "Start", 0), node("2", "no-op", "Rest", 320)))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(card(page, "Rest")).to_be_visible()
    page.get_by_role("region", name="Workflow canvas").press("Control+a")
    page.keyboard.press("Control+c")
    expect(page.get_by_text("2 steps copied")).to_be_visible()

    other = page.context.new_page()
    other.goto(page.url)
    store(other, {"name": "Elsewhere", "nodes": [], "edges": []})
    expect(other.get_by_role("heading", name="Add the first step")).to_be_visible()
    other.get_by_role("region", name="Workflow canvas").press("Control+v")
    expect(card(other, "Rest")).to_be_visible()
    workflow = other.url.rsplit("/", 1)[1]
    saved(other)
    assert links(stored(other, workflow)) == {("Start", "Rest")}

    paste(other, json.dumps(N8N))
    expect(other.get_by_text("needs your attention")).to_be_visible()
    expect(card(other, "Rest 2")).to_be_visible()
    expect(card(other, "Odd")).to_be_visible()
    paste(other, "just some words")
    saved(other)
    document = stored(other, workflow)
    assert {("Go", "Rest 2"), ("Rest 2", "Odd")} <= links(document)
    assert len(document["nodes"]) == 5


def test_the_view_is_where_one_left_it_and_search_leads_to_a_value(page: Page) -> None:
    far = node(
        "3", "http-request", "Far away", 6000, 2000, properties={"url": "https://shop.example/invoices"}
    )
    store(page, chain(node("1", "manual-trigger", "Start", 0), node("2", "no-op", "End", 320), far))
    expect(card(page, "Start")).to_be_visible()
    page.keyboard.press("Control+f")
    page.get_by_role("combobox", name="Find in this workflow").fill("invoices")
    hit = page.get_by_role("option", name=re.compile("Far away"))
    expect(hit).to_contain_text("url: https://shop.example/invoices")
    expect(hit).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(card(page, "Far away")).to_be_focused()
    page.keyboard.press("0")
    expect(page.locator(".react-flow__viewport")).to_have_css("transform", re.compile(r"^matrix\(1, "))
    page.keyboard.press("1")
    expect(card(page, "Start")).to_be_in_viewport()
    expect(card(page, "Far away")).to_be_in_viewport()

    card(page, "Far away").focus()
    page.keyboard.press("0")
    view = page.locator(".react-flow__viewport")
    expect(view).to_have_css("transform", re.compile(r"^matrix\(1, "))
    page.keyboard.press("ArrowLeft")
    expect(card(page, "End")).to_be_in_viewport(ratio=1)
    page.wait_for_function(
        """() => { const kept = Object.values(JSON.parse(localStorage["flowstudio.viewports"])).at(-1);
        const { e, f } = new DOMMatrix(getComputedStyle(document.querySelector(".react-flow__viewport")).transform);
        return kept.zoom === 1 && Math.abs(kept.x - e) < 1 && Math.abs(kept.y - f) < 1; }"""
    )
    left = str(view.evaluate("element => element.style.transform"))
    page.reload()
    expect(view).to_have_attribute("style", re.compile(re.escape("scale(1)")))
    returned = str(view.evaluate("element => element.style.transform"))
    numbers = [[float(n) for n in re.findall(r"-?[\d.]+", text)] for text in (left, returned)]
    assert all(abs(a - b) <= 1 for a, b in zip(*numbers, strict=True)), (left, returned)
