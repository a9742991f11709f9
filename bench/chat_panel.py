"""A long answer in the chat panel of a real browser, from a model on this machine: how soon and how smoothly it is drawn.

`python -m bench.chat_panel` measures it alone.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect, sync_playwright

from bench.figures import Figure, show
from bench.server import OWNER, Server
from flowstudio import frontend
from scripts import browser
from tests.ai.providers.threaded import TimedWire, threaded
from tests.ai.providers.wire import Turn

TOKENS = 2000
PACE = 0.005
"""Seconds between two tokens of the model."""
PATIENCE = 120_000
MARK = "asked"
PARAGRAPH = (
    "The lamp **shines** over the `desk`, costs 24 euros, and stands in the [shop](https://example.com) "
    "beside the others, where everybody can see it.\n\n- one reason\n- another *reason*\n\n"
)

WATCH = """() => {
  const now = () => (performance.timeOrigin + performance.now()) / 1000;
  const chat = window.chat = {first: null, last: null, tasks: []};
  new MutationObserver(() => {
    const live = document.querySelector(".fs-chat-live");
    if (!live?.textContent) return;
    chat.last = now();
    if (chat.first === null) requestAnimationFrame(() => { chat.first ??= now(); });
  }).observe(document.querySelector(".fs-chat-scroll"), {subtree: true, childList: true, characterData: true});
  window.tasks?.disconnect();
  window.tasks = new PerformanceObserver((list) => chat.tasks.push(...list.getEntries().map((task) => task.duration)));
  window.tasks.observe({type: "longtask"});
}"""
"""Notes when the first words were painted and the last ones drawn, and the long tasks meanwhile."""


def tokens() -> tuple[str, ...]:
    """An answer of so many tokens, with what answers are made of."""
    pieces: list[str] = []
    while len(pieces) < TOKENS:
        pieces += [f"{word} " for word in PARAGRAPH.split(" ")]
    return tuple(pieces[:TOKENS])


def assistant(account: str) -> dict[str, Any]:
    """A chat with an agent."""
    return {
        "name": "Talker",
        "nodes": [
            {"id": "1", "type": "when-chat-received"},
            {
                "id": "2",
                "type": "ai-agent",
                "position": {"x": 300, "y": 0},
                "data": {"credentials": {"account": account}},
            },
            {"id": "3", "type": "respond-to-chat", "position": {"x": 720, "y": 0}},
        ],
        "edges": [{"source": "1", "target": "2"}, {"source": "2", "target": "3"}],
    }


def set_up(client: httpx.Client, wire: TimedWire) -> str:
    """An account of the model and a workflow that uses it; gives the workflow's id."""
    values = {"api_key": "sk-1", "base_url": f"{wire.url}/v1"}
    body = {"name": "Loopback", "type": "openai", "values": values}
    account = client.post("/api/credentials", json=body).raise_for_status().json()["id"]
    made = client.post("/api/workflows", json=assistant(account)).raise_for_status().json()
    return str(made["id"])


def busiest(trace: bytes) -> float:
    """Milliseconds that the page's thread computed in its longest task; unlike the task's duration, others do not lengthen it."""
    events = json.loads(trace)["traceEvents"]
    [mark] = [event for event in events if event["name"] == MARK]
    place = mark["pid"], mark["tid"]
    mine = (event for event in events if (event["pid"], event["tid"]) == place and event["ts"] > mark["ts"])
    return float(max(event.get("tdur", 0) for event in mine if event["name"].endswith("RunTask"))) / 1000


def answer(page: Page, wire: TimedWire) -> tuple[float, float, float, float]:
    """Ask once: milliseconds until the first token was painted and the last one drawn, and the longest task: its time, and
    what of it was the page's own."""
    chromium = page.context.browser
    assert chromium is not None
    chromium.start_tracing(page=page, categories=["toplevel", "blink.user_timing"])
    page.evaluate(f"performance.mark('{MARK}')")
    page.evaluate(WATCH)
    field = page.get_by_label("Write a message")
    field.fill("Tell me a long story")
    field.press("Enter")
    page.wait_for_function("() => window.chat.first !== null", timeout=PATIENCE)
    expect(page.locator(".fs-chat-turn[aria-busy=true]")).to_have_count(0, timeout=PATIENCE)
    seen = page.evaluate("window.chat")
    first, last = wire.sent[1], wire.sent[TOKENS]  # the first event only says that the assistant speaks
    longest = max(seen["tasks"], default=0.0)
    own = busiest(chromium.stop_tracing())
    return (seen["first"] - first) * 1000, (seen["last"] - last) * 1000, longest, own


def measure(rounds: int) -> Iterator[Figure]:
    """All figures."""
    with (
        tempfile.TemporaryDirectory(prefix="flowstudio-chat-") as folder,
        threaded([Turn(tokens())], delay=PACE) as wire,
        sync_playwright() as playwright,
    ):
        server = Server(Path(folder) / "data", FLOWSTUDIO_ALLOW_HOSTS="127.0.0.1")
        server.data_dir.mkdir()
        frontend.build()
        server.start()
        chromium = playwright.chromium.launch(
            executable_path=browser.provide(), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            with server.client() as client:
                workflow = set_up(client, wire)
            context = chromium.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
            context.request.post(
                "/api/login",
                data={"email": OWNER, "password": server.environment["FLOWSTUDIO_OWNER_PASSWORD"]},
            )
            page = context.new_page()
            page.goto(f"/workflows/{workflow}")
            page.locator(".fs-step").first.wait_for()
            page.get_by_role("button", name="Chat", exact=True).click()
            times = [answer(page, wire) for _ in range(max(1, min(rounds, 3)))]
        finally:
            chromium.close()
            server.stop()
    first, last, longest, own = (list(column) for column in zip(*times, strict=True))
    yield Figure(
        "chat: first token, from the model to the screen", statistics.median(first), "ms", "aim: < 100"
    )
    yield Figure(f"chat: {TOKENS:,} tokens, behind the model at the end", statistics.median(last), "ms")
    yield Figure(
        "chat: longest task of the page meanwhile", statistics.median(longest), "ms", "aim: < 50; 0 for none"
    )
    yield Figure("chat: the page's own time in its longest task", statistics.median(own), "ms")


if __name__ == "__main__":
    show(measure(3))
