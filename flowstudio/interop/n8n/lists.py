"""n8n's nodes that work on lists: Sort, Limit, Split Out, Aggregate, Summarize, Remove Duplicates, Rename Keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flowstudio.interop.n8n.converted import Converted, Converter, Properties, Source, only_given
from flowstudio.interop.n8n.given import Given

AGGREGATIONS = {
    "append": "append",
    "average": "average",
    "concatenate": "concatenate",
    "count": "count",
    "countUnique": "count_unique",
    "max": "max",
    "min": "min",
    "sum": "sum",
}


def names(value: Any) -> Any:
    """Names that stand in one text, separated by commas, or in rows, as older versions have them; an expression stays one."""
    if isinstance(value, str) and not value.startswith("="):
        return [name.strip() for name in value.split(",") if name.strip()]
    if isinstance(value, dict):
        rows = next((rows for rows in value.values() if isinstance(rows, list)), [])
        return [
            row["fieldName"]
            for row in rows
            if isinstance(row, dict) and isinstance(row.get("fieldName"), str)
        ]
    return value if isinstance(value, list | str) else []


def _dots(options: Given) -> Properties:
    return {"dot_notation": False} if options.flag("disableDotNotation") else {}


def sort(source: Source) -> Converted:
    """The Sort node."""
    given = source.parameters
    kind = given.text("type", "simple")
    if kind == "random":
        return Converted("sort", {"mode": "random"})
    orders = {"ascending": "ascending", "descending": "descending"}
    rows = [
        {"name": row.text("fieldName"), "order": row.choice("order", orders, "ascending")}
        for row in given.part("sortFieldsUi").rows("sortField")
    ]
    if kind == "code":
        given.skip("sortFieldsUi")
        compare = f"return $input.all().sort((a, b) => {{\n{given.text('code')}\n}});"
        return Converted("code", {"language": "javascript", "mode": "all-items", "code": compare})
    given.skip("code")
    properties: Properties = {"mode": "fields", "fields": rows, "as_javascript": True}
    return Converted("sort", properties | _dots(given.part("options")))


def limit(source: Source) -> Converted:
    """The Limit node."""
    given = source.parameters
    keep = given.choice("keep", {"firstItems": "first", "lastItems": "last"}, "first")
    return Converted("limit", {"max_items": given.number("maxItems", 1), "keep": keep})


def split_out(source: Source) -> Converted:
    """The Split Out node. What an entry is together with other fields stays in its field."""
    given = source.parameters
    options = given.part("options")
    field = given.text("fieldToSplitOut")
    ways = {"noOtherFields": "none", "allOtherFields": "all", "selectedOtherFields": "selected"}
    include = given.choice("include", ways, "none")
    target = options.value("destinationFieldName")
    properties = only_given(
        field=field,
        include=include,
        include_fields=names(given.value("fieldsToInclude")) if include == "selected" else None,
        destination=target or (field if include != "none" else None),
    )
    given.skip("fieldsToInclude")
    options.skip("includeBinary")
    return Converted("split-out", properties | _dots(options))


def aggregate(source: Source) -> Converted:
    """The Aggregate node."""
    given = source.parameters
    options = given.part("options")
    if given.text("aggregate", "aggregateIndividualFields") == "aggregateAllItemData":
        ways = {"allFields": "all", "specifiedFields": "selected", "allFieldsExcept": "except"}
        include = given.choice("include", ways, "all")
        chosen = given.value("fieldsToInclude" if include == "selected" else "fieldsToExclude")
        properties = only_given(
            mode="items",
            destination=given.text("destinationFieldName", "data"),
            include=include,
            include_fields=names(chosen) if include != "all" else None,
        )
        given.skip("fieldsToInclude", "fieldsToExclude")
    else:
        rows = [
            only_given(
                name=row.text("fieldToAggregate"),
                output_name=row.text("outputFieldName") if row.flag("renameField") else None,
            )
            for row in given.part("fieldsToAggregate").rows("fieldToAggregate")
        ]
        properties = only_given(
            mode="fields",
            fields=rows,
            merge_lists=options.flag("mergeLists") or None,
            keep_missing=options.flag("keepMissing") or None,
        )
    if options.flag("includeBinaries"):
        properties["include_binary"] = True
    return Converted("aggregate", properties | _dots(options))


def summarize(source: Source) -> Converted:
    """The Summarize node."""
    given = source.parameters
    options = given.part("options")
    rows = [_figure(row) for row in given.part("fieldsToSummarize").rows("values")]
    split = names(given.value("fieldsToSplitBy", ""))
    formats = {"separateItems": "separate", "singleItem": "single"}
    added = any(row["aggregation"] in ("sum", "average") for row in rows)
    properties = only_given(
        fields=rows,
        split_by=split or None,
        strict_numbers=True if added else None,
        output=options.choice("outputFormat", formats, None),
        continue_if_not_found=options.flag("continueIfFieldNotFound") or None,
        skip_empty_groups=options.flag("skipEmptySplitFields") or None,
        groups_as_text=True if source.version < 1.1 and split else None,
    )
    return Converted("summarize", properties | _dots(options))


def _figure(row: Given) -> Properties:
    separator = row.value("separateBy")
    custom = row.value("customSeparator")
    aggregation = row.choice("aggregation", AGGREGATIONS, "count")
    return only_given(
        name=row.text("field"),
        aggregation=aggregation,
        include_empty=row.flag("includeEmpty") or None,
        separator=(custom if separator == "other" else "," if separator is None else separator)
        if aggregation == "concatenate"
        else None,
    )


def remove_duplicates(source: Source) -> Converted:
    """The Remove Duplicates node."""
    given = source.parameters
    options = given.part("options")
    if given.text("operation") in ("removeItemsSeenInPreviousExecutions", "clearDeduplicationHistory"):
        return _skip_seen(given)
    ways = {"allFields": "all", "selectedFields": "selected", "allFieldsExcept": "except"}
    compare = given.choice("compare", ways, "all")
    chosen = given.value("fieldsToCompare" if compare == "selected" else "fieldsToExclude")
    given.skip("fieldsToCompare", "fieldsToExclude")
    properties = only_given(
        compare=compare,
        fields=names(chosen) if compare != "all" else None,
        remove_other_fields=options.flag("removeOtherFields") or None,
    )
    return Converted("remove-duplicates", properties | _dots(options))


LOGIC = {
    "removeItemsWithAlreadySeenKeyValues": ("new", "dedupeValue"),
    "removeItemsUpToStoredIncrementalKey": ("higher", "incrementalDedupeValue"),
    "removeItemsUpToStoredDate": ("later", "dateDedupeValue"),
}


def _skip_seen(given: Given) -> Converted:
    """Remove Duplicates, as far as it remembers earlier executions."""
    options = given.part("options")
    properties: Properties = {"mode": "forget"}
    if given.text("operation") == "removeItemsSeenInPreviousExecutions":
        mode, name = given.choice("logic", LOGIC, LOGIC["removeItemsWithAlreadySeenKeyValues"])
        properties = {"mode": mode, "value": given.value(name, "")}
        if mode == "new" and (size := options.value("historySize")) is not None:
            properties["history"] = size
    given.skip("dedupeValue", "incrementalDedupeValue", "dateDedupeValue", "mode")
    if options.text("scope", "node") == "workflow":
        properties["scope"] = "workflow"
    return Converted("skip-seen", properties)


def rename_keys(source: Source) -> Converted:
    """The Rename Keys node."""
    given = source.parameters
    rows = [
        {"current_name": row.text("currentKey"), "new_name": row.text("newKey")}
        for row in given.part("keys").rows("key")
    ]
    patterns = []
    for row in given.part("additionalOptions", "regexReplacement").rows("replacements"):
        options = row.part("options")
        patterns.append(
            only_given(
                pattern=row.text("searchRegex"),
                replacement=row.text("replaceRegex"),
                ignore_case=options.flag("caseInsensitive") or None,
                depth=options.number("depth", -1) if "depth" in options else None,
            )
        )
    return Converted("rename-keys", {"keys": rows} | ({"patterns": patterns} if patterns else {}))


_OPERATIONS: dict[str, Converter] = {
    "splitOutItems": split_out,
    "aggregateItems": aggregate,
    "concatenateItems": aggregate,
    "removeDuplicates": remove_duplicates,
    "sort": sort,
    "limit": limit,
    "summarize": summarize,
}


def item_lists(source: Source) -> Converted:
    """The Item Lists node, which became one node for each of its operations."""
    given = source.parameters
    operation = given.text("operation", "splitOutItems")
    given.skip("resource")
    if operation not in _OPERATIONS:
        return Converted(
            "not-available",
            {"original_type": source.type},
            [f"The operation '{operation}' is not available here."],
            available=False,
        )
    return _OPERATIONS[operation](replace(source, version=1))
