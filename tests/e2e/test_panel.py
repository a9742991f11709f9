"""The details of a step: its data, pinning, running parts of a workflow, files."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from itertools import pairwise
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import in_clipboard
from tests.e2e.test_editor import origin, saved, store, stored

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PAPER = b64encode(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF").decode()
DRAWING = b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">'
    b'<script>parent.scribbled = 1; window.scribbled = 1</script><rect width="40" height="20"/></svg>'
).decode()
PEOPLE = (
    "import random\n"
    "return [{'id': n, 'draw': random.random(),"
    " 'customer': {'name': f'Person {n}', 'cities': ['Berlin' if n % 40 == 3 else 'Rome']}}"
    " for n in range(120)]"
)


def node(id_: str, type_: str, label: str, x: int, **properties: Any) -> dict[str, Any]:
    data = {"label": label, "properties": properties}
    return {"id": id_, "type": type_, "position": {"x": x, "y": 0}, "data": data}


def python(id_: str, label: str, x: int, code: str) -> dict[str, Any]:
    return node(id_, "code", label, x, language="python", mode="all-items", code=code)


def row(*nodes: dict[str, Any], name: str) -> dict[str, Any]:
    edges = [{"source": a["id"], "target": b["id"]} for a, b in pairwise(nodes)]
    return {"name": name, "nodes": list(nodes), "edges": edges}


CENSUS = row(
    node("1", "manual-trigger", "Go", 0),
    python("2", "People", 320, PEOPLE),
    node("3", "limit", "Some", 640, max_items=100),
    python("4", "Count", 960, "return [{'count': len(items), 'first': items[0]['json']['draw']}]"),
    name="Census",
)


def open_step(page: Page, label: str) -> Locator:
    """Open a step by its card; its details."""
    page.get_by_role("group", name=label, exact=True).dblclick()
    panel = page.get_by_role("dialog", name=f"Step details: {label}")
    expect(panel).to_be_visible()
    return panel


def pane(panel: Locator, name: str) -> Locator:
    return panel.get_by_role("region", name=name, exact=True)


def look(panel: Locator, name: str, view: str) -> Locator:
    """Choose how a pane shows its data; the pane."""
    found = pane(panel, name)
    found.get_by_role("button", name=view, exact=True).click()
    return found


def test_the_data_before_a_step_is_fetched_searched_and_used(page: Page) -> None:
    store(page, CENSUS)
    panel = open_step(page, "Some")
    given = pane(panel, "Input")
    expect(given.get_by_text("No data yet.")).to_be_visible()
    given.get_by_role("button", name="Run the steps before").click()
    expect(given.get_by_text("120 items")).to_be_visible()
    expect(given.get_by_role("combobox", name="Data of")).to_have_value("2")

    look(panel, "Input", "Schema")
    expect(given.get_by_role("button", name=re.compile("text each entry Rome"))).to_be_visible()
    given.get_by_role("button", name="Fold customer").click()
    expect(given.get_by_role("button", name=re.compile("text name"))).to_have_count(0)

    look(panel, "Input", "Table")
    given.get_by_role("searchbox", name="Search in Input").fill("berlin")
    expect(given.get_by_text("3 of 120 items")).to_be_visible()
    expect(given.get_by_role("rowheader", name="44", exact=True)).to_be_visible()
    expect(given.locator("mark", has_text="Berlin").first).to_be_visible()
    given.get_by_role("cell", name=re.compile("Person 43")).focus()
    page.keyboard.press("Enter")
    card = page.get_by_role("dialog", name="Value of customer")
    expect(card).to_contain_text('"Berlin"')
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card.get_by_role("button", name="Copy expression").click()
    in_clipboard(page, "{{ $json.customer }}")

    given.get_by_role("combobox", name="Data of").select_option(label="Go (2 steps before)")
    given.get_by_role("button", name="JSON", exact=True).click()
    expect(given.get_by_text("{}", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.get_by_role("group", name="Some", exact=True)).to_be_focused()


def test_a_field_is_dragged_or_sent_into_a_parameter(page: Page) -> None:
    workflow = store(
        page,
        row(
            *CENSUS["nodes"][:2],
            node("3", "edit-fields", "Mark", 640, mode="manual", fields=[{"name": "mark", "value": ""}]),
            name="Marks",
        ),
    )
    panel = open_step(page, "Mark")
    pane(panel, "Input").get_by_role("button", name="Run the steps before").click()
    given = look(panel, "Input", "Schema")
    value = panel.get_by_role("textbox", name="Value", exact=True)
    given.get_by_role("button", name=re.compile("text name")).drag_to(value)
    expect(value).to_contain_text("$json.customer.name")
    saved(page)

    def written() -> str:
        [mark] = [each for each in stored(page, workflow)["nodes"] if each["id"] == "3"]
        text: str = mark["data"]["properties"]["fields"][0]["value"]
        return text

    assert written() == "={{ $json.customer.name }}"

    given.get_by_role("combobox", name="Data of").select_option(label="People")
    look(panel, "Input", "Table").get_by_role("cell", name="5", exact=True).press("Enter")
    page.get_by_role("dialog", name="Value of id").get_by_role("button", name="Use in parameter").click()
    expect(value).to_contain_text("$json.id")
    saved(page)
    panel.get_by_role("textbox", name="Name of the step").fill("Marked")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Step details: Marked")).to_be_visible()
    page.get_by_role("button", name="Run this step").click()
    output = look(page.get_by_role("dialog", name="Step details: Marked"), "Output", "Table")
    expect(output.get_by_role("row").nth(2)).to_contain_text("Person 1")
    assert "$json.customer.name" in written()
    assert "$json.id" in written()


def test_a_step_runs_alone_to_and_from_where_somebody_wants(page: Page) -> None:
    store(page, CENSUS)
    page.get_by_role("button", name="Execute workflow").click()
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")
    panel = open_step(page, "Count")
    look(panel, "Output", "Table")
    result = pane(panel, "Output").get_by_role("row").nth(1)
    expect(result).to_contain_text("100")
    first = result.inner_text()

    panel.get_by_role("button", name="Run this step").click()
    expect(pane(panel, "Input").get_by_text("100 items")).to_be_visible()
    expect(result).to_have_text(re.compile(re.escape(first.split()[-1])))
    panel.get_by_role("button", name="More ways to run").click()
    page.get_by_role("menuitem", name=re.compile("^Run to here")).click()
    expect(result).not_to_have_text(re.compile(re.escape(first.split()[-1])))
    second = result.inner_text()

    page.get_by_role("button", name="Previous step: Some").click()
    panel = page.get_by_role("dialog", name="Step details: Some")
    panel.get_by_role("spinbutton").first.fill("7")
    panel.get_by_role("button", name="More ways to run").click()
    page.get_by_role("menuitem", name=re.compile("^Run from here")).click()
    expect(pane(panel, "Output").get_by_text("7 items")).to_be_visible()
    page.get_by_role("button", name="Next step: Count").click()
    panel = page.get_by_role("dialog", name="Step details: Count")
    result = pane(panel, "Output").get_by_role("row").nth(1)
    expect(result).to_contain_text(second.split()[-1])
    expect(result.get_by_role("cell", name="7", exact=True)).to_be_visible()

    panel.get_by_role("button", name="Data of earlier runs").click()
    page.get_by_role("menuitemradio").last.click()
    expect(panel.get_by_text("You look at the run of")).to_be_visible()
    expect(result).to_contain_text(first.split()[-1])
    panel.get_by_role("button", name="Back to the latest run").click()
    expect(result).to_contain_text(second.split()[-1])


def test_pinned_data_stand_in_for_a_step(page: Page) -> None:
    workflow = store(page, CENSUS)
    panel = open_step(page, "People")
    output = pane(panel, "Output")
    output.get_by_role("button", name="Write test data").click()
    editor = output.get_by_role("textbox", name="Data as JSON")
    editor.fill("[1]")
    output.get_by_role("button", name="Pin", exact=True).click()
    expect(output.get_by_role("alert")).to_contain_text("Entry 1 is not an object")
    editor.fill('[{"draw": 42, "page": "https://example.com/' + "x" * 300 + '"}, {"draw": 43}]')
    output.get_by_role("button", name="Pin", exact=True).click()
    expect(output.get_by_text("This step gives its pinned data.")).to_be_visible()
    expect(output.get_by_role("cell", name="42", exact=True)).to_be_visible()
    saved(page)
    [people] = [each for each in stored(page, workflow)["nodes"] if each["id"] == "2"]
    assert [item["draw"] for item in people["data"]["pinned"]] == [42, 43]

    page.keyboard.press("Control+Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")
    panel = open_step(page, "Count")
    look(panel, "Output", "Table")
    expect(pane(panel, "Output").get_by_role("row").nth(1)).to_contain_text("42")
    pane(panel, "Output").get_by_role("button", name="Pin the data").click()
    expect(pane(panel, "Output").get_by_text("This step gives its pinned data.")).to_be_visible()
    pane(panel, "Output").get_by_role("button", name="Unpin").click()
    expect(pane(panel, "Output").get_by_text("This step gives its pinned data.")).to_have_count(0)


def test_steps_are_pinned_from_the_canvas_and_say_when_they_changed_since(page: Page) -> None:
    paid = [{"left": "={{ $json.n }}", "test": "greater", "right": 1}]
    ways = node("3", "if-else", "Ways", 640, conditions=paid)
    people = python("2", "People", 320, "return [{'n': n} for n in range(1, 4)]")
    workflow = store(page, row(node("1", "manual-trigger", "Go", 0), people, ways, name="Two ways"))
    card = page.get_by_role("group", name="People", exact=True)
    expect(card).to_be_visible()
    page.get_by_role("region", name="Workflow canvas").press("Control+a")
    page.keyboard.press("p")
    expect(page.get_by_text("it has given no data yet, run it first").first).to_be_visible()
    page.get_by_role("button", name="Execute workflow").click()
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")

    page.get_by_role("region", name="Workflow canvas").press("Control+a")
    page.keyboard.press("p")
    expect(page.get_by_text("“Go”, “People” give this data from now on.")).to_be_visible()
    expect(page.get_by_text("Not pinned: “Ways” (it gave data by several outputs")).to_be_visible()
    mark = card.get_by_role("img", name="Its output is pinned")
    expect(mark).to_be_visible()
    expect(page.get_by_role("img", name="Its output is pinned")).to_have_count(2)
    saved(page)
    pins = [each["data"].get("pinned") for each in stored(page, workflow)["nodes"]]
    assert pins == [[{}], [{"n": 1}, {"n": 2}, {"n": 3}], None]

    page.keyboard.press("Escape")
    card.click()
    page.keyboard.press("p")
    expect(page.get_by_text("“People” runs again.")).to_be_visible()
    expect(mark).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(mark).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_role("img", name="Its output is pinned")).to_have_count(0)

    expect(page.get_by_role("img", name="Changed since the last run")).to_have_count(0)
    panel = open_step(page, "People")
    panel.get_by_role("textbox", name="Code").fill("return [{'n': 7}]")
    page.keyboard.press("Escape")
    expect(card.get_by_role("img", name="Changed since the last run")).to_be_visible()
    follower = page.get_by_role("group", name="Ways", exact=True)
    expect(follower.get_by_role("img", name="Changed since the last run")).to_be_visible()
    expect(page.get_by_role("img", name="Changed since the last run")).to_have_count(2)


def test_files_are_looked_at_and_saved(page: Page) -> None:
    store(
        page,
        row(
            node("1", "manual-trigger", "Go", 0),
            node("2", "http-request", "Fetch", 320, url="/samples/stock.json", response_format="file"),
            node("3", "limit", "Keep", 640),
            name="Files",
        ),
    )
    page.get_by_role("button", name="Execute workflow").click()
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")
    panel = open_step(page, "Keep")
    given = look(panel, "Input", "Table")
    given.get_by_role("button", name="Look at stock.json").click()
    preview = page.get_by_role("dialog", name="stock.json")
    expect(preview.locator("pre")).to_contain_text("{")
    text = preview.locator("pre").inner_text()
    assert json.loads(text)
    preview.get_by_role("button", name="Close").click()
    with page.expect_download() as download:
        pane(panel, "Output").get_by_role("link", name="Save stock.json").first.click()
    assert download.value.suggested_filename == "stock.json"
    assert json.loads(download.value.path().read_text("utf-8")) == json.loads(text)
    with page.expect_download() as download:
        pane(panel, "Output").get_by_role("button", name="Copy or download").click()
        page.get_by_role("menuitem", name="Download JSON").click()
    assert download.value.suggested_filename == "Keep.json"


def test_images_and_documents_are_shown_in_the_browser(page: Page) -> None:
    code = f"""
