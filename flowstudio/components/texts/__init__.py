"""Every text of the interface: one JSON file for each area, which the browser's modules read too."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("en")


@cache
def catalogue() -> dict[str, Any]:
    """All texts, by area."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.json"))}


def text(key: str, **values: object) -> str:
    """The text of a dotted key with its placeholders filled in. Raises `KeyError` for an unknown key."""
    found: Any = catalogue()
    for part in key.split("."):
        found = found[part]
    if not isinstance(found, str):
        raise KeyError(key)
    for name, value in values.items():
        found = found.replace(f"{{{name}}}", str(value))
    return found


def branch(key: str) -> dict[str, str]:
    """All texts under a key, such as the names of the statuses."""
    found: Any = catalogue()
    for part in key.split("."):
        found = found[part]
    return dict(found)
