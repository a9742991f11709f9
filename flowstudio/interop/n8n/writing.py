"""Our nodes in n8n's words: type, version and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowstudio.interop.n8n.conditions import KINDS, TESTS
from flowstudio.interop.n8n.converted import Properties
from flowstudio.interop.n8n.writing_http import write_http, write_respond, write_webhook
from flowstudio.interop.n8n.writing_lists import (
    write_aggregate,
    write_compare,
    write_date_time,
    write_limit,
    write_merge,
    write_remove_duplicates,
    write_rename_keys,
    write_skip_seen,
    write_sort,
    write_split_out,
    write_summarize,
)
from flowstudio.interop.n8n.writing_texts import (
    write_compression,
    write_convert_to_file,
    write_crypto,
    write_extract_from_file,
    write_html,
    write_html_table,
    write_markdown,
    write_xml,
)
from flowstudio.interop.n8n.written import Writer, Written, listed, options_of, rows_of

_KINDS = {ours: theirs for theirs, ours in KINDS.items()} | {"truth": "boolean"}
_TESTS = {ours: theirs for theirs, ours in TESTS.items()}
_SINGLE = ("exists", "notExists", "empty", "notEmpty", "true", "false")


def write(type_: str, properties: Properties) -> Written | None:
    """A node in n8n's words; None where it has none for it. What they cannot say is left out: compare what comes back."""
    writer = _WRITERS.get(type_)
    return writer(properties) if writer is not None else None


def _plain(theirs: str, version: float = 1) -> Writer:
    return lambda properties: (theirs, version, {})


def _group(p: Mapping[str, Any], *, ignore_case: bool, strict: bool) -> dict[str, Any]:
    conditions = []
    for number, row in enumerate(rows_of(p, "conditions")):
        test = _TESTS.get(str(row.get("test", "equals")).replace("-", "_"), "equals")
        operator: dict[str, Any] = {
            "type": _KINDS.get(str(row.get("type") or "auto"), "any"),
            "operation": test,
        }
        if test in _SINGLE:
            operator["singleValue"] = True
        conditions.append(
            {
                "id": f"condition-{number}",
                "leftValue": row.get("left", ""),
                "rightValue": row.get("right", ""),
                "operator": operator,
            }
        )
    return {
        "options": {
            "caseSensitive": not ignore_case,
            "leftValue": "",
            "typeValidation": "strict" if strict else "loose",
            "version": 2,
        },
        "conditions": conditions,
        "combinator": "or" if p.get("require") == "any" else "and",
    }


def _conditional(theirs: str) -> Writer:
    def made(p: Properties) -> Written:
        ignore_case, strict = p.get("ignore_case") is True, p.get("strict") is not False
        parameters: dict[str, Any] = {"conditions": _group(p, ignore_case=ignore_case, strict=strict)}
        if not strict:
            parameters["looseTypeValidation"] = True
        return theirs, 2.2, parameters | options_of(ignoreCase=True if ignore_case else None)

    return made


def _switch(p: Properties) -> Written:
    if p.get("mode") == "expression":
        count, output = p.get("outputs_count", 4), p.get("output", 0)
        return "switch", 3.2, {"mode": "expression", "numberOutputs": count, "output": output}
    ignore_case, strict = p.get("ignore_case") is True, p.get("strict") is not False
    values = []
    for rule in rows_of(p, "rules"):
        written: dict[str, Any] = {"conditions": _group(rule, ignore_case=ignore_case, strict=strict)}
        if label := rule.get("label"):
            written |= {"renameOutput": True, "outputKey": label}
        values.append(written)
    fallback = {"extra": "extra", "output": p.get("fallback_output", 0)}.get(str(p.get("fallback")))
    parameters: dict[str, Any] = {"rules": {"values": values}}
    if not strict:
        parameters["looseTypeValidation"] = True
    return (
        "switch",
        3.2,
        parameters
        | options_of(
            fallbackOutput=fallback,
            renameFallbackOutput=p.get("fallback_label") or None,
            allMatchingOutputs=True if p.get("send_to_all") else None,
            ignoreCase=True if ignore_case else None,
        ),
    )


def _fields(p: Properties) -> Written:
    more = options_of(
        dotNotation=False if p.get("dot_notation") is False else None,
        ignoreConversionErrors=True if p.get("ignore_conversion_errors") else None,
        stripBinary=True if p.get("strip_binary") else None,
    )
    if p.get("include_other_fields") is True:
        more["includeOtherFields"] = True
        if (include := p.get("include")) in ("selected", "except"):
            more["include"] = include
            named = "includeFields" if include == "selected" else "excludeFields"
            more[named] = listed(p.get("include_fields", []))
    if copies := p.get("copies"):
        more |= {"duplicateItem": True, "duplicateCount": copies}
    if p.get("mode") == "json":
        return "set", 3.4, {"mode": "raw", "jsonOutput": p.get("json", "{}"), **more}
    rows = [
        {
            "id": f"field-{number}",
            "name": row.get("name", ""),
            "type": row.get("type", "string"),
            "value": row.get("value", ""),
        }
        for number, row in enumerate(rows_of(p, "fields"))
    ]
    return "set", 3.4, {"assignments": {"assignments": rows}, **more}


