"""Sheets as tables: a row with the names of the columns, and rows of data below it. Pure: no requests here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from flowstudio.engine.item import Json
from flowstudio.errors import NodeError

ROW_NUMBER: Final = "row_number"
"""The field that says which row of the sheet an item is; the first is 1."""
Extra: TypeAlias = Literal["add", "ignore", "error"]
_CELL: Final = re.compile(r"\$?([A-Za-z]{1,3})?\$?(\d+)?")


def letters(number: int) -> str:
    """The name of a column: 0 is A, 26 is AA."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def column_number(name: str) -> int:
    """The number of a column: A is 0. Raises `NodeError`."""
    text = name.strip().upper()
    if not re.fullmatch(r"[A-Z]{1,3}", text):
        raise NodeError(f"'{name[:50]}' is not a column. Write its letters, such as C or AB.")
    number = 0
    for letter in text:
        number = number * 26 + ord(letter) - 64
    return number - 1


def quoted(sheet: str) -> str:
    """The name of a sheet as ranges want it."""
    return "'" + sheet.replace("'", "''") + "'"


def area(sheet: str, cells: str = "") -> str:
    """A range of a sheet; the whole sheet without cells."""
    return f"{quoted(sheet)}!{cells}" if cells else quoted(sheet)


def corner(cells: str) -> tuple[int, int]:
    """Row and column, both from 0, at which a range such as `B2:F` begins. Raises `NodeError`."""
    begin, _, end = cells.strip().partition(":")
    first, last = _CELL.fullmatch(begin), _CELL.fullmatch(end)
    if first is None or last is None or not begin:
        raise NodeError(f"'{cells[:50]}' is not a range. Write it like A1:F or B2:D20, without the sheet.")
    return int(first[2] or 1) - 1, column_number(first[1]) if first[1] else 0


@dataclass(frozen=True, slots=True)
class Table:
    """What is in a sheet, or in a range of it."""

    columns: tuple[str, ...]
    """Names, each once."""
    rows: tuple[tuple[int, tuple[Any, ...]], ...]
    """The row's number in the sheet and its cells, as many as there are columns; empty rows are left out."""
    left: int = 0
    """The number of the first column, from 0."""
    header: int = 1
    """The row in which the names are."""
    last: int = 1
    """The last row that holds anything."""

    def items(self) -> list[Json]:
        """The rows as objects."""
        return [
            {ROW_NUMBER: number, **dict(zip(self.columns, cells, strict=True))} for number, cells in self.rows
        ]

    def find(self, column: str, value: Any) -> int | None:
        """The number of the first row with a value in a column. Raises `NodeError` when there is no such column."""
        wanted = text(value)
        if column == ROW_NUMBER:
            return int(wanted) if wanted.isdigit() and int(wanted) > self.header else None
        at = self.position(column)
        return next((number for number, cells in self.rows if text(cells[at]) == wanted), None)

    def position(self, column: str) -> int:
        """Which column has a name. Raises `NodeError`."""
        if column not in self.columns:
            have = ", ".join(f"'{name}'" for name in self.columns[:30]) or "none"
            raise NodeError(f"The sheet has no column '{column}'. It has: {have}.")
        return self.columns.index(column)


def read_table(
    cells: Sequence[Sequence[Any]], *, top: int = 0, left: int = 0, header: int = 1, first: int | None = None
) -> Table:
    """A table from cells. `top` and `left` are where they begin, from 0; `header` and `first` are rows of the sheet, from 1."""
    at = header - 1 - top
    if at < 0:
        raise NodeError(f"The range begins below row {header}, which has the names of the columns.")
    names = list(cells[at]) if at < len(cells) else []
    begin = (first or header + 1) - 1 - top
    if begin <= at:
        raise NodeError("The first row of data must be below the row with the names of the columns.")
    data = [(top + number + 1, list(row)) for number, row in enumerate(cells) if number >= begin]
    width = max([len(names), *(len(row) for _, row in data)], default=0)
    columns = _named(names, width)
    rows = tuple(
        (number, (*row, *[""] * (width - len(row))))
        for number, row in data
        if any(cell != "" for cell in row)
    )
    last = max([header if names else header - 1, *(number for number, _ in rows)])
    return Table(columns, rows, left, header, last)


