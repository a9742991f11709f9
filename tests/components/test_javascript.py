"""The browser's modules that need no browser, tested in JavaScript."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TESTS = sorted(path.name for path in HERE.glob("*.test.js"))
SECONDS = 60


def test_there_are_tests_to_run() -> None:
    assert TESTS


@pytest.mark.parametrize("file", TESTS)
def test_the_javascript_tests_pass(file: str) -> None:
    node = Path(sys.executable).with_name("node")
    ran = subprocess.run(
        [node, "--test", "--test-reporter=dot", file],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
