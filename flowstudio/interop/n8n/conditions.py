"""n8n's conditions, as If, Filter and Switch have them: since version 2 in groups, before in lists by type."""

from __future__ import annotations

from typing import Any

from flowstudio.interop.n8n.converted import Converted, Properties, Source
from flowstudio.interop.n8n.given import Given

KINDS = {
    "string": "string",
    "number": "number",
    "dateTime": "date-time",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
    "any": "auto",
}
TESTS = {
    "exists": "exists",
    "notExists": "not_exists",
    "empty": "is_empty",
    "notEmpty": "is_not_empty",
    "equals": "equals",
    "notEquals": "not_equals",
    "contains": "contains",
    "notContains": "not_contains",
    "startsWith": "starts_with",
    "notStartsWith": "not_starts_with",
    "endsWith": "ends_with",
    "notEndsWith": "not_ends_with",
    "regex": "matches_regex",
    "notRegex": "not_matches_regex",
    "gt": "greater",
    "lt": "less",
    "gte": "greater_or_equal",
    "lte": "less_or_equal",
    "after": "after",
    "before": "before",
    "afterOrEquals": "after_or_equal",
    "beforeOrEquals": "before_or_equal",
    "true": "is_true",
    "false": "is_false",
    "lengthEquals": "length_equals",
    "lengthNotEquals": "length_not_equals",
    "lengthGt": "length_greater",
    "lengthLt": "length_less",
    "lengthGte": "length_greater_or_equal",
    "lengthLte": "length_less_or_equal",
}
OLD_TESTS = TESTS | {
    "equal": "equals",
    "notEqual": "not_equals",
    "larger": "greater",
    "largerEqual": "greater_or_equal",
    "smaller": "less",
    "smallerEqual": "less_or_equal",
    "isEmpty": "is_empty",
    "isNotEmpty": "is_not_empty",
}
_OLD_DEFAULTS: dict[str, tuple[str, Any]] = {
    "boolean": ("equals", False),
    "dateTime": ("after", ""),
    "number": ("less", 0),
    "string": ("equals", ""),
}
_ONE_SIDED = {"exists", "not_exists", "is_empty", "is_not_empty", "is_true", "is_false"}


def if_else(source: Source) -> Converted:
    """The If node."""
    return _conditional(source, "if-else", "combineOperation", {"any": "any", "all": "all"})


def filter_items(source: Source) -> Converted:
    """The Filter node. What it drops leaves by an output of its own here, which stays unconnected."""
    return _conditional(source, "filter", "combineConditions", {"OR": "any", "AND": "all"})


def _conditional(source: Source, type_: str, combination: str, meanings: dict[str, str]) -> Converted:
    given = source.parameters
    if source.version >= 2:
        terms = _terms(given)
        return Converted(type_, _group(given.part("conditions"), terms, source.version >= 2.2) | terms)
    rows = _old_lists(given.part("conditions"))
    require = given.choice(combination, meanings, "all")
    return Converted(type_, {"conditions": rows, "require": require, "as_they_are": True})


def _group(group: Given, terms: Properties, by_words: bool) -> Properties:
    """Conditions of version 2. Loosely, every text was true at first; `by_words`: since then, not the text "false"."""
    options = group.part("options")
    options.skip("leftValue")
    loose = options.text("typeValidation", "strict") == "loose" or terms.get("strict") is False
    version = options.value("version", 2 if by_words else 1)
    kinds = KINDS | ({"boolean": "truth"} if loose and version == 1 else {})
    rows = [_condition(row, kinds) for row in group.rows("conditions")]
    properties: Properties = {
        "conditions": rows,
        "require": group.choice("combinator", {"and": "all", "or": "any"}, "all"),
    }
    if options.value("caseSensitive", True) is False:
        properties["ignore_case"] = True
    if loose:
        properties["strict"] = False
    return properties


def _terms(given: Given) -> Properties:
    """What newer versions say beside the conditions."""
    options = given.part("options")
    loose = given.flag("looseTypeValidation") or options.flag("looseTypeValidation")
    properties: Properties = {"strict": False} if loose else {}
    if options.flag("ignoreCase"):
        properties["ignore_case"] = True
    return properties


