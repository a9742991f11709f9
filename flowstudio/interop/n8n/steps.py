"""n8n's other everyday nodes: triggers by hand, Edit Fields, Code, Merge, loops, waits, sub-workflows, sticky notes."""

from __future__ import annotations

import json
import re
from typing import Any

from flowstudio.interop.n8n.conditions import filter_items, if_else, switch
from flowstudio.interop.n8n.converted import Converted, Converter, Properties, Source, only_given
from flowstudio.interop.n8n.dates import date_time
from flowstudio.interop.n8n.given import Given
from flowstudio.interop.n8n.langchain import AI_CONVERTERS, PACKAGE
from flowstudio.interop.n8n.lists import (
    aggregate,
    item_lists,
    limit,
    names,
    remove_duplicates,
    rename_keys,
    sort,
    split_out,
    summarize,
)
from flowstudio.interop.n8n.merges import compare_datasets, merge
from flowstudio.interop.n8n.postgres import postgres
from flowstudio.interop.n8n.requests import graphql, http_request, respond, webhook
from flowstudio.interop.n8n.sheets import google_sheets
from flowstudio.interop.n8n.texts import (
    compression,
    convert_to_file,
    crypto,
    extract_from_file,
    html,
    markdown,
    move_binary,
    spreadsheet_file,
    xml,
)
from flowstudio.interop.n8n.triggers import schedule

_OLD_TYPES = {
    "stringValue": "string",
    "numberValue": "number",
    "booleanValue": "boolean",
    "arrayValue": "array",
    "objectValue": "object",
}
_TYPES = {name: name for name in _OLD_TYPES.values()}
_UNITS = {name: name for name in ("seconds", "minutes", "hours", "days")}
_WHOLE = re.compile(r"=\{\{(.*)\}\}", re.DOTALL)
"""An expression and nothing beside it."""
SCALE_X = 1.6
"""Cards are wider here than there."""


def manual(source: Source) -> Converted:
    """Triggers by hand and by another workflow."""
    source.parameters.skip("notice", "inputSource", "workflowInputs", "jsonExample", "events")
    return Converted("manual-trigger")


def error_trigger(source: Source) -> Converted:
    """The Error Trigger."""
    return Converted("error-trigger")


def workflow_trigger(source: Source) -> Converted:
    """The trigger of workflows that others run."""
    given = source.parameters
    rows = given.part("workflowInputs").rows("values")
    fields = [only_given(name=row.text("name"), type=row.text("type", "any")) for row in rows]
    given.skip("inputSource", "jsonExample")
    return Converted("workflow-trigger", {"accept": "fields", "fields": fields} if fields else {})


def no_op(source: Source) -> Converted:
    """The No Operation node."""
    return Converted("no-op")


def execution_data(source: Source) -> Converted:
    """The Execution Data node, which notes something for the list of executions."""
    source.parameters.skip("operation", "dataToSave", "notice")
    return Converted("no-op", {}, ["What it notes for the list of executions is not kept; its items go on."])


def edit_fields(source: Source) -> Converted:
    """The Edit Fields (Set) node."""
    given = source.parameters
    if source.version < 3:
        return _old_set(source)
    options = given.part("options")
    if given.text("mode", "manual") == "raw":
        properties: Properties = {"mode": "json", "json": given.value("jsonOutput", "{}")}
        given.skip("assignments", "fields")
    else:
        rows = [
            {
                "name": row.text("name"),
                "type": row.choice("type", _TYPES, "string"),
                "value": row.value("value"),
            }
            for row in given.part("assignments").rows("assignments")
        ]
        for row in given.part("fields").rows("values"):
            key = row.text("type", "stringValue")
            value = row.value(key, "true" if key == "booleanValue" else "")
            rows.append({"name": row.text("name"), "type": _OLD_TYPES.get(key, "string"), "value": value})
        properties = {"mode": "manual", "fields": rows}
        given.skip("jsonOutput")
    if source.version >= 3.3:
        others = given.flag("includeOtherFields")
        include = given.text("include", "all")
    else:
        include = given.text("include", "all")
        others = include != "none"
    if others:
        properties["include_other_fields"] = True
        if include in ("selected", "except"):
            properties["include"] = include
            properties["include_fields"] = names(
                given.value("includeFields" if include == "selected" else "excludeFields")
            )
    given.skip("includeFields", "excludeFields", "duplicateCount")
    if given.flag("duplicateItem"):
        properties["copies"] = given.number("duplicateCount", 0)
    return Converted("edit-fields", properties | _set_options(options))


def _set_options(options: Any) -> Properties:
    options.skip("includeBinary")
    return only_given(
        dot_notation=None if options.flag("dotNotation", True) else False,
        ignore_conversion_errors=options.flag("ignoreConversionErrors") or None,
        strip_binary=options.flag("stripBinary") or None,
    )


