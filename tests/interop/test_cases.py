"""Workflows of n8n whose `pinData` says what each step is expected to give; they run as they are.

Each file in `cases/` is an n8n workflow like any other. Pinned data is what the named step must give by its first output;
it is not used by the run. Names of the files say node, version and what is tried.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowstudio.commands.execute import execute_document
from flowstudio.interop import read_documents
from flowstudio.runtime import Runtime

CASES = {file.stem: file.read_text() for file in sorted((Path(__file__).parent / "cases").glob("*.json"))}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("case", CASES)
async def test_a_workflow_of_n8n_gives_the_same_here(case: str, studio: Runtime) -> None:
    raw = json.loads(CASES[case])
    (found,) = read_documents(json.dumps(raw), studio.registry)
    assert [verdict for verdict in found.report if verdict.fate != "imported"] == []
    expected = {name: [entry["json"] for entry in entries] for name, entries in raw["pinData"].items()}
    assert expected
    result = await execute_document(studio, raw)
    assert result["status"] == "success", {
        label: state["error"] for label, state in result["nodes"].items() if state["error"]
    }
    assert {name: first_output(result["nodes"][name]) for name in expected} == expected


def first_output(state: dict[str, Any]) -> Any:
    """What a step gave by the first of its outputs that gave anything."""
    return next((rows for rows in state["outputs"].values() if rows), [])
