"""n8n's Postgres node, version 2."""

from __future__ import annotations

import re
from typing import Any

from flowstudio.interop.n8n.converted import Converted, Properties, Source, only_given
from flowstudio.interop.n8n.given import Given
from flowstudio.interop.n8n.settings import table

_OPERATIONS = {
    "executeQuery": "query",
    "select": "select",
    "insert": "insert",
    "upsert": "upsert",
    "update": "update",
    "deleteTable": "delete",
}
_TESTS = {
    "equal": "equals",
    "=": "equals",
    "!=": "not_equals",
    "LIKE": "like",
    ">": "greater",
    "<": "less",
    ">=": "greater_or_equal",
    "<=": "less_or_equal",
    "IS NULL": "is_empty",
    "IS NOT NULL": "is_not_empty",
}
_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_OPEN, _CLOSE = "\ue000", "\ue001"
"""Around the number of a value, where an expression stood."""
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_PIECES = re.compile(f"({_OPEN}\\d+{_CLOSE})")
_MARK = re.compile(r"\$(\d+)")
_MOST = 100_000
"""Rows that the step gives at most."""
_VALUES = "Expressions within the query are values now ($1, $2 …): they can no longer be names or other parts of it."


def postgres(source: Source) -> Converted:
    """The Postgres node."""
    given = source.parameters
    todo = ["Choose a PostgreSQL credential."]
    if source.credentials:
        todo = [f"Choose a PostgreSQL credential. In n8n it was '{next(iter(source.credentials.values()))}'."]
    given.skip("resource", "authentication")
    operation = _OPERATIONS.get(given.text("operation", "insert"))
    if source.version < 2 or operation is None:
        message = "This operation of the step is not available here."
        if source.version < 2:
            message = "Only version 2 of this step is read here."
        return Converted("not-available", {"original_type": source.type}, [message], available=False)
    options = given.part("options")
    options.skip("nodeVersion", "delayClosingIdleConnection")
    apart = options.choice(
        "queryBatching", {"single": None, "transaction": None, "independently": "apart"}, None
    )
    properties: Properties = {"operation": operation} | only_given(transaction=apart)
    remarks: list[str] = []
    match operation:
        case "query":
            query, remarks = _query(given.text("query"), options.value("queryReplacement"))
            properties |= query
        case "select":
            properties |= _place(given) | _rows(given)
            columns = [name for name in _names(options.value("outputColumns")) if name != "*"]
            properties |= {"columns": columns} if columns else {}
            properties["limit"] = _MOST if given.flag("returnAll") else given.number("limit", 50)
            order = [
                {"column": row.text("column"), "direction": direction}
                for row in given.part("sort").rows("values")
                for direction in ["descending" if row.text("direction") == "DESC" else "ascending"]
            ]
            properties |= {"order": order} if order else {}
        case "delete":
            properties = _deleted(given, properties)
            remarks = ["It gives how many rows were deleted, instead of whether it succeeded."]
        case _:
            properties |= _place(given) | _written(given, operation)
    return Converted("postgres", properties, remarks, todo=todo)


def _place(given: Given) -> Properties:
    schema = given.text("schema", "public")
    return {"table": given.text("table")} | ({"schema_name": schema} if schema != "public" else {})


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _rows(given: Given) -> Properties:
    """Which rows are meant."""
    conditions: list[Properties] = []
    for row in given.part("where").rows("values"):
        test = row.choice("condition", _TESTS, "equals")
        value = {} if test in ("is_empty", "is_not_empty") else {"value": row.value("value", "")}
        conditions.append({"column": row.text("column"), "test": test, **value})
    combine = given.choice("combineConditions", {"AND": "all", "OR": "any"}, "all")
    return ({"conditions": conditions} if conditions else {}) | (
        {"combine": "any"} if combine == "any" else {}
    )


