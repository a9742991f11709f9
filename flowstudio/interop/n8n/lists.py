"""n8n's nodes that work on lists: Sort, Limit, Split Out, Aggregate, Summarize, Remove Duplicates, Rename Keys."""

from __future__ import annotations

from typing import Any

from flowstudio.interop.n8n.converted import Converted, Properties, Source, only_given
from flowstudio.interop.n8n.given import Given

_AGGREGATIONS = {
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
    """Names that stand in one text, separated by commas; an expression stays one."""
    if isinstance(value, str) and not value.startswith("="):
        return [name.strip() for name in value.split(",") if name.strip()]
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
    remarks = []
    if kind == "code":
        given.skip("code")
        remarks.append("Sorting by code is not possible here. Name the fields, or use a Code step.")
    return Converted("sort", {"mode": "fields", "fields": rows, **_dots(given.part("options"))}, remarks)


def limit(source: Source) -> Converted:
    """The Limit node."""
    given = source.parameters
    keep = given.choice("keep", {"firstItems": "first", "lastItems": "last"}, "first")
    return Converted("limit", {"max_items": given.number("maxItems", 1), "keep": keep})


def split_out(source: Source) -> Converted:
    """The Split Out node. It splits one field here."""
    given = source.parameters
    options = given.part("options")
    fields = names(given.value("fieldToSplitOut", ""))
    first = fields[0] if isinstance(fields, list) and fields else fields or ""
    ways = {"noOtherFields": "none", "allOtherFields": "all", "selectedOtherFields": "selected"}
    include = given.choice("include", ways, "none")
    properties = only_given(
        field=first,
        include=include,
        include_fields=names(given.value("fieldsToInclude")) if include == "selected" else None,
        destination=options.value("destinationFieldName"),
    )
    given.skip("fieldsToInclude")
    more = isinstance(fields, list) and len(fields) > 1
    remarks = ["Only the first field is split; n8n split several side by side."] if more else []
    return Converted("split-out", properties | _dots(options), remarks)


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
    properties = only_given(
        fields=rows,
        split_by=split or None,
        output=options.choice("outputFormat", formats, None),
        continue_if_not_found=options.flag("continueIfFieldNotFound") or None,
        skip_empty_groups=options.flag("skipEmptySplitFields") or None,
    )
    return Converted("summarize", properties | _dots(options))


def _figure(row: Given) -> Properties:
    separator = row.value("separateBy")
    custom = row.value("customSeparator")
    return only_given(
        name=row.text("field"),
        aggregation=row.choice("aggregation", _AGGREGATIONS, "count"),
        include_empty=row.flag("includeEmpty") or None,
        separator=custom if separator == "other" else separator,
    )


def remove_duplicates(source: Source) -> Converted:
    """The Remove Duplicates node."""
    given = source.parameters
    options = given.part("options")
    remarks = []
    if given.text("operation", "removeDuplicateInputItems") != "removeDuplicateInputItems":
        given.skip("logic", "dedupeValue", "incrementalDedupeValue", "dateDedupeValue", "mode")
        remarks.append(
            "What earlier executions saw is not remembered here: only the items of one run are compared."
        )
    ways = {"allFields": "all", "selectedFields": "selected", "allFieldsExcept": "except"}
    compare = given.choice("compare", ways, "all")
    chosen = given.value("fieldsToCompare" if compare == "selected" else "fieldsToExclude")
    given.skip("fieldsToCompare", "fieldsToExclude")
    properties = only_given(
        compare=compare,
        fields=names(chosen) if compare != "all" else None,
        remove_other_fields=options.flag("removeOtherFields") or None,
    )
    return Converted("remove-duplicates", properties | _dots(options), remarks)


def rename_keys(source: Source) -> Converted:
    """The Rename Keys node."""
    rows = [
        {"current_name": row.text("currentKey"), "new_name": row.text("newKey")}
        for row in source.parameters.part("keys").rows("key")
    ]
    return Converted("rename-keys", {"keys": rows})
