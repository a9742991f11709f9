"""AI steps in the browser: agents built by hand, their models' names, what models did and cost, what is remembered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.studio import Server
from tests.ai.providers.wire import Hang, Turn, Wire
from tests.e2e.conftest import OWNER, NewPage, enter, until
from tests.e2e.models import served
from tests.e2e.test_accessibility import in_both_themes

CALL = Turn(thoughts=("Three lamps, ", "so I calculate."), calls=(("calculator", {"formula": "3 * 29.15"}),))
ANSWER = Turn(text=("They cost ", "87.45 euros."))
MODELS = ("gpt-5", "gpt-5-mini", "gpt-4.1")


@pytest.fixture(scope="module")
def model() -> Iterator[Wire]:
    """A model that calculates, then answers."""
    with served([CALL, ANSWER], MODELS) as wire:
        yield wire


@pytest.fixture(scope="module")
def studio(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may reach loopback."""
    settings = {
        "FLOWSTUDIO_OWNER_EMAIL": OWNER[0],
        "FLOWSTUDIO_OWNER_PASSWORD": OWNER[1],
        "FLOWSTUDIO_ALLOW_HOSTS": "127.0.0.1",
    }
    with Server(tmp_path_factory.mktemp("ai"), **settings) as started:
        yield started


@pytest.fixture
def page(studio: Server, new_page: NewPage) -> Page:
    """The owner's window, in which no page is opened yet."""
    opened = new_page(studio.url)
    enter(opened)
    return opened


def ask(page: Page, path: str, body: Any = None, method: str = "POST") -> Any:
    """Ask the API as the person in the window."""
    origin = re.sub(r"^(\w+://[^/]+).*$", r"\1", page.url)
    answer = page.request.fetch(f"/api/{path}", method=method, data=body, headers={"Origin": origin})
    assert answer.ok, answer.text()
    return answer.json() if answer.status != 204 else None


def account(page: Page, name: str, base_url: str) -> str:
    values = {"api_key": "sk-not-a-real-key", "base_url": base_url}
    return str(ask(page, "credentials", {"name": name, "type": "openai", "values": values})["id"])


def pick(page: Page, opening: str, wanted: str) -> None:
    """Add a step with the keyboard, from the plus with that name."""
    page.get_by_role("button", name=opening, exact=True).click()
    page.get_by_role("combobox", name="Search steps").fill(wanted)
    expect(page.get_by_role("option").first).to_contain_text(wanted)
    page.keyboard.press("Enter")


def panel(page: Page, name: str) -> Locator:
    found = page.get_by_role("dialog", name=f"Step details: {name}")
    expect(found).to_be_visible()
    return found