def _deleted(given: Given, properties: Properties) -> Properties:
    command = given.text("deleteCommand", "truncate")
    found = _rows(given)
    if command == "delete" and "conditions" in found:
        return properties | _place(given) | found
    place = ".".join(
        '"' + given.text(name, "public").replace('"', '""') + '"' for name in ("schema", "table")
    )
    said = {"delete": "DELETE FROM", "drop": "DROP TABLE IF EXISTS"}.get(command, "TRUNCATE TABLE")
    restart = " RESTART IDENTITY" if given.flag("restartSequences") and command == "truncate" else ""
    cascade = " CASCADE" if given.part("options").flag("cascade") and command != "delete" else ""
    return properties | {"operation": "query", "query": f"{said} {place}{restart}{cascade}"}


def _written(given: Given, operation: str) -> Properties:
    columns = given.part("columns")
    columns.skip("schema", "attemptToConvertTypes", "convertFieldsToString")
    mode = columns.text("mappingMode") or given.text("dataMode", "autoMapInputData")
    match = _names(columns.value("matchingColumns"))
    if only := given.text("columnToMatchOn"):
        match = [only]
    rows = [{"column": name, "value": value} for name, value in table(columns.value("value")).items()]
    rows += [
        {"column": row.text("column"), "value": row.value("value", "")}
        for row in given.part("valuesToSend").rows("values")
    ]
    if (value := given.value("valueToMatchOn")) is not None and only:
        rows.append({"column": only, "value": value})
    found: Properties = {"match": match} if operation != "insert" else {}
    if mode in ("defineBelow", "columns"):
        found |= {"mapping": "fields", "fields": rows}
    return found


def _query(query: str, given: Any) -> tuple[Properties, list[str]]:
    """A query and its values; what was expressions within it becomes values, too."""
    parameters = _given_values(given, max((int(number) for number in _MARK.findall(query)), default=0))
    remarks: list[str] = []
    if query.startswith("="):
        query = query[1:]
        if _TEMPLATE.search(query):
            remarks.append(_VALUES)

        def place(template: re.Match[str]) -> str:
            parameters.append(f"={template[0]}")
            return f"{_OPEN}{len(parameters)}{_CLOSE}"

        query = _LITERAL.sub(_joined, _TEMPLATE.sub(place, query))
        query = _PLACE.sub(r"$\1", query)
    values = [{"value": value} for value in parameters]
    return {"query": query} | ({"parameters": values} if values else {}), remarks


def _joined(literal: re.Match[str]) -> str:
    """A text of SQL in which expressions stand, put together from its pieces."""
    if not _PLACE.search(literal[0]):
        return literal[0]
    pieces = [piece for piece in _PIECES.split(literal[0][1:-1]) if piece]
    written = [piece if _PLACE.fullmatch(piece) else f"'{piece}'" for piece in pieces]
    return written[0] if len(written) == 1 else f"({' || '.join(f'{piece}::text' for piece in written)})"


def _given_values(given: Any, wanted: int) -> list[Any]:
    """The values that n8n was given apart from the query: a text with commas, or an expression that gives a list or such a text."""
    if isinstance(given, list):
        return list(given)
    if not isinstance(given, str) or not given.strip():
        return []
    text = given.removeprefix("=").strip()
    whole = _TEMPLATE.fullmatch(text)
    if whole is None or text.count("{{") > 1:
        pieces = _TEMPLATE.sub(lambda found: found[0].replace(",", "\0"), text).split(",")
        parts = [piece.strip().replace("\0", ",") for piece in pieces]
        return [f"={part}" if given.startswith("=") and "{{" in part else part for part in parts]
    code = text[2:-2].strip()
    if wanted <= 1 and not code.startswith("["):
        return [f"={text}"]
    if not code.startswith("["):
        code = f"[].concat({code}).flatMap((one) => typeof one === 'string' ? one.split(',') : [one])"
    return [f"={{{{ ({code})[{number}] }}}}" for number in range(max(wanted, 1))]
