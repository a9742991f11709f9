"""n8n's Google Sheets node, versions 3 and 4."""

from __future__ import annotations

from flowstudio.interop.n8n.converted import Converted, Properties, Source, only_given
from flowstudio.interop.n8n.given import Given
from flowstudio.interop.n8n.settings import table, text

_OPERATIONS = {
    "read": "read",
    "append": "append",
    "appendOrUpdate": "append-or-update",
    "update": "update",
    "clear": "clear",
    "delete": "delete",
    "create": "create-sheet",
}
_EXTRA = {"insertInNewColumn": "add", "ignoreIt": "ignore", "error": "error"}
_CLEARED = {
    "wholeSheet": "sheet",
    "specificRows": "rows",
    "specificColumns": "columns",
    "specificRange": "range",
}
_ADDRESS = "https://docs.google.com/spreadsheets/d/{}/edit#gid={}"


def google_sheets(source: Source) -> Converted:
    """The Google Sheets node."""
    given = source.parameters
    todo = ["Choose a Google credential."]
    if source.credentials:
        todo = [f"Choose a Google credential. In n8n it was '{next(iter(source.credentials.values()))}'."]
    given.skip("authentication")
    if given.text("resource", "sheet") == "spreadsheet":
        names = [row.text("title") for row in given.part("sheetsUi").rows("sheetValues")]
        made: Properties = {"operation": "create-spreadsheet", "title": given.value("title", "")}
        return Converted("google-sheets", made | ({"sheets": ", ".join(names)} if names else {}), todo=todo)
    operation = _OPERATIONS.get(given.text("operation", "read"))
    if source.version < 3 or operation is None:
        message = "This operation of the step is not available here."
        if source.version < 3:
            message = "Only versions 3 and 4 of this step are read here."
        return Converted("not-available", {"original_type": source.type}, [message], available=False)
    properties: Properties = {"operation": operation, **_place(given)}
    options = given.part("options")
    match operation:
        case "read":
            properties |= _looked_up(given, options)
        case "clear" | "delete":
            properties |= _removed(given, operation)
        case "create-sheet":
            properties["title"] = given.value("title", "")
        case _:
            properties |= _written(given, options, operation)
    return Converted("google-sheets", properties, todo=todo)


def _place(given: Given) -> Properties:
    """The document and its sheet, which is named by name, or by a number that only addresses know."""
    document, chosen = given.value("documentId", ""), table(given.whole().get("sheetName"))
    name = given.value("sheetName", "")
    known = text(chosen.get("cachedResultName"))
    if chosen.get("mode") == "list" and known:
        return {"document": document, "sheet": known}
    number = text(name).removeprefix("gid=")
    numbered = chosen.get("mode") in ("list", "id", "url") and number.isdecimal()
    if numbered and isinstance(document, str) and "/" not in document:
        return {"document": _ADDRESS.format(document, number)}
    return {"document": document, "sheet": name}


def _area(given: Given, where: str) -> Properties:
    """Which rows are meant."""
    place = given.part(where, "values")
    place.skip("rangeDefinition")
    return only_given(
        header_row=place.value("headerRow"), first_row=place.value("firstDataRow"), range=place.value("range")
    )


def _looked_up(given: Given, options: Given) -> Properties:
    rows = [
        {"column": row.text("lookupColumn"), "value": row.value("lookupValue", "")}
        for row in given.part("filtersUI").rows("values")
    ]
    formatting = options.part("outputFormatting", "values")
    formatting.skip("date")
    first = options.flag("returnFirstMatch") or options.text("returnAllMatches") == "returnFirstMatch"
    combine = given.choice("combineFilters", {"AND": "all", "OR": "any"}, "all")
    properties: Properties = _area(options, "dataLocationOnSheet")
    if formatting.text("general", "UNFORMATTED_VALUE") == "FORMATTED_VALUE":
        properties["formatted"] = True
    if rows:
        properties |= {"operation": "look-up", "filters": rows}
        properties |= ({"combine": "any"} if combine == "any" else {}) | (
            {"first_only": True} if first else {}
        )
    return properties


def _written(given: Given, options: Given, operation: str) -> Properties:
    columns = given.part("columns")
    columns.skip("schema", "attemptToConvertTypes", "convertFieldsToString")
    mode = columns.text("mappingMode") or given.text("dataMode", "autoMapInputData")
    match = columns.value("matchingColumns") or given.value("columnToMatchOn", "")
    match = match[0] if isinstance(match, list) and match else match if isinstance(match, str) else ""
    own = table(columns.value("value"))
    rows = [{"column": name, "value": value} for name, value in own.items()]
    for place in ("fieldsUi", "columns"):
        part = given.part(place)
        for name in ("fieldValues", "values"):
            rows += [
                {"column": row.text("fieldId") or row.text("column"), "value": row.value("fieldValue", "")}
                for row in part.rows(name)
            ]
    if (only := given.value("valueToMatchOn")) is not None and match:
        rows.append({"column": match, "value": only})
    properties: Properties = _area(options, "locationDefine") | only_given(
        extra=options.choice("handlingExtraData", _EXTRA, None),
        input="raw" if options.text("cellFormat") == "RAW" else None,
    )
    if mode == "defineBelow":
        properties |= {"mapping": "fields", "fields": rows}
    if operation != "append":
        properties["match"] = match
    options.skip("useAppend", "cellFormat")
    return properties


def _removed(given: Given, operation: str) -> Properties:
    if operation == "delete":
        what = given.choice("toDelete", {"rows": "rows", "columns": "columns"}, "rows")
        start = given.text("startIndex", "2" if what == "rows" else "A")
        return {"delete_what": what, "start": start, "count": given.number("numberToDelete", 1)}
    what = given.choice("clear", _CLEARED, "sheet")
    properties: Properties = {"clear_what": what}
    if what == "sheet" and given.flag("keepFirstRow"):
        properties["keep_header"] = True
    if what in ("rows", "columns"):
        count = given.number("rowsToDelete" if what == "rows" else "columnsToDelete", 1)
        properties |= {"start": given.text("startIndex", "1" if what == "rows" else "A"), "count": count}
    if what == "range":
        properties["range"] = given.value("range", "")
    return properties
