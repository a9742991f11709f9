"""Every page and the editor with everything open, in both themes: axe finds nothing serious, nothing scrolls sideways."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

import httpx
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, expect

from scripts.studio import Server
from tests.e2e.conftest import OWNER, NewPage, enter

WORKFLOW = "/workflows/example-order-triage"
SIZES = ((640, 800), (1280, 800), (1920, 1080))
"""The first is what a window of 1280 pixels has left at 200 % zoom: in it each page is opened."""
USUAL = (1440, 900)
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("dark", "light")
GRAVE = ("serious", "critical")
DRAWN = """async (width) => {
  while (innerWidth !== width) await new Promise(requestAnimationFrame);
  for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame);
}"""

Ready = Callable[[Page], Locator]


def heading(name: str) -> Ready:
    return lambda page: page.get_by_role("heading", name=name, level=1, exact=True)


def first_row(page: Page) -> Locator:
    return page.get_by_role("row").nth(1)


PAGES: dict[str, Ready] = {
    "/": first_row,
    "/executions": first_row,
    "/insights": lambda page: page.get_by_role("heading", name="How long runs take"),
    "/templates": heading("Templates"),
    "/credentials": heading("Credentials"),
    "/help": lambda page: page.get_by_role("link", name="Code", exact=True),
    "/help/http-request": heading("HTTP Request"),
    "/settings": lambda page: page.get_by_role("button", name="Save name"),
    "/settings#keys": lambda page: page.get_by_role("button", name="New API key"),
    "/settings#people": lambda page: page.get_by_role("button", name="Add person"),
    "/settings#activity": lambda page: page.get_by_role("table"),
    "/settings#prices": lambda page: page.get_by_role("button", name="Add a price"),
    "/settings#conversations": lambda page: page.get_by_text("No agent remembers anything yet."),
    "/settings#collections": lambda page: page.get_by_text("There are no collections yet."),
    "/settings#workers": lambda page: page.get_by_text("One process does everything here"),
    "/settings#about": lambda page: page.get_by_text("Data folder"),
    "/nowhere/at/all": lambda page: page.get_by_role("link", name="Go to the workflows"),
    WORKFLOW: lambda page: page.get_by_role("group", name="Paid orders", exact=True),
}
ENTRY: dict[str, Ready] = {
    "/login": heading("Sign in"),
    "/join#x": lambda page: page.get_by_role("alert"),
    "/forgotten-password": heading("Forgotten password"),
    "/new-password": heading("New password"),
}


def violations(page: Page) -> list[str]:
    """What axe finds grave about the page as it is shown, one line each."""
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null)))")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)")
    return [
        f"{page.url}: {each['id']}: {node['target'][0]}: {node['any'][0]['message'] if node['any'] else each['help']}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


def turned(page: Page, theme: Theme) -> None:
    """The system's theme changes, and with it the page's, for nobody has chosen one."""
    page.emulate_media(color_scheme=theme)
    expect(page.locator("html")).to_have_class(re.compile(rf"\b{theme}\b"))


def in_both_themes(page: Page) -> list[str]:
    """What axe finds grave in either theme."""
    found = []
    for theme in THEMES:
        turned(page, theme)
        found += [f"{theme}: {line}" for line in violations(page)]
    return found


def resized(page: Page, size: tuple[int, int]) -> None:
    """The window has the size, and the page was drawn in it."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate(DRAWN, size[0])


