"""A short form of `python -m bench.kill`: a server that is killed under load loses nothing and does nothing twice."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.kill import prove


@pytest.mark.timeout(400)
def test_a_killed_server_loses_nothing_and_repeats_nothing_that_had_finished(tmp_path: Path) -> None:
    # A thread of its own: Playwright keeps a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        accepted, wrong = pool.submit(lambda: asyncio.run(prove(3, 3, tmp_path, quiet=True))).result()
    assert wrong == []
    assert accepted > 10
