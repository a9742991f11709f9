"""A first day: a workflow drawn from nothing, run, repaired, published, changed and brought back."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.studio import Server
from tests.e2e.conftest import NewPage

ORDERS = Path(__file__).parents[2] / "examples" / "data" / "orders.json"
REGIONS = {
    "Europe": ("DE", "FR", "IT", "ES", "NL", "PL", "GB"),
    "North America": ("US", "CA", "MX"),
}
REST = "Rest of the world"
REGION = (
    f"={{{{ {list(REGIONS['Europe'])}.includes($json.country) ? 'Europe'"
    f" : {list(REGIONS['North America'])}.includes($json.country) ? 'North America' : '{REST}' }}}}"
)
TOTAL = "$json.lines.reduce((sum, line) => sum + line.quantity * line.price, 0)"


def revenue() -> dict[str, float]:
    """What the paid orders of each region come to."""
    totals: dict[str, float] = defaultdict(float)
    for order in json.loads(ORDERS.read_text("utf-8")):
        if order["status"] == "paid":
            region = next(
                (name for name, countries in REGIONS.items() if order["country"] in countries), REST
            )
            totals[region] += round(sum(line["quantity"] * line["price"] for line in order["lines"]), 2)
    return totals


@pytest.fixture
def fresh(built: None, tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has used yet."""
    with Server(tmp_path / "data") as started:
        yield started


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def pick(page: Page, search: str, title: str) -> None:
    """Choose the first step that the palette finds."""
    palette = page.get_by_role("dialog", name=title)
    palette.get_by_role("combobox", name="Search steps").fill(search)
    page.keyboard.press("Enter")


def details(page: Page, name: str) -> Locator:
    return page.get_by_role("dialog", name=f"Step details: {name}", exact=True)


def call(page: Page, type_: str, name: str) -> Locator:
    """Give the step whose details just opened a name of its own."""
    details(page, type_).get_by_role("textbox", name="Name of the step").fill(name)
    page.keyboard.press("Enter")
    panel = details(page, name)
    expect(panel).to_be_visible()
    return panel


def back(page: Page, name: str, *, by_mouse: bool = False) -> None:
    """Close a step's details; the step is where one goes on."""
    if by_mouse:
        details(page, name).get_by_role("button", name="Close", exact=True).click()
    else:
        page.keyboard.press("Escape")
    expect(details(page, name)).to_have_count(0)
    expect(card(page, name)).to_be_focused()


def open_step(page: Page, name: str) -> Locator:
    """Bring the whole drawing into sight, and open a step of it."""
    page.keyboard.press("1")
    card(page, name).dblclick()
    panel = details(page, name)
    expect(panel).to_be_visible()
    return panel


def add(fields: Locator, button: str, entry: int) -> Locator:
    """A new entry of a list, with the focus in its first field."""
    fields.get_by_role("button", name=button, exact=True).last.click()
    made = fields.get_by_role("group", name=f"Entry {entry}", exact=True).first
    expect(made.get_by_role("textbox").first).to_be_focused()
    return made


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def ports(page: Page, step: str, side: str) -> Locator:
    """The inputs or outputs of a step."""
    return card(page, step).get_by_role("button", name=re.compile(rf"^{side}\b.* of {step}$"))


def port(page: Page, step: str, side: str, index: int = 0) -> tuple[float, float]:
    return middle(ports(page, step, side).nth(index))


def connect(page: Page, source: str, output: int, target: str, entrance: int) -> None:
    """Draw a connection from an output to an input."""
    lines = page.locator(".react-flow__edge")
    before = lines.count()
    for name in (source, target):
        card(page, name).hover()  # waits until it stands still
    drag(page, port(page, source, "Output", output), port(page, target, "Input", entrance))
    expect(lines).to_have_count(before + 1)


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=8)
    page.mouse.up()


def set_up(page: Page) -> None:
    """The owner account, and an empty workflow."""
    page.goto("/")
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Create owner account").click()
    page.get_by_role("button", name="Skip").click()
    page.get_by_role("button", name=re.compile("^From blank")).click()
    page.get_by_role("dialog", name="New workflow").get_by_label("Name").fill("Order report")
    page.keyboard.press("Enter")


