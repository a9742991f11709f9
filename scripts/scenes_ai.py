"""Pictures of what has to do with models; a server on loopback speaks for them."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from scripts import scenery
from scripts.camera import Camera
from tests.ai.providers.wire import Turn
from tests.e2e.models import served

MODELS = ("gpt-4.1", "gpt-4.1-mini", "gpt-5", "gpt-5-mini", "gpt-5-nano", "o3", "o4-mini")
TURNS = (
    Turn(
        thoughts=("The customer wants the price of two keyboards, so I look it up and calculate.",),
        calls=(("Look_up_articles", {}), ("calculator", {"formula": "2 * 79.00"})),
    ),
    Turn(("Two keyboards cost ", "158.00 euros. ", "Shall I order them for you?")),
)


def agents(camera: Camera) -> None:
    """An agent with its parts after a run, the names of models, what it cost, and what it remembers."""
    page = camera.page
    with served(TURNS, MODELS) as model:
        account = camera.call(
            "credentials",
            {
                "name": "Our OpenAI account",
                "type": "openai",
                "values": {"api_key": "sk-not-a-real-key", "base_url": f"{model.url}/v1"},
            },
        )["id"]
        made = camera.call("workflows/", scenery.agent(account))["id"]
        said = {"chatInput": "What do two keyboards cost?", "sessionId": "visitor-4711"}
        ran = camera.call(f"workflows/{made}/execute/", {"trigger_data": said, "wait": True})
        camera.go(f"/executions/{ran['execution']['id']}", camera.card("Support agent"))
        log = page.get_by_role("region", name="Run log")
        log.get_by_role("row", name=re.compile("^gpt-5-mini")).last.click()
        expect(log.get_by_text("Shall I order them for you?").first).to_be_visible()
        camera.fit()
        camera.shoot("agent")
        camera.open(made, "Support agent")
        panel = camera.step("Its model")
        panel.get_by_role("combobox", name="Model").click()
        expect(panel.get_by_role("listbox").get_by_role("option")).to_have_count(len(MODELS))
        camera.shoot("models", focused=True)
        page.keyboard.press("Escape")
        camera.close()
    camera.go("/settings#prices", camera.button("Add a price"))
    camera.shoot("settings-prices")
    camera.go("/", page.get_by_role("link", name="Order triage", exact=True))
    camera.go("/settings#conversations", page.get_by_role("row").filter(has_text="visitor-4711"))
    camera.shoot("settings-conversations")
