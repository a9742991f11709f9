"""Pictures of workflows that run by themselves: a schedule, a webhook that listens, a run that is live, and what runs come to."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from scripts.camera import Camera

WEEKLY = {
    "rules": [{"every": "weeks", "weekdays": ["monday", "friday"], "hour": 8, "minute": 30}],
    "timezone": "Europe/Berlin",
    "missed": "once",
}
ORDER = {"path": "orders/:shop", "method": "POST", "respond": "last-node"}


def row(name: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    """Steps one after the other."""
    placed = [node | {"id": str(at), "position": {"x": 320 * at, "y": 0}} for at, node in enumerate(nodes)]
    edges = [{"source": str(at), "target": str(at + 1)} for at in range(len(nodes) - 1)]
    return {"name": name, "nodes": placed, "edges": edges}


def step(type_: str, label: str, **properties: Any) -> dict[str, Any]:
    """A step without a place."""
    return {"type": type_, "data": {"label": label, "properties": properties}}


REPORT = row("Weekly report", step("schedule", "Twice a week", **WEEKLY), step("no-op", "Write the report"))
ORDERS = row("New orders", step("webhook", "Order comes in", **ORDER), step("no-op", "Store it"))
APPROVAL = row(
    "Ask before sending",
    step("manual-trigger", "Start"),
    step("code", "Collect", language="python", code="print('Two letters are ready.')\nreturn items"),
    step("wait", "Until somebody agrees", resume="on_call"),
    step("no-op", "Send"),
)


def always(camera: Camera) -> None:
    """The forms of both triggers, a run that is live, and the totals of all runs."""
    page = camera.page
    made = [camera.call("workflows/", document)["id"] for document in (REPORT, ORDERS, APPROVAL)]
    report, orders, approval = made
    camera.open(report, "Twice a week")
    panel = camera.step("Twice a week")
    runs = panel.get_by_role("region", name="Next runs")
    expect(runs.get_by_role("listitem")).to_have_count(10)
    runs.get_by_role("listitem").last.scroll_into_view_if_needed()
    camera.shoot("schedule")
    camera.close()
    camera.open(orders, "Order comes in")
    page.get_by_role("button", name="Listen for test event").click()
    expect(page.get_by_label("POST by curl", exact=True)).to_be_visible()
    camera.shoot("webhook-listening")
    page.get_by_role("button", name="Stop listening").click()
    live = camera.call(f"workflows/{approval}/execute/", {"wait": False})["execution"]["id"]
    waits = page.get_by_role("treegrid").get_by_role(
        "row", name=re.compile("^Until somebody agrees.*Waiting")
    )
    camera.go(f"/executions/{live}", waits)
    page.get_by_role("treegrid").get_by_role("row", name=re.compile("^Collect")).click()
    page.get_by_role("complementary", name="Chosen row").get_by_role("button", name="Printed").click()
    camera.fit()
    camera.shoot("execution-live")
    for _ in range(9):
        camera.call(f"workflows/{report}/execute/")
    camera.go("/insights", page.get_by_role("heading", name="Insights"))
    expect(page.locator("svg[role=img], figure svg").first).to_be_visible()
    camera.shoot("insights")
    camera.call(f"executions/{live}/cancel")
    for one in made:
        camera.call(f"workflows/{one}/", method="DELETE")
