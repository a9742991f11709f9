"""Our nodes that work on lists and fields, in n8n's words."""

from __future__ import annotations

from typing import Any

from flowstudio.interop.n8n.converted import Properties
from flowstudio.interop.n8n.dates import UNITS
from flowstudio.interop.n8n.lists import AGGREGATIONS, LOGIC
from flowstudio.interop.n8n.spelling import DATE_NAMES
from flowstudio.interop.n8n.written import Written, dots_of, listed, options_of, rows_of

_FIGURES = {ours: theirs for theirs, ours in AGGREGATIONS.items()}
_SINGULAR = {ours: theirs for theirs, ours in UNITS.items() if not theirs.endswith("s")}
_COMBINE = {"matching_fields": "combineByFields", "position": "combineByPosition", "all": "combineAll"}
_JOINS = {
    "keep_matches": "keepMatches",
    "keep_non_matches": "keepNonMatches",
    "keep_everything": "keepEverything",
    "enrich_input_1": "enrichInput1",
    "enrich_input_2": "enrichInput2",
}


def write_merge(p: Properties) -> Written:
    """The Merge node."""
    mode, count = p.get("mode", "append"), p.get("inputs_count", 2)
    inputs = {"numberInputs": count} if count != 2 else {}
    if mode == "choose_branch":
        if p.get("branch_output") == "empty":
            return "merge", 3, {"mode": "chooseBranch", "output": "empty", **inputs}
        return "merge", 3, {"mode": "chooseBranch", "useDataOfInput": p.get("use_input", 1), **inputs}
    if mode == "sql":
        return "merge", 3, {"mode": "combineBySql", "query": p.get("query", ""), **inputs}
    if mode == "append":
        return "merge", 3, inputs
    by = p.get("combine_by", "matching_fields")
    clash: dict[str, Any] = {}
    if p.get("clash") == "add_suffix":
        clash["resolveClash"] = "addSuffix"
    elif p.get("clash") == "prefer_input":
        clash["resolveClash"] = f"preferInput{p.get('preferred_input', 1)}"
    if p.get("merge_depth"):
        clash["mergeMode"] = "shallowMerge" if p["merge_depth"] == "shallow" else "deepMerge"
    if p.get("override_empty"):
        clash["overrideEmpty"] = True
    parameters: dict[str, Any] = {
        "mode": "combine",
        "combineBy": _COMBINE.get(str(by), "combineByFields"),
        **inputs,
    }
    if by == "matching_fields":
        pairs = [
            {"field1": row.get("field_1", ""), "field2": row.get("field_2") or row.get("field_1", "")}
            for row in rows_of(p, "fields_to_match")
        ]
        if all(pair["field1"] == pair["field2"] for pair in pairs):
            parameters["fieldsToMatchString"] = listed([pair["field1"] for pair in pairs])
        else:
            parameters |= {"advanced": True, "mergeByFields": {"values": pairs}}
        if p.get("join_mode"):
            parameters["joinMode"] = _JOINS.get(str(p["join_mode"]), "keepMatches")
        if p.get("output_data"):
            parameters["outputDataFrom"] = str(p["output_data"]).replace("_", "")
    return (
        "merge",
        3,
        parameters
        | options_of(
            clashHandling={"values": clash} if clash else None,
            fuzzyCompare=True if p.get("fuzzy_compare") else None,
            disableDotNotation=dots_of(p),
            multipleMatches="first" if p.get("multiple_matches") == "first" else None,
            includeUnpaired=True if p.get("include_unpaired") else None,
        ),
    )


def write_compare(p: Properties) -> Written:
    """The Compare Datasets node."""
    ways = {"both": "includeBoth", "input_1": "preferInput1", "input_2": "preferInput2", "mix": "mix"}
    pairs = [
        {"field1": row.get("field_1", ""), "field2": row.get("field_2") or row.get("field_1", "")}
        for row in rows_of(p, "keys")
    ]
    parameters: dict[str, Any] = {
        "mergeByFields": {"values": pairs},
        "resolve": ways.get(str(p.get("resolve", "both")), "includeBoth"),
    }
    if p.get("resolve") == "mix":
        parameters["preferWhenMix"] = str(p.get("prefer", "input_1")).replace("_", "")
        if p.get("prefer_except"):
            parameters["exceptWhenMix"] = listed(p["prefer_except"])
    return (
        "compareDatasets",
        1 if p.get("old_names") else 2.3,
        parameters
        | options_of(
            skipFields=listed(p["skip_fields"]) if p.get("skip_fields") else None,
            fuzzyCompare=True if p.get("fuzzy_compare") else None,
            disableDotNotation=dots_of(p),
            multipleMatches="all" if p.get("multiple_matches") == "all" else None,
        ),
    )


