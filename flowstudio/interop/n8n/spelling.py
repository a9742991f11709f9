"""Properties with everything in them that goes without saying, so that two ways to say the same are equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from pydantic import BaseModel

from flowstudio.engine.node import Node
from flowstudio.interop.n8n.converted import Properties

DATE_NAMES = {
    "current": "current_date",
    "add": "new_date",
    "subtract": "new_date",
    "format": "formatted_date",
    "between": "time_difference",
    "extract": "date_part",
    "round": "rounded_date",
}
"""What the result of Date & Time is called unless it is said."""


def spelled_out(cls: type[Node], properties: Properties) -> Properties:
    """Properties with defaults, and in their full form."""
    found = _filled(cls, properties)
    special = _SPECIAL.get(cls.type)
    if special is not None:
        special(found)
    return found


def _filled(model: type[BaseModel], given: Properties) -> Properties:
    found: Properties = {}
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key in given:
            found[key] = _value(info.annotation, given[key])
        elif not info.is_required():
            found[key] = info.get_default(call_default_factory=True, validated_data={})
    return found | {key: value for key, value in given.items() if key not in found}


def _value(annotation: Any, value: Any) -> Any:
    if isinstance(value, list):
        entry = _entry(annotation)
        if entry is not None:
            return [_filled(entry, row) if isinstance(row, dict) else row for row in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _entry(annotation: Any) -> type[BaseModel] | None:
    """The model of a list's entries, where they have one."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
        if part is not annotation and (inner := _entry(part)) is not None:
            return inner
    return None


def _pairs(name: str) -> Callable[[Properties], None]:
    """The second name of a pair is the first's where it is not said."""

    def spell(found: Properties) -> None:
        for row in found.get(name) or ():
            row["field_2"] = row.get("field_2") or row.get("field_1")

    return spell


def _dated(found: Properties) -> None:
    found["output_name"] = found.get("output_name") or DATE_NAMES.get(str(found.get("operation")), "")


def _summarized(found: Properties) -> None:
    """Numbers are always read strictly there."""
    found.pop("strict_numbers", None)


def _sorted(found: Properties) -> None:
    """Values are always compared as JavaScript does there."""
    found.pop("as_javascript", None)


_SPECIAL: dict[str, Callable[[Properties], None]] = {
    "merge": _pairs("fields_to_match"),
    "compare-datasets": _pairs("keys"),
    "date-time": _dated,
    "summarize": _summarized,
    "sort": _sorted,
}