def load_the_paid_orders(page: Page) -> None:
    """By a click, by a key, and behind an output; a condition is dragged out of the data."""
    page.get_by_role("button", name="Add first step").click()
    pick(page, "manual", "What starts the workflow?")
    expect(card(page, "Manual Trigger")).to_be_focused()

    page.keyboard.press("n")
    pick(page, "http", "What comes after Manual Trigger?")
    panel = call(page, "HTTP Request", "Load orders")
    panel.get_by_role("textbox", name=re.compile("^URL")).fill("/samples/orders.json")
    back(page, "Load orders")

    page.get_by_role("button", name="Add a step after Load orders").click()
    page.get_by_role("combobox", name="Search steps").fill("filter")
    page.get_by_role("option", name=re.compile("^Filter")).click()
    panel = call(page, "Filter", "Paid orders")
    given = panel.get_by_role("region", name="Input", exact=True)
    given.get_by_role("button", name="Run the steps before").click()
    given.get_by_role("button", name="Schema", exact=True).click()
    condition = add(panel, "Add condition", 1)
    value = condition.get_by_role("textbox", name="Value", exact=True)
    given.get_by_role("button", name=re.compile("text status")).drag_to(value)
    expect(value).to_contain_text("$json.status")
    condition.get_by_role("textbox", name="Compare with").fill("paid")
    back(page, "Paid orders")


def tell_the_regions_apart(page: Page) -> None:
    """A connection dropped on the canvas, fields that are worked out (one with a slip of the pen), and a switch."""
    card(page, "Paid orders").hover()  # waits until it stands still
    x, y = port(page, "Paid orders", "Output")
    drag(page, (x, y), (x + 110, y - 40))
    pick(page, "edit fields", "What comes after Paid orders?")
    panel = call(page, "Edit Fields", "Tidy up")
    for number, (field, kind, value) in enumerate(
        [("region", "Text", REGION), ("total", "Number", f"={{{{ {TOTAL}.rond(2) }}}}")], start=1
    ):
        entry = add(panel, "Add field", number)
        entry.get_by_role("textbox", name="Name", exact=True).fill(field)
        entry.get_by_role("combobox", name="Type").select_option(label=kind)
        entry.get_by_role("textbox", name="Value", exact=True).fill(value)
    back(page, "Tidy up", by_mouse=True)

    page.keyboard.press("n")
    pick(page, "switch", "What comes after Tidy up?")
    panel = call(page, "Switch", "By region")
    for number, region in enumerate(REGIONS, start=1):
        rule = add(panel.get_by_role("group", name="Rules", exact=True), "Add rule", number)
        if number > 1:  # the first rule holds an entry of the same name
            rule = panel.get_by_role("group", name="Entry 2", exact=True)
        rule.get_by_role("textbox", name="Name of the output").fill(region)
        condition = add(rule.get_by_role("group", name=re.compile("^Conditions")), "Add condition", 1)
        condition.get_by_role("textbox", name="Value", exact=True).fill("={{ $json.region }}")
        condition.get_by_role("textbox", name="Compare with").fill(region)
    panel.get_by_role("combobox", name="If no rule is met").select_option(label="Use an extra output")
    back(page, "By region")


