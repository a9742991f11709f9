"""How much a node may take in and give out."""

from __future__ import annotations

from typing import Any

import pytest

from flowstudio.engine import volume
from flowstudio.engine.item import Item
from flowstudio.engine.portable import require_json
from flowstudio.engine.volume import require_number, require_room
from flowstudio.errors import NodeError
from tests.engine.fakes import World, plan_of


def test_a_million_items_are_taken_and_one_more_is_not() -> None:
    require_number("Sum", [volume.MAX_ITEMS // 2] * 2)
    with pytest.raises(NodeError, match=r"'Sum' would have 1,000,001 items; a node takes at most 1,000,000"):
        require_number("Sum", [volume.MAX_ITEMS, 1])


def test_data_that_came_by_several_ways_counts_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "MAX_BYTES", 10_000)
    big = {"text": "x" * 4_000}
    require_room("Sum", [Item(big), Item(big)])
    require_room("Sum", [Item(dict(big)) for _ in range(9)])
    with pytest.raises(NodeError, match="'Sum' would have more than"):
        require_room("Sum", [Item(big)] * 3)


def test_half_a_character_does_not_hide_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "MAX_BYTES", 10_000)
    with pytest.raises(NodeError, match="more than"):
        require_room("Sum", [Item({"text": "\ud800" + "x" * 4_000})] * 3)


def test_a_result_of_too_many_bytes_is_refused_before_it_is_written_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(volume, "MAX_BYTES", 100_000)
    shared = "x" * 1_000
    require_json([{"text": shared}] * 90)
    with pytest.raises(NodeError, match="The result has more than"):
        require_json([{"text": shared, "n": n} for n in range(1_000_000)])


def test_a_culprit_in_a_long_result_is_named_by_its_index() -> None:
    values: list[Any] = [{"n": n} for n in range(1_000)]
    values[777] = 5
    with pytest.raises(NodeError, match="Item 777 holds"):
        require_json(values)


@pytest.mark.parametrize("on_error", ["stop", "continue", "error_output"])
async def test_branches_that_meet_again_and_again_stop_at_the_limit(
    on_error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    #     ┌ a0 ┐   ┌ a1 ┐
    # t ──┤    m0 ─┤    m1 ─ …
    #     └ b0 ┘   └ b1 ┘
    monkeypatch.setattr(volume, "MAX_ITEMS", 100)
    nodes: dict[str, Any] = {"t": "manual-trigger"}
    edges: list[str] = []
    before = "t"
    for level in range(40):
        for side in "ab":
            nodes[f"{side}{level}"] = "echo"
            edges += [f"{before} > {side}{level}", f"{side}{level} > m{level}"]
        nodes[f"m{level}"] = ("echo", {}, {"on_error": on_error})
        before = f"m{level}"
    world = World()
    rest = await world.execute(plan_of(nodes, *edges), [{"n": 1}])
    assert rest.status == "error"
    assert rest.error is not None
    assert (rest.error.node, rest.error.detail) == ("m6", {"items": 128, "limit": 100})


async def test_what_a_loop_gathers_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    # t ─ l ══ a, b ═ (back to l)
    monkeypatch.setattr(volume, "MAX_ITEMS", 15)
    plan = plan_of(
        {"t": "manual-trigger", "l": "loop", "a": "echo", "b": "echo"},
        "t > l",
        "l.loop > a",
        "l.loop > b",
        "a > l",
        "b > l",
    )
    rest = await World().execute(plan, [{"n": n} for n in range(10)])
    assert rest.status == "error"
    assert rest.error is not None
    assert (rest.error.node, rest.error.detail) == ("l", {"items": 16, "limit": 15})
