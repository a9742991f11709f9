"""Google Sheets of n8n becomes ours."""

from __future__ import annotations

from typing import Any

import pytest

from flowstudio.interop.n8n.document import convert_entry

DOCUMENT = {"__rl": True, "mode": "list", "value": "1aBc", "cachedResultName": "Orders of the shop"}
SHEET = {"__rl": True, "mode": "list", "value": "gid=0", "cachedResultName": "Orders"}
PLACE = {"document": "1aBc", "sheet": "Orders"}


@pytest.mark.parametrize(
    ("version", "parameters", "properties"),
    [
        (4.5, {}, {"operation": "read"}),
        (
            4.5,
            {
                "filtersUI": {"values": [{"lookupColumn": "id", "lookupValue": "={{ $json.id }}"}]},
                "combineFilters": "OR",
                "options": {"returnFirstMatch": True, "dataLocationOnSheet": {"values": {"headerRow": 2}}},
            },
            {
                "operation": "look-up",
                "filters": [{"column": "id", "value": "={{ $json.id }}"}],
                "combine": "any",
                "first_only": True,
                "header_row": 2,
            },
        ),
        (
            4.5,
            {
                "operation": "append",
                "columns": {
                    "mappingMode": "defineBelow",
                    "value": {"id": "={{ $json.id }}"},
                    "matchingColumns": [],
                    "schema": [1],
                },
                "options": {"cellFormat": "RAW", "handlingExtraData": "ignoreIt"},
            },
            {
                "operation": "append",
                "mapping": "fields",
                "fields": [{"column": "id", "value": "={{ $json.id }}"}],
                "input": "raw",
                "extra": "ignore",
            },
        ),
        (
            4,
            {
                "operation": "appendOrUpdate",
                "columns": {"mappingMode": "autoMapInputData", "value": {}, "matchingColumns": ["id"]},
            },
            {"operation": "append-or-update", "match": "id"},
        ),
        (
            3,
            {
                "operation": "update",
                "dataMode": "defineBelow",
                "columnToMatchOn": "id",
                "valueToMatchOn": "7",
                "fieldsUi": {"values": [{"column": "total", "fieldValue": "9"}]},
            },
            {
                "operation": "update",
                "mapping": "fields",
                "fields": [{"column": "total", "value": "9"}, {"column": "id", "value": "7"}],
                "match": "id",
            },
        ),
        (
            4.5,
            {"operation": "clear", "clear": "specificRows", "startIndex": 3, "rowsToDelete": 2},
            {"operation": "clear", "clear_what": "rows", "start": "3", "count": 2},
        ),
        (
            4.5,
            {"operation": "delete", "toDelete": "columns", "startIndex": "C"},
            {"operation": "delete", "delete_what": "columns", "start": "C", "count": 1},
        ),
    ],
)
def test_what_is_done_with_a_sheet(
    version: float, parameters: dict[str, Any], properties: dict[str, Any]
) -> None:
    entry = {
        "type": "n8n-nodes-base.googleSheets",
        "typeVersion": version,
        "parameters": {"documentId": DOCUMENT, "sheetName": SHEET, **parameters},
        "credentials": {"googleSheetsOAuth2Api": {"id": "1", "name": "My Google"}},
    }
    converted = convert_entry(entry, (1, 1))
    assert (converted.type, converted.properties) == ("google-sheets", PLACE | properties)
    assert converted.remarks == []
    assert converted.todo == ["Choose a Google credential. In n8n it was 'My Google'."]


def test_a_sheet_that_is_known_by_its_number_is_named_by_the_address() -> None:
    chosen = {"__rl": True, "mode": "list", "value": 77}
    parameters = {"documentId": DOCUMENT, "sheetName": chosen}
    entry = {"type": "n8n-nodes-base.googleSheets", "typeVersion": 4.5, "parameters": parameters}
    assert convert_entry(entry, (1, 1)).properties["document"].endswith("/1aBc/edit#gid=77")
