"""Excel files (XLSX), read and written as tables.

`openpyxl`, and `numpy` with it, are loaded with the first file: they would cost each start a third of a second.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from flowstudio.engine.item import Json

MAX_UNPACKED = 200 << 20
"""Bytes of a file's parts together; a small file can hold much more than there is room for."""
MAX_COLUMNS = 10_000
MAX_ROWS = 1_000_000


def read_excel(data: bytes, *, sheet: str = "", header: bool = True, empty: bool = False) -> list[Json]:
    """The rows of a sheet, the first unless named; cells keep their types, dates are Excel's numbers.

    Empty cells are left out unless `empty`. Blocks; raises `ValueError` in words.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MAX_UNPACKED:
                raise ValueError(f"it holds more than {MAX_UNPACKED >> 20} MB")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError) as error:
        raise ValueError("it is damaged, or no Excel file of today's kind") from error
    try:
        if sheet and sheet not in book.sheetnames:
            raise ValueError(f"it has no sheet '{sheet}', but {', '.join(book.sheetnames)}")
        found = book[sheet] if sheet else book[book.sheetnames[0]]
        return _rows(found.iter_rows(values_only=True), header=header, empty=empty)
    finally:
        book.close()


def _rows(lines: Any, *, header: bool, empty: bool) -> list[Json]:
    rows: list[Json] = []
    names: list[str] | None = None
    for number, line in enumerate(lines):
        if number > MAX_ROWS or len(line) > MAX_COLUMNS:
            raise ValueError(f"it has more than {MAX_ROWS} rows or {MAX_COLUMNS} columns")
        cells = [_plain(cell) for cell in line]
        if all(cell is None for cell in cells):
            continue
        if not header:
            rows.append({"row": ["" if cell is None else cell for cell in cells] if empty else cells})
        elif names is None:
            names = [
                str(cell) if cell is not None else f"__EMPTY_{place}" for place, cell in enumerate(cells)
            ]
        else:
            cells += [None] * (len(names) - len(cells))
            pairs = zip(names, cells, strict=False)
            rows.append(
                {name: "" if cell is None else cell for name, cell in pairs if empty or cell is not None}
            )
    return rows


def _plain(cell: Any) -> Any:
    if isinstance(cell, datetime | date | time | timedelta):
        from openpyxl.utils.datetime import to_excel

        return to_excel(cell)  # type: ignore[no-untyped-call]  # of openpyxl, whose types leave it out
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell if cell is None or isinstance(cell, bool | int | float | str) else str(cell)


def write_excel(rows: Sequence[Json], *, sheet: str = "Sheet", header: bool = True) -> bytes:
    """A file with one sheet; its columns are the fields of all rows, in the order in which they come. Blocks."""
    from openpyxl import Workbook

    names = list(dict.fromkeys(name for row in rows for name in row))
    book = Workbook(write_only=True)
    page = book.create_sheet(_title(sheet))
    if header:
        page.append([_cell(name, page) for name in names])
    for row in rows:
        page.append([_cell(row.get(name), page) for name in names])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _title(name: str) -> str:
    return "".join(" " if letter in r"\/*[]:?" else letter for letter in name)[:31].strip() or "Sheet"


def _cell(value: Any, page: Any) -> Any:
    """A value as a cell may hold it: no control characters, and never a formula."""
    if isinstance(value, str):
        text = "".join(letter for letter in value if letter >= " " or letter in "\t\n\r")[:32_767]
        return _words(text, page) if text.startswith("=") else text
    return value if isinstance(value, bool | int | float) else None


def _words(text: str, page: Any) -> Any:
    """A text that begins like a formula, as a text."""
    from openpyxl.cell import WriteOnlyCell

    cell: Any = WriteOnlyCell(page, value=text)
    cell.data_type = "s"
    return cell


def flattened(row: Json) -> Json:
    """Fields of objects and lists as columns of their own: `address.city`."""
    flat: Json = {}
    for name, value in row.items():
        if isinstance(value, list):
            value = {str(place): entry for place, entry in enumerate(value)}
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": entry for inner, entry in flattened(value).items()}
        else:
            flat[name] = value
    return flat
