"""Triggers of n8n that start by the clock."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop.n8n.test_steps import read

CASES: list[tuple[str, float, dict[str, Any], str, dict[str, Any]]] = [
    (
        "scheduleTrigger",
        1.2,
        {
            "rule": {
                "interval": [
                    {"field": "weeks", "triggerAtDay": [1, 5], "triggerAtHour": 8, "triggerAtMinute": 30},
                    {"field": "cronExpression", "expression": "0 9 * * 1"},
                    {},
                ]
            }
        },
        "schedule",
        {
            "rules": [
                {"every": "weeks", "interval": 1, "weekdays": ["monday", "friday"], "hour": 8, "minute": 30},
                {"every": "cron", "cron": "0 9 * * 1"},
                {"every": "days", "interval": 1, "hour": 0, "minute": 0},
            ]
        },
    ),
    (
        "cron",
        1,
        {
            "triggerTimes": {
                "item": [{"mode": "everyWeek", "hour": 6, "weekday": "1"}, {"mode": "everyMinute"}]
            }
        },
        "schedule",
        {
            "rules": [
                {"every": "weeks", "weekdays": ["monday"], "hour": 6, "minute": 0},
                {"every": "minutes", "interval": 1},
            ]
        },
    ),
    (
        "interval",
        1,
        {"interval": 15, "unit": "minutes"},
        "schedule",
        {"rules": [{"every": "minutes", "interval": 15}]},
    ),
]


@pytest.mark.parametrize(
    ("type_", "version", "parameters", "ours", "properties"), CASES, ids=[case[0] for case in CASES]
)
def test_a_rhythm_stays_the_same(
    type_: str, version: float, parameters: dict[str, Any], ours: str, properties: dict[str, Any]
) -> None:
    found = read(type_, version, parameters)
    node = found.document.nodes[0]
    assert (node.type, node.data.properties, found.remarks) == (ours, properties, ())
