"""Postgres of n8n becomes ours."""

from __future__ import annotations

from typing import Any

import pytest

from flowstudio.interop.n8n.document import convert_entry

PLACE = {
    "schema": {"__rl": True, "mode": "list", "value": "public"},
    "table": {"__rl": True, "mode": "list", "value": "orders", "cachedResultName": "orders"},
}


@pytest.mark.parametrize(
    ("parameters", "properties"),
    [
        (
            {
                "operation": "executeQuery",
                "query": "SELECT * FROM t WHERE a = $1 AND b = $2",
                "options": {"queryReplacement": "={{ $json.a }}, {{ f($json.b, 1) }}"},
            },
            {
                "operation": "query",
                "query": "SELECT * FROM t WHERE a = $1 AND b = $2",
                "parameters": [{"value": "={{ $json.a }}"}, {"value": "={{ f($json.b, 1) }}"}],
            },
        ),
        (
            {
                "operation": "executeQuery",
                "query": "SELECT $1, $2",
                "options": {"queryReplacement": "={{ [$json.a, 2] }}", "queryBatching": "independently"},
            },
            {
                "operation": "query",
                "transaction": "apart",
                "query": "SELECT $1, $2",
                "parameters": [{"value": "={{ ([$json.a, 2])[0] }}"}, {"value": "={{ ([$json.a, 2])[1] }}"}],
            },
        ),
        (
            {
                "operation": "executeQuery",
                "query": "=SELECT * FROM t WHERE a = '{{ $json['a'] }}' AND n > {{ $json.n }} AND b LIKE '%{{ $json.b }}%' AND c = $1",
                "options": {"queryReplacement": "x"},
            },
            {
                "operation": "query",
                "query": "SELECT * FROM t WHERE a = $2 AND n > $3 AND b LIKE ('%'::text || $4::text || '%'::text) AND c = $1",
                "parameters": [
                    {"value": "x"},
                    {"value": "={{ $json['a'] }}"},
                    {"value": "={{ $json.n }}"},
                    {"value": "={{ $json.b }}"},
                ],
            },
        ),
        (
            PLACE
            | {
                "operation": "select",
                "where": {
                    "values": [
                        {"column": "a", "value": "={{ $json.a }}"},
                        {"column": "b", "condition": "IS NOT NULL"},
                    ]
                },
                "combineConditions": "OR",
                "sort": {"values": [{"column": "a", "direction": "DESC"}]},
                "options": {"outputColumns": ["a", "b"]},
            },
            {
                "operation": "select",
                "table": "orders",
                "conditions": [
                    {"column": "a", "test": "equals", "value": "={{ $json.a }}"},
                    {"column": "b", "test": "is_not_empty"},
                ],
                "combine": "any",
                "columns": ["a", "b"],
                "limit": 50,
                "order": [{"column": "a", "direction": "descending"}],
            },
        ),
        (
            PLACE | {"columns": {"mappingMode": "defineBelow", "value": {"a": 1}, "schema": [1]}},
            {
                "operation": "insert",
                "table": "orders",
                "mapping": "fields",
                "fields": [{"column": "a", "value": 1}],
            },
        ),
        (
            PLACE
            | {
                "operation": "upsert",
                "columns": {"mappingMode": "autoMapInputData", "matchingColumns": ["id"]},
            },
            {"operation": "upsert", "table": "orders", "match": ["id"]},
        ),
        (
            PLACE
            | {
                "operation": "update",
                "dataMode": "defineBelow",
                "columnToMatchOn": "id",
                "valueToMatchOn": "={{ $json.id }}",
                "valuesToSend": {"values": [{"column": "a", "value": "x"}]},
            },
            {
                "operation": "update",
                "table": "orders",
                "match": ["id"],
                "mapping": "fields",
                "fields": [{"column": "a", "value": "x"}, {"column": "id", "value": "={{ $json.id }}"}],
            },
        ),
        (
            PLACE
            | {
                "operation": "deleteTable",
                "deleteCommand": "delete",
                "where": {"values": [{"column": "a", "condition": "!=", "value": 1}]},
            },
            {
                "operation": "delete",
                "table": "orders",
                "conditions": [{"column": "a", "test": "not_equals", "value": 1}],
            },
        ),
        (
            PLACE | {"operation": "deleteTable", "deleteCommand": "truncate", "restartSequences": True},
            {"operation": "query", "query": 'TRUNCATE TABLE "public"."orders" RESTART IDENTITY'},
        ),
    ],
)
def test_what_it_does_is_said_in_our_terms(parameters: dict[str, Any], properties: dict[str, Any]) -> None:
    entry = {
        "type": "n8n-nodes-base.postgres",
        "typeVersion": 2.5,
        "parameters": parameters,
        "credentials": {"postgres": {"id": "1", "name": "Shop"}},
    }
    converted = convert_entry(entry, (1, 1))
    assert (converted.type, converted.properties) == ("postgres", properties)
    assert converted.todo == ["Choose a PostgreSQL credential. In n8n it was 'Shop'."]
    templates = str(parameters.get("query", "")).startswith("=")
    deletes = parameters.get("operation") == "deleteTable"
    assert len(converted.remarks) == (templates or deletes)


def test_what_is_not_known_here_is_left_as_it_was() -> None:
    for version, parameters in ((1, {}), (2.5, {"operation": "sing"})):
        entry = {"type": "n8n-nodes-base.postgres", "typeVersion": version, "parameters": parameters}
        assert convert_entry(entry, (1, 1)).type == "not-available"
