"""Nodes of n8n in the versions that are in use, and what becomes of them: type, version, parameters, our type, our properties."""

from __future__ import annotations

from typing import Any


def condition(left: str, type_: str, operation: str, right: Any) -> dict[str, Any]:
    """A condition as version 2 writes it."""
    operator = {"type": type_, "operation": operation}
    return {"id": "1", "leftValue": left, "rightValue": right, "operator": operator}


def group(*conditions: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Conditions as version 2 groups them."""
    settings = {"caseSensitive": True, "leftValue": "", "typeValidation": "strict", "version": 2}
    return {"options": settings | options, "conditions": list(conditions), "combinator": "and"}


PAID = condition("={{ $json.status }}", "string", "equals", "paid")
OUR_PAID = {"left": "={{ $json.status }}", "type": "string", "test": "equals", "right": "paid"}

CASES: list[tuple[str, float, dict[str, Any], str, dict[str, Any]]] = [
    ("manualTrigger", 1, {}, "manual-trigger", {}),
    ("executeWorkflowTrigger", 1.1, {"inputSource": "passthrough"}, "workflow-trigger", {}),
    (
        "executeWorkflowTrigger",
        1.1,
        {"workflowInputs": {"values": [{"name": "order", "type": "number"}, {"name": "note"}]}},
        "workflow-trigger",
        {
            "accept": "fields",
            "fields": [{"name": "order", "type": "number"}, {"name": "note", "type": "any"}],
        },
    ),
    ("errorTrigger", 1, {}, "error-trigger", {}),
    ("noOp", 1, {}, "no-op", {}),
    ("debugHelper", 1, {"category": "doNothing"}, "no-op", {}),
    (
        "debugHelper",
        1,
        {"category": "throwError", "throwErrorType": "Error", "throwErrorMessage": "On purpose"},
        "stop-and-error",
        {"error_type": "message", "message": "On purpose"},
    ),
    (
        "if",
        2.2,
        {
            "conditions": group(PAID, caseSensitive=False) | {"combinator": "or"},
            "looseTypeValidation": True,
            "options": {},
        },
        "if-else",
        {"conditions": [OUR_PAID], "require": "any", "ignore_case": True, "strict": False},
    ),
    (
        "if",
        1,
        {"conditions": {"number": [{"value1": "={{ $json.n }}", "value2": 5}]}, "combineOperation": "any"},
        "if-else",
        {
            "conditions": [{"left": "={{ $json.n }}", "type": "number", "test": "less", "right": 5}],
            "require": "any",
            "as_they_are": True,
        },
    ),
    (
        "filter",
        2,
        {
            "conditions": group(condition("={{ $json.at }}", "dateTime", "afterOrEquals", "2026-01-01")),
            "options": {},
        },
        "filter",
        {
            "conditions": [
                {
                    "left": "={{ $json.at }}",
                    "type": "date-time",
                    "test": "after_or_equal",
                    "right": "2026-01-01",
                }
            ],
            "require": "all",
        },
    ),
    (
        "filter",
        2,
        {"conditions": group(condition("={{ $json.mail }}", "string", "notExists", ""))},
        "filter",
        {
            "conditions": [{"left": "={{ $json.mail }}", "type": "string", "test": "not_exists"}],
            "require": "all",
        },
    ),
    (
        "switch",
        3.2,
        {
            "rules": {"values": [{"conditions": group(PAID), "renameOutput": True, "outputKey": "Paid"}]},
            "options": {
                "fallbackOutput": "extra",
                "renameFallbackOutput": "Others",
                "allMatchingOutputs": True,
            },
        },
        "switch",
        {
            "mode": "rules",
            "rules": [{"label": "Paid", "conditions": [OUR_PAID], "require": "all"}],
            "fallback": "extra",
            "fallback_label": "Others",
            "send_to_all": True,
        },
    ),
    (
        "switch",
        3,
        {"mode": "expression", "numberOutputs": 3, "output": "={{ $json.lane }}"},
        "switch",
        {"mode": "expression", "outputs_count": 3, "output": "={{ $json.lane }}"},
    ),
    (
        "merge",
        3,
        {"mode": "combine", "fieldsToMatchString": "id, mail", "joinMode": "enrichInput1", "options": {}},
        "merge",
        {
            "mode": "combine",
            "combine_by": "matching_fields",
            "fields_to_match": [{"field_1": "id"}, {"field_1": "mail"}],
            "join_mode": "enrich_input_1",
        },
    ),
    (
        "merge",
        2.1,
        {
            "mode": "combine",
            "mergeByFields": {"values": [{"field1": "sku", "field2": "article"}]},
            "options": {
                "clashHandling": {"values": {"resolveClash": "preferInput2", "mergeMode": "shallowMerge"}}
            },
        },
        "merge",
        {
            "mode": "combine",
            "combine_by": "matching_fields",
            "fields_to_match": [{"field_1": "sku", "field_2": "article"}],
            "merge_depth": "shallow",
            "clash": "prefer_input",
            "preferred_input": 2,
        },
    ),
    ("merge", 3, {"numberInputs": 3}, "merge", {"mode": "append", "inputs_count": 3}),
    (
        "merge",
        3,
        {"mode": "chooseBranch", "useDataOfInput": "2"},
        "merge",
        {"mode": "choose_branch", "use_input": 2},
    ),
    ("merge", 1, {"mode": "multiplex"}, "old-merge", {"mode": "multiplex"}),
    (
        "set",
        3.4,
        {
            "assignments": {
                "assignments": [{"id": "1", "name": "total", "type": "number", "value": "={{ $json.a }}"}]
            },
            "includeOtherFields": True,
            "include": "except",
            "excludeFields": "a, b",
            "options": {"dotNotation": False},
        },
        "edit-fields",
        {
            "mode": "manual",
            "fields": [{"name": "total", "type": "number", "value": "={{ $json.a }}"}],
            "include_other_fields": True,
            "include": "except",
            "include_fields": ["a", "b"],
            "dot_notation": False,
        },
    ),
    (
        "set",
        3.1,
        {
            "fields": {"values": [{"name": "on", "type": "booleanValue", "booleanValue": "true"}]},
            "include": "none",
        },
        "edit-fields",
        {"mode": "manual", "fields": [{"name": "on", "type": "boolean", "value": "true"}]},
    ),
    (
        "set",
        3.4,
        {"mode": "raw", "jsonOutput": "={{ $json }}"},
        "edit-fields",
        {"mode": "json", "json": "={{ $json }}"},
    ),
    (
        "set",
        2,
        {
            "keepOnlySet": True,
            "values": {"string": [{"name": "a", "value": "x"}], "number": [{"name": "n", "value": 1}]},
        },
        "edit-fields",
        {
            "mode": "manual",
            "fields": [
                {"name": "n", "type": "number", "value": 1},
                {"name": "a", "type": "any", "value": "x"},
            ],
            "ignore_conversion_errors": True,
        },
    ),
    (
        "code",
        2,
        {"mode": "runOnceForEachItem", "language": "python", "pythonCode": "return _json"},
        "code",
        {"language": "python", "mode": "each-item", "code": "return _json"},
    ),
    (
        "code",
        2,
        {"jsCode": "return $input.all();"},
        "code",
        {"language": "javascript", "mode": "all-items", "code": "return $input.all();"},
    ),
    ("splitInBatches", 3, {"batchSize": 50, "options": {}}, "loop-over-items", {"batch_size": 50}),
    ("splitInBatches", 2, {}, "loop-over-items", {"batch_size": 10}),
    ("wait", 1.1, {"amount": 30}, "wait", {"resume": "after_time", "amount": 30, "unit": "seconds"}),
    ("wait", 1, {}, "wait", {"resume": "after_time", "amount": 1, "unit": "hours"}),
    (
        "wait",
        1.1,
        {"resume": "webhook", "limitWaitTime": True, "resumeAmount": 2, "resumeUnit": "days"},
        "wait",
        {"resume": "on_call", "limit": True, "limit_amount": 2, "limit_unit": "days"},
    ),
    (
        "stopAndError",
        1,
        {"errorMessage": "=No {{ $json.x }}"},
        "stop-and-error",
        {"error_type": "message", "message": "=No {{ $json.x }}"},
    ),
    (
        "sort",
        1,
        {
            "sortFieldsUi": {
                "sortField": [{"fieldName": "total", "order": "descending"}, {"fieldName": "name"}]
            }
        },
        "sort",
        {
            "mode": "fields",
            "fields": [{"name": "total", "order": "descending"}, {"name": "name", "order": "ascending"}],
            "as_javascript": True,
        },
    ),
    ("limit", 1, {"maxItems": 3, "keep": "lastItems"}, "limit", {"max_items": 3, "keep": "last"}),
    (
        "splitOut",
        1,
        {
            "fieldToSplitOut": "lines",
            "include": "selectedOtherFields",
            "fieldsToInclude": "id, name",
            "options": {},
        },
        "split-out",
        {
            "field": "lines",
            "include": "selected",
            "include_fields": ["id", "name"],
            "destination": "lines",
        },
    ),
    (
        "aggregate",
        1,
        {
            "fieldsToAggregate": {
                "fieldToAggregate": [{"fieldToAggregate": "a", "renameField": True, "outputFieldName": "b"}]
            },
            "options": {"mergeLists": True},
        },
        "aggregate",
        {"mode": "fields", "fields": [{"name": "a", "output_name": "b"}], "merge_lists": True},
    ),
    (
        "aggregate",
        1,
        {
            "aggregate": "aggregateAllItemData",
            "destinationFieldName": "rows",
            "include": "allFieldsExcept",
            "fieldsToExclude": "x",
        },
        "aggregate",
        {"mode": "items", "destination": "rows", "include": "except", "include_fields": ["x"]},
    ),
    (
        "summarize",
        1.1,
        {
            "fieldsToSummarize": {
                "values": [{"aggregation": "countUnique", "field": "id", "includeEmpty": True}]
            },
            "fieldsToSplitBy": "country, city",
            "options": {"outputFormat": "singleItem"},
        },
        "summarize",
        {
            "fields": [{"name": "id", "aggregation": "count_unique", "include_empty": True}],
            "split_by": ["country", "city"],
            "output": "single",
        },
    ),
    (
        "removeDuplicates",
        2,
        {"compare": "selectedFields", "fieldsToCompare": "email", "options": {"removeOtherFields": True}},
        "remove-duplicates",
        {"compare": "selected", "fields": ["email"], "remove_other_fields": True},
    ),
    (
        "renameKeys",
        1,
        {"keys": {"key": [{"currentKey": "a", "newKey": "b"}]}},
        "rename-keys",
        {"keys": [{"current_name": "a", "new_name": "b"}]},
    ),
    (
        "stickyNote",
        1,
        {"content": "## Read me", "color": 4, "width": 300, "height": 120},
        "sticky-note",
        {"text": "## Read me", "color": "green", "width": 480, "height": 120},
    ),
    (
        "webhook",
        2,
        {
            "path": "orders",
            "httpMethod": "POST",
            "responseMode": "lastNode",
            "responseData": "allEntries",
            "options": {
                "responseHeaders": {"entries": [{"name": "X-A", "value": "1"}]},
                "allowedOrigins": "https://a.example",
            },
        },
        "webhook",
        {
            "path": "orders",
            "method": "POST",
            "authentication": "none",
            "respond": "last-node",
            "response_data": "all_items",
            "response_headers": [{"name": "X-A", "value": "1"}],
            "allowed_origins": "https://a.example",
        },
    ),
    (
        "respondToWebhook",
        1.1,
        {"respondWith": "json", "responseBody": '={"ok": {{ $json.ok }}}', "options": {"responseCode": 201}},
        "respond-to-webhook",
        {"respond_with": "json", "json": '={"ok": {{ $json.ok }}}', "status": 201},
    ),
    (
        "httpRequest",
        4.2,
        {
            "method": "POST",
            "url": "=https://api.example/{{ $json.id }}",
            "sendQuery": True,
            "queryParameters": {"parameters": [{"name": "q", "value": "x"}]},
            "sendHeaders": True,
            "specifyHeaders": "json",
            "jsonHeaders": '{"X-A": "1"}',
            "sendBody": True,
            "specifyBody": "json",
            "jsonBody": "={{ $json }}",
            "options": {
                "timeout": 10000,
                "batching": {"batch": {"batchSize": 5, "batchInterval": 2000}},
                "redirect": {"redirect": {"maxRedirects": 3}},
                "response": {
                    "response": {"fullResponse": True, "neverError": True, "responseFormat": "text"}
                },
            },
        },
        "http-request",
        {
            "method": "POST",
            "url": "=https://api.example/{{ $json.id }}",
            "query": [{"name": "q", "value": "x"}],
            "headers_mode": "json",
            "headers_json": '{"X-A": "1"}',
            "body": "json",
            "body_mode": "json",
            "body_json": "={{ $json }}",
            "timeout": 10.0,
            "batch_size": 5,
            "batch_interval": 2.0,
            "max_redirects": 3,
            "full_response": True,
            "never_error": True,
            "response_format": "text",
        },
    ),
    (
        "httpRequest",
        4.2,
        {
            "url": "https://api.example",
            "sendBody": True,
            "contentType": "multipart-form-data",
            "bodyParameters": {
                "parameters": [
                    {"parameterType": "formBinaryData", "name": "file", "inputDataFieldName": "photo"},
                    {"name": "title", "value": "Sea"},
                ]
            },
            "options": {
                "pagination": {
                    "pagination": {
                        "paginationMode": "responseContainsNextURL",
                        "nextURL": "={{ $response.body.next }}",
                        "paginationCompleteWhen": "receiveSpecificStatusCodes",
                        "statusCodesWhenComplete": "404",
                        "limitPagesFetched": True,
                        "maxRequests": 7,
                    }
                }
            },
        },
        "http-request",
        {
            "method": "GET",
            "url": "https://api.example",
            "body": "multipart",
            "body_fields": [
                {"name": "file", "kind": "file", "file": "photo"},
                {"name": "title", "kind": "text", "value": "Sea"},
            ],
            "pagination": "next_url",
            "next_url": "={{ $response.body.next }}",
            "page_parameters": [],
            "complete_when": "status",
            "complete_status_codes": "404",
            "max_pages": 7,
        },
    ),
    (
        "httpRequest",
        2,
        {
            "requestMethod": "PUT",
            "url": "https://api.example",
            "bodyParametersUi": {"parameter": [{"name": "a", "value": "1"}]},
            "options": {"bodyContentType": "form-urlencoded"},
        },
        "http-request",
        {
            "method": "PUT",
            "url": "https://api.example",
            "response_format": "json",
            "body": "form",
            "body_fields": [{"kind": "text", "name": "a", "value": "1"}],
        },
    ),
]