def _named(names: Sequence[Any], width: int) -> tuple[str, ...]:
    found: list[str] = []
    for number in range(width):
        name = text(names[number]).strip() if number < len(names) else ""
        name = name or f"col_{number + 1}"
        wanted, again = name, 1
        while name in found:
            again += 1
            name = f"{wanted} ({again})"
        found.append(name)
    return tuple(found)


def matching(items: Iterable[Json], filters: Mapping[str, Any], *, every: bool) -> list[Json]:
    """The items of which every column, or one, has the wanted value."""
    decide = all if every else any
    return [
        item
        for item in items
        if decide(text(item.get(name, "")) == text(value) for name, value in filters.items())
    ]


def text(value: Any) -> str:
    """A value as cells are compared: `1`, `1.0` and `"1"` are the same, and so are `true` and `"TRUE"`."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def cell(value: Any) -> Any:
    """A value as the API takes it: lists and objects are written as JSON, and nothing empties the cell."""
    if value is None:
        return ""
    return value if isinstance(value, bool | int | float | str) else json.dumps(value, ensure_ascii=False)


@dataclass
class Changes:
    """What rows become. Rows that come to the same place are merged, the later one wins."""

    table: Table
    extra: Extra = "add"
    columns: list[str] = field(default_factory=list)
    """Those of the sheet, and the new ones."""
    changed: dict[int, Json] = field(default_factory=dict)
    """Row number -> column -> value."""
    added: list[Json] = field(default_factory=list)
    _keys: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.columns = list(self.table.columns)

    def append(self, row: Json) -> Json:
        """Add a row at the end."""
        kept = self._known(row)
        self.added.append(kept)
        return kept

    def update(self, row: Json, column: str, *, otherwise_append: bool) -> Json | None:
        """Change the row that has the same value in a column. None when there is none and it is not to be added."""
        if column not in row:
            raise NodeError(f"There is no value for '{column}', the column to match on.")
        known = column in (ROW_NUMBER, *self.table.columns)
        if not known and (self.table.columns or not otherwise_append):
            self.table.position(column)  # says which there are
        key = text(row[column])
        number = self.table.find(column, row[column]) if known else None
        kept = self._known(row)
        if number is not None:
            self.changed.setdefault(number, {}).update(kept)
            return {ROW_NUMBER: number, **kept}
        if not otherwise_append:
            return None
        if key in self._keys:
            self.added[self._keys[key]].update(kept)
        else:
            self._keys[key] = len(self.added)
            self.added.append(dict(kept))
        return kept

    def _known(self, row: Json) -> Json:
        kept = {name: cell(value) for name, value in row.items() if name != ROW_NUMBER}
        new = [name for name in kept if name not in self.columns]
        if new and self.extra == "error":
            raise NodeError(
                f"The sheet has no column '{new[0]}'. Add it there, or choose to add new columns."
            )
        if self.extra == "add":
            self.columns += new
        return {name: value for name, value in kept.items() if name in self.columns}

    @property
    def new_columns(self) -> list[str]:
        """Those that the sheet does not have yet."""
        return self.columns[len(self.table.columns) :]

    def header(self, sheet: str) -> tuple[str, list[list[Any]]] | None:
        """Where the names of new columns are written, and what."""
        if not self.new_columns:
            return None
        begin = self.table.left + len(self.table.columns)
        row = self.table.header
        return area(sheet, f"{letters(begin)}{row}:{letters(begin + len(self.new_columns) - 1)}{row}"), [
            self.new_columns
        ]

    def areas(self, sheet: str) -> list[tuple[str, list[list[Any]]]]:
        """What is written into rows that are there: cells side by side together, and none that was not given."""
        found: list[tuple[str, list[list[Any]]]] = []
        for number, values in sorted(self.changed.items()):
            at = sorted(self.columns.index(name) for name in values)
            while at:
                run = 1
                while run < len(at) and at[run] == at[0] + run:
                    run += 1
                begin, end = self.table.left + at[0], self.table.left + at[run - 1]
                cells = [values[self.columns[place]] for place in at[:run]]
                found.append((area(sheet, f"{letters(begin)}{number}:{letters(end)}{number}"), [cells]))
                at = at[run:]
        return found

    def rows(self) -> list[list[Any]]:
        """What is appended; a cell that was not given stays empty."""
        return [[row.get(name, "") for name in self.columns] for row in self.added]
