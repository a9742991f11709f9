"""The browser's modules that need no browser, tested in JavaScript."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).resolve().parent
TESTS = sorted(path.name for path in HERE.glob("*.test.js"))
SECONDS = 90


@dataclass(frozen=True)
class Ran:
    """What one process did that ran all files."""

    returncode: int
    said: str
    cases: dict[str, list[ElementTree.Element]]
    """Its test cases, by file."""


@pytest.fixture(scope="module")
def ran() -> Ran:
    """One process for all files: starting one takes longer than most of them."""
    node = Path(sys.executable).with_name("node")
    done = subprocess.run(
        [node, "--test", "--test-isolation=none", "--test-reporter=junit", *TESTS],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    cases = defaultdict(list)
    for case in ElementTree.fromstring(done.stdout).iter("testcase"):
        cases[Path(case.get("file", "")).name].append(case)
    return Ran(done.returncode, done.stdout + done.stderr, cases)


def test_all_files_ran_to_their_end(ran: Ran) -> None:
    assert TESTS
    assert ran.returncode == 0, ran.said


@pytest.mark.parametrize("file", TESTS)
def test_the_javascript_tests_pass(ran: Ran, file: str) -> None:
    assert ran.cases[file], f"nothing of {file} ran: {ran.said}"
    failed = [case.get("name") for case in ran.cases[file] if case.find("failure") is not None]
    assert failed == [], ran.said
