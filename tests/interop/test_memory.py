"""What workflows of n8n keep from one execution to the next."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flowstudio.commands.execute import execute_document
from flowstudio.engine.context import Mode
from flowstudio.engine.workflow import dump_workflow
from flowstudio.interop import read_documents
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from tests.interop.n8n.test_rounds import code, step, workflow

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def stored(studio: Runtime, raw: dict[str, Any]) -> str:
    """The id of an imported workflow."""
    (found,) = read_documents(json.dumps(raw), studio.registry)
    assert [verdict for verdict in found.report if verdict.fate != "imported"] == []
    return (await studio.workflows.create(COMMAND_LINE, dump_workflow(found.document))).record.id


async def given(studio: Runtime, workflow: str, data: Any = None, mode: Mode = "api") -> dict[str, list[Any]]:
    """What each step gives by its first output in one execution."""
    execution = await studio.executions.execute(COMMAND_LINE, workflow, data, mode=mode)
    await studio.executions.wait(execution)
    view = await studio.views.get(COMMAND_LINE, execution)
    assert view["status"] == "success", view
    found: dict[str, list[Any]] = {}
    for run in await studio.storage.executions.node_runs(execution):
        ports = await studio.storage.executions.outputs(execution, run.node, run.scope, run.attempt)
        label = view["node_states"][run.node]["label"]
        found[label] = [item.json for item in ports.get("kept") or ports.get("main") or []]
    return found


COUNT = """
const all = $getWorkflowStaticData('global'), own = $getWorkflowStaticData('node');
all.runs = (all.runs || 0) + 1;
own.mine = (own.mine || 0) + 1;
$execution.customData.set('step', 'Count');
return [{ json: { runs: all.runs, mine: own.mine } }];
"""
AGAIN = """
kept = _getWorkflowStaticData('global')
kept['runs'] += 10
return [{'json': {'runs': kept['runs'], 'mine': _getWorkflowStaticData('node').get('mine'),
                  'noted': _execution.customData.get('step')}}]
"""


def counting() -> dict[str, Any]:
    return workflow(
        [
            step("Start", "manualTrigger"),
            code("Count", COUNT),
            step("Again", "code", 2, language="python", pythonCode=AGAIN),
            step(
                "Noted",
                "set",
                3.4,
                mode="raw",
                jsonOutput='={{ { by: $execution.customData.get("step"), runs: $getWorkflowStaticData("global").runs } }}',
            ),
        ],
        Start=[["Count"]],
        Count=[["Again"]],
        Again=[["Noted"]],
    )


async def test_static_data_is_there_again_in_the_next_execution(studio: Runtime) -> None:
    id_ = await stored(studio, counting())
    first, second = await given(studio, id_), await given(studio, id_)
    assert first["Count"] == [{"runs": 1, "mine": 1}]
    assert first["Again"] == [{"runs": 11, "mine": None, "noted": "Count"}]
    assert first["Noted"] == [{"by": "Count", "runs": 11}]
    assert second["Count"] == [{"runs": 12, "mine": 2}]
    assert second["Again"][0]["runs"] == 22


async def test_static_data_of_a_run_by_hand_lasts_as_long_as_the_run(studio: Runtime) -> None:
    for _ in range(2):
        result = await execute_document(studio, counting())
        assert result["nodes"]["Again"]["outputs"]["main"][0]["runs"] == 11


def fetching(**parameters: Any) -> dict[str, Any]:
    seen = "removeItemsSeenInPreviousExecutions"
    return workflow(
        [
            step("Start", "executeWorkflowTrigger", 1.1, inputSource="passthrough"),
            step("Fetch", "splitOut", 1, fieldToSplitOut="rows", options={}),
            step("New", "removeDuplicates", 2, operation=seen, **parameters),
        ],
        Start=[["Fetch"]],
        Fetch=[["New"]],
    )


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        ({"dedupeValue": "={{ $json.id }}", "options": {}}, ([3, 1], [1, 2, 3], [2])),
        (
            {
                "logic": "removeItemsUpToStoredIncrementalKey",
                "incrementalDedupeValue": "={{ $json.id }}",
                "options": {"scope": "workflow"},
            },
            ([3, 1], [1, 4, 3], [4, 5]),
        ),
        (
            {
                "logic": "removeItemsUpToStoredDate",
                "dateDedupeValue": "={{ '2026-01-0' + $json.id }}",
                "options": {},
            },
            ([3, 1], [1, 4, 3], [4, 5]),
        ),
    ],
    ids=["values", "numbers", "dates"],
)
async def test_items_of_earlier_executions_are_left_out(
    studio: Runtime, parameters: dict[str, Any], rows: tuple[list[int], ...]
) -> None:
    id_ = await stored(studio, fetching(**parameters))
    new = []
    for numbers in rows:
        data = {"rows": [{"id": number} for number in numbers]}
        new.append([row["id"] for row in (await given(studio, id_, data)).get("New", [])])
    assert new == ([[3, 1], [2], []] if "dedupeValue" in parameters else [[3, 1], [4], [5]])


async def test_the_memory_of_a_workflow_can_be_cleared(studio: Runtime) -> None:
    raw = fetching(dedupeValue="={{ $json.id }}", options={"scope": "workflow"})
    raw["nodes"].append(
        step(
            "Clear",
            "removeDuplicates",
            2,
            operation="clearDeduplicationHistory",
            options={"scope": "workflow"},
        )
    )
    raw["connections"]["New"] = {"main": [[{"node": "Clear", "type": "main", "index": 0}]]}
    id_ = await stored(studio, raw)
    for _ in range(2):
        assert len((await given(studio, id_, {"rows": [{"id": 1}, {"id": 2}]}))["New"]) == 2
