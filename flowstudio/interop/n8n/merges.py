"""n8n's Merge and Compare Datasets."""

from __future__ import annotations

from typing import Any

from flowstudio.interop.n8n.converted import Converted, Properties, Source, only_given
from flowstudio.interop.n8n.lists import names


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
        sql: Properties = {"mode": "sql", "query": given.text("query", "SELECT * FROM input1")}
        count = given.number("numberInputs", 2)
        return Converted("merge", sql | ({"inputs_count": count} if count != 2 else {}))
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
    keys: Properties = {"field_1": given.text("propertyName1"), "field_2": given.text("propertyName2")}
    mode = given.text("mode", "append")
    join = given.text("join", "left")
    overwrite = given.text("overwrite", "always")
    output = given.text("output", "input1")
    given.skip("propertyName1", "propertyName2")
    match mode:
        case "keepKeyMatches":
            return Converted("old-merge", {"mode": "keep_matches", **keys})
        case "removeKeyMatches":
            return Converted("old-merge", {"mode": "remove_matches", **keys})
        case "mergeByKey":
            more = {"overwrite": overwrite} if overwrite in ("blank", "undefined") else {}
            return Converted("old-merge", {"mode": "by_key", **keys, **more})
        case "mergeByIndex":
            joins = {"join": join} if join in ("inner", "outer") else {}
            return Converted("old-merge", {"mode": "by_index", **joins})
        case "multiplex":
            return Converted("old-merge", {"mode": "multiplex"})
        case "passThrough":
            number = 2 if output == "input2" else 1
            return Converted("merge", {"mode": "choose_branch", "use_input": number})
        case "wait":
            return Converted("merge", {"mode": "choose_branch", "branch_output": "empty"})
    return Converted("merge", {"mode": "append"})


def compare_datasets(source: Source) -> Converted:
    """The Compare Datasets node."""
    given = source.parameters
    options = given.part("options")
    given.skip("infoBox")
    pairs = [
        {"field_1": row.text("field1"), "field_2": row.text("field2")}
        for row in given.part("mergeByFields").rows("values")
    ]
    ways = {"preferInput1": "input_1", "preferInput2": "input_2", "mix": "mix", "includeBoth": "both"}
    first = "includeBoth" if source.version >= 2 else "preferInput2"
    resolve = given.choice("resolve", ways, ways[first])
    sides = {"input1": "input_1", "input2": "input_2"}
    properties = only_given(
        keys=pairs,
        resolve=resolve,
        old_names=True if source.version < 2 and resolve == "both" else None,
        prefer=given.choice("preferWhenMix", sides, "input_1") if resolve == "mix" else None,
        prefer_except=names(given.value("exceptWhenMix")) or None if resolve == "mix" else None,
        skip_fields=names(options.value("skipFields")) or None,
        fuzzy_compare=given.flag("fuzzyCompare") or options.flag("fuzzyCompare") or None,
        dot_notation=False if options.flag("disableDotNotation") else None,
        multiple_matches="all" if options.text("multipleMatches") == "all" else None,
    )
    given.skip("preferWhenMix", "exceptWhenMix")
    return Converted("compare-datasets", properties)