def write_sort(p: Properties) -> Written:
    """The Sort node."""
    if p.get("mode") == "random":
        return "sort", 1, {"type": "random"}
    rows = [
        {"fieldName": row.get("name", ""), "order": row.get("order", "ascending")}
        for row in rows_of(p, "fields")
    ]
    return "sort", 1, {"sortFieldsUi": {"sortField": rows}, **options_of(disableDotNotation=dots_of(p))}


def write_limit(p: Properties) -> Written:
    """The Limit node."""
    keep = {"keep": "lastItems"} if p.get("keep") == "last" else {}
    return "limit", 1, {"maxItems": p.get("max_items", 1), **keep}


def write_split_out(p: Properties) -> Written:
    """The Split Out node."""
    ways = {"all": "allOtherFields", "selected": "selectedOtherFields"}
    parameters: dict[str, Any] = {"fieldToSplitOut": p.get("field", "")}
    if include := ways.get(str(p.get("include"))):
        parameters["include"] = include
    if p.get("include") == "selected":
        parameters["fieldsToInclude"] = listed(p.get("include_fields", []))
    options = options_of(destinationFieldName=p.get("destination") or None, disableDotNotation=dots_of(p))
    return "splitOut", 1, parameters | options


def write_aggregate(p: Properties) -> Written:
    """The Aggregate node."""
    if p.get("mode") == "items":
        ways = {"selected": "specifiedFields", "except": "allFieldsExcept"}
        parameters: dict[str, Any] = {
            "aggregate": "aggregateAllItemData",
            "destinationFieldName": p.get("destination", "data"),
        }
        if include := ways.get(str(p.get("include"))):
            named = "fieldsToInclude" if p["include"] == "selected" else "fieldsToExclude"
            parameters |= {"include": include, named: listed(p.get("include_fields", []))}
        options = options_of(
            disableDotNotation=dots_of(p), includeBinaries=True if p.get("include_binary") else None
        )
        return "aggregate", 1, parameters | options
    rows = []
    for row in rows_of(p, "fields"):
        renamed = (
            {"renameField": True, "outputFieldName": row["output_name"]} if row.get("output_name") else {}
        )
        rows.append({"fieldToAggregate": row.get("name", ""), **renamed})
    return (
        "aggregate",
        1,
        {"fieldsToAggregate": {"fieldToAggregate": rows}}
        | options_of(
            disableDotNotation=dots_of(p),
            mergeLists=True if p.get("merge_lists") else None,
            keepMissing=True if p.get("keep_missing") else None,
            includeBinaries=True if p.get("include_binary") else None,
        ),
    )


def write_summarize(p: Properties) -> Written:
    """The Summarize node."""
    rows = []
    for row in rows_of(p, "fields"):
        written = {
            "aggregation": _FIGURES.get(str(row.get("aggregation", "count")), "count"),
            "field": row.get("name", ""),
        }
        if row.get("include_empty"):
            written["includeEmpty"] = True
        if written["aggregation"] == "concatenate":
            written |= {"separateBy": "other", "customSeparator": row.get("separator", ", ")}
        rows.append(written)
    split = {"fieldsToSplitBy": listed(p["split_by"])} if p.get("split_by") else {}
    return (
        "summarize",
        1.1,
        {"fieldsToSummarize": {"values": rows}, **split}
        | options_of(
            disableDotNotation=dots_of(p),
            outputFormat="singleItem" if p.get("output") == "single" else None,
            continueIfFieldNotFound=True if p.get("continue_if_not_found") else None,
            skipEmptySplitFields=True if p.get("skip_empty_groups") else None,
        ),
    )


