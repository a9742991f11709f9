"""What is nearest is found: the short form of `bench.passages`."""

from __future__ import annotations

from pathlib import Path

from bench.passages import figures


async def test_of_the_nearest_passages_at_least_95_percent_are_found(tmp_path: Path) -> None:
    found = {figure.name.partition(": ")[2]: figure.value for figure in await figures(tmp_path, 800, 20)}
    assert found["recall of the nearest 10"] >= 0.95
