"""What ran: the run log, failures and the way back from them, the list of executions and its actions."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.test_editor import origin, store, stored


def step(id_: str, type_: str, label: str, x: int, y: int = 0, **more: Any) -> dict[str, Any]:
    """A step of a drawing."""
    return {"id": id_, "type": type_, "position": {"x": x, "y": y}, "data": {"label": label, **more}}


def code(text: str) -> dict[str, Any]:
    """Parameters of a Code step."""
    return {"language": "python", "mode": "all-items", "code": text}


GO = step("1", "manual-trigger", "Go", 0)
# Go -> Load -> Check (fails until its address is repaired) -> End
BROKEN = {
    "name": "Price check",
    "nodes": [
        GO,
        step("2", "code", "Load", 300, properties=code("return [{'price': 3}, {'price': 4}]")),
        step("3", "http-request", "Check", 600, properties={"url": "stock.json"}),
        step("4", "no-op", "End", 900),
    ],
    "edges": [
        {"source": "1", "target": "2"},
        {"source": "2", "target": "3"},
        {"source": "3", "target": "4"},
    ],
}
# Go -> People -> Batches -> (Write -> back to Batches) | Stubborn (fails twice, retried once)
ROUNDS = {
    "name": "Letters",
    "nodes": [
        GO,
        step("2", "code", "People", 300, properties=code("return [{'n': n} for n in range(4)]")),
        step("3", "loop-over-items", "Batches", 600, properties={"batch_size": 2}),
        step(
            "4",
            "code",
            "Write",
            900,
            160,
            properties=code("print('dear', len(items), 'readers')\nreturn items"),
        ),
        step(
            "5",
            "http-request",
            "Stubborn",
            900,
            -160,
            properties={"url": "http://no-such-host.invalid/"},
            settings={"retry": True, "max_tries": 2, "retry_wait": 0.1},
        ),
    ],
    "edges": [
        {"source": "1", "target": "2"},
        {"source": "2", "target": "3"},
        {"source": "3", "target": "4", "sourceHandle": "loop"},
        {"source": "4", "target": "3"},
        {"source": "3", "target": "5", "sourceHandle": "done"},
    ],
}


def make(page: Page, document: dict[str, Any]) -> str:
    """Store a workflow without opening it."""
    answer = page.request.post("/api/workflows/", data=document, headers={"Origin": origin(page)})
    assert answer.ok, answer.text()
    return str(answer.json()["id"])


def execute(page: Page, workflow: str, **body: Any) -> str:
    """Run a workflow; gives the execution's id."""
    answer = page.request.post(
        f"/api/workflows/{workflow}/execute/", data=body, headers={"Origin": origin(page)}
    )
    assert answer.ok, answer.text()
    return str(answer.json()["execution"]["id"])


def pinned(page: Page, workflow: str) -> dict[str, Any]:
    """What is pinned to the steps of a stored workflow, by their labels."""
    nodes = stored(page, workflow)["nodes"]
    return {node["data"]["label"]: rows for node in nodes if (rows := node["data"].get("pinned"))}


def test_a_failed_run_leads_to_its_step_and_goes_on_from_there_once_it_is_repaired(page: Page) -> None:
    store(page, BROKEN)
    page.get_by_role("button", name="Execute workflow").click()

    banner = page.get_by_role("alert", name="The run failed")
    expect(banner).to_contain_text("“Check” failed")
    expect(banner).to_contain_text("'stock.json' is not an address to call.")
    banner.get_by_role("button", name="Open step").click()
    panel = page.get_by_role("dialog", name="Step details: Check")

    log = page.get_by_role("region", name="Run log")
    panel.get_by_role("textbox", name=re.compile("^URL")).fill("/samples/stock.json")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(log.get_by_text("2 steps changed since this run")).to_be_visible()
    expect(log.get_by_role("row", name=re.compile("Check.*Changed since this run"))).to_be_visible()

    before = log.get_by_role("row", name=re.compile("^Load")).inner_text()
    banner.get_by_role("button", name="Try again").click()
    expect(log.get_by_role("status")).to_contain_text("Succeeded after")
    expect(banner).to_have_count(0)
    expect(log.get_by_text("changed since this run")).to_have_count(0)
    kept = log.get_by_role("row", name=re.compile("^Load"))
    assert kept.inner_text().split()[-3:] == before.split()[-3:], "what ran before the failure was taken over"


