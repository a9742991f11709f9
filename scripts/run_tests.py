"""Runs every test and ends with one closing line in pytest's form that counts them all.

Playwright's synchronous interface and pytest-asyncio do not share a process, so the browser tests run as a second one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from scripts import browser, postgres

ROOT = Path(__file__).resolve().parent.parent
BROWSER_TESTS = "tests/e2e"
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
"""Two processes: tests wait for disks, databases and cages often enough. The tests of a file share their fixtures; each process has a server and a browser of its own."""
NO_TESTS = 5
"""Pytest's exit code when it collected nothing."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one pytest process did."""

    name: str
    exit_code: int
    counts: Counter[str]
    seconds: float


def run(name: str, *arguments: str) -> Part:
    """Run pytest with its output visible and count the results."""
    print(f"\n=== {name} tests", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        exit_code = subprocess.run(
            [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments], cwd=ROOT, check=False
        ).returncode
        counts = counted(report)
    if exit_code not in (0, NO_TESTS) and not counts["failed"] and not counts["error"]:
        counts["error"] += 1  # pytest itself broke off: that must show in the closing line
    return Part(name, exit_code, counts, time.monotonic() - started)


def counted(report: Path) -> Counter[str]:
    """Counts by outcome from a JUnit report; empty when pytest left none."""
    counts: Counter[str] = Counter()
    if not report.is_file():
        return counts
    for suite in ElementTree.parse(report).iter("testsuite"):
        total, failed, errors, skipped = (
            int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")
        )
        counts.update(passed=total - failed - errors - skipped, failed=failed, error=errors, skipped=skipped)
    return counts


def described(counts: Counter[str]) -> str:
    """Counts in pytest's words and order."""
    words = [f"{counts[key]} {key}" for key in ("failed", "passed", "skipped") if counts[key]]
    if counts["error"]:
        words.append(f"{counts['error']} error{'s' if counts['error'] > 1 else ''}")
    return ", ".join(words) or "no tests ran"


def verdict(parts: list[Part]) -> int:
    """Zero only when every part passed and something ran."""
    failed = [part.exit_code for part in parts if part.exit_code not in (0, NO_TESTS)]
    ran = any(part.counts.total() for part in parts)
    return failed[0] if failed else 0 if ran else NO_TESTS


def build_front_end() -> None:
    """Before the tests, for the first build takes longer than a test may."""
    if subprocess.run([sys.executable, "-m", "flowstudio.frontend"], cwd=ROOT, check=False).returncode:
        sys.exit("The front end could not be built.")


def main(arguments: list[str]) -> int:
    """Bring what the tests need, run both parts, print the sum."""
    started = time.monotonic()
    # Tests start the studio often: it is compiled once, not each time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        print(f"Chromium: {browser.provide()}", flush=True)
    except RuntimeError as error:
        sys.exit(str(error))
    programs = postgres.provide()
    print(f"PostgreSQL: {programs or 'none'}", flush=True)

    build_front_end()

    parts = [run("unit", "tests", f"--ignore={BROWSER_TESTS}", *SIDE_BY_SIDE, *arguments)]
    if (ROOT / BROWSER_TESTS).is_dir():
        parts.append(run("browser", BROWSER_TESTS, *SIDE_BY_SIDE, *arguments))

    print("\n=== all tests")
    for part in parts:
        print(f"{part.name:>8}: {described(part.counts)} in {part.seconds:.1f}s (exit {part.exit_code})")
    if programs is None:
        print(f"The tests on PostgreSQL were SKIPPED. {postgres.REMEDY}")
    total = Counter[str]()
    for part in parts:
        total.update(part.counts)
    line = f" {described(total)} in {time.monotonic() - started:.2f}s "
    print(f"{line:=^80}", flush=True)
    return verdict(parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
