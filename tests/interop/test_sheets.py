"""Google Sheets steps of n8n, imported and executed against Google's wire format on loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowstudio.commands.execute import execute_document
from flowstudio.engine.workflow import dump_workflow
from flowstudio.interop import read_documents
from flowstudio.interop.n8n import write_n8n
from flowstudio.runtime import Runtime
from tests.interop.n8n.test_rounds import code, step, workflow
from tests.nodes.google.spreadsheets import Spreadsheets
from tests.outbound.server import serving
from tests.services.conftest import start_runtime
from tests.services.test_templates_outside import google

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = ["id", "name", "total"]
MATCHED = {"mappingMode": "autoMapInputData", "value": {}, "matchingColumns": ["id"]}
ADA = {"row_number": 2, "id": 1, "name": "Ada", "total": 5}
BO = {"row_number": 3, "id": 2, "name": "Bo", "total": 6}


def below(**values: str) -> dict[str, Any]:
    return {"mappingMode": "defineBelow", "value": values, "matchingColumns": ["id"]}


STEPS: list[tuple[float, dict[str, Any], str, Any, list[list[Any]]]] = [
    (4.5, {}, "{}", [ADA, BO], [[1, "Ada", 5], [2, "Bo", 6]]),
    (
        4.7,
        {"filtersUI": {"values": [{"lookupColumn": "name", "lookupValue": "={{ $json.who }}"}]}},
        "{ who: 'Bo' }",
        [BO],
        [[1, "Ada", 5], [2, "Bo", 6]],
    ),
    (
        4.5,
        {"operation": "append", "columns": {"mappingMode": "autoMapInputData", "value": {}}},
        "{ id: 3, name: 'Cy', total: 7 }",
        [{"id": 3, "name": "Cy", "total": 7}],
        [[1, "Ada", 5], [2, "Bo", 6], [3, "Cy", 7]],
    ),
    (
        3,
        {
            "operation": "append",
            "dataMode": "defineBelow",
            "fieldsUi": {"values": [{"column": "id", "fieldValue": "={{ $json.n }}"}]},
        },
        "{ n: 4 }",
        None,
        [[1, "Ada", 5], [2, "Bo", 6], [3, "Cy", 7], [4]],
    ),
    (
        4.2,
        {"operation": "appendOrUpdate", "columns": MATCHED},
        "{ id: 4, name: 'Di', total: 8 }, { id: 5, name: 'Ed', total: 9 }",
        None,
        [[1, "Ada", 5], [2, "Bo", 6], [3, "Cy", 7], [4, "Di", 8], [5, "Ed", 9]],
    ),
    (
        4,
        {"operation": "update", "columns": below(id="={{ $json.n }}", total="={{ $json.sum }}")},
        "{ n: 2, sum: 60 }",
        None,
        [[1, "Ada", 5], [2, "Bo", 60], [3, "Cy", 7], [4, "Di", 8], [5, "Ed", 9]],
    ),
    (
        4.5,
        {"operation": "delete", "startIndex": 3, "numberToDelete": 2},
        "{}",
        None,
        [[1, "Ada", 5], [4, "Di", 8], [5, "Ed", 9]],
    ),
    (
        4.5,
        {"operation": "clear", "clear": "specificRows", "startIndex": 4},
        "{}",
        None,
        [[1, "Ada", 5], [4, "Di", 8]],
    ),
    (4.5, {"operation": "clear", "keepFirstRow": True}, "{}", None, []),
]


def filled(rows: list[list[Any]]) -> list[list[Any]]:
    """Rows without the empty cells at their ends and at the end of the sheet."""
    found = []
    for row in rows:
        while row and row[-1] == "":
            row = row[:-1]
        found.append(row)
    return [row for row in found if row]


async def execute(runtime: Runtime, account: str, given: str, sheet: dict[str, Any]) -> list[Any]:
    """Run one step of n8n on items, with a credential chosen; what it gives."""
    nodes = [step("Start", "manualTrigger"), code("Rows", f"return [{given}];"), sheet]
    raw = workflow(nodes, Start=[["Rows"]], Rows=[["Sheet"]])
    (found,) = read_documents(json.dumps(raw), runtime.registry)
    assert [verdict.fate for verdict in found.report] == ["imported"] * 3
    assert write_n8n(found.document, runtime.registry).document == raw
    document = dump_workflow(found.document)
    document["nodes"][2]["data"]["credentials"] = {"account": account}
    result = await execute_document(runtime, document)
    assert result["status"] == "success", result["nodes"]["Sheet"]["error"]
    rows: list[Any] = result["nodes"]["Sheet"]["outputs"].get("main", [])
    return rows


async def test_sheets_are_read_and_changed(tmp_path: Path) -> None:
    drive = Spreadsheets({"d1": {"Orders": [HEAD, [1, "Ada", 5], [2, "Bo", 6]]}})
    place = {
        "documentId": {"__rl": True, "mode": "id", "value": "d1"},
        "sheetName": {"__rl": True, "mode": "list", "value": "gid=0", "cachedResultName": "Orders"},
    }
    runtime = await start_runtime(tmp_path, allow_hosts="127.0.0.1")
    try:
        async with serving(drive.answer) as server:
            account = await google(runtime, server.url(""))
            for version, parameters, given, gives, left in STEPS:
                made = step("Sheet", "googleSheets", version, **place, options={}, **parameters)
                rows = await execute(runtime, account, given, made)
                assert gives is None or rows == gives, parameters
                assert filled(drive.documents["d1"]["Orders"]) == [HEAD, *left], parameters
            new = step("Sheet", "googleSheets", 4.5, operation="create", title="More", options={}, **place)
            await execute(runtime, account, "{}", new)
            assert list(drive.documents["d1"]) == ["Orders", "More"]
            book = step("Sheet", "googleSheets", 4.5, resource="spreadsheet", title="Year", options={})
            (row,) = await execute(runtime, account, "{}", book)
            assert row["spreadsheet_id"] in drive.documents
    finally:
        await runtime.stop()