def closed(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


AGENT: dict[str, Any] = {
    "name": "Lamps",
    "nodes": [
        {"id": "1", "type": "manual-trigger", "data": {"label": "Start"}},
        {
            "id": "2",
            "type": "ai-agent",
            "position": {"x": 320, "y": 0},
            "data": {"label": "Seller", "properties": {"message": "What do three lamps cost?"}},
        },
        {
            "id": "3",
            "type": "chat-model-openai",
            "position": {"x": 288, "y": 208},
            "data": {"label": "Its model", "properties": {"model": "gpt-5-mini"}},
        },
        {
            "id": "4",
            "type": "tool-calculator",
            "position": {"x": 560, "y": 208},
            "data": {"label": "Its calculator"},
        },
    ],
    "edges": [
        {"source": "1", "target": "2"},
        {"source": "3", "target": "2", "targetHandle": "model"},
        {"source": "4", "target": "2", "targetHandle": "tools"},
    ],
}


def agent(page: Page, credential: str) -> str:
    """A workflow with an agent."""
    made = AGENT | {"nodes": [dict(node) for node in AGENT["nodes"]]}
    made["nodes"][2]["data"] = made["nodes"][2]["data"] | {"credentials": {"account": credential}}
    return str(ask(page, "workflows/", made)["id"])


def test_an_agent_is_built_by_hand_and_shows_what_its_model_did(page: Page, model: Wire) -> None:
    account(page, "Shop account", f"{model.url}/v1")
    made = ask(page, "workflows/", {"name": "By hand", "nodes": [], "edges": []})["id"]
    page.goto(f"/workflows/{made}")
    pick(page, "Add first step", "Manual Trigger")
    closed(page)
    pick(page, "Add a step after Manual Trigger", "AI Agent")
    details = panel(page, "AI Agent")
    expect(details.get_by_role("note")).to_contain_text("It has no chat model yet")
    details.get_by_label("Message", exact=True).fill("What do three lamps cost?")
    closed(page)
    lacks = page.get_by_role("img", name=re.compile("It has no chat model yet"))
    expect(lacks).to_be_visible()

    page.get_by_role("button", name="Add Chat model to AI Agent").click()
    palette = page.get_by_role("dialog", name="Chat model for AI Agent")
    expect(palette.get_by_role("option", name=re.compile("OpenAI Chat Model"))).to_be_visible()
    expect(palette.get_by_role("option", name=re.compile("Calculator|Simple Memory|Code"))).to_have_count(0)
    page.keyboard.press("Escape")
    pick(page, "Add Chat model to AI Agent", "OpenAI Chat Model")
    details = panel(page, "OpenAI Chat Model")
    expect(details.get_by_role("button", name="Run this step")).to_have_count(0)
    details.get_by_role("combobox", name="OpenAI account").select_option("Shop account")
    names = details.get_by_role("combobox", name="Model")
    names.fill("5")
    expect(details.get_by_role("listbox").get_by_role("option")).to_have_text(["gpt-5", "gpt-5-mini"])
    names.press("ArrowDown")
    names.press("ArrowDown")
    names.press("Enter")
    expect(names).to_have_value("gpt-5-mini")
    closed(page)
    expect(lacks).to_have_count(0)
    pick(page, "Add Memory to AI Agent", "Simple Memory")
    panel(page, "Simple Memory").get_by_label("Session", exact=True).fill("lamps")
    closed(page)
    page.get_by_role("button", name="Add Tool to AI Agent").click()
    expect(page.get_by_role("option").first).to_contain_text("API Caller")
    page.keyboard.press("Escape")
    for tool in ("Calculator", "Date & Time"):
        pick(page, "Add Tool to AI Agent", tool)
        closed(page)

    model.behaviours[:] = [CALL, ANSWER]
    page.get_by_role("button", name="Execute workflow").click()
    log = page.get_by_role("region", name="Run log")
    expect(log.get_by_role("status")).to_contain_text("Succeeded after")
    expect(log.get_by_text("300 tokens · $0.000135")).to_have_count(2)
    assert len(model.asked[-1].body["tools"]) == 2
    for name in ("OpenAI Chat Model", "Calculator"):
        expect(page.get_by_role("group", name=name).get_by_role("img", name="Succeeded")).to_be_visible()
    turns = log.get_by_role("row", name=re.compile("^gpt-5-mini 150 tokens"))
    expect(turns).to_have_count(2)
    turns.first.click()
    chosen = log.get_by_role("complementary", name="Chosen row")
    expect(chosen.get_by_text("120, of which 100 cached")).to_be_visible()
    expect(chosen.get_by_text("Calls calculator")).to_be_visible()
    expect(chosen.get_by_text("What do three lamps cost?")).to_be_visible()
    chosen.get_by_text("Thoughts", exact=True).click()
    expect(chosen.get_by_text("Three lamps, so I calculate.")).to_be_visible()
    log.get_by_role("row", name=re.compile("^calculator")).click()
    expect(chosen.get_by_text("3 * 29.15")).to_be_visible()
    expect(chosen.get_by_text("87.45", exact=True)).to_be_visible()

    page.get_by_role("group", name="OpenAI Chat Model").dblclick()
    details = panel(page, "OpenAI Chat Model")
    expect(details.get_by_role("listitem").filter(has_text="gpt-5-mini")).to_have_count(2)
    details.get_by_role("listitem").last.locator("summary").click()
    expect(details.get_by_text("They cost 87.45 euros.")).to_be_visible()
    closed(page)
    page.goto(f"/executions?workflow={made}")
    page.get_by_role("link", name="Open execution of By hand").click()
    expect(page.locator(".fs-execution-facts").get_by_text("300 tokens · $0.000135")).to_be_visible()


def test_a_model_can_be_named_where_its_list_cannot_be_had(page: Page, model: Wire) -> None:
    made = agent(page, account(page, "Nobody there", "http://127.0.0.1:1/v1"))
    page.goto(f"/workflows/{made}")
    page.get_by_role("group", name="Its model").dblclick()
    details = panel(page, "Its model")
    names = details.get_by_role("combobox", name="Model")
    names.click()
    expect(details.get_by_role("status")).to_contain_text("The list of models cannot be had")
    names.fill("my-own-model")
    names.press("Tab")
    expect(names).to_have_value("my-own-model")
    closed(page)
    expect(page.get_by_role("group", name="Its model")).to_contain_text("my-own-model")


def test_a_price_that_an_admin_sets_counts_from_then_on(
    page: Page, model: Wire, studio: Server, new_page: NewPage
) -> None:
    page.goto("/settings#prices")
    page.get_by_role("button", name="Change the price of gpt-5-mini").click()
    form = page.get_by_role("dialog", name="Change the price of gpt-5-mini")
    form.get_by_label("Tokens in", exact=True).fill("1000")
    form.get_by_label("Tokens out", exact=True).fill("2000")
    form.get_by_label("Tokens read from the cache").fill("")
    form.get_by_role("button", name="Save price").click()
    row = page.get_by_role("row").filter(has=page.get_by_text("gpt-5-mini", exact=True))
    expect(row).to_contain_text("Set here")
    expect(row).to_contain_text("1,000.00")

    made = agent(page, account(page, "Priced", f"{model.url}/v1"))
    model.behaviours[:] = [ANSWER]
    ran = ask(page, f"workflows/{made}/execute/", {"wait": True})["execution"]
    usage = next(
        run["usage"]
        for run in ask(page, f"executions/{ran['id']}/runs/", method="GET")["runs"]
        if run["usage"]
    )
    assert usage["cost"] == pytest.approx(0.18)

    ask(
        page,
        "users/",
        {"name": "Eve", "email": "eve@example.com", "password": "a long password", "role": "viewer"},
    )
    viewer = new_page(studio.url)
    enter(viewer, "eve@example.com", "a long password")
    viewer.goto("/settings#prices")
    expect(viewer.get_by_role("row").filter(has_text="Set here")).to_contain_text("gpt-5-mini")
    expect(viewer.get_by_role("button", name=re.compile("price of"))).to_have_count(0)
    page.get_by_role("button", name="Back to the shipped price of gpt-5-mini").click()
    page.get_by_role("button", name="Use the shipped price").click()
    expect(row).to_contain_text("Shipped")
    assert ask(page, "models/prices", method="GET")["own"] == []


def test_conversations_are_read_and_cleared(page: Page, model: Wire) -> None:
    credential = account(page, "Remembering", f"{model.url}/v1")
    made = AGENT | {"name": "Remembers"}
    memory = {"id": "5", "type": "memory-simple", "data": {"properties": {"session": "visitor-7"}}}
    made["nodes"] = [
        *AGENT["nodes"][:2],
        AGENT["nodes"][2] | {"data": {"credentials": {"account": credential}}},
        memory,
    ]
    made["edges"] = [*AGENT["edges"][:2], {"source": "5", "target": "2", "targetHandle": "memory"}]
    model.behaviours[:] = [ANSWER]
    ask(page, f"workflows/{ask(page, 'workflows/', made)['id']}/execute/", {"wait": True})

    page.goto("/settings#conversations")
    row = page.get_by_role("row").filter(has_text="visitor-7")
    expect(row).to_contain_text("Remembers")
    row.get_by_role("button", name="What do three lamps cost?", exact=True).click()
    said = page.get_by_role("list", name="What was said").get_by_role("listitem")
    expect(said).to_contain_text(["What do three lamps cost?", "They cost 87.45 euros."])
    page.keyboard.press("Escape")
    row.get_by_role("button", name=re.compile("^Clear")).click()
    page.get_by_role("button", name="Clear conversation").click()
    expect(row).to_have_count(0)
    left = ask(page, "chats/sessions", method="GET")["items"]
    assert all(session["session_id"] != "visitor-7" for session in left)


def test_words_are_read_in_the_run_log_while_they_come_and_stop_ends_them(page: Page, model: Wire) -> None:
    made = agent(page, account(page, "Slow", f"{model.url}/v1"))
    model.behaviours[:] = [Hang(Turn(("Three lamps ", "cost ", "87")), pieces=3)]
    page.goto(f"/workflows/{made}")
    page.get_by_role("button", name="Execute workflow").click()
    log = page.get_by_role("region", name="Run log")
    log.get_by_role("row", name=re.compile("^gpt-5-mini")).click()
    chosen = log.get_by_role("complementary", name="Chosen row")
    expect(chosen.get_by_text(re.compile("^Three lamps cost"))).to_be_visible()
    expect(log.get_by_role("status").first).to_contain_text("Running")
    log.get_by_role("row", name=re.compile("^Seller")).click()
    expect(chosen.get_by_text(re.compile("^Three lamps cost"))).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(log.get_by_role("status").first).to_contain_text("Cancelled")
    until(model.left.is_set)


def test_collections_are_seen_and_deleted(page: Page) -> None:
    document = {
        "name": "Keeps",
        "nodes": [
            {"id": "1", "type": "manual-trigger"},
            {"id": "2", "type": "vector-store-insert", "data": {"properties": {"collection": "Handbook"}}},
        ],
        "edges": [{"source": "1", "target": "2"}],
    }
    rows = [
        {"text": "Refunds take thirty days.", "source": "terms"},
        {"text": "We open at nine.", "source": "hours"},
    ]
    made = ask(page, "workflows/", document)["id"]
    ran = ask(page, f"workflows/{made}/execute/", {"trigger_data": rows, "wait": True})["execution"]
    assert ran["status"] == "success", ran["error"]
    page.goto("/settings#collections")
    row = page.get_by_role("row").filter(has_text="Handbook")
    expect(row.get_by_role("cell").nth(1)).to_have_text("2")
    expect(row).to_contain_text("This machine")
    row.get_by_role("button", name="Delete Handbook").click()
    page.get_by_role("button", name="Delete collection").click()
    expect(row).to_have_count(0)
    assert ask(page, "collections", method="GET")["items"] == []


def test_what_models_did_and_their_names_keep_nobody_out(page: Page, model: Wire) -> None:
    made = agent(page, account(page, "Account for all", f"{model.url}/v1"))
    model.behaviours[:] = [CALL, ANSWER]
    ran = ask(page, f"workflows/{made}/execute/", {"wait": True})["execution"]["id"]
    page.goto(f"/executions/{ran}")
    page.get_by_role("row", name=re.compile("^gpt-5-mini")).last.click()
    expect(
        page.get_by_role("complementary", name="Chosen row").get_by_text("They cost 87.45 euros.")
    ).to_be_visible()
    found = in_both_themes(page)
    page.get_by_role("group", name="Its model").dblclick()
    details = panel(page, "Its model")
    details.get_by_role("listitem").first.locator("summary").click()
    expect(details.get_by_text("Calls calculator")).to_be_visible()
    found += in_both_themes(page)
    page.goto(f"/workflows/{made}")
    page.get_by_role("group", name="Its model").dblclick()
    details = panel(page, "Its model")
    details.get_by_role("combobox", name="Model").click()
    expect(details.get_by_role("listbox").get_by_role("option")).to_have_count(len(MODELS))
    assert found + in_both_themes(page) == []


def test_a_step_becomes_a_tool_whose_parameter_the_model_fills_in(page: Page, model: Wire) -> None:
    made = ask(page, "templates/support-agent/use/")["id"]
    credential = account(page, "For the template", f"{model.url}/v1")
    page.goto(f"/workflows/{made}")
    page.get_by_role("group", name="Support agent").dblclick()
    details = panel(page, "Support agent")
    details.get_by_label("Account", exact=True).select_option(credential)
    closed(page)
    expect(page.get_by_role("region", name="Set it up").get_by_text("1 of 4")).to_be_visible()
    page.get_by_role("group", name="Look up articles").dblclick()
    details = panel(page, "Look up articles")
    expect(details.get_by_text("An AI Agent uses this step as a tool.")).to_be_visible()
    details.get_by_role("button", name="Let the model fill in: URL").click()
    expect(details.get_by_role("textbox", name="URL")).to_contain_text("$fromAI('url', 'URL: ")
    expect(details.get_by_role("status", name="Result")).to_contain_text("A model fills this in")
    closed(page)
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    sample = Turn(calls=(("Look_up_articles", {"url": "/samples/products.json"}),))
    model.behaviours[:] = [sample, ANSWER]
    said = {"chatInput": "What do three lamps cost?"}
    ran = ask(page, f"workflows/{made}/execute/", {"trigger_data": said, "wait": True})["execution"]
    assert ran["status"] == "success", ran["error"]
    tool = next(
        one["function"]
        for one in model.asked[-1].body["tools"]
        if one["function"]["name"] == "Look_up_articles"
    )
    assert list(tool["parameters"]["properties"]) == ["url"]
    (told,) = [one for one in model.asked[-1].body["messages"] if one["role"] == "tool"]
    assert "Keyboard" in told["content"]
