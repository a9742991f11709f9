"""The insights page: numbers, charts and the workflows, for those who see them and those who do not."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.test_editor import store
from tests.e2e.test_panel import node, row


def test_runs_show_in_numbers_charts_and_a_table_and_can_be_narrowed_to_a_workflow(page: Page) -> None:
    failing = row(
        node("1", "manual-trigger", "Start", 0),
        node("2", "stop-and-error", "Stop", 320, message="Out of paper"),
        name="Print labels",
    )
    id_ = store(page, failing)
    for _ in range(3):
        page.request.post(f"/api/workflows/{id_}/execute/", data={})
    page.goto("/insights")
    expect(page.get_by_role("heading", name="Insights", level=1)).to_be_visible()
    line = page.get_by_role("row", name="Print labels")
    expect(line.get_by_role("cell").nth(1)).to_have_text("3 100 %")
    line.get_by_role("button", name="Print labels").click()
    expect(page.get_by_role("button", name="Only Print labels")).to_be_visible()
    figures = page.locator(".fs-figures")
    expect(figures).to_contain_text("Runs3")
    expect(figures).to_contain_text("3 100 %")
    chart = page.get_by_role("figure", name="Runs", exact=True)
    expect(chart.locator("rect.fs-fill-bad")).to_have_count(1)
    expect(chart.get_by_role("table", name="Runs").get_by_role("row")).to_have_count(31)
    plot = chart.locator("svg")
    plot.hover(position={"x": float(plot.evaluate("svg => svg.getBoundingClientRect().width")) - 4, "y": 40})
    expect(chart.get_by_role("listitem").filter(has_text="Failed")).to_contain_text("Failed 3")
    page.get_by_role("button", name="7 days").click()
    expect(chart.get_by_role("table", name="Runs").get_by_role("row")).to_have_count(8)
    line.get_by_role("link", name="3 runs of Print labels").click()
    expect(page).to_have_url(re.compile(rf"/executions\?workflow={id_}$"))
