"""Every text that the interface asks for exists, and every text that exists is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowstudio.components.texts import branch, catalogue, text

ROOT = Path(__file__).resolve().parents[2] / "flowstudio"
LITERAL = re.compile(r"""["'`]([a-z]+(?:\.[a-z0-9_-]+)+)["'`]""")
DYNAMIC = re.compile(r"""["'`]([a-z]+\.(?:[a-z_]+_)?)(?:\$?\{)""")
BRANCH = re.compile(r"""branch\("([a-z]+)"\)""")


def sources() -> Iterator[str]:
    for folder in ("components", "pages"):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in {".py", ".jsx", ".js"}:
                yield file.read_text("utf-8")
    yield (ROOT / "flowstudio.py").read_text("utf-8")


def leaves(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def asked_for() -> tuple[set[str], set[str]]:
    areas = tuple(catalogue())
    literal = {key for source in sources() for key in LITERAL.findall(source) if key.split(".")[0] in areas}
    dynamic = {key for source in sources() for key in DYNAMIC.findall(source) if key.split(".")[0] in areas}
    whole = {f"{key}." for source in sources() for key in BRANCH.findall(source)}
    return literal, dynamic | whole


def test_every_text_that_is_asked_for_exists() -> None:
    literal, dynamic = asked_for()
    known = set(leaves(catalogue()))
    assert len(literal) > 100, "the search for texts finds nothing any more"
    assert sorted(literal - known) == []
    assert [prefix for prefix in sorted(dynamic) if not any(key.startswith(prefix) for key in known)] == []


def test_every_text_is_used() -> None:
    literal, dynamic = asked_for()
    unused = [key for key in leaves(catalogue()) if key not in literal and not key.startswith(tuple(dynamic))]
    assert unused == []


def test_placeholders_are_filled_in() -> None:
    assert text("workflows.nodes", count=3) == "3 steps"


def test_an_unknown_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        text("workflows.nonsense")


def test_a_branch_has_a_text_for_every_status_of_the_engine() -> None:
    from typing import get_args

    from flowstudio.engine.context import Mode
    from flowstudio.engine.events import ExecutionStatus, NodeStatus

    assert set(get_args(ExecutionStatus)) | set(get_args(NodeStatus)) <= set(branch("status"))
    assert set(get_args(Mode)) == set(branch("modes"))
