"""The page about security promises nothing that no test holds."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")
INCIDENTS = (
    "CVE-2025-68613",
    "CVE-2026-21858",
    "CVE-2025-68668",
    "CVE-2025-3248",
    "CVE-2026-33017",
    "CVE-2025-58434",
    "CVE-2025-59528",
    "CVE-2026-29059",
)


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall((ROOT / "docs" / "security.md").read_text("utf-8"))
    assert len(named) > 40
    missing = []
    for file, test in named:
        path = ROOT / file
        tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        tests = {each.name for each in tree.body if isinstance(each, kinds) and each.name.startswith("test_")}
        if not tests or (test and test not in tests):
            missing.append(f"{file}::{test}")
    assert missing == []


def test_every_threat_and_every_incident_names_a_test() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    sections = [text.partition(f"## {name}")[2].partition("\n## ")[0] for name in ("Threats", "Incidents")]
    for section in sections:
        rows = [line for line in section.splitlines() if line.startswith("|")][2:]
        assert rows
        assert [row for row in rows if not NAMED.search(row)] == []
    assert [each for each in INCIDENTS if each not in sections[1]] == []