return [{{'binary': {{
    'photo': {{'data': '{PIXEL}', 'mimeType': 'image/png', 'fileName': 'dot.png'}},
    'paper': {{'data': '{PAPER}', 'mimeType': 'application/pdf', 'fileName': 'paper.pdf'}},
    'drawing': {{'data': '{DRAWING}', 'mimeType': 'image/svg+xml', 'fileName': 'drawing.svg'}},
}}}}]"""
    store(page, row(node("1", "manual-trigger", "Go", 0), python("2", "Make", 320, code), name="Pictures"))
    page.get_by_role("button", name="Execute workflow").click()
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")
    panel = open_step(page, "Make")
    output = look(panel, "Output", "Table")
    output.get_by_role("button", name="Look at dot.png").click()
    preview = page.get_by_role("dialog", name="dot.png")
    picture = preview.get_by_role("img", name="dot.png")
    expect(picture).to_have_js_property("complete", value=True)
    expect(picture).to_have_js_property("naturalWidth", 1)
    preview.get_by_role("button", name="Close").click()

    output.get_by_role("button", name="Look at paper.pdf").click()
    preview = page.get_by_role("dialog", name="paper.pdf")
    expect(preview.locator("iframe")).to_have_attribute("src", re.compile("^blob:"))
    text = preview.locator("iframe").evaluate("frame => fetch(frame.src).then((answer) => answer.text())")
    assert text.startswith("%PDF-1.4")
    preview.get_by_role("button", name="Close").click()

    output.get_by_role("button", name="Look at drawing.svg").click()
    preview = page.get_by_role("dialog", name="drawing.svg")
    drawing = preview.get_by_role("img", name="drawing.svg")
    expect(drawing).to_have_js_property("naturalWidth", 40)
    assert page.evaluate("window.scribbled") is None, "a drawing runs no scripts"


def test_a_failure_leads_to_its_item_and_is_repaired_in_place(page: Page) -> None:
    workflow = store(
        page,
        row(
            node("1", "manual-trigger", "Go", 0),
            python("2", "People", 320, "return [{'n': n} for n in range(60)]"),
            node(
                "3",
                "code",
                "Divide",
                640,
                language="python",
                mode="each-item",
                code="return {'n': 1 / (item['json']['n'] - 55)}",
            ),
            name="Division",
        ),
    )
    page.get_by_role("button", name="Execute workflow").click()
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Failed")
    panel = open_step(page, "Divide")
    alert = pane(panel, "Output").get_by_role("alert")
    expect(alert).to_contain_text("division by zero")
    expect(pane(panel, "Input").get_by_text("1–50 of 60")).to_be_visible()
    alert.get_by_role("button", name="Show item 56").click()
    expect(pane(panel, "Input").get_by_text("51–60 of 60")).to_be_visible()

    answer = page.request.get(f"/api/workflows/{workflow}/").json()
    document = answer["document"]
    document["nodes"][2]["data"]["properties"]["code"] = "return {'n': item['json']['n']}"
    assert page.request.put(f"/api/workflows/{workflow}/", data=document, headers={"Origin": origin(page)}).ok
    page.reload()
    panel = open_step(page, "Divide")
    panel.get_by_role("button", name="Data of earlier runs").click()
    page.get_by_role("menuitemradio", name=re.compile("^Failed")).click()
    alert = pane(panel, "Output").get_by_role("alert")
    alert.get_by_role("button", name="Run this step again").click()
    expect(alert).to_have_count(0)
    expect(pane(panel, "Output").get_by_text("60 items")).to_be_visible()


def test_the_panes_are_sized_folded_and_become_tabs_where_it_is_narrow(page: Page) -> None:
    store(page, CENSUS)
    panel = open_step(page, "Some")
    splitter = panel.get_by_role("separator", name="Width of the input")
    width = int(splitter.get_attribute("aria-valuenow") or 0)
    splitter.focus()
    page.keyboard.press("ArrowRight")
    expect(splitter).to_have_attribute("aria-valuenow", str(width + 3))
    panel.get_by_role("button", name="Fold Output away").click()
    expect(panel.get_by_role("button", name="Open Output")).to_be_visible()
    page.reload()
    panel = open_step(page, "Some")
    expect(panel.get_by_role("separator", name="Width of the input")).to_have_attribute(
        "aria-valuenow", str(width + 3)
    )
    expect(panel.get_by_role("button", name="Open Output")).to_be_visible()

    page.set_viewport_size({"width": 640, "height": 480})
    expect(panel.get_by_role("tab", name="Set-up")).to_have_attribute("aria-selected", "true")
    panel.get_by_role("tab", name="Set-up").press("ArrowRight")
    expect(panel.get_by_role("tab", name="Output")).to_be_focused()
    expect(panel.get_by_text("Run this step to see what it gives.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
