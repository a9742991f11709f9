"""The examples: every one runs, and together they use every node type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import flowstudio.nodes
from flowstudio.engine.plan import check
from flowstudio.engine.registry import discover
from flowstudio.engine.workflow import load_workflow
from flowstudio.nodes.ai.asking import Asking
from flowstudio.nodes.ai.choice import ModelUser
from flowstudio.nodes.ai.parts import EmbedderNode, MemoryNode, ModelNode, RetrieverNode, ToolNode
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.shipped import shipped
from tests.services.conftest import start_runtime

FILES = sorted(shipped("examples").glob("*.json"))
REGISTRY = discover(flowstudio.nodes)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_an_example_runs_as_it_is_shipped(runtime: Runtime, file: Path) -> None:
    execution = await runtime.executions.execute(COMMAND_LINE, f"example-{file.stem}")
    rest = await runtime.executions.wait(execution, 60)
    assert rest is not None
    assert (rest.status, rest.error) == ("success", None)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_has_no_problems_not_even_warnings(file: Path) -> None:
    assert check(load_workflow(json.loads(file.read_text())), REGISTRY) == []


WITHOUT_ACCOUNTS = {
    cls.type
    for cls in REGISTRY
    if cls.type == "embedder-local"
    or not issubclass(cls, (ModelUser, Asking, ModelNode, MemoryNode, ToolNode, RetrieverNode, EmbedderNode))
}
"""Examples run without accounts; what asks models is run by tests/services/test_agents.py and the examples in the help."""


ELSEWHERE = {
    *(
        "compare-datasets",
        "convert-to-file",
        "crypto",
        "extract-from-file",
        "html",
        "html-table",
        "markdown",
        "xml",
        "compression",
    ),
    *("old-merge", "not-available"),  # these and those above: tests/interop
    *("error-trigger", "workflow-trigger"),  # tests/services/test_error_workflows.py
    *("repeat", "each-connection"),  # tests/interop/n8n/test_rounds.py
    "embedded-workflow",  # tests/interop/test_services.py
    "skip-seen",  # tests/interop/test_memory.py
    "google-sheets",  # needs an account: tests/nodes/google
    "postgres",  # the same: tests/nodes/databases
}
"""What other tests run in whole workflows."""


def test_the_examples_use_every_node_type() -> None:
    used = {node["type"] for file in FILES for node in json.loads(file.read_text())["nodes"]}
    assert used >= WITHOUT_ACCOUNTS - ELSEWHERE


async def test_the_order_triage_reports_what_the_data_says(runtime: Runtime) -> None:
    """The totals by region, computed again in a few lines from the file itself."""
    orders = json.loads((shipped("examples") / "data" / "orders.json").read_text())
    assert len(orders) >= 2000
    europe, america = {"DE", "FR", "IT", "ES", "NL", "PL", "GB"}, {"US", "CA", "MX"}
    expected: dict[str, list[float]] = {}
    for order in (order for order in orders if order["status"] == "paid"):
        country = order["country"]
        region = (
            "Europe" if country in europe else "North America" if country in america else "Rest of the world"
        )
        total = round(sum(line["quantity"] * line["price"] for line in order["lines"]), 2)
        expected.setdefault(region, []).append(total)
    execution = await runtime.executions.execute(COMMAND_LINE, "example-order-triage")
    await runtime.executions.wait(execution, 60)
    report = {row["region"]: row for row in await runtime.views.last_data(COMMAND_LINE, execution)}
    assert {region: row["orders"] for region, row in report.items()} == {
        r: len(t) for r, t in expected.items()
    }
    for region, totals in expected.items():
        assert report[region]["total"] == pytest.approx(sum(totals), abs=0.01)
        assert report[region]["largest"] == max(totals)


async def test_examples_that_were_deleted_stay_away(tmp_path: Path) -> None:
    owner = {"owner_email": "ada@example.com", "owner_password": "correct horse battery"}
    first = await start_runtime(tmp_path, **owner)
    for file in FILES:
        await first.workflows.delete(COMMAND_LINE, f"example-{file.stem}")
    await first.stop()
    second = await start_runtime(tmp_path, **owner)
    page, _ = await second.workflows.page(COMMAND_LINE)
    await second.stop()
    assert page == []


async def test_the_best_sellers_are_what_the_data_says(runtime: Runtime) -> None:
    orders = json.loads((shipped("examples") / "data" / "orders.json").read_text())
    sold: dict[str, int] = {}
    for order in {order["id"]: order for order in orders}.values():
        for line in order["lines"]:
            sold[line["sku"]] = sold.get(line["sku"], 0) + line["quantity"]
    best = sorted(sold.items(), key=lambda pair: (-pair[1], pair[0]))[:5]
    execution = await runtime.executions.execute(COMMAND_LINE, "example-best-sellers")
    await runtime.executions.wait(execution, 60)
    [report] = await runtime.views.last_data(COMMAND_LINE, execution)
    assert [(row["product"], row["sum_quantity"]) for row in report["best_sellers"]] == best


async def test_the_passage_that_answers_the_question_is_found_first(runtime: Runtime) -> None:
    execution = await runtime.executions.execute(COMMAND_LINE, "example-find-answers")
    await runtime.executions.wait(execution, 60)
    (there,) = await runtime.storage.vectors.collections()
    assert (there.name, there.passages, there.sources) == ("example-terms", 4, 1)
    rows = await runtime.views.last_data(COMMAND_LINE, execution)
    assert len(rows) == 2
    assert rows[0]["text"].startswith("# Returns")
    assert rows[0]["metadata"]["heading"] == "Returns"
    assert rows[0]["score"] > rows[1]["score"]
