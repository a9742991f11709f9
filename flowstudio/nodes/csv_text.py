"""Tables as text: CSV, read and written."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from flowstudio.engine.item import Json
from flowstudio.nodes import values

MAX_COLUMNS = 10_000


def read_csv(
    text: str,
    *,
    delimiter: str = ",",
    quote: str = '"',
    header: bool = True,
    first_line: int = 0,
    most: int = -1,
) -> list[Json]:
    """The rows of a table. Raises `ValueError` in words."""
    lines = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote or None, strict=False
    )
    rows: list[Json] = []
    names: list[str] | None = None
    try:
        for number, row in enumerate(lines):
            if number < first_line or not any(row):
                continue
            if len(row) > MAX_COLUMNS:
                raise ValueError(f"it has more than {MAX_COLUMNS} columns")
            if header and names is None:
                names = [name.strip() for name in row]
                continue
            if 0 <= most <= len(rows):
                break
            if names is None:
                rows.append({"row": row})
            else:
                rows.append(
                    {name: row[place] if place < len(row) else "" for place, name in enumerate(names)}
                )
    except csv.Error as error:
        raise ValueError(f"{error}, in line {lines.line_num}") from error
    return rows


def write_csv(rows: Sequence[Json], *, delimiter: str = ",", header: bool = True) -> str:
    """The text of a table; its columns are the fields of all rows, in the order in which they come."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    if header:
        writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return out.getvalue()


def _cell(value: Any) -> str:
    return {True: "TRUE", False: "FALSE"}[value] if isinstance(value, bool) else values.to_text(value)