def _old_set(source: Source) -> Converted:
    """Versions 1 and 2: texts are not converted, and what is undefined is left out."""
    given = source.parameters
    values = given.part("values")
    empty = {"boolean": False, "number": 0, "string": ""}
    types = {"boolean": "truth", "number": "number" if source.version >= 2 else "any", "string": "any"}
    rows = [
        _old_field(row.text("name"), types[kind], row.value("value", empty[kind]))
        for kind in ("boolean", "number", "string")
        for row in values.rows(kind)
    ]
    properties: Properties = {"mode": "manual", "fields": rows}
    if not given.flag("keepOnlySet"):
        properties["include_other_fields"] = True
    if source.version >= 2:
        properties["ignore_conversion_errors"] = True
    return Converted("edit-fields", properties | _set_options(given.part("options")))


def _old_field(name: str, type_: str, value: Any) -> Properties:
    field: Properties = {"name": name, "type": type_, "value": value}
    whole = _WHOLE.fullmatch(value) if isinstance(value, str) and type_ != "truth" else None
    if whole is not None and "{{" not in whole[1]:
        field["only_if"] = f"={{{{ ({whole[1].strip()}\n) !== undefined }}}}"
    return field


def code(source: Source) -> Converted:
    """The Code node."""
    given = source.parameters
    python = given.text("language", "javaScript") in ("python", "pythonNative")
    given.skip("notice")
    properties = {
        "language": "python" if python else "javascript",
        "mode": "each-item" if given.text("mode") == "runOnceForEachItem" else "all-items",
        "code": given.text("pythonCode" if python else "jsCode"),
    }
    given.skip("pythonCode", "jsCode")
    return Converted("code", properties)


def function(source: Source) -> Converted:
    """The Function node, which the Code node replaced."""
    text = source.parameters.text("functionCode")
    return Converted("code", {"language": "javascript", "mode": "all-items", "code": text})


def function_item(source: Source) -> Converted:
    """The Function Item node: its code changes `item` and returns it."""
    text = f"let item = $json;\n{source.parameters.text('functionCode')}"
    return Converted("code", {"language": "javascript", "mode": "each-item", "code": text})


def loop(source: Source) -> Converted:
    """Loop Over Items, earlier Split In Batches. Its outputs changed places in version 3."""
    given = source.parameters
    size = given.number("batchSize", 1 if source.version >= 3 else 10)
    outputs: list[tuple[str, ...]] | None = None if source.version >= 3 else [("loop",), ("done",)]
    return Converted("loop-over-items", {"batch_size": size}, outputs=outputs)


def wait(source: Source) -> Converted:
    """The Wait node."""
    given = source.parameters
    match given.text("resume", "timeInterval"):
        case "timeInterval":
            return Converted(
                "wait",
                {
                    "resume": "after_time",
                    "amount": given.number("amount", 5 if source.version > 1 else 1),
                    "unit": given.choice("unit", _UNITS, "seconds" if source.version > 1 else "hours"),
                },
            )
        case "specificTime":
            return Converted("wait", {"resume": "at_time", "until": given.value("dateTime", "")})
        case other:
            properties: Properties = {"resume": "on_call"}
            if given.flag("limitWaitTime"):
                properties |= {
                    "limit": True,
                    "limit_amount": given.number("resumeAmount", 1),
                    "limit_unit": given.choice("resumeUnit", _UNITS, "hours"),
                }
            given.skip("incomingAuthentication", "responseMode", "limitType")
            remarks = (
                []
                if other == "webhook"
                else ["There are no forms here yet: the step goes on when its address is called."]
            )
            return Converted("wait", properties, remarks)


def stop_and_error(source: Source) -> Converted:
    """The Stop and Error node."""
    given = source.parameters
    if given.text("errorType", "errorMessage") == "errorObject":
        given.skip("errorMessage")
        return Converted("stop-and-error", {"error_type": "object", "error": given.value("errorObject", {})})
    given.skip("errorObject")
    return Converted("stop-and-error", {"error_type": "message", "message": given.text("errorMessage")})


def debug_helper(source: Source) -> Converted:
    """The Debug Helper, as far as it lets items through or fails on purpose."""
    given = source.parameters
    match given.text("category", "doNothing"):
        case "doNothing":
            return Converted("no-op")
        case "throwError":
            given.skip("throwErrorType")
            message = given.text("throwErrorMessage", "Node has thrown an error")
            return Converted("stop-and-error", {"error_type": "message", "message": message})
        case other:
            said = f"'{other}' of the Debug Helper is not available here."
            return Converted("not-available", {"original_type": source.type}, [said], available=False)