def _code(p: Properties) -> Written:
    python = p.get("language") == "python"
    mode = {"mode": "runOnceForEachItem"} if p.get("mode") == "each-item" else {}
    name = "pythonCode" if python else "jsCode"
    return "code", 2, mode | ({"language": "python"} if python else {}) | {name: p.get("code", "")}


def _loop(p: Properties) -> Written:
    return "splitInBatches", 3, {"batchSize": p.get("batch_size", 1), "options": {}}


def _wait(p: Properties) -> Written:
    match p.get("resume", "after_time"):
        case "at_time":
            return "wait", 1.1, {"resume": "specificTime", "dateTime": p.get("until", "")}
        case "on_call":
            more = {}
            if p.get("limit"):
                more = {
                    "limitWaitTime": True,
                    "resumeAmount": p.get("limit_amount", 1),
                    "resumeUnit": p.get("limit_unit", "hours"),
                }
            return "wait", 1.1, {"resume": "webhook", "options": {}, **more}
    return "wait", 1.1, {"amount": p.get("amount", 5), "unit": p.get("unit", "seconds")}


def _stop(p: Properties) -> Written:
    if p.get("error_type") == "object":
        return "stopAndError", 1, {"errorType": "errorObject", "errorObject": p.get("error", {})}
    return "stopAndError", 1, {"errorMessage": p.get("message", "")}


def _execute(p: Properties) -> Written:
    each = {"mode": "each"} if p.get("mode") == "each" else {}
    chosen = {"__rl": True, "mode": "id", "value": p.get("workflow", "")}
    return (
        "executeWorkflow",
        1.2,
        {
            "workflowId": chosen,
            **each,
            **options_of(waitForSubWorkflow=False if p.get("wait") is False else None),
        },
    )


def _sticky(p: Properties) -> Written:
    numbers = {"yellow": 1, "pink": 3, "green": 4, "blue": 5, "purple": 6, "grey": 7}
    width, height = p.get("width", 240), p.get("height", 160)
    return (
        "stickyNote",
        1,
        {
            "content": p.get("text", ""),
            "color": numbers.get(str(p.get("color", "yellow")), 1),
            "width": round(width / 1.6) if isinstance(width, int | float) else 240,
            "height": height,
        },
    )


def _schedule(p: Properties) -> Written:
    days = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
    rules = []
    for row in rows_of(p, "rules"):
        every, interval = str(row.get("every", "days")), row.get("interval", 1)
        hour = {"triggerAtHour": row.get("hour", 9), "triggerAtMinute": row.get("minute", 0)}
        match every:
            case "cron":
                rules.append({"field": "cronExpression", "expression": row.get("cron", "")})
            case "hours":
                rules.append(
                    {"field": every, "hoursInterval": interval, "triggerAtMinute": row.get("minute", 0)}
                )
            case "days":
                rules.append({"field": every, "daysInterval": interval, **hour})
            case "weeks":
                wanted = [days.index(day) for day in row.get("weekdays", ["monday"]) if day in days]
                rules.append({"field": every, "weeksInterval": interval, "triggerAtDay": wanted, **hour})
            case "months":
                day = {"triggerAtDayOfMonth": row.get("day", 1)}
                rules.append({"field": every, "monthsInterval": interval, **day, **hour})
            case _:
                rules.append({"field": every, f"{every}Interval": interval})
    return "scheduleTrigger", 1.2, {"rule": {"interval": rules}}


_WRITERS: dict[str, Writer] = {
    "manual-trigger": _plain("manualTrigger"),
    "no-op": _plain("noOp"),
    "edit-fields": _fields,
    "if-else": _conditional("if"),
    "filter": _conditional("filter"),
    "switch": _switch,
    "merge": write_merge,
    "compare-datasets": write_compare,
    "code": _code,
    "http-request": write_http,
    "webhook": write_webhook,
    "respond-to-webhook": write_respond,
    "schedule": _schedule,
    "loop-over-items": _loop,
    "wait": _wait,
    "stop-and-error": _stop,
    "execute-workflow": _execute,
    "sticky-note": _sticky,
    "sort": write_sort,
    "limit": write_limit,
    "split-out": write_split_out,
    "aggregate": write_aggregate,
    "summarize": write_summarize,
    "remove-duplicates": write_remove_duplicates,
    "skip-seen": write_skip_seen,
    "rename-keys": write_rename_keys,
    "date-time": write_date_time,
    "crypto": write_crypto,
    "html": write_html,
    "html-table": write_html_table,
    "markdown": write_markdown,
    "xml": write_xml,
    "convert-to-file": write_convert_to_file,
    "extract-from-file": write_extract_from_file,
    "compression": write_compression,
}
