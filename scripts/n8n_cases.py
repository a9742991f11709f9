"""Counts the workflows of n8n that the tests run: `python -m scripts.n8n_cases`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "interop"


def main() -> None:
    """Print the figures."""
    cases = [_read(file) for file in sorted((FOLDER / "cases").glob("*.json"))]
    realistic = [_read(file) for file in sorted((FOLDER / "realistic").glob("*.json"))]
    steps = [node for case in cases for node in case["nodes"]]
    kinds = {(node["type"], node["typeVersion"]) for node in steps}
    sizes = sorted(len(workflow["nodes"]) for workflow in realistic)
    print(f"{len(cases)} cases with {len(steps)} steps")
    print(f"{sum(len(case['pinData']) for case in cases)} steps whose items are compared exactly")
    print(f"{len({type_ for type_, _ in kinds})} types of steps, {len(kinds)} with their versions")
    print(f"{len(realistic)} realistic workflows of {sizes[0]} to {sizes[-1]} steps, all executed")


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


if __name__ == "__main__":
    main()