def sideways(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@pytest.fixture(scope="module")
def ran(server: Server) -> Iterator[str]:
    """An execution, so that its list has a row: the id."""
    with httpx.Client(base_url=server.url, headers={"Origin": server.url}, timeout=30) as client:
        client.post("/api/login", json={"email": OWNER[0], "password": OWNER[1]}).raise_for_status()
        answer = client.post(
            "/api/workflows/example-order-triage/execute/", json={"wait": True, "pinned": True}
        )
        yield answer.raise_for_status().json()["execution"]["id"]


@pytest.fixture
def themed(server: Server, new_page: NewPage) -> Page:
    """The window of the owner, who likes the theme of the system and no animations."""
    page = new_page(server.url, reduced_motion="reduce")
    enter(page)
    return page


def settled(page: Page, path: str, ready: Ready) -> None:
    page.goto(path)
    expect(ready(page).first).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def looked_over(page: Page, path: str, ready: Ready) -> list[str]:
    """What is wrong with a page, one line each; it is opened in the smallest of the windows."""
    found = []
    for size in SIZES:
        resized(page, size)
        if size == SIZES[0]:
            page.goto(path)
        expect(ready(page).first).to_be_attached()
        if (pixels := sideways(page)) > 0:
            found.append(f"{path} is {pixels} pixels wider than a window of {size}")
    resized(page, USUAL)
    expect(ready(page).first).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return found + in_both_themes(page)


def test_the_check_sees_what_is_wrong(server: Server, new_page: NewPage) -> None:
    page = new_page(server.url)
    page.set_content("<main><h1 style='color: #ccc; background: #fff'>Pale</h1><button></button></main>")
    assert {line.split(": ")[1] for line in violations(page)} >= {"color-contrast", "button-name"}


@pytest.fixture(scope="module")
def fresh(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody has set up."""
    with Server(tmp_path_factory.mktemp("fresh")) as started:
        yield started


def test_setting_up_keeps_nobody_out(fresh: Server, new_page: NewPage) -> None:
    page = new_page(fresh.url)
    settled(page, "/setup", heading("Set up FlowStudio"))
    assert in_both_themes(page) == []


@pytest.mark.timeout(300)  # many pages; each is opened once
def test_no_page_keeps_anybody_out_or_scrolls_sideways(server: Server, new_page: NewPage, ran: str) -> None:
    page = new_page(server.url)
    found: list[str] = []
    for path, ready in ENTRY.items():
        found += looked_over(page, path, ready)
    enter(page)
    for path, ready in (PAGES | {f"/executions/{ran}": PAGES[WORKFLOW]}).items():
        found += looked_over(page, path, ready)
    assert found == []


def test_dialogs_and_menus_keep_nobody_out(themed: Page) -> None:
    settled(themed, "/", first_row)
    found = []
    for name in ("New workflow", "Tags of Invoice", "Import"):
        themed.get_by_role("button", name=name, exact=True).click()
        expect(themed.get_by_role("dialog")).to_be_visible()
        found += in_both_themes(themed)
        themed.keyboard.press("Escape")
        expect(themed.get_by_role("dialog")).to_have_count(0)
    themed.get_by_role("switch", name="Active: Invoice", exact=True).click()
    expect(themed.get_by_role("dialog")).to_be_visible()
    found += in_both_themes(themed)
    themed.get_by_role("dialog").get_by_role("button", name="Close").click()
    themed.get_by_role("button", name="Account of").click()
    found += in_both_themes(themed)
    themed.get_by_role("button", name="Show me around").click()
    expect(themed.get_by_role("dialog")).to_be_visible()
    found += in_both_themes(themed)
    themed.goto("/credentials")
    themed.get_by_role("button", name="Add credential").click()
    expect(themed.get_by_role("dialog").get_by_role("button", name="Save credential")).to_be_enabled()
    found += in_both_themes(themed)
    assert found == []


def test_the_editor_keeps_nobody_out_with_its_parts_open(themed: Page) -> None:
    made = themed.request.post("/api/templates/first-workflow/use/").json()["id"]
    step = themed.get_by_role("group", name="Affordable ones", exact=True)
    settled(themed, f"/workflows/{made}", lambda page: step)
    themed.get_by_role("button", name="Execute workflow").click()
    expect(themed.get_by_role("status").filter(has_text="Succeeded after")).to_be_visible()
    found = in_both_themes(themed)
    step.dblclick()
    panel = themed.get_by_role("dialog", name="Step details")
    expect(panel.get_by_role("cell", name="Mouse").first).to_be_visible()
    for tab, view in zip(panel.get_by_role("tab").all(), ("Table", "Schema", "JSON"), strict=True):
        tab.click()
        for button in panel.get_by_role("button", name=view, exact=True).all():
            button.click()
        found += in_both_themes(themed)
    given = panel.get_by_role("region", name="Input")
    given.get_by_role("button", name="Table", exact=True).click()
    given.get_by_role("searchbox", name="Search in Input").fill("Mouse")
    expect(given.locator("mark").first).to_be_visible()
    panel.get_by_role("button", name="Edit the data").click()
    expect(panel.get_by_role("textbox", name="Data as JSON")).to_be_visible()
    given.get_by_role("cell", name="Mouse").last.click()
    expect(themed.get_by_role("dialog", name="Value of name")).to_be_visible()
    found += in_both_themes(themed)
    themed.keyboard.press("Escape")
    panel.get_by_role("button", name="Close", exact=True).click()
    themed.get_by_role("button", name="Add step").first.click()
    expect(themed.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    found += in_both_themes(themed)
    assert found == []


def test_what_opens_over_the_canvas_keeps_nobody_out(themed: Page) -> None:
    made = themed.request.post("/api/templates/first-workflow/use/").json()["id"]
    settled(themed, f"/workflows/{made}", lambda page: page.get_by_role("region", name="Set it up"))
    expect(themed.get_by_role("group", name="Affordable ones", exact=True)).to_be_visible()
    found = in_both_themes(themed)
    for keys, search in (("Control+k", ""), ("?", ""), ("Control+f", "price")):
        themed.locator(".fs-canvas").focus()
        themed.keyboard.press(keys)
        box = themed.get_by_role("combobox", name="Find in this workflow")
        if search:
            box.fill(search)
            expect(themed.get_by_role("listbox", name="Hits").get_by_role("option").first).to_be_visible()
        else:
            expect(themed.get_by_role("dialog")).to_be_visible()
        found += in_both_themes(themed)
        themed.keyboard.press("Escape")
        expect(themed.get_by_role("dialog").or_(box)).to_have_count(0)
    themed.get_by_role("group", name="Write a sentence", exact=True).dblclick()
    panel = themed.get_by_role("dialog", name="Step details")
    panel.get_by_role("button", name=re.compile("^Open a large editor for")).first.click()
    large = themed.get_by_role("dialog", name=re.compile("^Expression for"))
    expect(large.get_by_role("textbox")).to_be_visible()
    found += in_both_themes(themed)
    assert found == []


def test_the_dialogs_of_a_workflow_keep_nobody_out(themed: Page) -> None:
    made = themed.request.post("/api/templates/first-workflow/use/").json()["id"]
    add = {"kind": "set", "node": None, "path": ["description"], "value": "Changed"}
    themed.request.post(f"/api/workflows/{made}/publish/", data={"note": "First"})
    themed.request.post(
        f"/api/workflows/{made}/operations/",
        data={"client": "elsewhere", "batches": [{"id": f"change-{made}", "operations": [add]}]},
    )
    settled(themed, f"/workflows/{made}", lambda page: page.get_by_role("group", name="Affordable ones"))
    themed.get_by_role("button", name=re.compile("^Publish")).click()
    expect(themed.get_by_role("dialog", name="Publish this workflow")).to_be_visible()
    found = in_both_themes(themed)
    themed.keyboard.press("Escape")
    for item, title in (
        ("Settings", "Workflow settings"),
        ("Import", "Import into this workflow"),
        ("History", "History"),
    ):
        themed.get_by_role("button", name="Workflow menu").click()
        themed.get_by_role("menuitem", name=item, exact=True).click()
        dialog = themed.get_by_role("dialog", name=title)
        expect(dialog).to_be_visible()
        if item == "History":
            dialog.get_by_role("list", name="Versions").get_by_role("button").last.click()
            expect(dialog.get_by_role("list", name="Changed since this version")).to_be_visible()
        found += in_both_themes(themed)
        themed.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    assert found == []
