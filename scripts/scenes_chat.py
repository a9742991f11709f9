"""Pictures of chats: the panel beside the canvas, and a public page. A model on this machine writes the answers."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, expect

from scripts.camera import Camera
from tests.ai.providers.threaded import threaded
from tests.ai.providers.wire import Turn

ANSWER = """We have two lamps on your desk's side of the shop:

| Lamp | Price | In stock |
|:--|--:|--:|
| Lumo desk lamp | 24 € | 12 |
| Arc floor lamp | 89 € | 3 |

The **Lumo** is the one I would take: it is bright, and it folds away.
"""
GREETING = "Welcome! I know **every lamp** in the shop. What are you looking for?"


def shop(account: str, theme: str) -> dict[str, Any]:
    """An agent that looks prices up, behind a chat that is open to everybody."""
    look = {
        "public": True,
        "title": "Lamp shop",
        "welcome": GREETING,
        "suggestions": ["Which lamp fits my desk?", "When are you open?", "Do you deliver?"],
        "color": "#0a7d55",
        "theme": theme,
    }
    article = {
        "name": "article",
        "type": "string",
        "value": "={{ $fromAI('article', 'Its name', 'string') }}",
    }
    return {
        "name": "Lamp shop",
        "nodes": [
            {
                "id": "1",
                "type": "when-chat-received",
                "data": {"label": "Customer writes", "properties": look},
            },
            {
                "id": "2",
                "type": "ai-agent",
                "position": {"x": 320, "y": 0},
                "data": {
                    "label": "Shop assistant",
                    "properties": {"prompt": "You help customers of a lamp shop."},
                    "credentials": {"account": account},
                },
            },
            {
                "id": "3",
                "type": "edit-fields",
                "position": {"x": 430, "y": 260},
                "data": {
                    "label": "Look up lamps",
                    "notes": "Tells prices and stock of lamps.",
                    "properties": {"fields": [article, {"name": "price", "type": "number", "value": "24"}]},
                },
            },
            {
                "id": "4",
                "type": "respond-to-chat",
                "position": {"x": 860, "y": 0},
                "data": {"label": "Answer"},
            },
        ],
        "edges": [
            {"source": "1", "target": "2"},
            {"source": "2", "target": "4"},
            {"source": "3", "target": "2", "targetHandle": "tools"},
        ],
    }


def ask(chat: Locator, text: str) -> None:
    """Say something and wait for the answer."""
    chat.get_by_label("Write a message").fill(text)
    chat.get_by_label("Write a message").press("Enter")
    expect(chat.get_by_text("it folds away")).to_be_visible()
    expect(chat.locator("[aria-busy=true]")).to_have_count(0)


def chats(camera: Camera) -> None:
    """The panel with an answer and its steps, and the public page of the same workflow."""
    page = camera.page
    call = ("Look_up_lamps", {"article": "desk lamp"})
    turns = [Turn(calls=(call,)), Turn(tuple(re.findall(r"\s*\S+|\s+$", ANSWER)))]
    with threaded(turns) as wire:
        values = {"api_key": "sk-1", "base_url": f"{wire.url}/v1"}
        account = camera.call("credentials", {"name": "Model", "type": "openai", "values": values})["id"]
        made = camera.call("workflows/", shop(account, camera.theme))["id"]
        camera.open(made, "Shop assistant")
        page.keyboard.press("c")
        panel = page.get_by_role("region", name="Chat")
        ask(panel, "Which lamp fits my desk?")
        panel.get_by_text("4 steps").click()
        camera.fit()
        camera.shoot("chat-panel")
        camera.call(f"workflows/{made}/activate/")
        camera.go(f"/chat/{made}", page.get_by_role("heading", name="Lamp shop"))
        camera.shoot("chat-public")
        wire.behaviours[:] = turns
        ask(page.get_by_role("main"), "Which lamp fits my desk?")
        camera.go(f"/workflows/{made}", camera.card("Answer"))
        page.locator(".fs-canvas").focus()
        page.keyboard.press("c")
        panel.get_by_role("button", name="Chats of visitors").click()
        visitors = camera.dialog("Chats of visitors")
        visitors.get_by_role("button", name=re.compile("^Which lamp fits my desk")).click()
        expect(visitors.get_by_text("it folds away")).to_be_visible()
        camera.shoot("chat-visitors")
        camera.close()
        camera.call(f"workflows/{made}/", method="DELETE")