def write_remove_duplicates(p: Properties) -> Written:
    """The Remove Duplicates node."""
    parameters: dict[str, Any] = {"operation": "removeDuplicateInputItems"}
    if p.get("compare") == "selected":
        parameters |= {"compare": "selectedFields", "fieldsToCompare": listed(p.get("fields", []))}
    elif p.get("compare") == "except":
        parameters |= {"compare": "allFieldsExcept", "fieldsToExclude": listed(p.get("fields", []))}
    options = options_of(
        disableDotNotation=dots_of(p), removeOtherFields=True if p.get("remove_other_fields") else None
    )
    return "removeDuplicates", 2, parameters | options


def write_skip_seen(p: Properties) -> Written:
    """The Skip Seen Items node, which is an operation of Remove Duplicates there."""
    options = options_of(
        scope="workflow" if p.get("scope") == "workflow" else None, historySize=p.get("history")
    )
    if p.get("mode") == "forget":
        return "removeDuplicates", 2, {"operation": "clearDeduplicationHistory", **options}
    logic, name = next(
        (theirs, name) for theirs, (mode, name) in LOGIC.items() if mode == p.get("mode", "new")
    )
    operation = {"operation": "removeItemsSeenInPreviousExecutions", "logic": logic}
    return "removeDuplicates", 2, {**operation, name: p.get("value", ""), **options}


def write_rename_keys(p: Properties) -> Written:
    """The Rename Keys node."""
    rows = [
        {"currentKey": row.get("current_name", ""), "newKey": row.get("new_name", "")}
        for row in rows_of(p, "keys")
    ]
    replacements = [
        {
            "searchRegex": row.get("pattern", ""),
            "replaceRegex": row.get("replacement", ""),
            **options_of(
                caseInsensitive=True if row.get("ignore_case") else None,
                depth=row.get("depth") if row.get("depth", -1) != -1 else None,
            ),
        }
        for row in rows_of(p, "patterns")
    ]
    more = {"regexReplacement": {"replacements": replacements}} if replacements else {}
    return "renameKeys", 1, {"keys": {"key": rows}, "additionalOptions": more}


def _zone_of(p: Properties) -> str | bool | None:
    """The option of the zone: a name, or for writing a date yes for the workflow's own."""
    if p.get("eastern_offset"):
        return None
    return p.get("timezone") or (True if p.get("operation", "format") == "format" else None)


def write_date_time(p: Properties) -> Written:
    """The Date & Time node."""
    operation = p.get("operation", "format")
    name = {"outputFieldName": p.get("output_name") or DATE_NAMES.get(str(operation), "data")}
    options = options_of(
        includeInputFields=True if p.get("include_other_fields") else None,
        timezone=_zone_of(p),
        fromFormat=p.get("written_as") or None,
        isoString=True if p.get("as_text") else None,
    )
    unit, date = str(p.get("unit", "days")), {"date": p.get("date", "")}
    match operation:
        case "current":
            own: dict[str, Any] = {"operation": "getCurrentDate"}
            own |= {"includeTime": False} if p.get("include_time") is False else {}
        case "add" | "subtract":
            own = {
                "operation": "addToDate" if operation == "add" else "subtractFromDate",
                "magnitude": p.get("date", ""),
                "timeUnit": unit,
                "duration": p.get("amount", 0),
            }
        case "between":
            own = {
                "operation": "getTimeBetweenDates",
                "startDate": p.get("start", ""),
                "endDate": p.get("end", ""),
                "units": [_SINGULAR.get(str(name), name) for name in p.get("units", ["days"])],
            }
        case "extract":
            own = {"operation": "extractDate", "part": p.get("part", "month"), **date}
        case "round":
            up = p.get("direction") == "up"
            where = (
                {"mode": "roundUp", "to": _SINGULAR.get(unit)} if up else {"toNearest": _SINGULAR.get(unit)}
            )
            own = {"operation": "roundDate", **date, **where}
        case _:
            own = {
                "operation": "formatDate",
                "format": "custom",
                "customFormat": p.get("format", "yyyy-MM-dd"),
                **date,
            }
    return "dateTime", 2, own | name | options