def execute_workflow(source: Source) -> Converted:
    """The Execute Workflow node. Which workflow it meant has to be chosen anew."""
    given = source.parameters
    chosen = given.whole().get("workflowId")
    name = chosen.get("cachedResultName") if isinstance(chosen, dict) else None
    known = given.text("workflowId")
    if given.text("source", "database") == "parameter":
        return _embedded(given)
    given.skip("workflowInputs", "source", "workflowJson", "workflowPath", "workflowUrl")
    said = f" In n8n it was '{name or known}'." if name or known else ""
    properties = only_given(
        mode="each" if given.text("mode", "once") == "each" else None,
        wait=None if given.part("options").flag("waitForSubWorkflow", True) else False,
    )
    return Converted("execute-workflow", properties, todo=[f"Choose the workflow to run.{said}"])


def _embedded(given: Given) -> Converted:
    """A workflow that stands in the node itself. It is read when it runs, so what it lacks is told now."""
    inner = given.value("workflowJson", "")
    given.skip("workflowId", "workflowInputs", "workflowPath", "workflowUrl")
    properties: Properties = only_given(
        document=inner,
        mode="each" if given.text("mode", "once") == "each" else None,
        wait=None if given.part("options").flag("waitForSubWorkflow", True) else False,
    )
    try:
        raw = json.loads(inner) if isinstance(inner, str) and not inner.startswith("=") else inner
    except (ValueError, RecursionError):
        raw = None
    nodes = raw.get("nodes") if isinstance(raw, dict) else None
    kinds = {str(node.get("type")) for node in nodes or () if isinstance(node, dict)}
    missing = sorted(kind for kind in kinds if converter_of(kind) is None)[:10]
    remarks = [f"In the workflow that it runs, these steps are not available: {', '.join(missing)[:300]}."]
    return Converted("embedded-workflow", properties, remarks if missing else [])


def sticky_note(source: Source) -> Converted:
    """A sticky note; its colours have numbers there."""
    given = source.parameters
    colours = {
        "1": "yellow",
        "2": "yellow",
        "3": "pink",
        "4": "green",
        "5": "blue",
        "6": "purple",
        "7": "grey",
    }
    return Converted(
        "sticky-note",
        {
            "text": given.text("content"),
            "color": given.choice("color", colours, "yellow"),
            "width": round(_size(given.number("width", 240)) * SCALE_X),
            "height": round(_size(given.number("height", 160))),
        },
    )


def _size(value: Any) -> float:
    return min(max(float(value), 80.0), 6000.0) if isinstance(value, int | float) else 160.0


PREFIX = "n8n-nodes-base."
CONVERTERS: dict[str, Converter] = {
    "manualTrigger": manual,
    "start": manual,
    "executeWorkflowTrigger": workflow_trigger,
    "errorTrigger": error_trigger,
    "scheduleTrigger": schedule,
    "cron": schedule,
    "interval": schedule,
    "webhook": webhook,
    "respondToWebhook": respond,
    "if": if_else,
    "switch": switch,
    "merge": merge,
    "compareDatasets": compare_datasets,
    "filter": filter_items,
    "set": edit_fields,
    "code": code,
    "function": function,
    "functionItem": function_item,
    "httpRequest": http_request,
    "graphql": graphql,
    "googleSheets": google_sheets,
    "postgres": postgres,
    "splitInBatches": loop,
    "wait": wait,
    "stopAndError": stop_and_error,
    "executeWorkflow": execute_workflow,
    "noOp": no_op,
    "executionData": execution_data,
    "debugHelper": debug_helper,
    "stickyNote": sticky_note,
    "itemLists": item_lists,
    "sort": sort,
    "limit": limit,
    "splitOut": split_out,
    "aggregate": aggregate,
    "summarize": summarize,
    "removeDuplicates": remove_duplicates,
    "renameKeys": rename_keys,
    "dateTime": date_time,
    "crypto": crypto,
    "html": html,
    "htmlExtract": html,
    "markdown": markdown,
    "xml": xml,
    "extractFromFile": extract_from_file,
    "convertToFile": convert_to_file,
    "spreadsheetFile": spreadsheet_file,
    "moveBinaryData": move_binary,
    "compression": compression,
}
"""By n8n's type, without its prefix."""


def converter_of(type_: str) -> Converter | None:
    """What reads a node of a type. Of the steps that may be tools of an agent, n8n has a second type for that."""
    if type_.startswith(PACKAGE):
        return AI_CONVERTERS.get(type_.removeprefix(PACKAGE))
    if not type_.startswith(PREFIX):
        return None
    name = type_.removeprefix(PREFIX)
    return CONVERTERS.get(name) or (
        CONVERTERS.get(name.removesuffix("Tool")) if name.endswith("Tool") else None
    )
