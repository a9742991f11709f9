"""n8n's other everyday nodes: triggers by hand, Edit Fields, Code, Merge, loops, waits, sub-workflows, sticky notes."""

from __future__ import annotations

from typing import Any

from flowstudio.interop.n8n.conditions import filter_items, if_else, switch
from flowstudio.interop.n8n.converted import Converted, Converter, Properties, Source, only_given
from flowstudio.interop.n8n.lists import (
    aggregate,
    limit,
    names,
    remove_duplicates,
    rename_keys,
    sort,
    split_out,
    summarize,
)
from flowstudio.interop.n8n.requests import http_request, respond, webhook

_OLD_TYPES = {
    "stringValue": "string",
    "numberValue": "number",
    "booleanValue": "boolean",
    "arrayValue": "array",
    "objectValue": "object",
}
_TYPES = {name: name for name in _OLD_TYPES.values()}
_UNITS = {name: name for name in ("seconds", "minutes", "hours", "days")}
SCALE_X = 1.6
"""Cards are wider here than there."""


def manual(source: Source) -> Converted:
    """Triggers by hand and by another workflow."""
    source.parameters.skip("notice", "inputSource", "workflowInputs", "jsonExample", "events")
    return Converted("manual-trigger")


def no_op(source: Source) -> Converted:
    """The No Operation node."""
    return Converted("no-op")


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
            rows.append(
                {"name": row.text("name"), "type": _OLD_TYPES.get(key, "string"), "value": row.value(key)}
            )
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
    given.skip("includeFields", "excludeFields")
    return Converted("edit-fields", properties | _set_options(options))


def _set_options(options: Any) -> Properties:
    options.skip("includeBinary")
    return only_given(
        dot_notation=None if options.flag("dotNotation", True) else False,
        ignore_conversion_errors=options.flag("ignoreConversionErrors") or None,
        strip_binary=options.flag("stripBinary") or None,
    )


def _old_set(source: Source) -> Converted:
    given = source.parameters
    values = given.part("values")
    rows = [
        {"name": row.text("name"), "type": kind, "value": row.value("value", "")}
        for kind in ("boolean", "number", "string")
        for row in values.rows(kind)
    ]
    properties: Properties = {"mode": "manual", "fields": rows}
    if not given.flag("keepOnlySet"):
        properties["include_other_fields"] = True
    return Converted("edit-fields", properties | _set_options(given.part("options")))


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
    text = f"const item = $json;\n{source.parameters.text('functionCode')}"
    return Converted("code", {"language": "javascript", "mode": "each-item", "code": text})


def merge(source: Source) -> Converted:
    """The Merge node."""
    if source.version < 2:
        return _old_merge(source)
    given = source.parameters
    mode = given.text("mode", "append")
    if mode == "chooseBranch":
        given.skip("chooseBranchMode", "numberInputs")
        output = given.text("output", "specifiedInput" if source.version >= 3 else "input1")
        number = given.number("useDataOfInput", 1) if source.version >= 3 else int(output[-1:] == "2") + 1
        chosen: Properties = {"mode": "choose_branch"}
        return Converted(
            "merge", chosen | ({"branch_output": "empty"} if output == "empty" else {"use_input": number})
        )
    if mode == "combineBySql":
        given.skip("query", "numberInputs")
        remark = (
            "Merging by an SQL query is not possible here; the items are appended. A Code step can join them."
        )
        return Converted("merge", {"mode": "append"}, [remark])
    count = given.number("numberInputs", 2)
    properties: Properties = (
        {"mode": "append"} if mode == "append" else {"mode": "combine", **_combination(source)}
    )
    if count != 2:
        properties["inputs_count"] = count
    return Converted("merge", properties)


def _combination(source: Source) -> Properties:
    given = source.parameters
    if source.version >= 3:
        ways = {"combineByFields": "matching_fields", "combineByPosition": "position", "combineAll": "all"}
        by = given.choice("combineBy", ways, "matching_fields")
    else:
        ways = {"mergeByFields": "matching_fields", "mergeByPosition": "position", "multiplex": "all"}
        by = given.choice("combinationMode", ways, "matching_fields")
    properties: Properties = {"combine_by": by}
    options = given.part("options")
    if by == "matching_fields":
        pairs = [
            {"field_1": row.text("field1"), "field_2": row.text("field2")}
            for row in given.part("mergeByFields").rows("values")
        ]
        match = names(given.value("fieldsToMatchString", ""))
        given.skip("advanced")
        pairs = pairs or [{"field_1": name} for name in (match if isinstance(match, list) else [match])]
        joins = {
            "keepMatches": "keep_matches",
            "keepNonMatches": "keep_non_matches",
            "keepEverything": "keep_everything",
            "enrichInput1": "enrich_input_1",
            "enrichInput2": "enrich_input_2",
        }
        sides = {"both": "both", "input1": "input_1", "input2": "input_2"}
        properties |= only_given(
            fields_to_match=pairs,
            join_mode=given.choice("joinMode", joins, None),
            output_data=given.choice("outputDataFrom", sides, None),
            multiple_matches=options.choice("multipleMatches", {"all": "all", "first": "first"}, None),
            fuzzy_compare=options.flag("fuzzyCompare") or None,
            dot_notation=False if options.flag("disableDotNotation") else None,
        )
    elif by == "position" and options.flag("includeUnpaired"):
        properties["include_unpaired"] = True
    return properties | _clash(options.part("clashHandling", "values"))


