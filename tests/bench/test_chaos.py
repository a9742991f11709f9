"""A short form of `make chaos`: what is killed, frozen and cut off loses no execution and repeats no finished step."""

from __future__ import annotations

from pathlib import Path

import pytest
import uvloop

from bench.chaos import SHORT, rage
from scripts import postgres


@pytest.mark.timeout(900)  # seconds at rest; starting processes takes long on a busy machine
def test_faults_of_all_kinds_lose_no_execution_and_repeat_no_finished_step(tmp_path: Path) -> None:
    programs = postgres.find()
    if programs is None:
        pytest.skip(postgres.REMEDY)
    _, seen = uvloop.run(rage(SHORT, tmp_path, programs))
    assert seen.wrong == []
    assert set(seen.faults) >= set(SHORT.first)
    assert len(seen.accepted) > 30
    assert seen.outcomes > 100
