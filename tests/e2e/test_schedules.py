"""Setting a schedule: the form tells in words and moments when it runs; the switch arms it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.test_editor import store
from tests.e2e.test_executions import make
from tests.e2e.test_panel import node, open_step, row

WEEKLY = {"every": "weeks", "weekdays": ["monday"], "hour": 8, "minute": 30}


def test_a_schedule_shows_its_next_runs_while_it_is_set(page: Page) -> None:
    document = row(
        node("1", "schedule", "Weekly", 0, rules=[WEEKLY], timezone="Europe/Berlin"),
        node("2", "no-op", "Done", 320),
        name="Weekly report",
    )
    store(page, document)
    panel = open_step(page, "Weekly")
    runs = panel.get_by_role("region", name="Next runs")
    expect(runs).to_contain_text("Every week on Monday at 08:30 (Europe/Berlin)")
    expect(runs.get_by_role("listitem")).to_have_count(10)
    expect(runs.get_by_role("listitem").first).to_contain_text(re.compile("Monday.*8:30:00"))

    panel.get_by_label("Hour", exact=True).fill("17")
    expect(runs).to_contain_text("Every week on Monday at 17:30")
    panel.get_by_label("Friday").check()
    expect(runs).to_contain_text("Every week on Monday and Friday at 17:30")
    panel.get_by_label("Minute", exact=True).fill("75")
    expect(runs).to_have_count(0)


def test_the_list_tells_when_an_active_workflow_runs_next(page: Page) -> None:
    hourly = {"every": "hours", "interval": 1, "minute": 0}
    document = row(node("1", "schedule", "Hourly", 0, rules=[hourly]), name="On the hour")
    workflow = make(page, document)
    page.goto("/")
    line = page.get_by_role("row").filter(has=page.get_by_role("switch", name="Active: On the hour"))
    expect(line.locator("time")).to_have_count(1)
    line.get_by_role("switch").click()
    expect(line.get_by_role("switch")).to_be_checked()
    following = line.locator("td").nth(3).locator("time")
    expect(following).to_have_attribute("datetime", re.compile(r"T\d\d:00:00"))
    listed = page.request.get("/api/workflows/", params={"search": "On the hour"}).json()["items"]
    assert [(each["id"], each["next_run_at"]) for each in listed] == [
        (workflow, following.get_attribute("datetime"))
    ]
    expect(following).to_have_text(re.compile(r"^in \d+ (minutes?|seconds?|hour)$|^now$"))
    line.get_by_role("switch").click()
    expect(line.get_by_role("switch")).not_to_be_checked()
    expect(following).to_have_count(0)
