"""The Extract From File node."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, ShowIf
from flowstudio.errors import NodeError
from flowstudio.nodes import paths, values
from flowstudio.nodes.csv_text import read_csv
from flowstudio.nodes.excel_file import read_excel
from flowstudio.nodes.xml_tree import Reading, read_xml

_CSV = ShowIf("format", ("csv", "table"))
_TABLE = ShowIf("format", ("csv", "xlsx", "table"))
_ONE = ShowIf("format", ("json", "text", "base64", "xml"))


class ExtractFromFile(ItemNode):
    """Reads a file of the item: a table row by row, JSON, XML or a text.

    A CSV or Excel file gives an item for each row, the others one item. For PDF and Word, use **Load Documents**.
    """

    type = "extract-from-file"
    label = "Extract From File"
    group = "Data"
    icon = "file-output"
    subtitle = "{format}"
    examples = (
        Example(
            "A file that is missing",
            properties={"format": "csv"},
            given=[{"id": 1}],
            gives=[],
            fails="The item has no file 'data'. Check the name of the file.",
        ),
        Example(
            "A file of another name",
            properties={"format": "json", "file": "attachment"},
            given=[{"id": 1}],
            gives=[],
            fails="The item has no file 'attachment'. Check the name of the file.",
        ),
    )

    format: Annotated[
        Literal["csv", "xlsx", "table", "json", "text", "base64", "xml"],
        Choice(
            {
                "csv": "Table (CSV)",
                "xlsx": "Table (Excel)",
                "table": "Table (Excel or CSV)",
                "json": "JSON",
                "text": "Text",
                "base64": "Any file, as Base64",
                "xml": "XML, as text",
            }
        ),
    ] = "csv"
    """What the file holds."""
    file: Annotated[str, Field(min_length=1)] = "data"
    """The name of the item's file."""
    destination: Annotated[str, Field(title="Name of the result"), _ONE] = "data"
    """The field that the content goes into. Empty, for JSON: its fields become those of the item."""
    encoding: Annotated[str, Field(min_length=1, max_length=40)] = "utf-8"
    """How the text of the file is written: `utf-8`, `latin-1`, …"""
    delimiter: Annotated[str, Field(min_length=1, max_length=2), _CSV] = ","
    """What stands between the cells; `\\t` is a tab."""
    header: Annotated[bool, Field(title="First line has names"), _TABLE] = True
    """Whether the first line names the columns. If not, each row is a list."""
    first_line: Annotated[int, Field(ge=0, title="Lines to skip"), _CSV] = 0
    """How many lines are left out at the beginning."""
    most: Annotated[int, Field(ge=-1, title="At most"), _CSV] = -1
    """How many rows are read; -1 for all."""
    sheet: Annotated[str, Field(max_length=100), ShowIf("format", ("xlsx", "table"))] = ""
    """The name on its tab. Empty: the first."""
    include_empty: Annotated[bool, Field(title="Keep empty cells"), _TABLE] = True
    """Whether empty cells are fields too."""
    keep_fields: Annotated[bool, Field(title="Keep the item's fields"), _ONE] = False
    """Whether the item keeps what it had."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Read the file."""
        file = (item.binary or {}).get(self.file)
        if file is None:
            raise NodeError(f"The item has no file '{self.file}'. Check the name of the file.")
        data = await ctx.host.binaries.get(file)
        if self.format == "table":
            found = "xlsx" if data.startswith(b"PK\x03\x04") else "csv"
            return await self.model_copy(update={"format": found}).run(item, ctx)
        contents = (
            await self._sheet_rows(data, file.file_name)
            if self.format == "xlsx"
            else self._contents(data, file.file_name)
        )
        rows = [self._kept(item.json, content) for content in contents]
        files = dict(item.binary or {}) if self.keep_fields else {}
        files.pop(self.file, None)
        return {"main": [Item(row, files or None, item.paired_item) for row in rows]}

    def _kept(self, own: Json, content: Any) -> Json:
        if self.format in ("csv", "xlsx"):
            rows: Json = content
            return rows
        kept = own if self.keep_fields else {}
        if not self.destination and isinstance(content, dict):
            return {**kept, **content}
        return paths.put(kept, self.destination or "data", content)

    async def _sheet_rows(self, data: bytes, name: str) -> list[Json]:
        try:
            rows = await asyncio.to_thread(
                read_excel, data, sheet=self.sheet, header=self.header, empty=self.include_empty
            )
        except ValueError as error:
            raise NodeError(f"The file '{name}' cannot be read as Excel: {error}.") from error
        return rows

    def _contents(self, data: bytes, name: str) -> list[Any]:
        if self.format == "base64":
            return [base64.b64encode(data).decode()]
        try:
            text = data.decode(self.encoding, "replace").removeprefix("\ufeff")
            match self.format:
                case "csv":
                    return self._rows(text)
                case "json":
                    return [values.parse_json(text)]
                case "xml":
                    read_xml(text, Reading())
        except LookupError as error:
            raise NodeError(
                f"There is no encoding '{self.encoding}'; use utf-8, latin-1 or utf-16."
            ) from error
        except (json.JSONDecodeError, ValueError, RecursionError) as error:
            raise NodeError(f"The file '{name}' is not {self.format.upper()}: {error}.") from error
        return [text]

    def _rows(self, text: str) -> list[Json]:
        delimiter = "\t" if self.delimiter == "\\t" else self.delimiter[0]
        rows = read_csv(
            text, delimiter=delimiter, header=self.header, first_line=self.first_line, most=self.most
        )
        if self.include_empty:
            return rows
        return [{name: value for name, value in row.items() if value != ""} for row in rows]