def _clash(given: Any) -> Properties:
    resolve = given.text("resolveClash")
    depth = given.choice("mergeMode", {"deepMerge": "deep", "shallowMerge": "shallow"}, None)
    properties = only_given(merge_depth=depth, override_empty=given.flag("overrideEmpty") or None)
    if resolve == "addSuffix":
        properties["clash"] = "add_suffix"
    elif resolve.startswith("preferInput") and resolve[11:].isdecimal():
        properties |= {"clash": "prefer_input", "preferred_input": int(resolve[11:])}
    return properties


def _old_merge(source: Source) -> Converted:
    """Version 1, whose modes had other names."""
    given = source.parameters
    first, second = given.text("propertyName1"), given.text("propertyName2")
    fields = [{"field_1": first, "field_2": second}]
    join = given.text("join", "left")
    given.skip("overwrite")
    by_fields: Properties = {"mode": "combine", "combine_by": "matching_fields", "fields_to_match": fields}
    match given.text("mode", "append"):
        case "keepKeyMatches":
            return Converted("merge", by_fields | {"join_mode": "keep_matches", "output_data": "input_1"})
        case "removeKeyMatches":
            return Converted("merge", by_fields | {"join_mode": "keep_non_matches", "output_data": "input_1"})
        case "mergeByKey":
            return Converted(
                "merge", by_fields | {"join_mode": "enrich_input_1", "multiple_matches": "first"}
            )
        case "mergeByIndex":
            remarks = []
            if join == "left":
                remarks = ["Items of input 2 without a partner go on too; in n8n they did not."]
            together: Properties = {"mode": "combine", "combine_by": "position"}
            return Converted(
                "merge", together | ({"include_unpaired": True} if join != "inner" else {}), remarks
            )
        case "multiplex":
            return Converted("merge", {"mode": "combine", "combine_by": "all"})
        case "passThrough":
            return Converted(
                "merge", {"mode": "choose_branch", "use_input": 2 if given.text("output") == "input2" else 1}
            )
        case "wait":
            return Converted("merge", {"mode": "choose_branch", "branch_output": "empty"})
    return Converted("merge", {"mode": "append"})


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


def execute_workflow(source: Source) -> Converted:
    """The Execute Workflow node. Which workflow it meant has to be chosen anew."""
    given = source.parameters
    chosen = given.whole().get("workflowId")
    name = chosen.get("cachedResultName") if isinstance(chosen, dict) else None
    known = given.text("workflowId")
    given.skip("workflowInputs", "source", "workflowJson", "workflowPath", "workflowUrl")
    said = f" In n8n it was '{name or known}'." if name or known else ""
    properties = only_given(
        mode="each" if given.text("mode", "once") == "each" else None,
        wait=None if given.part("options").flag("waitForSubWorkflow", True) else False,
    )
    return Converted("execute-workflow", properties, [f"Choose the workflow to run.{said}"])


def sticky_note(source: Source) -> Converted:
    """A sticky note; its colours have numbers there."""
    given = source.parameters
    colours = {
        "1": "yellow",
        "2": "orange",
        "3": "red",
        "4": "green",
        "5": "blue",
        "6": "purple",
        "7": "gray",
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
    "executeWorkflowTrigger": manual,
    "webhook": webhook,
    "respondToWebhook": respond,
    "if": if_else,
    "switch": switch,
    "merge": merge,
    "filter": filter_items,
    "set": edit_fields,
    "code": code,
    "function": function,
    "functionItem": function_item,
    "httpRequest": http_request,
    "splitInBatches": loop,
    "wait": wait,
    "stopAndError": stop_and_error,
    "executeWorkflow": execute_workflow,
    "noOp": no_op,
    "stickyNote": sticky_note,
    "sort": sort,
    "limit": limit,
    "splitOut": split_out,
    "aggregate": aggregate,
    "summarize": summarize,
    "removeDuplicates": remove_duplicates,
    "renameKeys": rename_keys,
}
"""By n8n's type, without its prefix."""
