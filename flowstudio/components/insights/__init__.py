"""Insights: runs, failures, times, tokens and costs as charts."""

from __future__ import annotations

from flowstudio.components.modules import BrowserComponent


class InsightBoard(BrowserComponent):
    """Charts and a table. It reads the REST API."""

    library = "$/flowstudio/insights/insights.jsx"
    tag = "InsightBoard"


insight_board = InsightBoard.create
