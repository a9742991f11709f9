"""The statements of the PostgreSQL node. Values are never part of the text, and names are always quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.node import Choice, ShowIf, Widget
from flowstudio.errors import ParameterError
from flowstudio.nodes.databases.postgres_connection import sent
from flowstudio.nodes.entry import Entry

Test = Literal[
    "equals",
    "not_equals",
    "greater",
    "less",
    "greater_or_equal",
    "less_or_equal",
    "contains",
    "starts_with",
    "like",
    "one_of",
    "is_empty",
    "is_not_empty",
]
_LABELS: dict[str, str] = {
    "equals": "is equal to",
    "not_equals": "is not equal to",
    "greater": "is greater than",
    "less": "is less than",
    "greater_or_equal": "is greater than or equal to",
    "less_or_equal": "is less than or equal to",
    "contains": "contains",
    "starts_with": "starts with",
    "like": "is like (% stands for any letters)",
    "one_of": "is one of",
    "is_empty": "is empty",
    "is_not_empty": "is not empty",
}
_ONE_SIDED: dict[str, str] = {"is_empty": "{0} IS NULL", "is_not_empty": "{0} IS NOT NULL"}
_TWO_SIDED: dict[str, str] = {
    "equals": "{0} = {1}",
    "not_equals": "{0} IS DISTINCT FROM {1}",
    "greater": "{0} > {1}",
    "less": "{0} < {1}",
    "greater_or_equal": "{0} >= {1}",
    "less_or_equal": "{0} <= {1}",
    "contains": "strpos(lower({0}::text), lower({1})) > 0",
    "starts_with": "starts_with(lower({0}::text), lower({1}))",
    "like": "{0}::text LIKE {1}",
    "one_of": "{0} = ANY({1})",
}


class RowCondition(Entry):
    """Something that is true of a row."""

    column: Annotated[str, Field(min_length=1)]
    """The name of the column."""
    test: Annotated[Test, Choice(_LABELS)] = "equals"
    """How to compare. Capital and small letters are the same to “contains” and “starts with”."""
    value: Annotated[Any, Widget("text"), ShowIf("test", tuple(_TWO_SIDED))] = None
    """What to compare with; a list, or values with commas between them, for “is one of”."""


class Sorting(Entry):
    """A column that rows are sorted by."""

    column: Annotated[str, Field(min_length=1)]
    """The name of the column."""
    direction: Annotated[
        Literal["ascending", "descending"],
        Choice({"ascending": "Smallest first", "descending": "Largest first"}),
    ] = "ascending"
    """Which rows come first."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `$1`, `$2` … and what stands in for them."""

    text: str
    values: Sequence[str | None] = ()


@dataclass(slots=True)
class _Values:
    """The values of a statement that is being written."""

    known: list[str | None] = field(default_factory=list)

    def add(self, value: str | None) -> str:
        self.known.append(value)
        return f"${len(self.known)}"


def quoted(name: str) -> str:
    """A name as it is, whatever letters it has."""
    if "\0" in name:
        raise ParameterError("A name holds a character that PostgreSQL does not take.", parameter="table")
    return '"' + name.replace('"', '""') + '"'


def select(
    place: str,
    columns: Sequence[str],
    conditions: Sequence[RowCondition],
    combine: str,
    order: Sequence[Sorting],
    limit: int,
) -> Statement:
    """Rows of a table; one more than the limit, which tells that there are more."""
    values = _Values()
    what = ", ".join(map(quoted, columns)) or "*"
    text = f"SELECT {what} FROM {place}{_where(conditions, combine, values)}"  # noqa: S608  # names are quoted
    if order:
        directions = {"ascending": "ASC", "descending": "DESC"}
        text += " ORDER BY " + ", ".join(f"{quoted(o.column)} {directions[o.direction]}" for o in order)
    return Statement(f"{text} LIMIT {limit + 1:d}", values.known)


def insert(place: str, row: Mapping[str, str | None], match: Sequence[str] = ()) -> Statement:
    """A new row; with `match`, a row that has the same values in these columns is changed instead."""
    values = _Values()
    if row:
        marks = ", ".join([values.add(value) for value in row.values()])
        text = f"INSERT INTO {place} ({', '.join(map(quoted, row))}) VALUES ({marks})"  # noqa: S608  # names are quoted
    else:
        text = f"INSERT INTO {place} DEFAULT VALUES"
    if match:
        changed = [name for name in row if name not in match] or list(match)
        changes = ", ".join(f"{quoted(name)} = EXCLUDED.{quoted(name)}" for name in changed)
        text += f" ON CONFLICT ({', '.join(map(quoted, match))}) DO UPDATE SET {changes}"
    return Statement(f"{text} RETURNING *", values.known)


def update(place: str, row: Mapping[str, str | None], match: Sequence[str]) -> Statement:
    """Changes the rows that have the same values in the columns of `match`."""
    values = _Values()
    changed = [name for name in row if name not in match]
    if not changed:
        raise ParameterError("There is nothing to change besides what rows are found by.", parameter="match")
    changes = ", ".join([f"{quoted(name)} = {values.add(row[name])}" for name in changed])
    found = " AND ".join([f"{quoted(name)} = {values.add(row[name])}" for name in match])
    return Statement(f"UPDATE {place} SET {changes} WHERE {found} RETURNING *", values.known)  # noqa: S608  # names are quoted


def delete(place: str, conditions: Sequence[RowCondition], combine: str) -> Statement:
    """Deletes rows; never all, for want of a condition."""
    if not conditions:
        raise ParameterError(
            "Say which rows. To empty a whole table, run a query such as TRUNCATE.", parameter="conditions"
        )
    values = _Values()
    return Statement(f"DELETE FROM {place}{_where(conditions, combine, values)}", values.known)  # noqa: S608  # names are quoted


def _where(conditions: Sequence[RowCondition], combine: str, values: _Values) -> str:
    if not conditions:
        return ""
    joint = " AND " if combine == "all" else " OR "
    return " WHERE " + joint.join(
        [_met(condition, f"conditions[{n}].value", values) for n, condition in enumerate(conditions)]
    )


def _met(condition: RowCondition, parameter: str, values: _Values) -> str:
    column = quoted(condition.column)
    if condition.test in _ONE_SIDED:
        return _ONE_SIDED[condition.test].format(column)
    if condition.value is None:
        raise ParameterError(
            f"There is no value to compare '{condition.column}' with. Choose “is empty” for rows that have none.",
            parameter=parameter,
        )
    value = condition.value
    if condition.test == "one_of" and not isinstance(value, list):
        value = [part.strip() for part in str(value).split(",")]
    array = True if condition.test == "one_of" else None
    return _TWO_SIDED[condition.test].format(column, values.add(sent(value, array=array)))
