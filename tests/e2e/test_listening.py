"""Trying a webhook out in the editor: listen, call, watch."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import in_clipboard
from tests.e2e.test_editor import store


def door(path: str, method: str = "POST") -> dict[str, Any]:
    """A webhook with one step after it."""
    return {
        "name": "Doorbell",
        "nodes": [
            {
                "id": "in",
                "type": "webhook",
                "data": {"label": "Door", "properties": {"path": path, "method": method}},
            },
            {
                "id": "out",
                "type": "edit-fields",
                "position": {"x": 320, "y": 0},
                "data": {
                    "label": "Greet",
                    "properties": {
                        "fields": [
                            {"name": "text", "type": "string", "value": "=Hello {{ $json.body.name }}"}
                        ]
                    },
                },
            },
        ],
        "edges": [{"source": "in", "target": "out"}],
    }


def listen(page: Page) -> Locator:
    """Start listening; gives the bar that says where to call."""
    page.get_by_role("button", name="Listen for test event").click()
    bar = page.get_by_role("region", name="Test webhook")
    expect(bar.get_by_role("status")).to_contain_text("Waiting for one call")
    return bar


def test_a_call_that_somebody_listens_for_is_followed_on_the_canvas(page: Page) -> None:
    store(page, door("bell"))
    bar = listen(page)
    url = bar.get_by_label("POST address", exact=True).input_value()
    assert url.endswith("/webhook-test/bell")
    line = bar.get_by_label("POST by curl", exact=True).input_value()
    assert line.startswith(f"curl -X POST '{url}'")

    answer = httpx.post(url, json={"name": "Ada Lovelace"}, timeout=60)
    assert answer.status_code == 200, answer.text
    expect(bar).to_have_count(0)
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")
    for label in ("Door", "Greet"):
        card = page.get_by_role("group", name=label, exact=True)
        expect(card.get_by_role("img", name=re.compile("^Succeeded"))).to_be_visible()

    page.get_by_role("group", name="Door", exact=True).dblclick()
    panel = page.get_by_role("dialog", name="Step details")
    expect(panel.get_by_text('{"name":"Ada Lovelace"}')).to_be_visible()
    page.get_by_role("button", name="Next step: Greet").click()
    expect(panel.get_by_text("Hello Ada Lovelace").first).to_be_visible()
    assert httpx.post(url, json={}, timeout=60).status_code == 404


def test_running_to_a_step_waits_for_a_call_unless_data_is_pinned(page: Page) -> None:
    store(page, door("halfway"))
    greet = page.get_by_role("group", name="Greet", exact=True)
    greet.click(button="right")
    page.get_by_role("menuitem", name="Run up to here").click()
    expect(page.get_by_text("“Greet” needs the data of a call.")).to_be_visible()
    bar = page.get_by_role("region", name="Test webhook")
    url = bar.get_by_label("POST address", exact=True).input_value()
    assert httpx.post(url, json={"name": "Ada"}, timeout=60).status_code == 200
    expect(bar).to_have_count(0)
    status = page.get_by_role("region", name="Run log").get_by_role("status")
    expect(status).to_contain_text("Succeeded")

    page.get_by_role("group", name="Door", exact=True).click()
    page.keyboard.press("p")
    expect(page.get_by_text("“Door” gives this data from now on.")).to_be_visible()
    greet.click(button="right")
    with page.expect_response(lambda answer: answer.url.endswith("/execute/")) as started:
        page.get_by_role("menuitem", name="Run up to here").click()
    assert started.value.ok
    expect(status).to_contain_text("Succeeded")
    expect(bar).to_have_count(0)


def test_listening_is_stopped(page: Page) -> None:
    store(page, door("stopped"))
    bar = listen(page)
    url = bar.get_by_label("POST address", exact=True).input_value()
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as stopped:
        bar.get_by_role("button", name="Stop listening").click()
    assert stopped.value.status == 204
    expect(bar).to_have_count(0)
    assert httpx.post(url, json={}, timeout=60).status_code == 404
    expect(page.get_by_role("button", name="Listen for test event")).to_be_enabled()


def test_a_webhook_is_run_with_an_empty_item_instead(page: Page) -> None:
    store(page, door("empty"))
    bar = listen(page)
    bar.get_by_role("button", name="Run with an empty item").click()
    expect(bar).to_have_count(0)
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text(
        re.compile("Succeeded|Failed")
    )


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_the_address_and_the_command_are_copied(page: Page, method: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    store(page, door(f"copied-{method}", method))
    bar = listen(page)
    for label in (f"{method} address", f"{method} by curl"):
        bar.get_by_role("button", name=f"Copy: {label}").click()
        expect(page.get_by_text("Copied.").last).to_be_visible()
        in_clipboard(page, bar.get_by_label(label, exact=True).input_value())