def test_the_log_shows_rounds_tries_and_what_was_printed(page: Page) -> None:
    store(page, ROUNDS)
    page.get_by_role("button", name="Execute workflow").click()
    log = page.get_by_role("region", name="Run log")
    expect(log.get_by_role("status")).to_contain_text("Failed after")

    tree = log.get_by_role("treegrid", name="Steps of this run")
    expect(tree.get_by_role("row", name=re.compile("Round 2"))).to_have_attribute("aria-level", "2")
    stubborn = tree.get_by_role("row", name=re.compile("Stubborn.*2 tries"))
    expect(stubborn).to_contain_text("There is no server named")
    expect(tree.get_by_role("row", name=re.compile("Try 2"))).to_have_attribute("aria-level", "2")

    writing = tree.get_by_role("row", name=re.compile("Write"))
    expect(writing).to_have_count(2)
    expect(writing.first.get_by_role("img", name="Printed something")).to_be_visible()
    writing.first.click()
    detail = log.get_by_role("complementary", name="Chosen row")
    detail.get_by_role("button", name="Printed").click()
    expect(detail.get_by_text("dear 2 readers")).to_be_visible()

    writing.first.click()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    batches = tree.get_by_role("row", name=re.compile("Batches.*2 rounds"))
    expect(batches).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(tree.get_by_role("row", name=re.compile("Round 1"))).to_have_count(0)

    log.get_by_label("Find a step or an error").fill("no server")
    expect(tree.get_by_role("row", name=re.compile("People"))).to_have_count(0)
    expect(stubborn).to_be_visible()


# Go -> Say (prints) -> Call (waits to be called) -> Thank
LIVE = {
    "name": "Wait for the order",
    "nodes": [
        GO,
        step("2", "code", "Say", 300, properties=code("print('dear readers')\nreturn items")),
        step("3", "wait", "Call", 600, properties={"resume": "on_call"}),
        step("4", "no-op", "Thank", 900),
    ],
    "edges": [
        {"source": "1", "target": "2"},
        {"source": "2", "target": "3"},
        {"source": "3", "target": "4"},
    ],
}


