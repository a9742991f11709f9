from __future__ import annotations

from typing import Any

import pytest

from flowstudio.engine.item import Json
from flowstudio.nodes.triggers.manual import ManualTrigger


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (None, [{}]),
        ({"n": 1}, [{"n": 1}]),
        ([{"n": 1}, {"n": 2}], [{"n": 1}, {"n": 2}]),
        ([], []),
        ("text", [{"value": "text"}]),
        ([1, {"n": 2}], [{"value": 1}, {"n": 2}]),
    ],
)
def test_trigger_data_becomes_items(data: Any, rows: list[Json]) -> None:
    assert [item.json for item in ManualTrigger.start_items(data)] == rows


def test_a_trigger_has_no_input() -> None:
    assert ManualTrigger.input_ports({}) == ()
    assert ManualTrigger.trigger
