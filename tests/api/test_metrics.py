"""What `/metrics` counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx

from tests.api.conftest import chain, greeting, node


def figures(client: httpx.Client) -> dict[str, float]:
    """Names with labels, and values."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    pairs = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})?', name) for name, _, _ in pairs)
    return {name: float(value) for name, _, value in pairs}


def test_executions_and_node_runs_are_counted(
    owner: httpx.Client, stored: Callable[[dict[str, Any]], str]
) -> None:
    failing = chain(
        node("1", "manual-trigger", "Start"),
        node("2", "stop-and-error", "Stop", message="No."),
        name="Fails",
    )
    before = figures(owner)
    for document in (greeting(), greeting(), failing):
        owner.post(f"/api/workflows/{stored(document)}/execute", json={"wait": True}).raise_for_status()
    after = figures(owner)

    def grown(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert grown('flowstudio_executions_total{status="success"}') == 2
    assert grown('flowstudio_executions_total{status="error"}') == 1
    assert grown("flowstudio_execution_seconds_count") == 3
    assert grown('flowstudio_execution_seconds_bucket{le="+Inf"}') == 3
    assert grown('flowstudio_node_runs_total{status="error"}') == 1
    assert grown('flowstudio_node_runs_total{status="success"}') >= 2
    assert after["flowstudio_database_bytes"] > 10_000
    assert after["flowstudio_executions_queued"] == 0
    assert 0 <= after["flowstudio_loop_lag_seconds"] < 60
