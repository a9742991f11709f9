"""Setting a schedule: the form tells in words and moments when it runs; the switch arms it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.test_editor import store
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