def _condition(row: Given, kinds: dict[str, str]) -> Properties:
    row.skip("id")
    operator = row.part("operator")
    operator.skip("name", "singleValue", "rightType")
    test = operator.choice("operation", TESTS, "equals")
    condition: Properties = {
        "left": row.value("leftValue"),
        "type": operator.choice("type", kinds, "auto"),
        "test": test,
    }
    if test not in _ONE_SIDED:
        condition["right"] = row.value("rightValue", "")
    return condition


def _old_lists(lists: Given) -> list[Properties]:
    """Conditions of version 1, which stand in a list for each type."""
    rows: list[Properties] = []
    for kind, (test, right) in _OLD_DEFAULTS.items():
        rows += [
            old_condition(
                kind,
                row.value("value1"),
                row.choice("operation", OLD_TESTS, test),
                row.value("value2", right),
            )
            for row in lists.rows(kind)
        ]
    return rows


def old_condition(kind: str, left: Any, test: str, right: Any) -> Properties:
    """A condition of version 1."""
    condition: Properties = {"left": left, "type": KINDS.get(kind, "auto"), "test": test}
    if test not in _ONE_SIDED:
        condition["right"] = right
    return condition


def switch(source: Source) -> Converted:
    """The Switch node."""
    given = source.parameters
    if given.text("mode", "rules") == "expression":
        count = 4
        if source.version >= 2:
            count = given.number("numberOutputs" if source.version >= 3 else "outputsAmount", 4)
        return Converted(
            "switch", {"mode": "expression", "outputs_count": count, "output": given.value("output", 0)}
        )
    return _rules(source) if source.version >= 3 else _old_rules(source)


def _rules(source: Source) -> Converted:
    given = source.parameters
    options = given.part("options")
    terms = _terms(given)
    rules: list[Properties] = []
    ignore_case = strict = None
    for row in given.part("rules").rows("values"):
        group = _group(row.part("conditions"), terms, source.version >= 3.2)
        ignore_case = ignore_case or group.pop("ignore_case", None)
        strict = False if group.pop("strict", True) is False else strict
        label = row.text("outputKey") if row.flag("renameOutput") else ""
        rules.append({"label": label, **group})
    properties: Properties = {"mode": "rules", "rules": rules, **_fallback(options.value("fallbackOutput"))}
    if label := options.text("renameFallbackOutput"):
        properties["fallback_label"] = label
    if options.flag("allMatchingOutputs"):
        properties["send_to_all"] = True
    if ignore_case or terms.get("ignore_case"):
        properties["ignore_case"] = True
    if strict is False or terms.get("strict") is False:
        properties["strict"] = False
    return Converted("switch", properties)


def _fallback(value: Any) -> Properties:
    if value == "extra":
        return {"fallback": "extra"}
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return {"fallback": "output", "fallback_output": value}
    return {}


def _old_rules(source: Source) -> Converted:
    """Rules of versions 1 and 2: one value is compared, and in version 1 each rule names one of four outputs."""
    given = source.parameters
    kind = given.text("dataType", "number")
    left = given.value("value1")
    default = _OLD_DEFAULTS.get(kind, ("equals", ""))
    rules: list[Properties] = []
    targets: list[int] = []
    for number, row in enumerate(given.part("rules").rows("rules")):
        condition = old_condition(
            kind, left, row.choice("operation", OLD_TESTS, default[0]), row.value("value2", default[1])
        )
        rules.append({"label": row.text("outputKey"), "conditions": [condition]})
        target = row.value("output", number if source.version >= 2 else 0)
        targets.append(target if isinstance(target, int) else 0)
    properties: Properties = {"mode": "rules", "rules": rules, "as_they_are": True}
    fallback = given.value("fallbackOutput", -1)
    if source.version >= 2:
        return Converted("switch", properties | _fallback(fallback))
    outputs = [tuple(str(i) for i, target in enumerate(targets) if target == output) for output in range(4)]
    if isinstance(fallback, int) and 0 <= fallback < 4:
        properties["fallback"] = "extra"
        outputs[fallback] = (*outputs[fallback], "fallback")
    return Converted("switch", properties, outputs=outputs)