def put_the_figures_together(page: Page) -> None:
    """One step with the figures, copied for the other regions and connected; then all in one report."""
    page.get_by_role("button", name="Add a step after By region (Europe)").click()
    pick(page, "summarize", "What comes after By region?")
    panel = call(page, "Summarize", "Europe")
    figure = add(panel.get_by_role("group", name=re.compile("^Figures")), "Add figure", 1)
    figure.get_by_role("textbox", name="Field").fill("total")
    figure.get_by_role("combobox", name="Aggregation").select_option(label="Sum")
    groups = add(panel.get_by_role("group", name="Group by", exact=True), "Add to Group by", 1)
    groups.get_by_role("textbox").first.fill("region")
    back(page, "Europe")
    for former, name in (("Europe", "North America"), ("North America", REST)):
        page.keyboard.press("Control+d")
        expect(card(page, f"{former} 2")).to_be_focused()
        page.keyboard.press("F2")
        field = page.get_by_role("region", name="Workflow canvas").get_by_role("textbox")
        expect(field).to_be_focused()
        field.fill(name)
        page.keyboard.press("Enter")
        expect(card(page, name)).to_be_focused()
    page.keyboard.press("1")
    for index, name in ((1, "North America"), (2, REST)):
        connect(page, "By region", index, name, 0)

    page.get_by_role("button", name="Add a step after Europe").click()
    pick(page, "merge", "What comes after Europe?")
    panel = call(page, "Merge", "Report")
    panel.get_by_role("spinbutton", name="Number of inputs").fill("3")
    back(page, "Report")
    expect(ports(page, "Report", "Input")).to_have_count(3)
    page.keyboard.press("1")
    for index, name in ((1, "North America"), (2, REST)):
        connect(page, name, 0, "Report", index)


def run_and_repair(page: Page) -> None:
    """The run fails; what is said leads to the field."""
    page.get_by_role("button", name="Execute workflow").click()
    failure = page.get_by_role("alert", name="The run failed")
    expect(failure).to_contain_text("“Tidy up” failed")
    expect(failure).to_contain_text("A method that is called here does not exist for this value.")
    failure.get_by_role("button", name="Open step").click()
    panel = details(page, "Tidy up")
    value = panel.get_by_role("group", name="Entry 2", exact=True).get_by_role(
        "textbox", name="Value", exact=True
    )
    expect(value).to_be_focused()
    expect(failure).to_have_count(0)
    value.fill(f"{{{{ {TOTAL}.round(2) }}}}")
    back(page, "Tidy up", by_mouse=True)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")


def compare_the_report(page: Page) -> None:
    output = open_step(page, "Report").get_by_role("region", name="Output", exact=True)
    output.get_by_role("button", name="Table", exact=True).click()
    for region, total in revenue().items():
        row = output.get_by_role("row", name=re.compile(region))
        shown = row.get_by_role("cell").last.inner_text().replace(",", "")
        assert float(shown) == pytest.approx(total, abs=0.01)
    assert page.evaluate("String(getSelection())") == "", "a double click selects no text"
    back(page, "Report")


def publish_change_and_restore(page: Page) -> None:
    page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog", name="Publish this workflow")
    dialog.get_by_label("What is new?").fill("First report")
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("button", name="Published")).to_be_visible()

    panel = open_step(page, "Paid orders")
    panel.get_by_role("textbox", name="Compare with").fill("refunded")
    back(page, "Paid orders")
    expect(page.get_by_role("button", name="Publish unpublished changes")).to_be_visible()
    page.get_by_role("button", name="Workflow menu").click()
    page.get_by_role("menuitem", name="History").click()
    history = page.get_by_role("dialog", name="History")
    versions = history.get_by_role("list", name="Versions")
    versions.get_by_role("button", name=re.compile("First report")).click()
    expect(history.get_by_role("list", name="Changed since this version")).to_contain_text(
        re.compile("Changed.*Paid orders.*paid.*refunded", re.DOTALL)
    )
    history.get_by_role("button", name="Restore").click()
    expect(history).to_have_count(0)
    panel = open_step(page, "Paid orders")
    expect(panel.get_by_role("textbox", name="Compare with")).to_have_value("paid")
    back(page, "Paid orders")


def test_a_newcomer_draws_repairs_publishes_and_brings_back_a_report(
    fresh: Server, new_page: NewPage
) -> None:
    page = new_page(fresh.url)
    page.emulate_media(reduced_motion="reduce")
    set_up(page)
    load_the_paid_orders(page)
    tell_the_regions_apart(page)
    put_the_figures_together(page)
    run_and_repair(page)
    compare_the_report(page)
    publish_change_and_restore(page)

    page.get_by_role("link", name="Back to the workflows").click()
    row = page.get_by_role("row", name=re.compile("Order report"))
    expect(row.get_by_text("Succeeded")).to_be_visible()
    page.get_by_role("button", name="Account of Ada Lovelace").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"/login\b"))
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/login\b"))
