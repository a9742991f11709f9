"""Talking to workflows in the browser, with a model on loopback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.studio import Server
from tests.ai.providers.threaded import TimedWire, threaded
from tests.ai.providers.wire import Hang, Turn, Wire
from tests.e2e.conftest import OWNER, NewPage, enter, in_clipboard
from tests.e2e.test_accessibility import THEMES, sideways, turned, violations

PRICE = {
    "id": "price",
    "type": "edit-fields",
    "position": {"x": 300, "y": 220},
    "data": {
        "label": "Look up price",
        "notes": "Tells the price of an article.",
        "properties": {
            "fields": [
                {
                    "name": "article",
                    "type": "string",
                    "value": "={{ $fromAI('article', 'Its name', 'string') }}",
                },
                {"name": "price", "type": "number", "value": "24"},
            ]
        },
    },
}
UNSAFE = """**Bold** <script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">

| Article | Price |
|:--|--:|
| Lamp | 24 |

![cat](https://example.com/cat.png) [shop](https://example.com) [bad](javascript:window.hacked=1)

```python
print(24)
```
"""


def words(text: str) -> tuple[str, ...]:
    """A text as a model writes it."""
    return tuple(re.findall(r"\s*\S+|\s+$", text))


@pytest.fixture(scope="module")
def model() -> Iterator[TimedWire]:
    """A model that says what a test tells it to."""
    with threaded([Turn(("Hello",))], delay=0.01) as wire:
        yield wire


@pytest.fixture(scope="module")
def talking(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may call the model."""
    owner = {"FLOWSTUDIO_OWNER_EMAIL": OWNER[0], "FLOWSTUDIO_OWNER_PASSWORD": OWNER[1]}
    folder = tmp_path_factory.mktemp("talking")
    with Server(folder, FLOWSTUDIO_ALLOW_HOSTS="127.0.0.1", **owner) as started:
        yield started


@pytest.fixture(scope="module")
def client(talking: Server) -> Iterator[httpx.Client]:
    """The owner, without a browser."""
    with httpx.Client(base_url=talking.url, headers={"Origin": talking.url}, timeout=60) as opened:
        opened.post("/api/login", json={"email": OWNER[0], "password": OWNER[1]}).raise_for_status()
        yield opened


@pytest.fixture(scope="module")
def account(client: httpx.Client, model: Wire) -> str:
    """The account of the model."""
    values = {"api_key": "sk-1", "base_url": f"{model.url}/v1"}
    made = client.post("/api/credentials", json={"name": "Loopback", "type": "openai", "values": values})
    found: str = made.raise_for_status().json()["id"]
    return found


def assistant(account: str, **trigger: Any) -> dict[str, Any]:
    """An agent with a tool, behind a chat."""
    return {
        "name": "Shop assistant",
        "nodes": [
            {
                "id": "in",
                "type": "when-chat-received",
                "position": {"x": 0, "y": 0},
                "data": {"label": "Chat", "properties": trigger},
            },
            {
                "id": "ai",
                "type": "ai-agent",
                "position": {"x": 300, "y": 0},
                "data": {"label": "Assistant", "credentials": {"account": account}},
            },
            {
                "id": "out",
                "type": "respond-to-chat",
                "position": {"x": 640, "y": 0},
                "data": {"label": "Answer"},
            },
            PRICE,
        ],
        "edges": [
            {"source": "in", "target": "ai"},
            {"source": "ai", "target": "out"},
            {"source": "price", "target": "ai", "targetHandle": "tools"},
        ],
    }


def stored(client: httpx.Client, document: dict[str, Any]) -> str:
    made: str = client.post("/api/workflows", json=document).raise_for_status().json()["id"]
    return made


@pytest.fixture
def workflow(client: httpx.Client, account: str) -> str:
    """A stored assistant."""
    return stored(client, assistant(account))


@pytest.fixture
def page(talking: Server, new_page: NewPage) -> Page:
    """The owner's window, in which no page is opened yet."""
    opened = new_page(talking.url)
    enter(opened)
    return opened


def panel_of(page: Page, workflow: str) -> Locator:
    """Open the editor and its chat."""
    page.goto(f"/workflows/{workflow}")
    expect(page.get_by_role("group", name="Assistant", exact=True)).to_be_visible()
    page.locator(".fs-canvas").focus()
    page.keyboard.press("c")
    panel = page.get_by_role("region", name="Chat")
    expect(panel.get_by_label("Write a message")).to_be_focused()
    return panel


def say(chat: Locator, text: str) -> None:
    chat.get_by_label("Write a message").fill(text)
    chat.get_by_label("Write a message").press("Enter")


def answer(chat: Locator) -> Locator:
    return chat.get_by_role("article", name="Workflow").last


def answered(chat: Locator) -> None:
    expect(chat.locator("[aria-busy=true]")).to_have_count(0)


def test_an_answer_is_watched_as_it_comes(page: Page, workflow: str, model: Wire) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel = panel_of(page, workflow)
    turn = Turn(words("It costs 24 euros."))
    model.behaviours[:] = [
        Turn(calls=(("Look_up_price", {"article": "lamp"}),)),
        Hang(turn, pieces=3),
    ]
    say(panel, "What does a lamp cost?")
    expect(answer(panel)).to_contain_text("It costs")
    expect(panel.locator("[aria-busy=true]")).to_have_count(1)
    steps = panel.get_by_role("list", name="What the workflow does")
    expect(steps.get_by_role("button", name="Assistant")).to_contain_text("running")
    tool = steps.get_by_role("button", name="Look up price")
    expect(tool).to_contain_text("done")
    tool.click()
    details = page.get_by_role("dialog", name="Step details")
    expect(details.get_by_label("Name of the step")).to_have_value("Look up price")
    page.keyboard.press("Escape")
    expect(details).to_have_count(0)

    log = page.get_by_role("region", name="Run log")
    turns = log.get_by_role("row", name=re.compile("Running")).filter(has_not_text="Assistant")
    turns.click()
    expect(log.get_by_role("complementary", name="Chosen row")).to_contain_text("It costs")

    panel.get_by_role("button", name="Stop the answer").click()
    expect(answer(panel)).to_contain_text("Stopped.")
    model.behaviours[:] = [turn]
    panel.get_by_role("button", name="Answer again").click()
    expect(answer(panel)).to_contain_text("It costs 24 euros.")
    answered(panel)
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")
    answer(panel).get_by_role("button", name="Copy", exact=True).click()
    in_clipboard(page, "It costs 24 euros.")
    answer(panel).get_by_role("button", name="Good answer").click()
    with page.expect_popup() as opened:
        answer(panel).get_by_role("link", name="Run").click()
    expect(opened.value.get_by_role("heading", name="Shop assistant")).to_be_visible()
    opened.value.close()

    panel.get_by_role("article", name="You").get_by_role("button", name="Edit the message").click()
    model.behaviours[:] = [Turn(("Fine.",))]
    panel.get_by_label("The message", exact=True).fill("And a chair?")
    panel.get_by_label("The message", exact=True).press("Enter")
    expect(panel.get_by_role("article", name="You")).to_contain_text("And a chair?")
    expect(answer(panel)).to_contain_text("Fine.")
    answered(panel)
    panel.get_by_role("button", name="New chat").click()
    expect(panel.get_by_text("Talk to your workflow")).to_be_visible()
    panel.get_by_role("button", name="Chats", exact=True).click()
    page.get_by_role("menuitemradio", name=re.compile("And a chair")).click()
    expect(answer(panel)).to_contain_text("Fine.")
    panel.get_by_role("button", name="Delete this chat").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(panel.get_by_text("Talk to your workflow")).to_be_visible()


def test_what_a_model_writes_stays_text(page: Page, workflow: str, model: TimedWire) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    panel = panel_of(page, workflow)
    model.behaviours[:] = [Turn(words(UNSAFE))]
    model.pause_after = len(words(UNSAFE)) // 2
    say(panel, "Show me everything")
    page.wait_for_function(MARK_LIVE)
    model.pause_after = 0
    model.go.set()
    answered(panel)
    said = answer(panel)
    expect(said.locator("strong[data-drawn-live]")).to_have_count(1)
    expect(said.get_by_role("cell", name="24")).to_be_visible()
    expect(said.locator("pre")).to_have_text("print(24)")
    expect(said.locator(".fs-chat-md strong")).to_have_text("Bold")
    expect(said.get_by_text("window.hacked = 1").first).to_be_visible()
    shop = said.get_by_role("link", name="shop")
    assert "noopener" in (shop.get_attribute("rel") or "")
    expect(said.get_by_role("link", name="bad")).to_have_count(0)
    expect(said.locator("img, script")).to_have_count(0)
    assert page.evaluate("window.hacked") is None
    assert not [url for url in asked if "example.com" in url]


MARK_LIVE = """() => {
  const bold = document.querySelector(".fs-chat-live strong");
  if (bold) bold.dataset.drawnLive = "";
  return Boolean(bold);
}"""
"""What is drawn while a model writes stays when it has ended: nothing is drawn twice."""
BATCH = 50
"""Milliseconds between two drawings of an answer that is being written."""
SIZES = ((1280, 800), (390, 844))


def checked(page: Page) -> None:
    """Nothing grave, nothing sideways: in a usual window and on a phone."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert violations(page) == []
        assert sideways(page) <= 0


def test_the_panel_keeps_nobody_out(page: Page, workflow: str, model: Wire) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    panel = panel_of(page, workflow)
    model.behaviours[:] = [Turn(calls=(("Look_up_price", {"article": "lamp"}),)), Turn(words(UNSAFE))]
    say(panel, "Show me everything")
    answered(panel)
    panel.get_by_text("4 steps").click()
    for theme in THEMES:
        turned(page, theme)
        checked(page)


def published(client: httpx.Client, document: dict[str, Any]) -> str:
    made = stored(client, document)
    client.post(f"/api/workflows/{made}/activate").raise_for_status()
    return made


LOOK = {
    "public": True,
    "title": "Lamp shop",
    "welcome": "Ask me about **lamps**.",
    "suggestions": ["What does a lamp cost?", "When are you open?"],
    "color": "#0a7d55",
}


def read_by_the_owner(page: Page, workflow: str) -> None:
    """What the visitor said stands in the studio, to read; that it was read is noted."""
    enter(page)
    panel_of(page, workflow).get_by_role("button", name="Chats of visitors").click()
    dialog = page.get_by_role("dialog", name="Chats of visitors")
    dialog.get_by_role("button", name=re.compile("What does a lamp cost.*3 messages")).click()
    expect(dialog.get_by_role("article", name="You")).to_have_count(3)
    expect(answer(dialog)).to_contain_text("It costs 24 euros.")
    expect(answer(dialog).get_by_role("link", name="Run")).to_be_visible()
    for name in ("Edit the message", "Answer again", "Good answer"):
        expect(dialog.get_by_role("button", name=name)).to_have_count(0)
    assert violations(page) == []
    entries = page.request.get("/api/audit", params={"action": "chat.read"}).json()["items"]
    assert [entry["detail"] for entry in entries] == [{"workflow": workflow}]


def test_a_stranger_chats_on_the_public_page(
    talking: Server, new_page: NewPage, client: httpx.Client, account: str, model: Wire
) -> None:
    workflow = published(client, assistant(account, **LOOK, per_minute=4))
    visitor = new_page(talking.url)
    loaded: list[str] = []
    visitor.on("request", lambda request: loaded.append(request.url))
    visitor.goto(f"/chat/{workflow}")
    expect(visitor).to_have_title("Lamp shop")
    expect(visitor.get_by_role("heading", name="Lamp shop")).to_be_visible()
    expect(visitor.locator("strong")).to_have_text("lamps")
    assert not [url for url in loaded if "_event" in url or "socket" in url]
    model.behaviours[:] = [
        Turn(calls=(("Look_up_price", {"article": "lamp"}),)),
        Hang(Turn(words("It costs 24 euros.")), pieces=3),
    ]
    main = visitor.get_by_role("main")
    main.get_by_role("button", name="What does a lamp cost?").click()
    expect(answer(main)).to_contain_text("It costs")
    expect(main.get_by_text("Look up price")).to_have_count(0)
    visitor.reload()
    expect(answer(main)).to_contain_text("It costs")
    main.get_by_role("button", name="Stop the answer").click()
    expect(answer(main)).to_contain_text("Stopped.")
    model.behaviours[:] = [Turn(words("It costs 24 euros."))]
    main.get_by_role("button", name="Answer again").click()
    expect(answer(main)).to_contain_text("It costs 24 euros.")
    answered(main)
    expect(main.get_by_role("link", name="Run")).to_have_count(0)
    visitor.reload()
    expect(answer(main)).to_contain_text("It costs 24 euros.")
    for _ in range(2):
        say(main, "Again")
        answered(main)
    expect(main.get_by_role("article", name="You")).to_have_count(3)
    say(main, "And again")
    expect(main.get_by_role("alert")).to_contain_text("Too many messages")
    expect(main.get_by_label("Write a message")).to_have_value("And again")
    visitor.get_by_role("button", name="New chat").click()
    expect(main.get_by_role("article")).to_have_count(0)
    assert violations(visitor) == []
    read_by_the_owner(new_page(talking.url), workflow)

    other = new_page(talking.url)
    other.goto(f"/chat/{workflow}")
    expect(other.get_by_role("button", name="When are you open?")).to_be_visible()
    expect(other.get_by_role("article")).to_have_count(0)
    other.goto("/chat/nothing-here")
    expect(other.get_by_role("heading", name="There is no chat here")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_public_page_keeps_nobody_out_but_strangers(
    theme: str, talking: Server, new_page: NewPage, client: httpx.Client, account: str, model: Wire
) -> None:
    values = {"password": "sesame"}
    made = client.post("/api/credentials", json={"name": "Door", "type": "chat-password", "values": values})
    guarded = assistant(account, **LOOK, access="password", theme=theme)
    guarded["nodes"][0]["data"]["credentials"] = {"account": made.json()["id"]}
    visitor = new_page(talking.url, reduced_motion="reduce")
    visitor.goto(f"/chat/{published(client, guarded)}")
    visitor.get_by_label("Password").fill("open")
    visitor.get_by_role("button", name="Go on").click()
    expect(visitor.get_by_role("alert")).to_have_text("This is not the password.")
    checked(visitor)
    visitor.get_by_label("Password").fill("sesame")
    visitor.get_by_role("button", name="Go on").click()
    model.behaviours[:] = [Turn(words(UNSAFE))]
    main = visitor.get_by_role("main")
    say(main, "Show me everything")
    expect(main.get_by_role("cell", name="24")).to_be_visible()
    answered(main)
    expect(main.locator("img, script")).to_have_count(0)
    checked(visitor)


def test_a_chat_for_people_with_an_account_asks_them_to_sign_in(
    talking: Server, new_page: NewPage, client: httpx.Client, account: str, model: Wire
) -> None:
    workflow = published(client, assistant(account, **LOOK, access="signed_in"))
    person = new_page(talking.url)
    person.goto(f"/chat/{workflow}")
    person.get_by_role("link", name="Sign in").click()
    person.get_by_label("E-mail").fill(OWNER[0])
    person.get_by_label("Password").fill(OWNER[1])
    person.get_by_role("button", name="Sign in").click()
    person.wait_for_url(f"**/chat/{workflow}")
    model.behaviours[:] = [Turn(("Welcome.",))]
    main = person.get_by_role("main")
    say(main, "Hello")
    expect(answer(main)).to_contain_text("Welcome.")


def test_of_a_long_answer_only_the_end_is_drawn_again(page: Page, workflow: str, model: Wire) -> None:
    panel = panel_of(page, workflow)
    page.evaluate("""() => {
      const seen = window.seen = { first: null, again: 0, drawn: 0, began: 0, ended: 0 };
      const blocks = () => document.querySelectorAll(".fs-chat-live .fs-chat-md > *");
      new MutationObserver((changes) => {
        if (!blocks().length) return;
        seen.drawn++;
        seen.began ||= performance.now();
        seen.ended = performance.now();
        if (seen.first) seen.again += changes.filter(({ target }) => seen.first.contains(target)).length;
        else if (blocks().length > 4) seen.first = blocks()[0];
      }).observe(document.querySelector(".fs-chat-scroll"), { subtree: true, childList: true, characterData: true });
    }""")
    paragraph = (
        "The lamp **shines** over the `desk` and costs 24 euros in the [shop](https://example.com).\n\n"
    )
    text = paragraph * 45 + "The end."
    model.behaviours[:] = [Turn(words(text))]
    say(panel, "Tell me a long story")
    expect(answer(panel)).to_contain_text("The end.")
    answered(panel)
    assert len(answer(panel).locator(".fs-chat-md strong").all()) == 45
    seen = page.evaluate("({ ...window.seen, first: Boolean(window.seen.first) })")
    assert seen["first"]
    assert seen["again"] == 0
    assert 3 < seen["drawn"] <= (seen["ended"] - seen["began"]) / BATCH + 10, "words are drawn together"
