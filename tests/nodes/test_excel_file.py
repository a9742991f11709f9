"""Excel files, also those that nobody should open."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from openpyxl import Workbook

from flowstudio.nodes import excel_file
from flowstudio.nodes.excel_file import read_excel, write_excel


def test_dates_are_numbers_and_formulas_their_last_values() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["day", "sum"])
    sheet.append([date(2024, 3, 30), "=1+1"])
    out = io.BytesIO()
    book.save(out)
    assert read_excel(out.getvalue()) == [{"day": 45381}]


def test_what_is_written_is_never_a_formula() -> None:
    data = write_excel([{"a": "=HYPERLINK()", "b": "x\0y"}])
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        page = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in page
    assert read_excel(data) == [{"a": "=HYPERLINK()", "b": "xy"}]


def test_files_that_are_none_or_too_large_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="damaged"):
        read_excel(b"PK nonsense")
    data = write_excel([{"a": 1}])
    with pytest.raises(ValueError, match="no sheet 'Other', but Sheet"):
        read_excel(data, sheet="Other")
    monkeypatch.setattr(excel_file, "MAX_UNPACKED", 100)
    with pytest.raises(ValueError, match="holds more than"):
        read_excel(data)
