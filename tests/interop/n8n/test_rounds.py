"""What n8n does by running a step several times, executed here."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flowstudio.commands.execute import execute_document
from flowstudio.interop import read_documents
from flowstudio.interop.n8n import write_n8n
from flowstudio.runtime import Runtime

pytestmark = pytest.mark.asyncio(loop_scope="session")


def step(name: str, type_: str, version: float = 1, **parameters: Any) -> dict[str, Any]:
    """A node of n8n."""
    return {
        "id": f"id of {name}",
        "name": name,
        "type": f"n8n-nodes-base.{type_}",
        "typeVersion": version,
        "position": [0, 0],
        "parameters": parameters,
    }


def code(name: str, text: str) -> dict[str, Any]:
    return step(name, "code", 2, jsCode=text)


def check(name: str, left: str, right: float) -> dict[str, Any]:
    """An If: whether a number is smaller than another one."""
    rows = {"number": [{"value1": left, "operation": "smaller", "value2": right}]}
    return step(name, "if", 1, conditions=rows)


def workflow(nodes: list[dict[str, Any]], **ways: list[list[str]]) -> dict[str, Any]:
    """`ways` gives the targets of each output; in names of nodes, `_` stands for a space."""
    return {
        "name": "Rounds",
        "nodes": nodes,
        "connections": {
            name.replace("_", " "): {
                "main": [[{"node": end, "type": "main", "index": 0} for end in ends] for ends in outputs]
            }
            for name, outputs in ways.items()
        },
        "settings": {"executionOrder": "v1"},
    }


async def run(studio: Runtime, raw: dict[str, Any]) -> dict[str, list[Any]]:
    """What each step gave, by all of its outputs; the file comes back from here as it was."""
    (found,) = read_documents(json.dumps(raw), studio.registry)
    assert [verdict for verdict in found.report if verdict.fate != "imported"] == []
    assert write_n8n(found.document, studio.registry).document == raw
    result = await execute_document(studio, raw)
    assert result["status"] == "success", result
    return {
        name: [row for rows in state["outputs"].values() for row in rows]
        for name, state in result["nodes"].items()
    }


async def test_a_circle_by_way_of_an_if_goes_round_until_the_if_ends_it(studio: Runtime) -> None:
    """
    Start -> Page -> Fetch -> More? -(true)-> Next -> Fetch
                                   -(false)-> All
    """
    raw = workflow(
        [
            step("Start", "manualTrigger"),
            code("Page", "return [{ page: 1, from: 'Page' }]"),
            code(
                "Fetch", "return $input.all().map(i => ({ ...i.json, round: $runIndex, by: $prevNode.name }))"
            ),
            check("More?", "={{ $json.page }}", 4),
            step(
                "Next",
                "set",
                3.4,
                assignments={
                    "assignments": [
                        {"id": "1", "name": "page", "type": "number", "value": "={{ $json.page + 1 }}"},
                        {
                            "id": "2",
                            "name": "from",
                            "type": "string",
                            "value": "={{ $('Page').item.json.from }}",
                        },
                    ]
                },
            ),
            code(
                "All", "return [{ pages: $('Fetch').all().map(i => i.json.page), last: $input.first().json }]"
            ),
        ],
        Start=[["Page"]],
        Page=[["Fetch"]],
        Fetch=[["More?"]],
        **{"More?": [["Next"], ["All"]]},
        Next=[["Fetch"]],
    )
    given = await run(studio, raw)
    assert [row["page"] for row in given["Fetch"]] == [1, 2, 3, 4]
    assert [row["round"] for row in given["Fetch"]] == [0, 1, 2, 3]
    assert [row["by"] for row in given["Fetch"]] == ["Page", "Next", "Next", "Next"]
    assert given["All"] == [{"pages": [4], "last": {"page": 4, "from": "Page", "round": 3, "by": "Next"}}]


async def test_the_first_split_in_batches_is_left_by_an_if(studio: Runtime) -> None:
    """
    Start -> Data -> Batches -> Work -> Done? -(true)-> End
                     Batches <--------------- (false)
    """
    done = "={{ $node['Batches'].context['noItemsLeft'] }}"
    raw = workflow(
        [
            step("Start", "manualTrigger"),
            code("Data", "return [1, 2, 3].map(n => ({ n }))"),
            step("Batches", "splitInBatches", 1, batchSize=2, options={}),
            step("Work", "noOp"),
            step("Done?", "if", 1, conditions={"boolean": [{"value1": done, "value2": True}]}),
            step("End", "noOp"),
        ],
        Start=[["Data"]],
        Data=[["Batches"]],
        Batches=[["Work"]],
        Work=[["Done?"]],
        **{"Done?": [["End"], ["Batches"]]},
    )
    given = await run(studio, raw)
    assert given["Work"] == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert given["End"] == [{"n": 3}]


async def test_several_connections_into_one_input_are_several_runs_where_that_makes_a_difference(
    studio: Runtime,
) -> None:
    """
    Start -> Data -> Small? -(true)--> Count -> After
                            -(false)-> Twice -> Count
    """
    raw = workflow(
        [
            step("Start", "manualTrigger"),
            code("Data", "return [1, 2, 9].map(n => ({ n }))"),
            check("Small?", "={{ $json.n }}", 5),
            code("Twice", "return $input.all().map(i => ({ n: i.json.n * 2 }))"),
            code("Count", "return [{ items: $input.all().length, run: $runIndex, by: $prevNode.name }]"),
            step("After", "noOp"),
        ],
        Start=[["Data"]],
        Data=[["Small?"]],
        **{"Small?": [["Count"], ["Twice"]]},
        Twice=[["Count"]],
        Count=[["After"]],
    )
    given = await run(studio, raw)
    assert given["After"] == [{"items": 2, "run": 0, "by": "Small?"}, {"items": 1, "run": 1, "by": "Twice"}]


async def test_what_treats_each_item_by_itself_needs_no_rounds(studio: Runtime) -> None:
    raw = workflow(
        [
            step("Start", "manualTrigger"),
            check("Any?", "={{ 1 }}", 5),
            step("End", "noOp"),
            step("Also", "cron"),
        ],
        Start=[["Any?"]],
        Also=[["End"]],
        **{"Any?": [["End"], ["End"]]},
    )
    (found,) = read_documents(json.dumps(raw), studio.registry)
    assert {node.type for node in found.document.nodes} == {"manual-trigger", "if-else", "no-op", "schedule"}
    assert write_n8n(found.document, studio.registry).document == raw


async def test_where_rounds_cannot_be_parted_the_report_says_so(studio: Runtime) -> None:
    """
    Start -> A -> Count -> Merge        the merge is reached from outside of Count's rounds as well
    Start -> B -> Count ; B -> Merge
    """
    raw = workflow(
        [
            step("Start", "manualTrigger"),
            step("A", "noOp"),
            step("B", "noOp"),
            code("Count", "return [{ n: $input.all().length }]"),
            step("Merge", "merge", 3),
        ],
        Start=[["A", "B"]],
        A=[["Count"]],
        B=[["Count"]],
        Count=[["Merge"]],
    )
    raw["connections"]["B"]["main"][0].append({"node": "Merge", "type": "main", "index": 1})
    (found,) = read_documents(json.dumps(raw), studio.registry)
    [verdict] = [verdict for verdict in found.report if verdict.fate != "imported"]
    assert verdict.label == "Count"
    assert "n8n runs it once for each of them" in verdict.differences[0]