def test_the_log_grows_while_a_run_is_live_and_is_taken_along(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    id_ = execute(page, make(page, LIVE), wait=False)
    page.goto(f"/executions/{id_}")
    tree = page.get_by_role("treegrid", name="Steps of this run")
    expect(tree.get_by_role("row", name=re.compile("^Call.*Waiting"))).to_be_visible()
    expect(tree.get_by_role("row", name=re.compile("^Say.*Succeeded"))).to_be_visible()
    expect(tree.get_by_role("row", name=re.compile("^Thank"))).to_have_count(0)
    log = page.get_by_role("region", name="Run log")
    log.get_by_role("button", name="Copy the run log").click()
    expect(page.get_by_text("The run log is in the clipboard.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "dear readers" in copied
    assert "Call waits" in copied

    called = page.request.post(f"/webhook-waiting/{id_}", headers={"Origin": origin(page)})
    assert called.ok, called.text()
    expect(tree.get_by_role("row", name=re.compile("^Thank.*Succeeded"))).to_be_visible()
    expect(log.get_by_role("status")).to_contain_text("Succeeded after")
    log.get_by_role("button", name="Download the run log").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="As text, to read").click()
    assert re.fullmatch(r"Wait for the order .*\.txt", download.value.suggested_filename)
    text = download.value.path().read_text()
    assert text.startswith("Wait for the order: success\n")
    assert "Thank succeeded" in text
    expect(log.get_by_role("button", name="Copy the run log")).to_be_visible()


def test_an_execution_is_walked_through_item_by_item_and_debugged_in_the_editor(page: Page) -> None:
    workflow = make(page, BROKEN)
    id_ = execute(page, workflow)
    page.goto(f"/executions/{id_}")
    detail = page.get_by_role("complementary", name="Chosen row")
    expect(page.get_by_role("treegrid").get_by_role("row", name=re.compile("Load"))).to_be_visible()
    for _ in range(3):
        page.keyboard.press("j")
    expect(detail.get_by_text("Item 2 of 2")).to_be_visible()
    expect(detail.get_by_text('"price": 4')).to_be_visible()
    page.keyboard.press("k")
    expect(detail.get_by_text('"price": 3')).to_be_visible()

    page.get_by_role("link", name="Debug in editor").click()
    expect(page.get_by_text("The run's data is pinned to 2 steps.")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"/workflows/{workflow}$"))
    expect(page.get_by_role("alert", name="The run failed")).to_contain_text("not an address")
    expect(page.get_by_role("status").filter(has_text=re.compile("^Saved$"))).to_be_visible()
    assert pinned(page, workflow) == {"Go": [{}], "Load": [{"price": 3}, {"price": 4}]}

    page.locator("body").press("Control+z")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    expect(page.get_by_role("status").filter(has_text=re.compile("^Saved$"))).to_be_visible()
    assert pinned(page, workflow) == {}


def test_debugging_a_run_with_a_loop_says_which_steps_keep_no_data(page: Page) -> None:
    workflow = make(page, ROUNDS)
    id_ = execute(page, workflow)
    page.goto(f"/workflows/{workflow}?debug={id_}")
    expect(page.get_by_text("The run's data is pinned to 3 steps.")).to_be_visible()
    expect(page.get_by_text("Not pinned:")).to_have_text("Not pinned: “Write” (it is part of a loop).")
    expect(page.get_by_role("status").filter(has_text=re.compile("^Saved$"))).to_be_visible()
    people = [{"n": n} for n in range(4)]
    assert pinned(page, workflow) == {"Go": [{}], "People": people, "Batches": people}


def test_executions_are_filtered_and_deleted_many_at_once(page: Page) -> None:
    workflow = make(page, BROKEN | {"name": "Filter me"})
    other = make(page, {"name": "Fine", "nodes": [GO], "edges": []})
    for _ in range(2):
        execute(page, workflow)
    execute(page, other)

    page.goto(f"/workflows/{workflow}")
    page.get_by_role("button", name="Workflow menu").click()
    page.get_by_role("menuitem", name="Executions of this workflow").click()
    expect(page.get_by_role("link", name="Open execution of Filter me")).to_have_count(2)
    expect(page.get_by_role("link", name="Open execution of Fine")).to_have_count(0)
    expect(page.get_by_role("button", name="Failed 2")).to_be_visible()
    page.get_by_role("button", name="Succeeded 0").click()
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"\?status=success&workflow={workflow}$"))

    page.get_by_role("button", name="Show everything").first.click()
    page.get_by_role("combobox", name="Workflow").select_option(label="Filter me")
    page.get_by_role("combobox", name="Time").select_option(label="Last hour")
    page.reload()
    expect(page.get_by_role("combobox", name="Time")).to_have_value("hour")
    expect(page.get_by_role("link", name="Open execution of Filter me")).to_have_count(2)
    execute(page, workflow)
    expect(page.get_by_role("link", name="Open execution of Filter me")).to_have_count(3)

    page.get_by_role("checkbox", name="Choose all that are shown").check()
    bulk = page.get_by_role("toolbar", name="For the chosen executions")
    expect(bulk.get_by_text("3 chosen")).to_be_visible()
    bulk.get_by_role("button", name="Delete").click()
    question = page.get_by_role("dialog", name="Delete 3 executions?")
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("3 executions deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="Open execution of Filter me")).to_have_count(0)
    answer = page.request.get("/api/executions/", params={"workflow_id": workflow})
    assert answer.json()["items"] == []
